// Seeded chance: the same each time, and even enough to be called chance.

import { expect, test } from 'vitest';
import { SeededRandom } from '../../src/testing/seeded-random.ts';

function draw(seed: number, below = 2 ** 32): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 1000 }, () => random.integer(below));
}

test('the same seed gives the same values, another seed others', () => {
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});

test('values are even over their range', () => {
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 20; seed++) {
    for (const value of draw(seed, 10)) counts[value] = (counts[value] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test('probabilities and ranges are kept', () => {
  const random = new SeededRandom(7);
  let hits = 0;
  for (let i = 0; i < 10_000; i++) if (random.chance(0.25)) hits++;
  expect(Math.abs(hits - 2500)).toBeLessThan(200);
  expect(random.chance(0)).toBe(false);
  expect(random.chance(1)).toBe(true);
  for (let i = 0; i < 1000; i++) {
    const value = random.between(5, 6);
    expect(value >= 5 && value <= 6).toBe(true);
  }
});
