// How bad the world of a simulation is: its network and its servers.

import { type Behaviour, truthfulBehaviours } from './faulty-server.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { PathModel } from './virtual-network.ts';

/**
 * How bad the world is. `calm`: nothing fails, and every answer must be complete. `rough`: servers fail in every
 * truthful way, datagrams get lost, doubled and overtaken: answers are true or SERVFAIL. `hostile`: servers change
 * octets of their replies: every resolution ends within its bounds, and no bogus data of a secure zone is answered.
 */
export type Weather = 'calm' | 'rough' | 'hostile';

/** A bad network: slow, lossy, disorderly, and with liars beside the path. */
export function roughPath(random: SeededRandom): Partial<PathModel> {
  return {
    rttMs: [random.between(0.2, 20), random.between(20, 300)],
    lossRate: random.pick([0, 0.02, 0.1]),
    duplicateRate: random.pick([0, 0.1]),
    reorderRate: random.pick([0, 0.2]),
    reorderMs: 400,
    lieRate: random.pick([0, 0.1, 0.5]),
    // Forged from off the path: the ID cannot be known.
    lie: (query, reply, chance) => {
      const forged = (chance.chance(0.5) ? reply : query).slice();
      forged[0] = (forged[0] ?? 0) ^ (1 + chance.integer(255));
      for (let i = 0; i < 3; i++) forged[2 + chance.integer(forged.length - 2)] = chance.integer(256);
      return forged;
    },
  };
}

/** Half of the servers are honest, so that most names can be found. */
export function behaviourFor(weather: Weather, random: SeededRandom): Behaviour {
  if (random.chance(0.5)) return 'honest';
  if (weather === 'hostile' && random.chance(0.7)) return 'mutating';
  return random.pick(truthfulBehaviours);
}
