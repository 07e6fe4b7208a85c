// The bounded map under records, hierarchy and servers: bound, order of leaving, floods.
import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { SegmentedMap } from '../../src/cache/segmented.ts';
import { zipfHits } from './samples.ts';

const entriesMax = 5000;

function segmentedHits(flood: boolean): number {
  const map = new SegmentedMap<number>({ octetsMax: entriesMax, sizeOf: () => 1 });
  return zipfHits((key) => {
    if (map.get(`${key}`) !== undefined) return true;
    map.set(`${key}`, key);
    return false;
  }, flood);
}

function plainHits(flood: boolean): number {
  const map = new LRUCache<string, number>({ max: entriesMax });
  return zipfHits((key) => {
    if (map.get(`${key}`) !== undefined) return true;
    map.set(`${key}`, key);
    return false;
  }, flood);
}

describe('SegmentedMap', () => {
  it('keeps the hits of a Zipf stream when half of the questions are random names', () => {
    const calm = segmentedHits(false);
    expect(calm - segmentedHits(true)).toBeLessThan(3);
    // What is avoided: a plain LRU loses eight points and more, and has less to lose.
    const plainCalm = plainHits(false);
    expect(plainCalm - plainHits(true)).toBeGreaterThan(8);
    expect(calm).toBeGreaterThan(plainCalm);
  });

  it('never exceeds its bound in octets, and counts replacements', () => {
    const map = new SegmentedMap<number>({ octetsMax: 1000, sizeOf: (value) => value });
    for (let i = 0; i < 500; i++) {
      map.set(`k${i % 70}`, 1 + ((i * 37) % 100));
      expect(map.octets).toBeLessThanOrEqual(1000);
    }
    const sum = [...map.entries()].reduce((octets, [, value]) => octets + value, 0);
    expect(map.octets).toBe(sum);
    expect(map.evictions).toBeGreaterThan(0);
    for (const [key] of map.entries()) map.delete(key);
    expect([map.size, map.octets]).toEqual([0, 0]);
  });

  it('refuses what is over a tenth of its bound, and forgets what the key held', () => {
    const map = new SegmentedMap<number>({ octetsMax: 1000, sizeOf: (value) => value });
    expect(map.set('k', 100)).toBe(true);
    expect(map.set('k', 101)).toBe(false);
    expect(map.peek('k')).toBeUndefined();
  });

  it('keeps what was asked for again, when the rest must leave', () => {
    const map = new SegmentedMap<number>({ octetsMax: 100, sizeOf: () => 1 });
    map.set('wanted', 1);
    map.get('wanted');
    for (let i = 0; i < 1000; i++) map.set(`once${i}`, i);
    expect(map.peek('wanted')).toBe(1);
  });

  it('takes names of Object.prototype for names', () => {
    const map = new SegmentedMap<number>({ octetsMax: 100, sizeOf: () => 1 });
    expect(map.get('__proto__')).toBeUndefined();
    map.set('__proto__', 1);
    map.set('constructor', 2);
    expect([...map.entries()]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });
});
