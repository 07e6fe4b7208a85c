// The flight recorder: what failed while a resolver was at work can be played, and what it keeps is bounded.
import { expect, test } from 'vitest';
import { makeLimits } from '../src/base/limits.ts';
import type { Transport } from '../src/base/ports.ts';
import { createFlightRecorder, type FlightRecorder } from '../src/flight-recorder.ts';
import type { FailureReason, Resolution, ResolveRequest } from '../src/resolver/types.ts';
import { parseCapsule } from '../src/testing/capsule.ts';
import { replayCapsule } from '../src/testing/capsule-replay.ts';
import type { Weather } from '../src/testing/weather.ts';
import { nameFromText } from '../src/wire/name.ts';
import { TYPE } from '../src/wire/types.ts';
import { busyClock, drawRequest, makeWorld, type World } from './testing/recorded-world.ts';

type LimitChanges = Parameters<typeof makeLimits>[0];

interface Watched extends World {
  readonly failures: FlightRecorder;
}

/** A world whose resolver is recorded, on a machine that is busy. `cutOff`: it reaches no server. */
function watched(seed: number, weather: Weather, changes: LimitChanges = {}, cutOff = false): Watched {
  const made: FlightRecorder[] = [];
  const world = makeWorld(seed, weather, (options) => {
    const limits = makeLimits({ failuresBurst: 10_000, ...changes });
    const clock = busyClock(options.clock as World['clock'], options.random as World['random'], 0.4);
    const failures = createFlightRecorder({ clock, limits });
    made.push(failures);
    const transport = cutOff ? nowhere : options.transport;
    return { ...options, transport, clock, limits, keep: failures.keep };
  });
  return { ...world, failures: made[0] as FlightRecorder };
}

const nowhere: Transport = {
  send: async () => ({ kind: 'unreachable', detail: 'ENETUNREACH' }),
  close: () => undefined,
};

async function askAll({ clock, resolver }: Watched, requests: readonly ResolveRequest[]): Promise<Resolution[]> {
  const all = requests.map((request) => resolver.resolve(request));
  return clock.runUntil(Promise.all(all), 90_000);
}

async function playAll({ failures }: Watched): Promise<string[]> {
  const parted: string[] = [];
  for (const { id, name, complete } of failures.list()) {
    const { difference } = await replayCapsule(parseCapsule(failures.capsule(id) ?? '', `${id}`));
    if (difference !== undefined && complete) parted.push(`${name}: ${difference}`);
  }
  return parted;
}

/** In these worlds much goes wrong, and in different ways. */
const SEEDS = { rough: [4, 10], hostile: [9, 11, 12] } as const;

test.each(['rough', 'hostile'] as const)('in %s weather all that failed plays exactly', async (weather) => {
  const reasons = new Set<FailureReason>();
  let answered = 0;
  for (const seed of SEEDS[weather]) {
    const world = watched(seed, weather, { nameServerLookups: 3 });
    for (let burst = 0; burst < 3; burst++) {
      const results = await askAll(
        world,
        // More than begin in one turn.
        Array.from({ length: 24 }, () => drawRequest(world)),
      );
      const kept = [...world.failures.list()];
      for (const { failure } of results) {
        if (failure === undefined || failure === 'cached-failure') continue;
        expect(kept.map(({ reason }) => reason)).toContain(failure);
      }
      for (const report of kept) {
        reasons.add(report.reason);
        if (report.answered) answered++;
      }
    }
    expect(await playAll(world), `seed ${seed}`).toEqual([]);
    world.resolver.close();
  }
  // Failures of several kinds did occur, and answers that reached a limit on the way.
  expect(reasons.size).toBeGreaterThan(3);
  expect(answered).toBeGreaterThan(0);
});

const request = (name: string): ResolveRequest => ({ name: nameFromText(name), type: TYPE.A, checkingDisabled: false });
const many = (count: number): ResolveRequest[] => Array.from({ length: count }, (_, i) => request(`n${i}.example`));

test('a question that fails again takes the place of its earlier failure, under the same number', async () => {
  const world = watched(5, 'calm', {}, true);
  await askAll(world, [request('a.example'), request('b.example')]);
  await askAll(world, [request('a.example')]);
  expect([...world.failures.list()]).toMatchObject([
    { id: 1, name: 'a.example.', times: 1 },
    { id: 2, name: 'b.example.', times: 1 },
  ]);
  await world.clock.advance(400_000);
  await askAll(world, [request('a.example')]);
  expect([...world.failures.list()]).toMatchObject([
    { id: 2, name: 'b.example.', times: 1 },
    { id: 1, name: 'a.example.', type: 'A', reason: 'network', times: 2, answered: false, complete: true },
  ]);
  expect(await playAll(world)).toEqual([]);
});

test('the oldest make room within failuresOctets', async () => {
  const failuresOctets = 50_000;
  const world = watched(5, 'calm', { failuresOctets }, true);
  await askAll(world, many(60));
  const kept = [...world.failures.list()].map(({ id }) => id);
  expect(world.failures.stats().octets).toBeLessThanOrEqual(failuresOctets);
  expect(kept.length).toBeGreaterThan(2);
  expect(kept.at(-1)).toBe(60);
  expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  expect(world.failures.capsule(1)).toBeUndefined();
});

test('of a flood of failures no more than failuresBurst are kept, then failuresPerSecond; the rest is counted', async () => {
  const world = watched(5, 'calm', { failuresBurst: 5, failuresPerSecond: 1 }, true);
  await askAll(world, many(20));
  expect(world.failures.stats()).toMatchObject({ entries: 5, skipped: 15 });
  await world.clock.advance(3000);
  await askAll(world, many(40).slice(20));
  expect(world.failures.stats()).toMatchObject({ entries: 8, skipped: 32 });
});

test('beyond recordingsOctets failures are kept without what led to them, until there is room again', async () => {
  const world = watched(5, 'calm', { recordingsOctets: 100_000 }, true);
  await askAll(world, many(40));
  const complete = [...world.failures.list()].map((report) => report.complete);
  expect(complete.filter(Boolean).length).toBeGreaterThan(5);
  expect(complete.filter((whole) => !whole).length).toBeGreaterThan(20);
  for (let i = 0; i < 30; i++) await askAll(world, [request(`m${i}.example`)]);
  expect([...world.failures.list()].slice(40).map((report) => report.complete)).toEqual(Array(30).fill(true));
});

test('what takes more than recordingOctets is kept as far as it was written down, and says so', async () => {
  const world = watched(5, 'calm', { recordingOctets: 20_000 }, true);
  await askAll(world, [request(`${'long.'.repeat(40)}example`)]);
  const short = [...world.failures.list()];
  expect(short).toMatchObject([{ complete: true }]);
  const rough = watched(1, 'rough', { recordingOctets: 20_000 });
  await askAll(
    rough,
    Array.from({ length: 40 }, () => drawRequest(rough)),
  );
  const whole = [...rough.failures.list()].map(({ complete }) => complete);
  expect(whole).toContain(false);
});

test('what is found in memory, or joins a resolution that goes on, is not written down', async () => {
  const world = watched(2, 'calm', {}, true);
  await askAll(world, [request('a.example'), request('a.example')]);
  await askAll(world, [request('a.example')]);
  expect([...world.failures.list()]).toMatchObject([{ id: 1, times: 1 }]);
});

test('beyond recordingsPerSecond resolutions are not written down: what fails of them is counted', async () => {
  const world = watched(5, 'calm', { recordingsPerSecond: 5 }, true);
  await askAll(world, many(20));
  expect(world.failures.stats()).toMatchObject({ entries: 5, skipped: 15 });
});
