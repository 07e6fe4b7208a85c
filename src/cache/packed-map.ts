// A map from a name and a number to values that are kept as octets: no burden to the garbage collector, however many.

import type { Name } from '../wire/name.ts';
import { Arena, unitOctets, unitWords } from './arena.ts';
import type { NameHash } from './name-hash.ts';
import { PackReader, PackWriter } from './pack.ts';

/** How values become octets, and octets values. */
export interface Packing<V> {
  pack(value: V, name: Name, to: PackWriter): void;
  /** Nothing that is given refers to what it was read from. */
  unpack(from: PackReader, name: Name, tag: number, expiresAtMs: number): V;
}

/** What a {@link PackedMap} is made with. */
export interface PackedMapOptions<V> {
  /** All memory of the map, its index included; at least 64 KiB are taken. What is kept ready comes to that. */
  readonly octetsMax: number;
  /** Shared between maps, so that a name is hashed once for all of them. */
  readonly names: NameHash;
  readonly packing: Packing<V>;
  /** Values kept unpacked as well, if they are read again and again: a power of two, or 0. */
  readonly readyMax: number;
  /** Told of each entry that is put out for want of room; it must not use the map. */
  readonly onPutOut?: (name: Name, tag: number) => void;
}

/** An entry as {@link PackedMap.entries} tells it. */
export interface PackedEntry<V> {
  readonly name: Name;
  readonly tag: number;
  readonly value: V;
}

/** A value as it was unpacked last. */
interface Ready<V> {
  readonly stamp: number;
  readonly value: V;
}

// An entry: the arena's three words, the tag, when it expires (a 64-bit float), a stamp of its own, the length of the
// name, the name, the value.
const headerOctets = 32;
const tagWord = 3;
const expiryUnit = 2;
const stampWord = 6;
const nameLengthWord = 7;
const octetsLeast = 0x10000;
/**
 * A value is kept ready once it has been unpacked so many times with no other at its place between: more than one walk
 * does. What is kept and replaced soon is copied by the garbage collector for nothing, and all that it was reached by.
 */
const readyAfter = 8;
/** Entries take 150 to 600 octets. */
const octetsPerPlace = 128;

/** Bounded in octets; a flood of one-time keys does not empty it (see {@link Arena}). Times are of `Clock.nowMs`. */
export class PackedMap<V> {
  readonly octetsMax: number;
  readonly #names: NameHash;
  readonly #packing: Packing<V>;
  readonly #arena: Arena;
  readonly #writer: PackWriter = new PackWriter();
  readonly #reader: PackReader;
  readonly #ready: (Ready<V> | undefined)[];
  /** The entry that was unpacked last, by its stamp, at each place of `#ready`, and how many times on end. */
  readonly #unpacked: Int32Array;
  readonly #times: Uint8Array;
  #stamp = 0;

