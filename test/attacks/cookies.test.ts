// DNS cookies towards servers: forgeries that know everything but the cookie, and servers that handle cookies each in its way.
import { describe, expect, it } from 'vitest';
import { createCookies } from '../../src/server/cookie.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/types.ts';
import { exactly, withoutLimit } from './figures.ts';
import { type Asked, addresses, encode, nodata, type Reply, ROOT_IP, WALL_SECONDS, World } from './world.ts';

const TRUTH = '192.0.2.1';
const POISON = '6.6.6.6';
const cookies = createCookies(new Uint8Array(16).fill(3));
const OUR_ADDRESS = Uint8Array.of(192, 0, 2, 53);

const truth = ({ text, type }: Asked): Reply => (type === TYPE.A ? { answer: `${text} 300 A ${TRUTH}` } : nodata('.'));

/** The data of the COOKIE option in a query. */
function cookieOf({ query }: Asked): Uint8Array | undefined {
  return query.edns?.options.find(({ code }) => code === OPTION.COOKIE)?.data;
}

/** What a server after RFC 9018 puts into its reply. */
function given(asked: Asked): Uint8Array | undefined {
  const data = cookieOf(asked);
  if (data === undefined) return undefined;
  const out = new Uint8Array(24);
  cookies.write(out, 0, data, 0, OUR_ADDRESS, WALL_SECONDS);
  return out;
}

function isProven(asked: Asked): boolean {
  const data = cookieOf(asked);
  return data !== undefined && cookies.verify(data, 0, data.length, OUR_ADDRESS, WALL_SECONDS);
}

/** A world whose only server is told of each query by UDP that has no final say in `answer`. */
function worldOf(answer: (asked: Asked) => ReturnType<Parameters<World['serve']>[1]>, sending = true): World {
  const world = new World({ upstream: { cookies: sending } });
  world.serve(ROOT_IP, (asked) =>
    asked.text === '.' || asked.context.protocol === 'tcp' ? { ...truth(asked), cookie: given(asked) } : answer(asked),
  );
  return world;
}

describe('a forged reply that is right in all but the cookie', () => {
  const change: Readonly<Record<string, (cookie: Uint8Array) => Uint8Array | undefined>> = {
    'none at all': () => undefined,
    'another client cookie': (cookie) => cookie.map((octet, i) => (i === 5 ? octet ^ 1 : octet)),
    'the client cookie alone, sent back': (cookie) => cookie.slice(0, 8),
    'too long a cookie': (cookie) => Uint8Array.from([...cookie, ...new Uint8Array(20)]),
  };

  const poisoned = async (sending: boolean, kinds: readonly string[]): Promise<number> => {
    let forge: ((cookie: Uint8Array) => Uint8Array | undefined) | undefined;
    const world = worldOf((asked) => {
      const genuine: Reply = { ...truth(asked), cookie: given(asked) };
      if (forge === undefined) return genuine;
      const forged = { answer: `${asked.text} 300 A ${POISON}`, cookie: forge(given(asked) ?? new Uint8Array(24)) };
      return [encode(asked.octets, forged), encode(asked.octets, genuine)];
    }, sending);
    let count = 0;
    for (const [i, kind] of kinds.entries()) {
      forge = undefined;
      await world.ask(`before${i}.`);
      forge = change[kind];
      if (addresses(await world.ask(`name${i}.`)).includes(POISON)) count++;
    }
    return count;
  };

  it('is not believed of a server that has given cookies', async () => {
    const kinds = Object.keys(change);
    exactly(
      'cookie',
      `poisoned by ${kinds.length} forgeries that lack the cookie alone`,
      await poisoned(true, kinds),
      0,
    );
    withoutLimit(
      'cookie',
      `poisoned by ${kinds.length} forgeries that lack the cookie alone`,
      await poisoned(false, kinds),
      3,
    );
  });
});

