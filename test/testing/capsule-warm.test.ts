// Capsules of a living resolver: what was cached, measured and in progress for others is in them, so they play alike.

import { expect, test } from 'vitest';
import { type Recording, recordResolution } from '../../src/capsule-record.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { ResolveRequest } from '../../src/resolver/types.ts';
import { parseCapsule } from '../../src/testing/capsule.ts';
import { replayCapsule } from '../../src/testing/capsule-replay.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { faultyServer } from '../../src/testing/faulty-server.ts';
import { growTree, type RandomTree } from '../../src/testing/random-tree.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { behaviourFor, roughPath, type Weather } from '../../src/testing/weather.ts';
import { nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';

interface World {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly tree: RandomTree;
  readonly resolver: Resolver;
}

function makeWorld(seed: number, weather: Weather): World {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock({ startMs: 1234.5 });
  const signed = seed % 3 !== 0;
  const tree = growTree(random.fork(), { zones: 12, signed });
  const network = new VirtualNetwork({
    clock,
    random: random.fork(),
    path: weather === 'calm' ? { rttMs: [1, 80] } : roughPath(random),
  });
  for (const [ip, { zones }] of tree.servers) {
    const behaviour = weather === 'calm' ? 'honest' : behaviourFor(weather, random);
    network.serve(ip, faultyServer(zones, behaviour, random.fork()));
  }
  const options = testEngineOptions({
    transport: network,
    clock,
    random: random.fork(),
    roots: tree.roots,
    upstream: { caseRandomisation: seed % 2 === 0, cookies: seed % 4 < 2 },
    dnssec: { validate: signed, anchors: tree.anchor ? [{ zone: ROOT, ds: [], keys: [tree.anchor] }] : [] },
  });
  return { random, clock, tree, resolver: new Resolver(options) };
}

function drawRequest({ random, tree }: World): ResolveRequest {
  const name = random.pick(tree.names);
  const type = random.pick([TYPE.A, TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.NS, TYPE.SOA]);
  const text = nameToText(name);
  const invented = random.chance(0.3) && text.length < 200;
  const asked = invented ? nameFromText(`n${random.integer(9)}.${text === '.' ? '' : text}`) : name;
  return { name: asked, type, checkingDisabled: random.chance(0.1) };
}

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