  constructor(options: PackedMapOptions<V>) {
    this.octetsMax = Math.max(options.octetsMax, octetsLeast);
    this.#names = options.names;
    this.#packing = options.packing;
    const { onPutOut } = options;
    this.#arena = new Arena(
      this.octetsMax,
      octetsPerPlace,
      onPutOut && ((slot): void => onPutOut(this.#nameOf(slot), this.#tagOf(slot))),
    );
    this.#reader = new PackReader(this.#arena.octets);
    this.#ready = new Array<Ready<V> | undefined>(options.readyMax).fill(undefined);
    this.#unpacked = new Int32Array(options.readyMax);
    this.#times = new Uint8Array(options.readyMax);
  }

  /** The number of entries. */
  get size(): number {
    return this.#arena.index.count;
  }

  /** Octets in use, those of dead entries until their room is taken included. */
  get octets(): number {
    return this.#arena.octetsUsed;
  }

  /** Entries put out for want of room since the start. */
  get evictions(): number {
    return this.#arena.evictions;
  }

  /** The live value under `tag` at `name`, or at `name` without its first `labels` labels; counted as a use of it. */
  get(name: Name, tag: number, nowMs: number, labels = 0): V | undefined {
    this.#names.read(name);
    const hash = this.#names.at(labels, tag);
    const slot = this.#slotOf(name, this.#names.startOf(labels), tag, hash);
    if (slot < 0 || (this.#arena.floats[slot + expiryUnit] as number) <= nowMs) return undefined;
    this.#arena.use(slot);
    const ready = this.#ready;
    if (ready.length === 0) return this.#unpack(slot, name, labels);
    const place = hash & (ready.length - 1);
    const stamp = this.#arena.words[slot * unitWords + stampWord] as number;
    const last = ready[place];
    if (last !== undefined && last.stamp === stamp) return last.value;
    const isWanted = this.#isWanted(place, stamp);
    this.#reader.lasting = isWanted;
    const value = this.#unpack(slot, name, labels);
    this.#reader.lasting = false;
    if (isWanted) ready[place] = { stamp, value };
    return value;
  }

  /** Counts that the entry of `stamp` was unpacked: whether often enough to be kept so. */
  #isWanted(place: number, stamp: number): boolean {
    const times = this.#unpacked[place] === stamp ? (this.#times[place] as number) + 1 : 1;
    this.#unpacked[place] = stamp;
    this.#times[place] = times % readyAfter;
    return times === readyAfter;
  }

  /** Whether {@link get} would give a value. Nothing is counted. */
  has(name: Name, tag: number, nowMs: number): boolean {
    const slot = this.#find(name, tag);
    return slot >= 0 && (this.#arena.floats[slot + expiryUnit] as number) > nowMs;
  }

  /** The value under `tag` at `name`, expired or not. Not counted as a use. */
  peek(name: Name, tag: number): V | undefined {
    const slot = this.#find(name, tag);
    return slot < 0 ? undefined : this.#unpack(slot, name, 0);
  }

  /** Counts a use of what is under `tag` at `name`, as {@link get} does. */
  use(name: Name, tag: number): void {
    const slot = this.#find(name, tag);
    if (slot >= 0) this.#arena.use(slot);
  }

  /** Takes a use of an entry back; false if none is left, or it is not there. */
  takeUse(name: Name, tag: number): boolean {
    const slot = this.#find(name, tag);
    return slot >= 0 && this.#arena.takeUse(slot);
  }

  /** The octets that an entry takes beside its place in the index; 0 if it is not there. */
  octetsOf(name: Name, tag: number): number {
    const slot = this.#find(name, tag);
    return slot < 0 ? 0 : this.#arena.sizeOf(slot);
  }

  /** Puts one entry out, if there is one: for who keeps more memory with each entry than the map knows of. */
  putOutOne(): void {
    this.#arena.putOutOne();
  }

  /** Sets what is under `tag` at `name`, putting others out as needed. False, and nothing is kept, if it is too large. */
  set(name: Name, tag: number, value: V, expiresAtMs: number): boolean {
    this.#names.read(name);
    const hash = this.#names.at(0, tag);
    const old = this.#slotOf(name, 0, tag, hash);
    const known = old >= 0 && this.#arena.isKnown(old);
    if (old >= 0) this.#arena.drop(old);
    const writer = this.#writer;
    writer.restart();
    this.#packing.pack(value, name, writer);
    if (writer.full) return false;
    const slot = this.#arena.add(hash, headerOctets + name.length + writer.at, known);
    if (slot < 0) return false;
    const { words, floats, octets } = this.#arena;
    const word = slot * unitWords;
    words[word + tagWord] = tag;
    floats[slot + expiryUnit] = expiresAtMs;
    this.#stamp = (this.#stamp + 1) | 0;
    words[word + stampWord] = this.#stamp;
    words[word + nameLengthWord] = name.length;
    let at = slot * unitOctets + headerOctets;
    for (let i = 0; i < name.length; i++) octets[at++] = name.charCodeAt(i);
    writer.octets.copy(octets, at, 0, writer.at);
    return true;
  }

  /** Takes an entry out; false if it was not there. */
  delete(name: Name, tag: number): boolean {
    const slot = this.#find(name, tag);
    if (slot >= 0) this.#arena.drop(slot);
    return slot >= 0;
  }

  /** Takes everything out. */
  clear(): void {
    this.#arena.clear();
    this.#ready.fill(undefined);
  }

  /** All entries, expired ones too. The map may be changed meanwhile: what is gone by its turn is passed over. */
  *entries(): Generator<PackedEntry<V>> {
    for (const slot of Int32Array.from(this.#arena.slots())) {
      if (!this.#arena.holds(slot)) continue;
      const name = this.#nameOf(slot);
      yield {
        name,
        tag: this.#tagOf(slot),
        value: this.#unpack(slot, name, 0),
      };
    }
  }

  #find(name: Name, tag: number): number {
    this.#names.read(name);
    return this.#slotOf(name, 0, tag, this.#names.at(0, tag));
  }

  #nameOf(slot: number): Name {
    const start = slot * unitOctets + headerOctets;
    const length = this.#arena.words[slot * unitWords + nameLengthWord] as number;
    return this.#arena.octets.toString('latin1', start, start + length) as Name;
  }

  #tagOf(slot: number): number {
    return this.#arena.words[slot * unitWords + tagWord] as number;
  }

  #unpack(slot: number, name: Name, labels: number): V {
    const { floats } = this.#arena;
    const owner = labels === 0 ? name : (name.slice(this.#names.startOf(labels)) as Name);
    this.#reader.at = slot * unitOctets + headerOctets + owner.length;
    return this.#packing.unpack(this.#reader, owner, this.#tagOf(slot), floats[slot + expiryUnit] as number);
  }

  #slotOf(name: Name, start: number, tag: number, hash: number): number {
    const { words, octets, index } = this.#arena;
    const { pairs, mask } = index.tableOf(hash);
    const length = name.length - start;
    for (let place = (hash >>> 8) & mask; pairs[2 * place] !== 0; place = (place + 1) & mask) {
      if (pairs[2 * place + 1] !== hash) continue;
      const slot = (pairs[2 * place] as number) - 1;
      const word = slot * unitWords;
      if (words[word + tagWord] !== tag || words[word + nameLengthWord] !== length) continue;
      const at = slot * unitOctets + headerOctets;
      let same = 0;
      while (same < length && octets[at + same] === name.charCodeAt(start + same)) same++;
      if (same === length) return slot;
    }
    return -1;
  }
}