describe('towards a server', () => {
  it('each of our cookies is for it alone, and comes back with the one it gave', async () => {
    const seen: { ip: string; client: string; proven: boolean }[] = [];
    const world = new World();
    for (const ip of [ROOT_IP, '10.0.0.2']) {
      world.serve(ip, (asked) => {
        const client = Buffer.from(cookieOf(asked)?.subarray(0, 8) ?? []).toString('hex');
        seen.push({ ip, client, proven: isProven(asked) });
        if (ip === ROOT_IP)
          return {
            aa: false,
            authority: 'com. 300 NS ns.com.',
            additional: 'ns.com. 300 A 10.0.0.2',
            cookie: given(asked),
          };
        return { ...truth(asked), cookie: given(asked) };
      });
    }
    for (const name of ['a.com.', 'b.com.', 'c.com.']) await world.ask(name);
    const at = (ip: string): typeof seen => seen.filter((one) => one.ip === ip);
    expect(new Set(at('10.0.0.2').map(({ client }) => client)).size).toBe(1);
    expect(at('10.0.0.2').map(({ proven }) => proven)).toEqual([false, true, true]);
    expect(at(ROOT_IP)[0]?.client).toMatch(/^[0-9a-f]{16}$/);
    expect(at(ROOT_IP)[0]?.client).not.toBe(at('10.0.0.2')[0]?.client);
  });

  it('that says BADCOOKIE a question goes once more, with the cookie it gave', async () => {
    const world = new World();
    world.serve(ROOT_IP, (asked) =>
      isProven(asked) ? truthWithCookie(asked) : { rcode: RCODE.BADCOOKIE, cookie: given(asked) },
    );
    const first = await world.cost('a.');
    expect(addresses(first.resolution)).toEqual([TRUTH]);
    // The first question of all is for the root's servers: that one goes twice.
    expect(first.sent).toBe(3);
    expect((await world.cost('b.')).sent).toBe(1);
  });

  it('that says BADCOOKIE for ever it goes by TCP then (RFC 7873, 5.3)', async () => {
    const world = worldOf((asked) => ({ rcode: RCODE.BADCOOKIE, cookie: given(asked) }));
    const { resolution, sent } = await world.cost('a.');
    expect(addresses(resolution)).toEqual([TRUTH]);
    expect(sent).toBe(4);
  });

  it('that knows none no cookie goes for five minutes, and then a new one', async () => {
    const seen: string[] = [];
    const world = new World();
    world.serve(ROOT_IP, (asked) => {
      seen.push(Buffer.from(cookieOf(asked) ?? []).toString('hex'));
      return truth(asked);
    });
    for (const name of ['a.', 'b.', 'c.']) await world.ask(name);
    expect(seen.filter((cookie) => cookie !== '')).toHaveLength(1);
    await world.pass(301);
    await world.ask('d.');
    const [first, second] = seen.filter((cookie) => cookie !== '');
    expect(second).toMatch(/^[0-9a-f]{16}$/);
    expect(second).not.toBe(first);
  });

  it('that refuses the option EDNS goes on being spoken without it', async () => {
    let plain = 0;
    const world = new World();
    world.serve(ROOT_IP, (asked) => {
      if (cookieOf(asked) !== undefined) return { rcode: RCODE.FORMERR, edns: false };
      if (asked.query.edns === undefined) plain++;
      return truth(asked);
    });
    for (let i = 0; i < 10; i++) expect(addresses(await world.ask(`name${i}.`))).toEqual([TRUTH]);
    expect(plain).toBe(1);
  });

  it('of which some machines know no cookies, TCP is used a few times and then no cookie', async () => {
    let overTcp = 0;
    let queries = 0;
    const world = new World();
    world.serve(ROOT_IP, (asked) => {
      if (asked.context.protocol === 'tcp') overTcp++;
      queries++;
      return queries < 3 ? truthWithCookie(asked) : truth(asked);
    });
    for (let i = 0; i < 20; i++) expect(addresses(await world.ask(`name${i}.`))).toEqual([TRUTH]);
    expect(overTcp).toBe(3);
  });

  it('no cookie is used again from another address of ours (RFC 9018, 3)', async () => {
    const seen: string[] = [];
    const world = new World();
    let place = 0;
    Object.assign(world.network, { place: () => place });
    world.serve(ROOT_IP, (asked) => {
      seen.push(Buffer.from(cookieOf(asked)?.subarray(0, 8) ?? []).toString('hex'));
      return truthWithCookie(asked);
    });
    await world.ask('a.');
    await world.ask('b.');
    place = 1;
    await world.ask('c.');
    await world.ask('d.');
    expect(seen).toHaveLength(5);
    expect(new Set(seen.slice(0, 3)).size).toBe(1);
    expect(new Set(seen.slice(3)).size).toBe(1);
    expect(seen[3]).not.toBe(seen[0]);
  });
});

function truthWithCookie(asked: Asked): Reply {
  return { ...truth(asked), ...(given(asked) && { cookie: given(asked) }) };
}
