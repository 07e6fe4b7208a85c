// Entry of `npm run bench`: runs every bench/*.bench.ts and prints operations a second. Names given select by substring.

import { readdirSync } from 'node:fs';
import { systemClock } from '../src/net/clock.ts';

/** One thing to measure; what `run` returns is looked at, so that it is not optimised away. */
export interface Bench {
  readonly name: string;
  readonly run: () => unknown;
}

const roundMs = 500;
const rounds = 3;
const clock = systemClock();
let sink: unknown;

const wanted = process.argv.slice(2);
const folder = new URL('.', import.meta.url);
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.ts'))) {
  const { benches } = (await import(new URL(file, folder).href)) as { benches: readonly Bench[] };
  for (const bench of benches) {
    if (wanted.length > 0 && !wanted.some((part) => `${file} ${bench.name}`.includes(part))) continue;
    measure(bench, roundMs / 2); // warm
    let best = 0;
    for (let round = 0; round < rounds; round++) best = Math.max(best, measure(bench, roundMs));
    console.log(`${Math.round(best).toLocaleString('en-US').padStart(12)} ops/s  ${bench.name}`);
  }
}
if (sink === undefined) throw new Error('nothing was measured');

/** Operations a second over about `forMs`. */
function measure(bench: Bench, forMs: number): number {
  const startMs = clock.nowMs();
  let nowMs = startMs;
  let count = 0;
  while (nowMs < startMs + forMs) {
    for (let i = 0; i < 200; i++) sink = bench.run();
    count += 200;
    nowMs = clock.nowMs();
  }
  return (count * 1000) / (nowMs - startMs);
}
