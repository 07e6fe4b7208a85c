// Entry of `npm run bench`: runs every bench/*.bench.ts and prints a table, beside the last tag where there is one.
//
//   npm run bench -- [--against COMMIT] [WORD...]
//
// Words select by substring. The figures are of one core, the best of three rounds; with another commit, rounds take
// turns in this process, and `ratio` is our time by its time: below 1 is faster. What compares resolvers over sockets is
// in peer.ts and compare.ts, and what hostile octets do to the daemon in hostile.ts.

import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type CheckedOut, checkOut, lastTag, shortHash } from './compared.ts';

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

const { values, positionals: wanted } = parseArgs({
  options: { against: { type: 'string' } },
  allowPositionals: true,
});
const other = findOther();
const folder = new URL('.', import.meta.url);
for (const file of readdirSync(folder).filter((name) => name.endsWith('.bench.ts'))) {
  const { benches } = (await import(new URL(file, folder).href)) as { benches: readonly Bench[] };
  const chosen = benches.filter(
    ({ name }) => wanted.length === 0 || wanted.some((word) => `${file} ${name}`.includes(word)),
  );
  if (chosen.length === 0) continue;
  const theirs = ((await other?.load(file)) as { benches?: readonly Bench[] } | undefined)?.benches ?? [];
  row('a second', 'µs each', 'ratio', file.replace('.bench.ts', ''));
  for (const bench of chosen) {
    const [ours, old] = await inTurn(
      bench,
      theirs.find(({ name }) => name === bench.name),
    );
    measured++;
    const ratio = old === undefined ? '' : (old / ours).toFixed(2);
    row(Math.round(ours).toLocaleString('en-US'), (1e6 / ours).toFixed(2), ratio, bench.name);
  }
}
if (measured === 0) throw new Error(`no bench has ${wanted.join(' or ')} in its name`);
if (sink === measure) throw new Error('this keeps the results in use');

function findOther(): CheckedOut | undefined {
  const commit = values.against ?? lastTag();
  if (commit === undefined) {
    console.log('No tag to compare with; "npm run bench -- --against COMMIT" compares with any commit.');
    return undefined;
  }
  const hash = shortHash(commit);
  if (hash === undefined) {
    console.error(`--against ${commit}: no such commit here; "git log --oneline" lists them`);
    process.exit(1);
  }
  console.log(`Compared with ${commit === hash ? hash : `${commit} (${hash})`}; a ratio below 1 is faster than that.`);
  return checkOut(hash);
}

function row(perSecond: string, each: string, ratio: string, name: string): void {
  const compared = other === undefined ? '' : ratio.padStart(8);
  console.log(`${perSecond.padStart(12)} ${each.padStart(12)}${compared}  ${name}`);
}

/** The best round of each, in runs a second; who begins changes from round to round. */
async function inTurn(ours: Bench, old: Bench | undefined): Promise<[ours: number, old: number | undefined]> {
  const sides = [];
  for (const bench of old === undefined ? [ours] : [ours, old]) {
    sides.push({ bench, batch: await batchSize(bench), best: 0 });
  }
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      side.best = Math.max(side.best, await measure(side.bench, roundMs, side.batch));
    }
  }
  return [sides[0]?.best ?? 0, sides[1]?.best];
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
  // Lets signals in: most benches never wait.
  await setImmediate();
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
