// The real random numbers: in range, even, and never twice the same stream.
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/net/random.ts';

describe('systemRandom', () => {
  it('stays below its bound and reaches every value', () => {
    const random = systemRandom();
    expect(random.integer(1)).toBe(0);
    const seen = new Set(Array.from({ length: 1000 }, () => random.integer(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const wide = Array.from({ length: 100 }, () => random.integer(0x1_0000_0000));
    expect(Math.max(...wide)).toBeGreaterThan(0x8000_0000);
    expect(Math.min(...wide)).toBeGreaterThanOrEqual(0);
  });

  it('favours no value, also where the bound does not divide 2^32', () => {
    const random = systemRandom();
    // With a plain remainder of a 32-bit word the lower half would come twice as often as the upper.
    const bound = 0xc000_0000;
    let lower = 0;
    for (let i = 0; i < 30_000; i += 1) if (random.integer(bound) < 0x4000_0000) lower += 1;
    expect(lower / 30_000).toBeGreaterThan(0.31);
    expect(lower / 30_000).toBeLessThan(0.36);
  });

  it('refuses a bound that is no bound', () => {
    for (const below of [0, -1, 1.5, 0x1_0000_0001]) expect(() => systemRandom().integer(below)).toThrow();
  });

  it('differs between two generators', () => {
    const draw = (): number[] => {
      const random = systemRandom();
      return Array.from({ length: 8 }, () => random.integer(0x1_0000_0000));
    };
    expect(draw()).not.toEqual(draw());
  });
});
