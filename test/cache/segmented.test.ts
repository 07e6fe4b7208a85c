// The bounded map under servers: bound, order of leaving, floods.
import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { SegmentedMap } from '../../src/cache/segmented.ts';
import { zipfHits } from './samples.ts';

const entriesMax = 5000;

function segmentedHits(flood: boolean): number {
  const map = new SegmentedMap<number>(entriesMax);
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

  it('never exceeds its bound, and counts what leaves', () => {
    const map = new SegmentedMap<number>(50);
    for (let i = 0; i < 500; i++) {
      map.set(`k${(i * 37) % 70}`, i);
      expect(map.size).toBeLessThanOrEqual(50);
    }
    expect([...map.entries()]).toHaveLength(50);
    expect(map.evictions).toBeGreaterThan(0);
    for (const [key] of map.entries()) map.delete(key);
    expect(map.size).toBe(0);
  });

  it('keeps what was asked for again, when the rest must leave', () => {
    const map = new SegmentedMap<number>(100);
    map.set('wanted', 1);
    map.get('wanted');
    for (let i = 0; i < 1000; i++) map.set(`once${i}`, i);
    expect(map.get('wanted')).toBe(1);
  });

  it('takes names of Object.prototype for names', () => {
    const map = new SegmentedMap<number>(100);
    expect(map.get('__proto__')).toBeUndefined();
    map.set('__proto__', 1);
    map.set('constructor', 2);
    expect([...map.entries()]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });
});
