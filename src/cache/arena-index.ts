// The index of an arena: from a hash to what lies there, by open addressing in typed arrays that grow as they fill.

import { assert } from '../base/assert.ts';

/** Places of a table when it is new, and when it is full grown: to grow or to split takes less than a millisecond. */
const placesLeast = 64;
const placesMost = 16_384;
/** Bits of a hash that may choose the table: those that no place is chosen by (a billion places in all). */
const depthMost = 16;
/** Octets of a place, and of what remembers the hashes that left: four half-words for each place. */
const placeOctets = 8 + 8;
const leftPerPlace = 4;

/**
 * One of the tables of an {@link ArenaIndex}: linear probing over pairs of numbers, an entry plus one (0: empty) and its
 * hash. A look-up goes from `(hash >>> 8) & mask` on to the first empty place and compares what has the same hash: the
 * caller does that, so that no closure is called.
 */
export class IndexTable {
  readonly pairs: Int32Array;
  readonly mask: number;
  count = 0;
  /** {@link tableBits} of each hash that left, at the place of its other bits; a later one overwrites it. */
  readonly left: Uint16Array;
  /** The hashes that it has are alike in so many of the lowest {@link tableBits}. */
  readonly depth: number;

  constructor(places: number, depth: number) {
    this.pairs = new Int32Array(2 * places);
    this.mask = places - 1;
    this.left = new Uint16Array(leftPerPlace * places);
    this.depth = depth;
  }

  insert(hash: number, entry: number): void {
    const { pairs, mask } = this;
    let place = (hash >>> 8) & mask;
    while (pairs[2 * place] !== 0) place = (place + 1) & mask;
    pairs[2 * place] = entry + 1;
    pairs[2 * place + 1] = hash;
    this.count++;
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

/** The bits of a hash that choose the table, the first to do so lowest: those below and above what chooses the place. */
function tableBits(hash: number): number {
  return (hash & 0xff) | ((hash >>> 16) & 0xff00);
}

/**
 * Extendible hashing (Fagin and others, 1979): few entries lie close together in one table, and one that is full grown is
 * split in two, so that no insertion has to move more than some thousand entries.
 */
export class ArenaIndex {
  /** Octets that it takes when it is full grown. */
  readonly octetsMax: number;
  /** Entries that it takes. */
  readonly #countMax: number;
  /** Places of a table that is full grown, and the bits that choose one when all are. */
  readonly #placesMax: number;
  readonly #depthMax: number;
  /** By the lower {@link tableBits}: a table that fewer of them choose stands at several places. */
  #tables: IndexTable[] = [new IndexTable(placesLeast, 0)];
  #tableMask = 0;
  #places = placesLeast;
  count = 0;

  /** Takes about `placesMax` places when it is full grown, the nearest power of two; at least 64. */
  constructor(placesMax: number) {
    const bits = Math.round(Math.log2(Math.max(placesMax, placesLeast)));
    this.#placesMax = Math.min(2 ** bits, placesMost);
    this.#depthMax = Math.min(bits - Math.log2(this.#placesMax), depthMost);
    const places = this.#placesMax * 2 ** this.#depthMax;
    this.octetsMax = places * placeOctets;
    this.#countMax = mostOf(places);
  }

  /** Octets that it takes now. */
  get octets(): number {
    return this.#places * placeOctets;
  }

  /** The table that has the entries with this hash. */
  tableOf(hash: number): IndexTable {
    return this.#tables[tableBits(hash) & this.#tableMask] as IndexTable;
  }

  /** Whether an entry with this hash needs another one's place. */
  isFull(hash: number): boolean {
    if (this.count >= this.#countMax) return true;
    // Hashes are keyed, so tables fill alike; none may fill to the last place, or a look-up would not end.
    const { depth, count } = this.tableOf(hash);
    return depth >= this.#depthMax && count >= this.#placesMax - (this.#placesMax >> 3);
  }

  /** To be called where it is not full. */
  insert(hash: number, entry: number): void {
    const table = this.tableOf(hash);
    if (table.count >= mostOf(table.mask + 1)) this.#makeRoom(hash, table);
    this.tableOf(hash).insert(hash, entry);
    this.count++;
  }

  /** One table of twice the size, or two, take the place of a table. What left it says little of a larger cache. */
  #makeRoom(hash: number, { pairs, mask, depth }: IndexTable): void {
    const places = mask + 1;
    if (places < this.#placesMax) {
      this.#choose(tableBits(hash), new IndexTable(2 * places, depth));
    } else if (depth < this.#depthMax) {
      const bit = 1 << depth;
      if (bit > this.#tableMask) {
        this.#tables = [...this.#tables, ...this.#tables];
        this.#tableMask = this.#tables.length - 1;
      }
      for (const bits of [tableBits(hash), tableBits(hash) ^ bit])
        this.#choose(bits, new IndexTable(places, depth + 1));
    } else {
      return;
    }
    this.#places += places;
    for (let at = 0; at < pairs.length; at += 2) {
      const moved = pairs[at + 1] as number;
      if (pairs[at] !== 0) this.tableOf(moved).insert(moved, (pairs[at] as number) - 1);
    }
  }

  /** From now on `table` is chosen by the lowest of `bits`, as many as its depth. */
  #choose(bits: number, table: IndexTable): void {
    const step = 1 << table.depth;
    for (let at = bits & (step - 1); at < this.#tables.length; at += step) this.#tables[at] = table;
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
    left[(hash >>> 8) & (left.length - 1)] = leftMark(hash);
  }

  /** Whether an entry with this hash left a short while ago; forgotten with that. It may be wrong either way. */
  takeLeft(hash: number): boolean {
    const { left } = this.tableOf(hash);
    const place = (hash >>> 8) & (left.length - 1);
    if (left[place] !== leftMark(hash)) return false;
    left[place] = 0;
    return true;
  }

  clear(): void {
    this.#tables = [new IndexTable(placesLeast, 0)];
    this.#tableMask = 0;
    this.#places = placesLeast;
    this.count = 0;
  }
}

/** Never 0, which marks an empty place. */
function leftMark(hash: number): number {
  return tableBits(hash) || 1;
}
