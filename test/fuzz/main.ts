// Entry of `npm run fuzz [-- --seconds N] [--seed N] [module…]`: runs each module of this folder for its share of
// time. The seed, by default the date, and the corpus are printed: the same seed gives the same inputs.

import { readdirSync } from 'node:fs';
import { inspect, parseArgs } from 'node:util';

/** What a fuzz module exports. It ends after about `seconds`, may say what it did, and throws at the first fault. */
export interface FuzzModule {
  run(options: { readonly seconds: number; readonly seed: number }): unknown;
}

/** New inputs each day. */
const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: today } },
  allowPositionals: true,
});
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
if (!(seconds > 0) || !Number.isSafeInteger(seed)) throw new Error('--seconds is above 0 and --seed an integer');

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))
  .filter((name) => positionals.length === 0 || positionals.includes(name));
if (names.length === 0) throw new Error('no such module');
console.log(`seed ${seed}, ${seconds} s for ${names.join(', ')}`);
for (const name of names) {
  const module = (await import(new URL(`${name}.ts`, import.meta.url).href)) as FuzzModule;
  try {
    console.log(`${name}: ${(await module.run({ seconds: seconds / names.length, seed })) ?? 'done'}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`${name}: FAILED, seed ${seed}: ${inspect(error)}`);
  }
}
