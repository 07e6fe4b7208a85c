// The real Random: the kernel's CSPRNG, drawn in blocks, without modulo bias.

import { randomFillSync } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Random } from '../base/ports.ts';

/** 32-bit words drawn from the CSPRNG at a time. */
const BLOCK_WORDS = 1024;
/** Draws for one integer; each is rejected with a chance below 1/2, so reaching this means a broken generator. */
const DRAWS_MAX = 128;

/** Cryptographically strong, unbiased integers. A word is erased as it is used and never serves twice. */
export function systemRandom(): Random {
  const block = new Uint32Array(BLOCK_WORDS);
  let used = BLOCK_WORDS;

  function word(): number {
    if (used === BLOCK_WORDS) {
      randomFillSync(block);
      used = 0;
    }
    const value = block[used] as number;
    block[used] = 0;
    used += 1;
    return value;
  }

  return {
    integer(below: number): number {
      assert(Number.isInteger(below) && below >= 1 && below <= 0x1_0000_0000, 'a bound is 1..2^32');
      // Words at or above the greatest multiple of `below` would favour small values: drawn again.
      const fair = 0x1_0000_0000 - (0x1_0000_0000 % below);
      for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
        const value = word();
        if (value < fair) return value % below;
      }
      throw new Error('the random generator repeats itself');
    },
  };
}
