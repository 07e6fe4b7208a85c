// Capsules of a living resolver: what was cached, measured and in progress for others is in them, so they play alike.

import { expect, test } from 'vitest';
import { type Recording, recordResolution } from '../../src/capsule-record.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import { parseCapsule } from '../../src/testing/capsule.ts';
import { replayCapsule } from '../../src/testing/capsule-replay.ts';
import { drawRequest, makeWorld, type World } from './recorded-world.ts';

/** Asks in bursts: some questions are recorded, others live beside them. */
async function recordAll(world: World, count: number): Promise<Recording[]> {
  const { random, clock, resolver } = world;
  const recordings: Recording[] = [];
  while (recordings.length < count) {
    const recorded = Array.from({ length: 3 }, () => recordResolution(resolver, drawRequest(world)));
    const others = Array.from({ length: 3 }, () => resolver.resolve(drawRequest(world)));
    const [done] = await clock.runUntil(Promise.all([Promise.all(recorded), Promise.all(others)]), 90_000);
    recordings.push(...done);
    if (random.chance(0.3)) await clock.advance(random.pick([10, 2000, 61_000, 4_000_000]));
  }
  return recordings;
}

test('what others end at one moment, their deadline, ends in the same order', async () => {
  const world = makeWorld(9023, 'hostile');
  for (let burst = 0; burst < 5; burst++) {
    const recorded = Array.from({ length: 5 }, () => recordResolution(world.resolver, drawRequest(world)));
    const others = Array.from({ length: 5 }, () => world.resolver.resolve(drawRequest(world)));
    const [done] = await world.clock.runUntil(Promise.all([Promise.all(recorded), Promise.all(others)]), 90_000);
    for (const { capsule } of done) {
      expect((await replayCapsule(parseCapsule(JSON.stringify(capsule()), 'burst'))).difference).toBeUndefined();
    }
  }
});

test.each(['calm', 'rough', 'hostile'] as const)('in %s weather a capsule is played exactly', async (weather) => {
  let exchanges = 0;
  let joined = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const world = makeWorld(seed, weather);
    for (const [at, { resolution, events, capsule }] of (await recordAll(world, 15)).entries()) {
      const label = `seed ${seed}, ${weather}, question ${at}`;
      const parsed = parseCapsule(JSON.stringify(capsule()), label);
      const again: ResolutionEvent[] = [];
      const replay = await replayCapsule(parsed, { observer: (event) => again.push(event) });
      expect(replay.difference, label).toBeUndefined();
      expect(replay.resolution, label).toEqual(resolution);
      expect(again, label).toEqual(events.slice(0, again.length));
      expect(again.at(-1)?.kind, label).toBe('done');
      exchanges += replay.exchanges;
      joined += events.filter((event) => event.kind === 'sent' && event.joined).length;
    }
    world.resolver.close();
  }
  // What was to be shown did occur.
  expect(exchanges).toBeGreaterThan(200);
  expect(joined).toBeGreaterThan(10);
});
