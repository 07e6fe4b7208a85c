// The index of an arena: from a hash to what lies there, by open addressing in typed arrays that grow as they fill.

import { assert } from '../base/assert.ts';

/** Places of a table when it is new, and when it is full grown: growing from half of that takes less than a millisecond. */
const placesLeast = 64;
const placesMost = 16_384;
/** Octets of a place, and of what remembers the hashes that left: four half-words for each place. */
export const placeOctets: number = 8 + 8;
const leftPerPlace = 4;

/**
 * One of the tables of an {@link ArenaIndex}: linear probing over pairs of numbers, an entry plus one (0: empty) and its
 * hash. A look-up goes from `(hash >>> 8) & mask` on to the first empty place and compares what has the same hash: the
 * caller does that, so that no closure is called.
 */
export class IndexTable {
  pairs: Int32Array = new Int32Array(2 * placesLeast);
  mask: number = placesLeast - 1;
  count = 0;
  /** The upper half of each hash that left, at the place of its lower bits; a later one overwrites it. */
  left: Uint16Array = new Uint16Array(leftPerPlace * placesLeast);

  insert(hash: number, entry: number, placesMax: number): void {
    if (this.count >= mostOf(this.mask + 1) && this.mask + 1 < placesMax) this.#grow();
    this.#put(hash, entry + 1);
    this.count++;
  }

  #put(hash: number, mark: number): void {
    const { pairs, mask } = this;
    let place = (hash >>> 8) & mask;
    while (pairs[2 * place] !== 0) place = (place + 1) & mask;
    pairs[2 * place] = mark;
    pairs[2 * place + 1] = hash;
  }

  #grow(): void {
    const old = this.pairs;
    this.pairs = new Int32Array(2 * old.length);
    this.mask = 2 * this.mask + 1;
    for (let at = 0; at < old.length; at += 2) {
      const mark = old[at] as number;
      if (mark !== 0) this.#put(old[at + 1] as number, mark);
    }
    // What left a smaller cache says little of a larger one.
    this.left = new Uint16Array(2 * this.left.length);
  }

  /** The place of `entry`, which is there. */
  placeOf(hash: number, entry: number): number {
    const { pairs, mask } = this;
    let place = (hash >>> 8) & mask;
    while (pairs[2 * place] !== entry + 1) {
      assert(pairs[2 * place] !== 0, 'an entry of the arena is not in the index');
      place = (place + 1) & mask;
    }
    return place;
  }

  removeAt(gap: number): void {
    const { pairs, mask } = this;
    let hole = gap;
    // Entries behind the hole that it parts from their first place move into it, so that no tombstone is needed.
    for (let place = (hole + 1) & mask; pairs[2 * place] !== 0; place = (place + 1) & mask) {
      const first = ((pairs[2 * place + 1] as number) >>> 8) & mask;
      if (((place - first) & mask) < ((place - hole) & mask)) continue;
      pairs[2 * hole] = pairs[2 * place] as number;
      pairs[2 * hole + 1] = pairs[2 * place + 1] as number;
      hole = place;
    }
    pairs[2 * hole] = 0;
    this.count--;
  }
}

/** Entries that so many places take: beyond, probing becomes long. */
function mostOf(places: number): number {
  return (places >> 2) * 3;
}

/** Tables by hash: each grows by itself, so that no insertion has to move more than a few thousand entries. */
export class ArenaIndex {
  /** Entries that it takes. */
  readonly countMax: number;
  readonly #tables: readonly IndexTable[];
  /** Places of a table that is full grown. */
  readonly #placesMax: number;
  count = 0;

  /** `placesMax`: of all tables together, full grown; at least 64 are taken. */
  constructor(placesMax: number) {
    const tables = Math.max(1, Math.floor(placesMax / placesMost));
    this.#placesMax = Math.max(placesLeast, 2 ** Math.floor(Math.log2(Math.min(placesMax, placesMost))));
    this.#tables = Array.from({ length: tables }, () => new IndexTable());
    this.countMax = tables * mostOf(this.#placesMax);
  }

  /** Octets that it takes now. */
  get octets(): number {
    let places = 0;
    for (const table of this.#tables) places += table.mask + 1;
    return places * placeOctets;
  }

  /** The table that has the entries with this hash. */
  tableOf(hash: number): IndexTable {
    return this.#tables[(hash >>> 0) % this.#tables.length] as IndexTable;
  }

  /** Whether an entry with this hash needs another one's place. */
  isFull(hash: number): boolean {
    // Hashes are keyed, so tables fill alike; none may fill to the last place, or a look-up would not end.
    return this.count >= this.countMax || this.tableOf(hash).count >= this.#placesMax - (this.#placesMax >> 3);
  }

  insert(hash: number, entry: number): void {
    this.tableOf(hash).insert(hash, entry, this.#placesMax);
    this.count++;
  }

  /** Tells that `entry` stands at `to` now. */
  move(hash: number, entry: number, to: number): void {
    const table = this.tableOf(hash);
    table.pairs[2 * table.placeOf(hash, entry)] = to + 1;
  }

  remove(hash: number, entry: number): void {
    const table = this.tableOf(hash);
    table.removeAt(table.placeOf(hash, entry));
    this.count--;
  }

  /** Whether `entry` is there under `hash`; both may be any number. */
  holds(hash: number, entry: number): boolean {
    const { pairs, mask } = this.tableOf(hash);
    for (let place = (hash >>> 8) & mask; pairs[2 * place] !== 0; place = (place + 1) & mask) {
      if (pairs[2 * place] === entry + 1) return true;
    }
    return false;
  }

  /** Remembers for a while that an entry with this hash left. */
  noteLeft(hash: number): void {
    const { left } = this.tableOf(hash);
    left[(hash >>> 4) & (left.length - 1)] = leftMark(hash);
  }

  /** Whether an entry with this hash left a short while ago; forgotten with that. It may be wrong either way. */
  takeLeft(hash: number): boolean {
    const { left } = this.tableOf(hash);
    const place = (hash >>> 4) & (left.length - 1);
    if (left[place] !== leftMark(hash)) return false;
    left[place] = 0;
    return true;
  }

  clear(): void {
    for (const table of this.#tables) {
      table.pairs.fill(0);
      table.left.fill(0);
      table.count = 0;
    }
    this.count = 0;
  }
}

/** Never 0, which marks an empty place. */
function leftMark(hash: number): number {
  return hash >>> 16 || 1;
}
