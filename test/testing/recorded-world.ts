// A resolver in a random world, and questions for it: for tests that record what it does.
import type { Clock } from '../../src/base/ports.ts';
import type { EngineOptions } from '../../src/resolver/options.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { ResolveRequest } from '../../src/resolver/types.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { faultyServer } from '../../src/testing/faulty-server.ts';
import { growTree, type RandomTree } from '../../src/testing/random-tree.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { behaviourFor, roughPath, type Weather } from '../../src/testing/weather.ts';
import { nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';

/** A world with one resolver. */
export interface World {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly tree: RandomTree;
  readonly resolver: Resolver;
}

/** Makes one. `changes`: of the engine's options. */
export function makeWorld(
  seed: number,
  weather: Weather,
  changes: (options: EngineOptions) => EngineOptions = (options) => options,
): World {
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
  return { random, clock, tree, resolver: new Resolver(changes(options)) };
}

/** A question for a name of the tree, or for one near it. */
export function drawRequest({ random, tree }: World): ResolveRequest {
  const name = random.pick(tree.names);
  const type = random.pick([TYPE.A, TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.NS, TYPE.SOA]);
  const text = nameToText(name);
  const invented = random.chance(0.3) && text.length < 200;
  const asked = invented ? nameFromText(`n${random.integer(9)}.${text === '.' ? '' : text}`) : name;
  return { name: asked, type, checkingDisabled: random.chance(0.1) };
}

/** The clock of a busy machine: reading it takes time, up to `mostMs`, that no timer knows of. */
export function busyClock(virtual: VirtualClock, random: SeededRandom, mostMs: number): Clock {
  let lateMs = 0;
  return {
    nowMs: () => {
      lateMs += random.between(0, mostMs);
      return virtual.nowMs() + lateMs;
    },
    wallSeconds: () => virtual.wallSeconds(),
    after: (delayMs, run) => virtual.after(delayMs, run),
  };
}
