// Memory: what one-time names fill, and an hour of simulated time under attacks.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { CLASS, RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, withoutLimit } from './figures.ts';
import { serveClients } from './served.ts';
import { type Behaviour, delegating, nodata, nxdomain, ROOT_IP, referral, World } from './world.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Megabytes of the heap and of buffers that are in use. */
function usedMegabytes(): number {
  // Twice: buffers of the first pass are given back while the second one runs.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

const cacheOctets = (world: World): number => {
  const { answers, records, hierarchy } = world.resolver.caches;
  return [answers, records, hierarchy].reduce((sum, layer) => sum + layer.stats().octets, 0);
};

const filled: Behaviour = ({ name, type }) =>
  type === TYPE.A
    ? { answer: [{ name, type, class: CLASS.IN, ttl: 86_400, rdata: Uint8Array.of(192, 0, 2, 1) }] }
    : nodata('.');

describe('one-time names', () => {
  it('fill what was set and no more, ten times over', async () => {
    const bound = 2 ** 20;
    const world = new World({ cacheOctets: bound, exchangesMax: 0 });
    world.serve(ROOT_IP, filled);
    const fill = async (from: number, count: number): Promise<void> => {
      for (let i = from; i < from + count; i++) await world.ask(`one-time-name-${i}.`);
    };
    await fill(0, 1500);
    const before = usedMegabytes();
    await fill(1500, 7500);
    atMost('memory', 'octets of all layers, bound 1 MiB', cacheOctets(world), bound);
    atMost('memory', 'growth after five times as many names more', usedMegabytes() - before, 2, 'MB');
    const free = new World({ cacheOctets: 64 * bound, exchangesMax: 0 });
    free.serve(ROOT_IP, filled);
    for (let i = 0; i < 12_000; i++) await free.ask(`one-time-name-${i}.`);
    withoutLimit('memory', 'octets of all layers', cacheOctets(free), bound);
  }, 30_000);
});

let count = 0;
/** Attacks, each with the name to ask in its n-th round. */
const attacks: readonly [string, Behaviour, (n: number) => string][] = [
  [
    'NXNS',
    ({ text }) => ({
      aa: false,
      authority: Array.from({ length: 100 }, (_, i) => `${text} 300 NS n${i}.${count++}.victim.com.`).join('\n'),
    }),
    (n) => `w.s${n}.attacker.com.`,
  ],
  ['random subdomains', () => nxdomain('attacker.com.'), (n) => `r${n}.attacker.com.`],
  ['a dead authority', () => undefined, (n) => `d${n}.attacker.com.`],
  [
    'TCP that never answers',
    ({ context }) => (context.protocol === 'udp' ? { tc: true } : undefined),
    (n) => `t${n}.attacker.com.`,
  ],
  [
    'endless aliases',
    ({ text }) => ({ answer: `${text} 300 CNAME c${count++}.attacker.com.` }),
    (n) => `c${n}.attacker.com.`,
  ],
  [
    'endless delegations',
    ({ text }) => referral(text, { [`ns.${text}`]: '10.0.0.1' }),
    (n) => `${'l.'.repeat(30)}e${n}.attacker.com.`,
  ],
  [
    'giant RRsets',
    ({ name, type }) => ({
      answer: Array.from({ length: 1000 }, (_, i) => ({
        name,
        type,
        class: CLASS.IN,
        ttl: 300,
        rdata: Uint8Array.of(1, 2, i >> 8, i & 255),
      })),
    }),
    (n) => `g${n}.attacker.com.`,
  ],
  [
    'malformed replies',
    ({ octets }) => octets.map((octet, i) => (i < 12 ? octet : (octet * 7 + i) & 255)),
    (n) => `m${n}.attacker.com.`,
  ],
  ['failures', () => ({ rcode: RCODE.SERVFAIL }), (n) => `f${n}.attacker.com.`],
];

/** Questions each twenty seconds, of attacks that cost the test much; of others eight. */
const COSTLY: Readonly<Record<string, number>> = {
  NXNS: 1,
  'endless delegations': 1,
  'endless aliases': 3,
  'giant RRsets': 3,
};

describe('an hour of simulated time', () => {
  it.each(attacks)('under %s leaves memory flat', async (what, behaviour, name) => {
    const bound = 2 ** 19;
    const world = new World({ cacheOctets: bound, exchangesMax: 0 });
    world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
    world.serve(
      '10.0.0.100',
      delegating({
        'attacker.com.': { 'ns.attacker.com.': '10.0.0.1' },
        'victim.com.': { 'ns.victim.com.': '10.0.0.2' },
      }),
    );
    world.serve('10.0.0.2', () => nxdomain('victim.com.'));
    world.serve('10.0.0.1', behaviour);
    let before = 0;
    let round = 0;
    for (let second = 0; second < 3600; second += 20) {
      // The first ten minutes fill the caches.
      if (second === 600) before = usedMegabytes();
      const asked = Array.from({ length: COSTLY[what] ?? 8 }, () => world.start(name(round++)));
      await world.virtual?.runUntil(Promise.all(asked));
      await world.pass(20);
    }
    await world.pass(60);
    atMost('hour', `growth after ten minutes, ${what}`, usedMegabytes() - before, 2, 'MB');
    atMost('hour', `octets of all layers, ${what}`, cacheOctets(world), bound);
    expect({ sends: world.network.inFlight, resolutions: world.resolver.resolutions }).toEqual({
      sends: 0,
      resolutions: 0,
    });
    expect(world.virtual?.pending).toBeLessThanOrEqual(10);
  });

  it('under queries from ever new addresses leaves memory flat', async () => {
    const world = new World({ cacheOctets: 2 ** 19, exchangesMax: 0 });
    world.serve(ROOT_IP, filled);
    const limit = { responsesPerSecond: 200, slip: 2, ipv4Prefix: 32, ipv6Prefix: 56 };
    const served = serveClients(world, limit);
    const query = buildQuery({
      id: 1,
      name: nameFromText('www.'),
      type: TYPE.A,
      recursionDesired: true,
      checkingDisabled: false,
    });
    await world.virtual?.runUntil(served.ask(query));
    let before = 0;
    for (let i = 0; i < 200_000; i++) {
      // More than networks and classes of clients that are remembered.
      if (i === 60_000) before = usedMegabytes();
      const out = served.ask(query, { address: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` });
      if (i % 1000 === 0) {
        await out;
        await world.pass(18);
      }
    }
    atMost('hour', 'growth after 60,000 clients, 140,000 more', usedMegabytes() - before, 2, 'MB');
  });
});
