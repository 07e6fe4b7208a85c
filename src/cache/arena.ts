// Memory for the entries of a cache: two rings in one arena of typed arrays, with an index by hash.

import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { ArenaIndex } from './arena-index.ts';
import { Ring } from './ring.ts';

/** The part of the arena where new entries are on probation. */
const probationShare = 0.1;
/** Uses are counted up to this. */
const usesMost = 3;
/** Entries passed on rather than put out to make room once: bounds its time. */
const secondChancesMost = 64;

/** Entries start at whole units; a slot is the unit where one starts. */
export const unitOctets = 8;
/** 32-bit words of a unit. */
export const unitWords = 2;
/** The first words of an entry are the arena's: its size in units, as Ring wants it: negative if dead; and its hash. */
const sizeWord = 0;
const hashWord = 1;
/** The state of an entry: its lower {@link stateBits} bits are the user's, above them its uses are counted. */
export const stateWord = 2;
/** See {@link stateWord}. */
export const stateBits = 17;
const useOne = 1 << stateBits;

/**
 * S3-FIFO (Yang et al., SOSP 2023) by octets: new entries go to a short ring; those used there move on to a long one when
 * their turn to leave comes, and those of the long ring stay for another round with each use. The hashes of what left the
 * short ring are remembered for a while, and what comes back then goes to the long ring at once.
 */
export class Arena {
  readonly index: ArenaIndex;
  /** All entries, as octets, 16-bit and 32-bit numbers and 64-bit floats. */
  readonly octets: Buffer;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  /** Entries put out for want of room since the start. */
  evictions = 0;
  readonly #probation: Ring;
  readonly #protected: Ring;
  readonly #onPutOut: ((slot: number) => void) | undefined;
  /** Whether something has had to leave the long ring since the start or {@link clear}. */
  #wasFull = false;

  /**
   * Takes `octetsMax`, 64 KiB or more, in all: the rings are allocated at once and touched as they fill. There is a place
   * in the full grown index for about each `octetsPerPlace` of that (the nearest power of two), of which three in four may
   * be taken. `onPutOut` is told of each entry that is put out for want of room while its octets are still there; it must
   * change nothing here.
   */
  constructor(octetsMax: number, octetsPerPlace: number, onPutOut?: (slot: number) => void) {
    this.#onPutOut = onPutOut;
    this.index = new ArenaIndex(Math.floor(octetsMax / octetsPerPlace));
    const units = Math.floor((octetsMax - this.index.octetsMax) / unitOctets);
    const arena = new ArrayBuffer(units * unitOctets);
    this.octets = Buffer.from(arena);
    this.halves = new Uint16Array(arena);
    this.words = new Int32Array(arena);
    this.floats = new Float64Array(arena);
    const probationUnits = Math.floor(units * probationShare);
    this.#probation = new Ring(0, probationUnits, this.words, unitWords);
    this.#protected = new Ring(probationUnits, units - probationUnits, this.words, unitWords);
  }

