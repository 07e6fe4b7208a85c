import { expect, it } from 'vitest';
import { ArenaIndex } from '../../src/cache/arena-index.ts';

/** Uniform 32-bit numbers, the same each time (an xorshift generator). */
function* uniform(): Generator<number, never> {
  for (let state = 1; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state;
  }
}

it.each([
  ['tables fill alike', (hash: number) => hash],
  ['some tables fill long before the others', (hash: number, i: number) => (i < 30_000 ? hash & ~7 : hash | 7)],
])('finds each entry however often its tables have grown and been split, when %s', (_, skew) => {
  const index = new ArenaIndex(1 << 20);
  const numbers = uniform();
  const hashes = Array.from({ length: 60_000 }, (_, i) => skew(numbers.next().value, i));
  for (const [entry, hash] of hashes.entries()) {
    expect(index.isFull(hash)).toBe(false);
    index.insert(hash, entry);
  }
  expect(index.count).toBe(hashes.length);
  expect(index.octets).toBeLessThanOrEqual(index.octetsMax);
  expect(hashes.filter((hash, entry) => !index.holds(hash, entry))).toEqual([]);

  for (const [entry, hash] of hashes.entries()) if (entry % 2 === 0) index.remove(hash, entry);
  for (const [entry, hash] of hashes.entries()) if (entry % 4 === 1) index.move(hash, entry, entry + 100_000);
  const expected = (entry: number): boolean => entry % 4 === 3;
  expect(hashes.filter((hash, entry) => index.holds(hash, entry) !== expected(entry))).toEqual([]);
  expect(hashes.filter((hash, entry) => index.holds(hash, entry + 100_000) !== (entry % 4 === 1))).toEqual([]);
  index.clear();
  expect(index.octets).toBe(1024);
  expect(hashes.filter((hash, entry) => index.holds(hash, entry))).toEqual([]);
});

it('is full when three places in four are taken, whatever it was made for', () => {
  for (const places of [0, 64, 1000, 16_384, 40_000]) {
    const index = new ArenaIndex(places);
    const numbers = uniform();
    let entry = 0;
    for (let hash = 0; !index.isFull(hash); hash = numbers.next().value) index.insert(hash, entry++);
    expect(index.octets).toBe(index.octetsMax);
    expect(index.octetsMax).toBe(16 * 2 ** Math.floor(Math.log2(Math.max(places, 64))));
    expect(index.count).toBe((0.75 * index.octetsMax) / 16);
  }
});
