// Entry of `npm run bench`: runs every bench/*.bench.ts and prints a table. Words given select by substring.
//
// The figures are of one core, the best of three rounds. What compares resolvers over sockets is in compare.ts, and
// what hostile octets do to the daemon in hostile.ts.

import { readdirSync } from 'node:fs';

/** One thing to measure; what `run` returns is looked at, so that it is not optimised away. A promise is awaited. */
export interface Bench {
  readonly name: string;
  readonly run: () => unknown;
}

const roundMs = 400;
const rounds = 3;
/** The clock is read once in this time: often enough, and too seldom to be measured itself. */
const batchMs = 5;
let sink: unknown;
let measured = 0;

const wanted = process.argv.slice(2);
const folder = new URL('.', import.meta.url);
const columns = [12, 12];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.ts'))) {
  const { benches } = (await import(new URL(file, folder).href)) as { benches: readonly Bench[] };
  const chosen = benches.filter(
    ({ name }) => wanted.length === 0 || wanted.some((word) => `${file} ${name}`.includes(word)),
  );
  if (chosen.length > 0) row('a second', 'µs each', file.replace('.bench.ts', ''));
  for (const bench of chosen) {
    const batch = await batchSize(bench);
    let best = 0;
    for (let round = 0; round < rounds; round++) best = Math.max(best, await measure(bench, roundMs, batch));
    measured++;
    row(Math.round(best).toLocaleString('en-US'), (1e6 / best).toFixed(2), bench.name);
  }
}
if (measured === 0) throw new Error(`no bench has ${wanted.join(' or ')} in its name`);
if (sink === measure) throw new Error('this keeps the results in use');

function row(perSecond: string, each: string, name: string): void {
  console.log(`${perSecond.padStart(columns[0] as number)} ${each.padStart(columns[1] as number)}  ${name}`);
}

/** How many runs take about `batchMs`, found by doubling; it warms the code as well. */
async function batchSize(bench: Bench): Promise<number> {
  let size = 1;
  while (size < 1_000_000 && (size * 1000) / (await measure(bench, 0, size)) < batchMs) size *= 2;
  await measure(bench, roundMs / 2, size);
  return size;
}

/** Runs a second, over at least one batch and about `forMs`. */
async function measure(bench: Bench, forMs: number, batch: number): Promise<number> {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(forMs * 1e6));
  let count = 0;
  let now = start;
  do {
    for (let i = 0; i < batch; i++) {
      const result = bench.run();
      sink = result instanceof Promise ? await result : result;
    }
    count += batch;
    now = process.hrtime.bigint();
  } while (now < end);
  return (count * 1e9) / Number(now - start);
}
