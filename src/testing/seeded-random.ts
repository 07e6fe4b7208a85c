// Chance that is the same each time: a Random drawn from a seed, for tests and simulation only.

import type { Random } from '../base/ports.ts';

/**
 * A Random that gives the same values for the same seed (any integer; 32 bits of it count). xoshiro128**, which is
 * quick and even, and no secret: never for a resolver on a real network.
 */
export class SeededRandom implements Random {
  readonly #state: Uint32Array = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      // splitmix32, so that close seeds give states far apart
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.#state[i] = z ^ (z >>> 16);
    }
  }

  integer(below: number): number {
    const most = 2 ** 32 - (2 ** 32 % below);
    for (let tries = 0; tries < 128; tries++) {
      const value = this.#next();
      if (value < most) return value % below;
    }
    return 0;
  }

  /** True with the given probability, 0..1. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  /** A uniform number in `least`..`most`. */
  between(least: number, most: number): number {
    return least + (this.#next() / 2 ** 32) * (most - least);
  }

  /** One of `choices`, which must not be empty. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(choices.length)] as T;
  }

  /** A generator of its own, seeded from this one, so that two users do not disturb each other's values. */
  fork(): SeededRandom {
    return new SeededRandom(this.#next());
  }

  #next(): number {
    const s = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    s[1] = s1 ^ t2;
    s[0] = s0 ^ t3;
    s[2] = t2 ^ (s1 << 9);
    s[3] = rotate(t3, 11);
    return result;
  }
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
