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
  expect(index.octets).toBe(64 * 16);
  expect(hashes.filter((hash, entry) => index.holds(hash, entry))).toEqual([]);
});

it('is full when three places in four are taken, whatever it was made for', () => {
  for (const [places, taken] of [
    [0, 64],
    [64, 64],
    [1000, 1024],
    [16_384, 16_384],
    [40_000, 32_768],
    [50_000, 65_536],
  ] as const) {
    const index = new ArenaIndex(places);
    const numbers = uniform();
    let entry = 0;
    for (let hash = 0; !index.isFull(hash); hash = numbers.next().value) index.insert(hash, entry++);
    expect(index.octets).toBe(16 * taken);
    expect(index.octetsMax).toBe(16 * taken);
    expect(index.count).toBe(0.75 * taken);
  }
});

it('is full before a table is, though all hashes should choose one', () => {
  const index = new ArenaIndex(65_536);
  const numbers = uniform();
  let entry = 0;
  for (let hash = 0; !index.isFull(hash); hash = numbers.next().value & 0x00ff_ff00) index.insert(hash, entry++);
  expect(index.count).toBe(16_384 * (7 / 8));
  expect(index.holds(0x0012_3400, -5)).toBe(false);
});

it('remembers a hash that left, until it comes again', () => {
  const index = new ArenaIndex(65_536);
  const numbers = uniform();
  const hashes = Array.from({ length: 40_000 }, () => numbers.next().value);
  for (const [entry, hash] of hashes.entries()) index.insert(hash, entry);
  const [left, others] = [hashes.slice(0, 1000), hashes.slice(1000)];
  for (const hash of left) index.noteLeft(hash);
  // A later one may take the place of an earlier, and a few hashes look like another.
  expect(others.filter((hash) => index.takeLeft(hash)).length).toBeLessThan(10);
  expect(left.filter((hash) => index.takeLeft(hash)).length).toBeGreaterThan(950);
  expect(left.filter((hash) => index.takeLeft(hash)).length).toBe(0);
});
