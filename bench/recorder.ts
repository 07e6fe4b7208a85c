// What the flight recorder costs: CPU of resolvers with and without it, round by round in turn, against servers that run.
//
//   node bench/recorder.ts --names FILE --hints FILE [--anchors FILE] [--rounds 40] [--batch 250] [--concurrency 50]
//       [--pace N] [--per-second N]
//
// FILE of names holds a name and a type on each line, each line a cold walk: `rounds * batch` of them are used. Without
// `--anchors` nothing is validated. `--pace`: walks begun in a second, at the most; without it one follows the other.
// `--per-second`: how many of them are written down, by default all; a daemon has 200. Both resolvers ask for the same
// names, each with its own caches; only this process's CPU counts, and what the machine does beside falls on both. Run it
// in a network namespace, as bench/compare.ts.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeLimits } from '../src/base/limits.ts';
import { silentLog } from '../src/base/ports.ts';
import { fillSettings } from '../src/config/schema.ts';
import { engineOptions } from '../src/engine.ts';
import { createFlightRecorder } from '../src/flight-recorder.ts';
import { systemClock } from '../src/net/clock.ts';
import { systemRandom } from '../src/net/random.ts';
import { createTransport } from '../src/net/transport.ts';
import { Resolver } from '../src/resolver/resolver.ts';
import type { ResolveRequest } from '../src/resolver/types.ts';
import { createHandler } from '../src/server/handle.ts';
import { nameFromText } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { typeFromText } from '../src/wire/types.ts';

const { values } = parseArgs({
  options: {
    names: { type: 'string' },
    hints: { type: 'string' },
    anchors: { type: 'string' },
    rounds: { type: 'string', default: '40' },
    batch: { type: 'string', default: '250' },
    concurrency: { type: 'string', default: '50' },
    pace: { type: 'string', default: 'Infinity' },
    'per-second': { type: 'string', default: '1000000' },
  },
});
const { names, hints, anchors } = values;
if (names === undefined || hints === undefined) {
  console.error(
    'usage: recorder.ts --names FILE --hints FILE [--anchors FILE] [--rounds N] [--batch N] [--concurrency N] [--pace N] [--per-second N]',
  );
  process.exit(1);
}
const rounds = Number(values.rounds);
const batch = Number(values.batch);
const concurrency = Number(values.concurrency);
/** From the beginning of one walk to that of the next by the same worker, ms. */
const gapMs = (concurrency * 1000) / Number(values.pace);
/** Rounds in which code and caches warm up. */
const warmUp = Math.ceil(rounds / 5);

interface Side {
  readonly title: string;
  readonly resolver: Resolver;
  readonly cpuMs: number[];
}

const requests = readFileSync(names, 'utf8')
  .split('\n')
  .filter(Boolean)
  .slice(0, rounds * batch)
  .map((line): ResolveRequest => {
    const [name = '', type = 'A'] = line.split(/\s+/);
    return { name: nameFromText(name), type: typeFromText(type) ?? 1, checkingDisabled: false };
  });
const without = makeSide('without', false);
const recorded = makeSide('with', true);

for (let round = 0; round < rounds; round++) {
  const asked = requests.slice(round * batch, (round + 1) * batch);
  for (const side of round % 2 === 0 ? [without, recorded] : [recorded, without]) {
    const ms = await cpuOf(() => walkAll(side.resolver, asked));
    if (round >= warmUp) side.cpuMs.push(ms);
  }
}
report('cold walks', batch, without, recorded);
const hits = [without, recorded].map((side) => ({ ...side, cpuMs: [] as number[], hit: hitter(side.resolver) }));
const hitsARound = 100_000;
for (let round = 0; round < rounds; round++) {
  for (const side of round % 2 === 0 ? hits : hits.toReversed()) {
    const ms = await cpuOf(() => {
      for (let i = 0; i < hitsARound; i++) side.hit();
    });
    if (round >= warmUp) side.cpuMs.push(ms);
  }
}
report('cached answers', hitsARound, hits[0] as Side, hits[1] as Side);
for (const { resolver } of [without, recorded]) resolver.close();

function makeSide(title: string, keeps: boolean): Side {
  const [clock, random] = [systemClock(), systemRandom()];
  const settings = fillSettings({
    root: { hints: hints ?? null, trustAnchors: anchors ?? null },
    upstream: { ipv6: false, deny: [] },
    dnssec: { validate: anchors !== undefined },
    local: { specialUse: false, data: ['localhost. 60 IN A 127.0.0.1'] },
    hosts: false,
  });
  const transport = createTransport({ clock, random });
  const failures = createFlightRecorder({ clock, limits: makeLimits() });
  const keep = keeps ? failures.keep : undefined;
  const options = engineOptions(settings, { clock, random, transport, log: silentLog, keep });
  const limits = makeLimits({ recordingsPerSecond: Number(values['per-second']) });
  return {
    title,
    resolver: new Resolver({ ...options, limits }),
    cpuMs: [],
  };
}

async function walkAll(resolver: Resolver, asked: readonly ResolveRequest[]): Promise<void> {
  const steps = asked.values();
  const work = async (): Promise<void> => {
    for (const request of steps) {
      const paced = gapMs > 0 ? sleep(gapMs) : undefined;
      await resolver.resolve(request);
      await paced;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** One cached answer, octets to octets. */
function hitter(resolver: Resolver): () => void {
  const handler = createHandler({
    resolver,
    clock: systemClock(),
    limits: makeLimits(),
    classify: () => ({ allowed: true, loopback: true, unrated: true, octets: new Uint8Array(4) }),
    cookieSecret: undefined,
    reportFault: (message, error) => console.error(message, error),
  });
  const id = 7;
  const name = nameFromText('localhost.');
  const query = buildQuery({ id, name, type: 1, recursionDesired: true, checkingDisabled: false });
  const out = new Uint8Array(65_535);
  const from = { address: '127.0.0.1', port: 5000 };
  const hit = (): void => {
    if (typeof handler.handle(query, query.length, from, false, out) !== 'number') throw new Error('not cached');
  };
  return hit;
}

async function cpuOf(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Medians of the rounds, and of the ratio of each round's two sides. */
function report(what: string, count: number, base: Side, other: Side): void {
  const each = (side: Side): string => `${((median(side.cpuMs) * 1000) / count).toFixed(2)} µs ${side.title}`;
  const ratios = base.cpuMs.map((ms, round) => (other.cpuMs[round] ?? 0) / ms);
  const sum = (side: Side): number => side.cpuMs.reduce((all, ms) => all + ms, 0);
  console.log(
    `${what}: ${each(base)}, ${each(other)}; ratio of medians ${median(ratios).toFixed(3)}, of sums ${(sum(other) / sum(base)).toFixed(3)} in ${ratios.length} rounds`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