  /** Octets in use: the index, and entries, dead ones until their room is taken. */
  get octetsUsed(): number {
    return this.index.octets + (this.#probation.used + this.#protected.used) * unitOctets;
  }

  /**
   * The slot of a new entry of `octets`, its state 0, put into the index; others are put out for it. `known`: it has been
   * asked for before. -1 if it is over a tenth of all room. All other slots are void afterwards.
   */
  add(hash: number, octets: number, known: boolean): number {
    const units = Math.ceil(octets / unitOctets);
    if (units > this.#probation.size) return -1;
    if (this.index.isFull(hash)) this.#makePlace(hash);
    const slot = known || this.index.takeLeft(hash) ? this.#takeProtected(units) : this.#takeProbation(units);
    if (slot < 0) return -1;
    this.words[slot * unitWords + sizeWord] = units;
    this.words[slot * unitWords + hashWord] = hash;
    this.words[slot * unitWords + stateWord] = 0;
    this.index.insert(hash, slot);
    return slot;
  }

  /** Marks an entry dead and takes it out of the index; its room comes free with its turn. */
  drop(slot: number): void {
    const word = slot * unitWords;
    this.index.remove(this.#hash(slot), slot);
    this.words[word + sizeWord] = -(this.words[word + sizeWord] ?? 0);
  }

  /** Counts a use of an entry. */
  use(slot: number): void {
    const word = slot * unitWords + stateWord;
    const state = this.words[word] ?? 0;
    if (state >>> stateBits < usesMost) this.words[word] = state + useOne;
  }

  /** Takes a use of an entry back; false if none is left. */
  takeUse(slot: number): boolean {
    if (this.#uses(slot) === 0) return false;
    const word = slot * unitWords + stateWord;
    this.words[word] = (this.words[word] ?? 0) - useOne;
    return true;
  }

  /** Puts one entry out, if there is one, as when all room is taken. */
  putOutOne(): void {
    this.#wasFull = true;
    const { evictions } = this;
    for (let chances = 0; this.evictions === evictions && this.index.count > 0; ) {
      const { used } = this.#probation;
      if (used > (used + this.#protected.used) * probationShare) this.#endProbation();
      else if (this.#passOn(chances < secondChancesMost)) chances++;
    }
  }

  /** The octets of an entry. */
  sizeOf(slot: number): number {
    return (this.words[slot * unitWords + sizeWord] ?? 0) * unitOctets;
  }

  /** Whether an entry was used while on probation, or is past it. */
  isKnown(slot: number): boolean {
    return slot >= this.#protected.base || this.#uses(slot) > 0;
  }

  /** Whether an entry is at `slot`, which may be any number. */
  holds(slot: number): boolean {
    return this.index.holds(this.#hash(slot), slot);
  }

  /** The slots of all entries, the oldest of each ring first. No entry may be added meanwhile. */
  *slots(): Generator<number> {
    yield* this.#probation;
    yield* this.#protected;
  }

  /** Takes everything out. */
  clear(): void {
    this.#wasFull = false;
    this.index.clear();
    this.#probation.clear();
    this.#protected.clear();
  }

  #hash(slot: number): number {
    return this.words[slot * unitWords + hashWord] ?? 0;
  }

  #uses(slot: number): number {
    return (this.words[slot * unitWords + stateWord] ?? 0) >>> stateBits;
  }

  /** Room on probation, where the oldest move on or leave. */
  #takeProbation(units: number): number {
    for (;;) {
      const slot = this.#probation.take(units);
      if (slot >= 0) return slot;
      this.#endProbation();
    }
  }

  /** The oldest on probation moves on or leaves. */
  #endProbation(): void {
    const oldest = this.#probation.giveBack();
    const size = this.words[oldest * unitWords + sizeWord] ?? 0;
    if (size <= 0) return;
    const to = this.#uses(oldest) > 0 ? this.#takeProtected(size) : this.#takeUnused(size);
    if (to >= 0) this.#move(oldest, to, size, 0);
    else {
      this.index.noteLeft(this.#hash(oldest));
      this.#putOut(oldest);
    }
  }

  /** Until the long ring, or the index, was full for the first time, nothing need leave. */
  #takeUnused(units: number): number {
    return this.#wasFull ? -1 : this.#protected.take(units);
  }

  /** Room in the long ring. */
  #takeProtected(units: number): number {
    for (let chances = 0; ; ) {
      const slot = this.#protected.take(units);
      if (slot >= 0) return slot;
      if (this.#passOn(chances < secondChancesMost)) chances++;
    }
  }

  /** A place in the full index: the long ring gives it, which holds the most entries by far. */
  #makePlace(hash: number): void {
    for (let chances = 0; this.index.isFull(hash); ) {
      if (this.#passOn(chances < secondChancesMost)) chances++;
    }
  }

  /** Takes the oldest of the long ring out, or, if it was used and `mayStay`, to the ring's head; true if it stayed. */
  #passOn(mayStay: boolean): boolean {
    this.#wasFull = true;
    const oldest = this.#protected.giveBack();
    assert(oldest >= 0, 'the long ring is empty and yet there is no room');
    const size = this.words[oldest * unitWords + sizeWord] ?? 0;
    if (size <= 0) return false;
    const uses = this.#uses(oldest);
    if (uses === 0 || !mayStay) {
      this.#putOut(oldest);
      return false;
    }
    this.#move(oldest, this.#protected.take(size), size, uses - 1);
    return true;
  }

  #putOut(slot: number): void {
    this.#onPutOut?.(slot);
    this.index.remove(this.#hash(slot), slot);
    this.evictions++;
  }

  #move(from: number, to: number, units: number, uses: number): void {
    assert(to >= 0, 'the room that an entry gave back does not take it again');
    this.index.move(this.#hash(from), from, to);
    this.octets.copyWithin(to * unitOctets, from * unitOctets, (from + units) * unitOctets);
    const word = to * unitWords + stateWord;
    this.words[word] = ((this.words[word] ?? 0) & (useOne - 1)) | (uses << stateBits);
  }
}
