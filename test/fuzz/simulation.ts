// Simulations with ever new seeds, in every weather, for as long as there is time.

import { simulate } from '../../src/testing/simulator.ts';
import type { Weather } from '../../src/testing/weather.ts';

const weathers: readonly Weather[] = ['calm', 'rough', 'hostile'];

/** Runs from `seed` upward for `seconds`. Says how far it came; throws with the seed of the first failure. */
export async function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): Promise<string> {
  const endMs = performance.now() + seconds * 1000;
  let questions = 0;
  let next = seed;
  for (; performance.now() < endMs; next++) {
    const weather = weathers[next % weathers.length] as Weather;
    const report = await simulate({ seed: next, weather, questions: 150 });
    questions += report.questions;
    if (report.violations.length > 0) throw new Error(report.violations.join('\n'));
  }
  return `trees of seeds ${seed}..${next - 1}, ${questions} resolutions`;
}
