// Servers that are dead or never give an answer: few packets, a quick failure, and silence when asked again.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { RCODE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { addresses, addressServer, type Behaviour, delegating, ROOT_IP, referral, World } from './world.ts';

const servers = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`ns${i}.bad.com.`, `10.9.0.${i + 1}`]));

/** bad.com with so many servers of one behaviour, and good.com beside it. */
function badWorld(count: number, behaviour: Behaviour | undefined, limits: Partial<Limits> = {}): World {
  const world = new World({ limits });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
  world.serve('10.0.0.100', delegating({ 'bad.com.': servers(count), 'good.com.': { 'ns.good.com.': '10.0.0.2' } }));
  world.serve('10.0.0.2', addressServer('good.com.', '192.0.2.1'));
  for (const ip of Object.values(servers(count))) if (behaviour !== undefined) world.serve(ip, behaviour);
  return world;
}

const ways: Readonly<Record<string, Behaviour>> = {
  SERVFAIL: () => ({ rcode: RCODE.SERVFAIL }),
  REFUSED: () => ({ rcode: RCODE.REFUSED }),
  'FORMERR with OPT': () => ({ rcode: RCODE.FORMERR }),
  'FORMERR without OPT': () => ({ rcode: RCODE.FORMERR, edns: false }),
  NOTIMP: () => ({ rcode: RCODE.NOTIMP, edns: false }),
  BADVERS: ({ query }) => ({ rcode: query.edns === undefined ? RCODE.SERVFAIL : RCODE.BADVERS }),
  BADCOOKIE: ({ query }) => ({ rcode: query.edns === undefined ? RCODE.SERVFAIL : 23 }),
  'TC over UDP and TCP': () => ({ tc: true }),
  'TC, then silence over TCP': ({ context }) => (context.protocol === 'udp' ? { tc: true } : undefined),
  'a referral to itself': () => referral('bad.com.', servers(2)),
  'a referral upwards': () => referral('com.', { 'ns.com.': '10.0.0.100' }),
  'another question’s answer': ({ octets }) => {
    const other = octets.slice();
    other[2] = 0x84;
    other[13] = 0x7a;
    return other;
  },
  'octets at random': ({ octets }) => octets.map((octet, i) => (i < 2 ? octet : (i * 37) & 255)),
  'CNAME to itself': ({ text }) => ({ answer: `${text} 300 CNAME ${text}` }),
};

describe('stubborn servers', () => {
  it.each(Object.entries(ways))('%s: few packets', async (what, behaviour) => {
    const world = badWorld(2, behaviour);
    const { resolution } = await world.cost('www.bad.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('stubborn', `packets, ${what}`, world.sentToAny('10.9.'), 12);
    const before = world.network.sent;
    await world.ask('www.bad.com.');
    exactly('stubborn', 'packets when asked again', world.network.sent - before, 0);
  });

  it.each(Object.entries(ways))('%s: few packets to thirteen servers too', async (what, behaviour) => {
    const world = badWorld(13, behaviour);
    await world.ask('www.bad.com.');
    atMost('stubborn', `packets to 13 servers, ${what}`, world.sentToAny('10.9.'), 20);
  });

  it('get more packets without the limit on sends', async () => {
    const world = badWorld(6, ways['TC, then silence over TCP'], {
      sendsPerServer: 10,
      sendsPerLookup: 64,
      upstreamQueries: 1000,
    });
    world.network.change('10.9.0.1', {});
    await world.ask('www.bad.com.');
    withoutLimit('stubborn', 'packets, TC then silence', world.sentToAny('10.9.'), 12);
  });
});

describe('dead servers', () => {
  it.each([1, 2, 4, 13])('%i of them: a quick failure, then silence', async (count) => {
    const world = badWorld(count, undefined);
    expect(addresses(await world.ask('www.good.com.'))).toEqual(['192.0.2.1']);
    const { resolution, ms } = await world.cost('www.bad.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('dead', `seconds to SERVFAIL, ${count} servers`, ms / 1000, 7.01, 's');
    atMost('dead', `packets, ${count} servers`, world.sentToAny('10.9.'), 20);
    const before = world.network.sent;
    await world.ask('www.bad.com.');
    exactly('dead', 'packets when asked again', world.network.sent - before, 0);
    expect(addresses(await world.ask('www.good.com.'))).toEqual(['192.0.2.1']);
    exactly('dead', 'packets for a cached neighbour', world.network.sent - before, 0);
  });

  it('are asked ever less often', async () => {
    const world = badWorld(2, undefined);
    for (let second = 0; second < 600; second += 5) {
      await world.ask('www.bad.com.');
      await world.pass(5);
    }
    atMost('dead', 'packets in 10 minutes, one question each 5 s', world.sentToAny('10.9.'), 100);
  });

  it('get more packets without the limits on sends and time', async () => {
    const world = badWorld(13, undefined, { sendsPerServer: 10, sendsPerLookup: 64, resolutionMs: 60_000 });
    await world.ask('www.bad.com.');
    withoutLimit('dead', 'packets', world.sentToAny('10.9.'), 20);
  });
});

describe('twenty name servers with ten addresses', () => {
  const all: readonly (readonly [string, Behaviour])[] = [...Object.entries(ways), ['silence', () => undefined]];

  async function packets(behaviour: Behaviour, limits: Partial<Limits> = {}): Promise<number> {
    const world = new World({ limits });
    const shared = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`ns${i}.bad.com.`, `10.9.0.${1 + (i % 10)}`]),
    );
    world.serve(ROOT_IP, delegating({ 'bad.com.': shared }));
    for (const ip of new Set(Object.values(shared))) world.serve(ip, behaviour);
    await world.ask('www.bad.com.');
    return world.sentToAny('10.9.');
  }

  it.each(all)('%s: as many packets as addresses', async (what, behaviour) => {
    atMost('manyaddresses', `packets, ${what}`, await packets(behaviour), 10);
  });

  it('get more packets without the limit on sends', async () => {
    const lifted = { sendsPerServer: 10, sendsPerLookup: 64, upstreamQueries: 1000 };
    withoutLimit(
      'manyaddresses',
      'packets, TC then silence',
      await packets(ways['TC, then silence over TCP'] as Behaviour, lifted),
      10,
    );
  });
});
