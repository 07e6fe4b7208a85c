// Seeded simulation: a few hundred resolutions in each weather, and the same run twice.

import { describe, expect, test } from 'vitest';
import { simulate } from '../src/testing/simulator.ts';
import type { Weather } from '../src/testing/weather.ts';

/** Seeds of past failures stand beside the first ones. */
const seeds = [1, 2, 3, 4, 5, 6, 58, 366, 382, 395];

describe.each<Weather>(['calm', 'rough', 'hostile'])('%s weather', (weather) => {
  test('every resolution ends within its bounds, and no answer is a lie', async () => {
    const violations: string[] = [];
    const outcomes = new Map<string, number>();
    for (const seed of seeds) {
      const report = await simulate({ seed, weather, questions: 60 });
      violations.push(...report.violations);
      for (const [rcode, count] of Object.entries(report.outcomes)) {
        outcomes.set(rcode, (outcomes.get(rcode) ?? 0) + count);
      }
    }
    expect(violations).toEqual([]);
    // A resolver that always fails would tell no lies either.
    const failed = outcomes.get('SERVFAIL') ?? 0;
    expect(failed / (seeds.length * 60)).toBeLessThan(weather === 'calm' ? 0.1 : 0.8);
  });

  test('the same seed gives the same trace, another seed another', async () => {
    const first = await simulate({ seed: 7, weather, questions: 40 });
    expect(await simulate({ seed: 7, weather, questions: 40 })).toEqual(first);
    const other = await simulate({ seed: 8, weather, questions: 40 });
    expect(other.trace).not.toBe(first.trace);
  });
});

test('many names pass through small caches without their bound being passed', async () => {
  const report = await simulate({ seed: 11, weather: 'calm', questions: 400, zones: 60, cacheOctets: 256 * 1024 });
  expect(report.violations).toEqual([]);
});

test('a small budget of upstream queries is kept', async () => {
  const report = await simulate({ seed: 12, weather: 'rough', questions: 60, limits: { upstreamQueries: 5 } });
  expect(report.violations).toEqual([]);
});

test('10,000 changed responses neither stop nor poison it for longer than their TTL', async () => {
  const reports = [];
  for (let seed = 21; seed < 31; seed++) {
    reports.push(await simulate({ seed, weather: 'hostile', servers: 'mutating', questions: 120, zones: 30 }));
  }
  expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
  expect(reports.reduce((sum, { upstreamQueries }) => sum + upstreamQueries, 0)).toBeGreaterThan(10_000);
});
