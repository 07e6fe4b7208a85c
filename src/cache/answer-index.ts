// The index of the layer `answers`: from a hash to places in its arena, by open addressing in typed arrays.

import { assert } from '../base/assert.ts';

/**
 * A hash table with linear probing. Entries are numbers of 0 or more; `entries` holds them plus one, 0 being empty, and
 * `hashes` the hash of each. A look-up goes from `hash & mask` on to the first empty place and compares what has the
 * same hash: the caller does that, so that no closure is called.
 */
export class AnswerIndex {
  readonly entries: Int32Array;
  readonly hashes: Int32Array;
  readonly mask: number;
  /** Entries that it takes: beyond, probing becomes long. */
  readonly countMax: number;
  count = 0;

  /** `places` is a power of two. */
  constructor(places: number) {
    this.entries = new Int32Array(places);
    this.hashes = new Int32Array(places);
    this.mask = places - 1;
    this.countMax = (places >> 2) * 3;
  }

  get octets(): number {
    return this.entries.byteLength + this.hashes.byteLength;
  }

  insert(hash: number, entry: number): void {
    let place = hash & this.mask;
    while (this.entries[place] !== 0) place = (place + 1) & this.mask;
    this.entries[place] = entry + 1;
    this.hashes[place] = hash;
    this.count++;
  }

  /** Tells that `entry` stands at `to` now. */
  move(hash: number, entry: number, to: number): void {
    this.entries[this.#placeOf(hash, entry)] = to + 1;
  }

  remove(hash: number, entry: number): void {
    let hole = this.#placeOf(hash, entry);
    // Entries behind the hole that it parts from their first place move into it, so that no tombstone is needed.
    for (let place = (hole + 1) & this.mask; this.entries[place] !== 0; place = (place + 1) & this.mask) {
      const first = (this.hashes[place] ?? 0) & this.mask;
      if (((place - first) & this.mask) < ((place - hole) & this.mask)) continue;
      this.entries[hole] = this.entries[place] ?? 0;
      this.hashes[hole] = this.hashes[place] ?? 0;
      hole = place;
    }
    this.entries[hole] = 0;
    this.count--;
  }

  /** Whether `entry` is there under `hash`, which may be any number. */
  holds(hash: number, entry: number): boolean {
    for (let place = hash & this.mask; this.entries[place] !== 0; place = (place + 1) & this.mask) {
      if (this.entries[place] === entry + 1) return true;
    }
    return false;
  }

  clear(): void {
    this.entries.fill(0);
    this.count = 0;
  }

  #placeOf(hash: number, entry: number): number {
    let place = hash & this.mask;
    while (this.entries[place] !== entry + 1) {
      assert(this.entries[place] !== 0, 'an entry of the arena is not in the index');
      place = (place + 1) & this.mask;
    }
    return place;
  }
}
