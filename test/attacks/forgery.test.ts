// Replies that are not the server's: over real sockets where the network judges, else on virtual time.
import { createSocket } from 'node:dgram';
import { afterAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/types.ts';
import { type Attacked, attackedServer, resolverOf, ways } from './attacked.ts';
import { atLeast, atMost, exactly, withoutLimit } from './figures.ts';
import { serveClients } from './served.ts';
import { addresses, addressServer, delegating, encode, nodata, type Reply, ROOT_IP, World } from './world.ts';

const TRUTH = '192.0.2.1';
const POISON = '6.6.6.6';
const open: Attacked[] = [];

afterAll(() => {
  for (const one of open) one.close();
});

const truth = (text: string): Reply => ({ answer: `${text} 300 A ${TRUTH}` });
const poison = (text: string): Reply => ({ answer: `${text} 300 A ${POISON}` });

/** A change to a forged reply, and how it comes: from the server itself, another port of it, or another address. */
interface Variant {
  readonly from?: 'server' | 'port' | 'address';
  change(octets: Uint8Array): Uint8Array;
}

const set = (at: number, value: (octet: number) => number) => (octets: Uint8Array) => {
  octets[at] = value(octets[at] as number) & 255;
  return octets;
};
const same = (octets: Uint8Array): Uint8Array => octets;

const variants: Readonly<Record<string, Variant>> = {
  'wrong source address': { from: 'address', change: same },
  'wrong source port': { from: 'port', change: same },
  'wrong ID': { change: set(0, (octet) => octet ^ 255) },
  'wrong name': { change: set(13, (octet) => octet ^ 1) },
  'wrong type': { change: (octets) => set(questionEnd(octets) - 3, () => TYPE.TXT)(octets) },
  'wrong class': { change: (octets) => set(questionEnd(octets) - 1, () => 3)(octets) },
  'a query, not a response': { change: set(2, (octet) => octet & 0x7f) },
  'another opcode': { change: set(2, (octet) => octet | 0x20) },
  'no question': {
    change: (octets) =>
      Uint8Array.from([...set(5, () => 0)(octets).slice(0, 12), ...octets.slice(questionEnd(octets))]),
  },
  'two questions': {
    change: (octets) =>
      Uint8Array.from([...set(5, () => 2)(octets).slice(0, questionEnd(octets)), ...octets.slice(12)]),
  },
  'another case': { change: set(13, (octet) => octet ^ 0x20) },
  'cut short': { change: (octets) => octets.slice(0, octets.length - 5) },
};

function questionEnd(octets: Uint8Array): number {
  let at = 12;
  while (octets[at] !== 0) at += 1 + (octets[at] as number);
  return at + 5;
}

const roles = ways.flatMap(([way, calls]) =>
  (['authoritative', 'forwarder'] as const).map((role) => [role, way, calls] as const),
);

describe.each(roles)('twelve forged replies ahead of the true one, %s, %s', (role, _, calls) => {
  it('poison nothing, and the true one is taken', async () => {
    let forge: Variant = { change: same };
    const strangerPort = createSocket('udp4');
    const strangerAddress = createSocket('udp4');
    await new Promise<void>((resolve) => strangerPort.bind(0, '127.0.0.1', resolve));
    const server = await attackedServer(({ text, octets, protocol, from, send }) => {
      if (protocol === 'udp' && text !== '.') {
        const forged = forge.change(encode(octets, poison(text)));
        const socket = forge.from === 'port' ? strangerPort : forge.from === 'address' ? strangerAddress : undefined;
        if (socket === undefined) send(forged);
        else socket.send(forged, from.port, from.address);
      }
      return truth(text);
    });
    await new Promise<void>((resolve) => strangerAddress.bind(server.address.port, '127.0.0.2', resolve));
    const resolver = resolverOf(server.address, role, { calls });
    open.push(server, resolver, { close: () => strangerPort.close() }, { close: () => strangerAddress.close() });
    let resolved = 0;
    let poisoned = 0;
    for (const [i, variant] of Object.values(variants).entries()) {
      forge = variant;
      const got = addresses(await resolver.ask(`variant${i}.`));
      if (got.includes(POISON)) poisoned++;
      if (got.join() === TRUTH) resolved++;
    }
    // The measure itself: a forgery that matches in everything is believed.
    forge = { change: same };
    expect(addresses(await resolver.ask('guessed-right.'))).toEqual([POISON]);
    const row = role === 'forwarder' ? 'forwarder' : 'tudoor';
    exactly(row, 'poisoned of 12 variants', poisoned, 0);
    exactly(row, 'resolved of 12 variants', resolved, 12);
  });
});

describe('a flood of wrong IDs', () => {
  it.each(ways)('%s moves the question to TCP', async (_, calls) => {
    const random = new SeededRandom(3);
    let overTcp = 0;
    const server = await attackedServer(({ text, octets, protocol, send }) => {
      if (protocol === 'tcp') {
        overTcp++;
        return truth(text);
      }
      const forged = encode(octets, poison(text));
      for (let i = 0; i < 3000; i++) {
        forged[0] = random.integer(256);
        forged[1] = random.integer(256);
        if (forged[0] !== octets[0]) send(forged.slice());
      }
      return undefined;
    });
    const resolver = resolverOf(server.address, 'authoritative', { calls });
    open.push(server, resolver);
    const got = addresses(await resolver.ask('www.'));
    exactly('idflood', 'poisoned by 3,000 forged replies', got.includes(POISON) ? 1 : 0, 0);
    expect(got).toEqual([TRUTH]);
    atLeast('idflood', 'questions moved to TCP', overTcp, 1);
  });
});

describe('a hundred clients with one question', () => {
  const ask = async (queries: readonly Uint8Array[]): Promise<{ asked: number; replies: number; subnets: number }> => {
    const world = new World();
    world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.2' } }));
    let subnets = 0;
    world.serve(
      '10.0.0.2',
      (asked) => {
        subnets += asked.query.edns?.options.filter(({ code }) => code === OPTION.ECS).length ?? 0;
        return addressServer('com.', TRUTH)(asked);
      },
      { path: { rttMs: 100 } },
    );
    await world.ask('com.', TYPE.NS);
    const before = world.sentTo('10.0.0.2');
    const served = serveClients(world);
    const waits = Promise.all(queries.map((query, i) => served.ask(query, { address: `192.168.1.${i % 250}` })));
    const replies = (await world.virtual?.runUntil(waits)) ?? [];
    return {
      asked: world.sentTo('10.0.0.2') - before,
      replies: replies.filter((one) => one !== undefined).length,
      subnets,
    };
  };
  const base = { name: nameFromText('www.com.'), type: TYPE.A, recursionDesired: true };

  it('cause one query', async () => {
    const queries = Array.from({ length: 100 }, (_, id) => buildQuery({ id, ...base, checkingDisabled: false }));
    const { asked, replies } = await ask(queries);
    exactly('birthday', 'queries for 100 equal ones', asked, 1);
    exactly('birthday', 'clients answered', replies, 100);
  });

  it('cause one query even of a server that has become slow', async () => {
    const world = new World();
    let slow = false;
    world.serve(ROOT_IP, (asked) => {
      if (!slow) return truth(asked.text);
      asked.context.reply(encode(asked.octets, truth(asked.text)), 350);
      return undefined;
    });
    await world.ask('before.');
    slow = true;
    exactly('birthday', 'queries for one question, answered after 350 ms', (await world.cost('www.')).sent, 1);
  });

  it('with other flags, case and client subnets cause two at most', async () => {
    const queries = Array.from({ length: 100 }, (_, id) =>
      buildQuery({
        id,
        ...base,
        checkingDisabled: id % 2 === 1,
        caseBits: (i) => ((id >> (i % 5)) & 1) === 1,
        edns: {
          udpPayloadOctets: 512 + id,
          version: 0,
          dnssecOk: id % 3 === 0,
          options: [{ code: 8, data: Uint8Array.of(0, 1, 24, 0, 10, 0, id) }],
        },
      }),
    );
    const { asked, subnets } = await ask(queries);
    atMost('rebirthday', 'queries for 100 variants', asked, 2);
    exactly('ecs', 'subnets sent upstream for 100 of clients', subnets, 0);
  });
});

describe('a forged FORMERR', () => {
  it('does not mark a server as without EDNS', async () => {
    const world = new World();
    let withEdns = 0;
    let withoutEdns = 0;
    let forge = true;
    world.serve(ROOT_IP, (asked) => {
      if (forge) return { rcode: RCODE.FORMERR, edns: false };
      if (asked.query.edns?.dnssecOk) withEdns++;
      else withoutEdns++;
      return asked.type === TYPE.A ? truth(asked.text) : nodata('.');
    });
    await world.ask('first.');
    forge = false;
    for (let i = 0; i < 20; i++) await world.ask(`later${i}.`);
    exactly('formerr', 'later queries without EDNS', withoutEdns, 0);
    expect(withEdns).toBeGreaterThanOrEqual(20);
  });

  it('would mark it, were it counted like three that plain replies confirm', async () => {
    const world = new World();
    let refuse = true;
    let withoutEdns = 0;
    world.serve(ROOT_IP, (asked) => {
      if (asked.query.edns !== undefined && refuse) return { rcode: RCODE.FORMERR, edns: false };
      if (asked.query.edns === undefined && !refuse) withoutEdns++;
      return asked.type === TYPE.A ? truth(asked.text) : nodata('.');
    });
    // The first refusals cost the cookie, the later ones EDNS.
    for (let i = 0; i < 10; i++) await world.ask(`first${i}.`);
    refuse = false;
    for (let i = 0; i < 20; i++) await world.ask(`later${i}.`);
    withoutLimit('formerr', 'later queries without EDNS, refusals confirmed', withoutEdns, 0);
  });
});

describe('220 malformed replies', () => {
  it('give no wrong answer, and the resolver lives', async () => {
    const random = new SeededRandom(11);
    const world = new World();
    world.serve(ROOT_IP, (asked) => {
      const { octets, text, context } = asked;
      const index = /^m(\d+)\.$/.exec(text)?.[1];
      if (index === undefined || (context.protocol === 'tcp' && random.chance(0.5))) return truth(text);
      return malformed(encode(octets, truth(text)), Number(index), random);
    });
    let wrong = 0;
    for (let i = 0; i < 220; i++) {
      const got = addresses(await world.ask(`m${i}.`));
      if (got.length > 0 && got.join() !== TRUTH && i % 11 !== 10) wrong++;
    }
    exactly('malformedreply', 'wrong answers of 220', wrong, 0);
    exactly('malformedreply', 'answers afterwards', addresses(await world.ask('after.')).length, 1);
    expect(world.resolver.resolutions).toBe(0);
  });

  /** Eleven kinds; the last changes octets of the body at will, which may make another address of the true one. */
  function malformed(octets: Uint8Array, index: number, random: SeededRandom): Uint8Array {
    const end = questionEnd(octets);
    const at = end + random.integer(octets.length - end);
    switch (index % 11) {
      case 0:
        return octets.slice(0, 12 + random.integer(octets.length - 12));
      case 1:
        return set(6 + 2 * random.integer(3), () => 255)(octets);
      case 2:
        return Uint8Array.from([...octets.slice(0, end), 0xc0, end, ...octets.slice(end + 2)]);
      case 3:
        return Uint8Array.from([...octets.slice(0, end), 0xff, 0xff, ...octets.slice(end + 2)]);
      case 4:
        return set(end + 10, () => 255)(octets);
      case 5:
        return Uint8Array.from([...octets, ...octets.slice(end)]);
      case 6:
        return octets.slice(0, random.integer(12));
      case 7:
        return set(end, () => 64 + random.integer(128))(octets);
      case 8:
        return Uint8Array.from({ length: 12 + random.integer(500) }, (_, i) =>
          i < 2 ? (octets[i] as number) : random.integer(256),
        );
      case 9:
        return set(end + 11, () => 3)(octets);
      default:
        return set(at, () => random.integer(256))(octets);
    }
  }
});
