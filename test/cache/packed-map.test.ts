// The map of octets under records, hierarchy and zone statuses: what it gives back, its bound, order of leaving, floods.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackedMap, type Packing } from '../../src/cache/packed-map.ts';
import type { Name } from '../../src/wire/name.ts';
import { anyName } from '../wire/arbitrary.ts';
import { name, names, zipfHits } from './samples.ts';

const numbers: Packing<number> = {
  pack: (value, _, to) => to.f64(value),
  unpack: (from) => from.f64(),
};
const texts: Packing<string> = {
  pack: (value, _, to) => to.bytes(Buffer.from(value)),
  unpack: () => '',
};

function mapOf<V>(packing: Packing<V>, octetsMax = 0x10000, readyMax = 0): PackedMap<V> {
  return new PackedMap({ octetsMax, names: names(), packing, readyMax });
}

describe('PackedMap', () => {
  it('gives back what a Map would, under any name and tag', () => {
    const step = fc.record({
      owner: fc.nat(12),
      tag: fc.constantFrom(0, 1, 0x10001, 0x40000),
      value: fc.integer(),
      act: fc.constantFrom('set', 'set', 'delete', 'clear'),
    });
    const property = fc.property(
      fc.array(anyName, { minLength: 13, maxLength: 13 }),
      fc.array(step),
      (owners, steps) => {
        const map = mapOf(numbers, 1 << 20, 4);
        const model = new Map<string, number>();
        for (const { owner, tag, value, act } of steps) {
          const at = owners[owner] as Name;
          if (act === 'set') model.set(`${tag} ${at}`, value);
          if (act === 'set') map.set(at, tag, value, 1000);
          if (act === 'delete') expect(map.delete(at, tag)).toBe(model.delete(`${tag} ${at}`));
          if (act === 'clear' && value % 8 === 0) {
            map.clear();
            model.clear();
          }
          for (const one of owners) expect(map.get(one, tag, 999)).toBe(model.get(`${tag} ${one}`));
        }
        const listed = [...map.entries()].map((one) => [`${one.tag} ${one.name}`, one.value] as const);
        expect(new Map(listed)).toEqual(model);
        expect(map.size).toBe(model.size);
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  it('finds what is kept of an ancestor by a name below it', () => {
    const map = mapOf(numbers);
    map.set(name('example.com.'), 7, 1, 1000);
    map.set(name('.'), 7, 2, 1000);
    const www = name('www.example.com.');
    expect([0, 1, 2, 3].map((labels) => map.get(www, 7, 0, labels))).toEqual([undefined, 1, undefined, 2]);
  });

  it('gives nothing that has expired, but to who asks for that', () => {
    const map = mapOf(numbers, 0x10000, 16);
    const www = name('www.');
    map.set(www, 1, 5, 1000);
    expect([map.get(www, 1, 999), map.get(www, 1, 1000), map.has(www, 1, 1000), map.peek(www, 1)]).toEqual([
      5,
      undefined,
      false,
      5,
    ]);
    map.set(www, 1, 6, 2000);
    expect(map.get(www, 1, 1000)).toBe(6);
  });

  it('never exceeds its bound in octets, and refuses what is over a tenth of it', () => {
    const map = mapOf(texts);
    for (let i = 0; i < 2000; i++) {
      map.set(name(`n${i % 700}.example.`), i % 3, 'x'.repeat((i * 37) % 900), 1);
      expect(map.octets).toBeLessThanOrEqual(map.octetsMax);
    }
    expect(map.evictions).toBeGreaterThan(100);
    expect(map.set(name('n1.example.'), 1, 'x'.repeat(7000), 1)).toBe(false);
    expect(map.peek(name('n1.example.'), 1)).toBeUndefined();
  });

  it('keeps the hits of a Zipf stream when half of the questions are random names', () => {
    const hits = (flood: boolean): number => {
      // Room for 6,144 entries: three in four of the places of the index.
      const map = mapOf(numbers, 8192 * 128);
      return zipfHits((key) => {
        const owner = name(`name-${key}.example.`);
        if (map.get(owner, 1, 0) !== undefined) return true;
        map.set(owner, 1, key, 1);
        return false;
      }, flood);
    };
    const calm = hits(false);
    expect(calm).toBeGreaterThan(50);
    expect(calm - hits(true)).toBeLessThan(3);
  });
});
