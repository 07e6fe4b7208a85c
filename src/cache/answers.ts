// Step 1 of the notes, the browser cache: finished responses in wire form, to be copied and patched.

import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { isSubdomainOf, type Name, readName } from '../wire/name.ts';
import { AnswerIndex } from './answer-index.ts';
import { ageTtl, findTtls } from './answer-ttls.ts';
import type { LayerStats } from './entry.ts';
import { type HashKey, hashQuestion, questionStart, sameQuestion } from './question-hash.ts';
import { Ring } from './ring.ts';

/** What {@link Answers} is made with. */
export interface AnswersOptions {
  /** All memory of the layer, index included; allocated at once, touched as it fills. At least 256 KiB are taken. */
  readonly octetsMax: number;
  /** Two uniform 32-bit integers, drawn anew by each process: they key the hash of questions. */
  readonly seed: HashKey;
}

/** One kept answer, as {@link Answers.dump} tells it. */
export interface AnswerDump {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** As given to {@link Answers.put}: bit 0 DO, bit 1 CD, bits 2 up the view. */
  readonly flags: number;
  /** Seconds left. */
  readonly ttl: number;
  readonly secure: boolean;
  readonly octets: number;
}

/** Longer messages are not kept: they are rare, and would push out many others. */
export const messageOctetsMax = 4096;
/** Longer options are not kept with their message. */
const optionOctetsMax = 512;
/** Records of a message whose TTLs are aged; one takes 11 octets at least, so no message kept has more. */
const recordsMax = 384;
const octetsLeast = 256 * 1024;
/** Octets of the layer for each place of the index: an answer takes 100 to 200, and a place in two stays empty. */
const octetsPerPlace = 48;
/** The part of the arena where new answers are on probation. */
const probationShare = 0.1;
/** Hits are counted up to this. */
const usesMost = 3;
/** Answers passed on rather than put out to make room once: bounds its time. */
const secondChancesMost = 64;

// An entry: eight 32-bit words, the offsets of its TTL fields (16 bits each), the message, its options, padding.
const unitOctets = 8;
const unitWords = 2;
const headerOctets = 32;
/** Size in units, first as Ring wants it: negative if dead. */
const sizeWord = 0;
const hashWord = 1;
/** Octets of the message; of the options in the upper half. */
const lengthWord = 2;
/** Offset after the question; the number of TTL fields in the upper half. */
const questionWord = 3;
/** Seconds from when it was put. */
const ttlWord = 4;
/** Flags of the question; above them whether it is secure, and its uses. */
const stateWord = 5;
/** When it was put: a 64-bit float, in words 6 and 7. */
const putAtUnit = 3;
const secureBit = 1 << 16;
const usesShift = 17;
const useOne = 1 << usesShift;

/**
 * An open-addressed index and an arena of two rings in typed arrays. New answers go to the short ring; those hit there
 * move on to the long one when their turn to leave comes, and those of the long ring stay for another round with each
 * hit (S3-FIFO, with a visited count and a memory of what left lately). So a flood of one-time questions passes through
 * the short ring alone. `find` and `copy` allocate nothing. A slot holds until the next `put`, `flush` or `clear`.
 *
 * Questions are taken as they stand in a message, so they must be uncompressed, with `questionEnd` within the message.
 */
export class Answers {
  readonly octetsMax: number;
  readonly #key: HashKey;
  readonly #index: AnswerIndex;
  readonly #octets: Buffer;
  readonly #halves: Uint16Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #probation: Ring;
  readonly #protected: Ring;
  /** Hashes of questions that left probation, each in its own place, where a later one overwrites an earlier one. */
  readonly #left: Int32Array;
  readonly #ttlOffsets: Uint16Array = new Uint16Array(recordsMax);
  #generation = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(options: AnswersOptions) {
    this.octetsMax = Math.max(options.octetsMax, octetsLeast);
    this.#key = options.seed;
    const places = 2 ** Math.floor(Math.log2(this.octetsMax / octetsPerPlace));
    this.#index = new AnswerIndex(places);
    this.#left = new Int32Array(places >> 2);
    const units = Math.floor((this.octetsMax - this.#index.octets - this.#left.byteLength) / unitOctets);
    const arena = new ArrayBuffer(units * unitOctets);
    this.#octets = Buffer.from(arena);
    this.#halves = new Uint16Array(arena);
    this.#words = new Int32Array(arena);
    this.#times = new Float64Array(arena);
    const probationUnits = Math.floor(units * probationShare);
    this.#probation = new Ring(0, probationUnits, this.#words, unitWords);
    this.#protected = new Ring(probationUnits, units - probationUnits, this.#words, unitWords);
  }

  /** Rises with each {@link clear}: an answer begun under an earlier generation is not to be put. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The slot of the live answer to the question of `query`, or -1. `flags`, 0..65535, are part of the key: bit 0 DO,
   * bit 1 CD, bits 2 up the view. Counts the use, and the hit or miss.
   */
  find(query: Uint8Array, questionEnd: number, flags: number, nowMs: number): number {
    const slot = this.#slotOf(query, questionEnd, flags, hashQuestion(query, questionEnd, flags, this.#key));
    if (slot < 0 || nowMs >= this.#expiresAtMs(slot)) {
      this.#misses++;
      return -1;
    }
    this.#hits++;
    const state = this.#word(slot, stateWord);
    if (state >>> usesShift < usesMost) this.#words[slot * unitWords + stateWord] = state + useOne;
    return slot;
  }

  /**
   * Copies the message of `slot` to the start of `out`, with each TTL less by the whole seconds since it was put.
   * Returns its length, or -1 if `out` is too small. ID, flags, and the question's case are those it was put with.
   */
  copy(slot: number, out: Uint8Array, nowMs: number): number {
    const length = this.messageOctets(slot);
    if (out.length < length) return -1;
    const start = this.#messageStart(slot);
    this.#octets.copy(out, 0, start, start + length);
    const age = this.#ageSeconds(slot, nowMs);
    if (age <= 0) return length;
    const first = (slot * unitOctets + headerOctets) >> 1;
    const end = first + (this.#word(slot, questionWord) >>> 16);
    for (let i = first; i < end; i++) ageTtl(out, this.#halves[i] ?? 0, age);
    return length;
  }

  /** The length of the message of `slot`. */
  messageOctets(slot: number): number {
    return this.#word(slot, lengthWord) & 0xffff;
  }

  /** Copies the EDNS options kept with `slot` to `out` at `at`; returns their length, or -1 if `out` is too small. */
  copyOptions(slot: number, out: Uint8Array, at: number): number {
    const length = this.#word(slot, lengthWord) >>> 16;
    if (out.length - at < length) return -1;
    const start = this.#messageStart(slot) + this.messageOctets(slot);
    this.#octets.copy(out, at, start, start + length);
    return length;
  }

  /** Whether the answer was put as secure. */
  secure(slot: number): boolean {
    return (this.#word(slot, stateWord) & secureBit) !== 0;
  }

  /** Whole seconds that the answer of `slot` has left, 1 or more while it is live. */
  ttlLeft(slot: number, nowMs: number): number {
    return Math.max(0, this.#word(slot, ttlWord) - this.#ageSeconds(slot, nowMs));
  }

  /**
   * Keeps a finished response, complete but for OPT, for `ttl` seconds; in place of an earlier one to the same question.
   * `options` are finished EDNS options (extended errors) to go with it. Not kept, and the earlier one is taken out:
   * TTL 0, a message that is malformed or over {@link messageOctetsMax}, options over 512 octets.
   */
  put(
    message: Uint8Array,
    questionEnd: number,
    flags: number,
    ttl: number,
    secure: boolean,
    nowMs: number,
    options: Uint8Array = noOptions,
  ): void {
    const hash = hashQuestion(message, questionEnd, flags, this.#key);
    const old = this.#slotOf(message, questionEnd, flags, hash);
    const known = old >= 0 ? this.#isKnown(old, nowMs) : this.#takeLeft(hash);
    if (old >= 0) this.#drop(old);
    if (ttl < 1 || message.length > messageOctetsMax || options.length > optionOctetsMax) return;
    const ttlFields = findTtls(message, questionEnd, this.#ttlOffsets);
    if (ttlFields < 0) return;
    const start = headerOctets + 2 * ttlFields;
    const units = Math.ceil((start + message.length + options.length) / unitOctets);
    const slot = known ? this.#takeProtected(units) : this.#takeProbation(units);
    if (slot < 0) return;
    const word = slot * unitWords;
    this.#words[word + sizeWord] = units;
    this.#words[word + hashWord] = hash;
    this.#words[word + lengthWord] = message.length | (options.length << 16);
    this.#words[word + questionWord] = questionEnd | (ttlFields << 16);
    this.#words[word + ttlWord] = Math.min(Math.floor(ttl), 0x7fffffff);
    this.#words[word + stateWord] = (flags & 0xffff) | (secure ? secureBit : 0);
    this.#times[slot + putAtUnit] = nowMs;
    const at = slot * unitOctets;
    for (let i = 0; i < ttlFields; i++) this.#halves[((at + headerOctets) >> 1) + i] = this.#ttlOffsets[i] ?? 0;
    this.#octets.set(message, at + start);
    this.#octets.set(options, at + start + message.length);
    this.#index.insert(hash, slot);
  }

  /** Takes out all answers to questions of exactly this name; returns how many. */
  flush(name: Name): number {
    return this.#flushWhere((owner) => owner === name);
  }

  /** Takes out all answers to questions at and below `zone`; returns how many. Aliases that lead there stay. */
  flushZone(zone: Name): number {
    return this.#flushWhere((owner) => isSubdomainOf(owner, zone));
  }

  /** Takes out everything and raises the generation. */
  clear(): void {
    this.#generation++;
    this.#index.clear();
    this.#left.fill(0);
    this.#probation.clear();
    this.#protected.clear();
  }

  /** The figures of this layer; `octets` counts the index, and dead entries until their room is taken. */
  stats(): LayerStats {
    const fixed = this.#index.octets + this.#left.byteLength;
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: this.#index.count,
      octets: fixed + (this.#probation.used + this.#protected.used) * unitOctets,
      octetsMax: this.octetsMax,
      evictions: this.#evictions,
    };
  }

  /** All live answers. The layer must not be changed meanwhile. */
  *dump(nowMs: number): Generator<AnswerDump> {
    for (const slot of this.#slots()) {
      if (nowMs >= this.#expiresAtMs(slot)) continue;
      const start = this.#messageStart(slot);
      const { name, end } = readName(this.#octets, start + questionStart);
      const state = this.#word(slot, stateWord);
      yield {
        name,
        type: this.#octets.readUInt16BE(end),
        class: this.#octets.readUInt16BE(end + 2),
        flags: state & 0xffff,
        ttl: this.ttlLeft(slot, nowMs),
        secure: this.secure(slot),
        octets: this.messageOctets(slot),
      };
    }
  }

  *#slots(): Generator<number> {
    yield* this.#probation;
    yield* this.#protected;
  }

  #flushWhere(matches: (name: Name) => boolean): number {
    const found: number[] = [];
    for (const slot of this.#slots()) {
      if (matches(readName(this.#octets, this.#messageStart(slot) + questionStart).name)) found.push(slot);
    }
    for (const slot of found) this.#drop(slot);
    return found.length;
  }

  #word(slot: number, word: number): number {
    return this.#words[slot * unitWords + word] ?? 0;
  }

  #messageStart(slot: number): number {
    return slot * unitOctets + headerOctets + 2 * (this.#word(slot, questionWord) >>> 16);
  }

  #expiresAtMs(slot: number): number {
    return (this.#times[slot + putAtUnit] ?? 0) + this.#word(slot, ttlWord) * 1000;
  }

  #ageSeconds(slot: number, nowMs: number): number {
    return Math.floor((nowMs - (this.#times[slot + putAtUnit] ?? 0)) / 1000);
  }

  #slotOf(message: Uint8Array, questionEnd: number, flags: number, hash: number): number {
    const { entries, hashes, mask } = this.#index;
    for (let place = hash & mask; entries[place] !== 0; place = (place + 1) & mask) {
      if (hashes[place] !== hash) continue;
      const slot = (entries[place] ?? 0) - 1;
      if ((this.#word(slot, questionWord) & 0xffff) !== questionEnd) continue;
      if ((this.#word(slot, stateWord) & 0xffff) !== flags) continue;
      if (sameQuestion(this.#octets, this.#messageStart(slot), message, questionEnd)) return slot;
    }
    return -1;
  }

  /** Marks an entry dead and takes it out of the index; its room comes free with its turn. */
  #drop(slot: number): void {
    const word = slot * unitWords;
    this.#index.remove(this.#words[word + hashWord] ?? 0, slot);
    this.#words[word + sizeWord] = -(this.#words[word + sizeWord] ?? 0);
  }

  /** Room on probation, where the oldest move on or leave; -1: there is none of that size. */
  #takeProbation(units: number): number {
    if (units > this.#probation.size) return -1;
    for (;;) {
      const slot = this.#index.count < this.#index.countMax ? this.#probation.take(units) : -1;
      if (slot >= 0) return slot;
      const oldest = this.#probation.giveBack();
      if (oldest < 0) return this.#takeProtected(units); // The index is full of protected ones.
      const size = this.#word(oldest, sizeWord);
      if (size <= 0) continue;
      const used = this.#word(oldest, stateWord) >>> usesShift > 0;
      // Until the long ring is full, nothing need leave.
      const to = used ? this.#takeProtected(size, true) : this.#takeIfFree(size);
      if (to >= 0) this.#move(oldest, to, size, 0);
      else {
        this.#left[this.#leftPlace(this.#word(oldest, hashWord))] = this.#word(oldest, hashWord);
        this.#index.remove(this.#word(oldest, hashWord), oldest);
        this.#evictions++;
      }
    }
  }

  #takeIfFree(units: number): number {
    return this.#index.count < this.#index.countMax ? this.#protected.take(units) : -1;
  }

  /** Room in the long ring, where those with hits stay for another round. `moving`: no entry is added to the index. */
  #takeProtected(units: number, moving = false): number {
    if (units > this.#protected.size) return -1;
    for (let chances = 0; ; ) {
      const slot = moving || this.#index.count < this.#index.countMax ? this.#protected.take(units) : -1;
      if (slot >= 0) return slot;
      const oldest = this.#protected.giveBack();
      if (oldest < 0) return -1;
      const size = this.#word(oldest, sizeWord);
      if (size <= 0) continue;
      const uses = this.#word(oldest, stateWord) >>> usesShift;
      if (uses > 0 && chances < secondChancesMost) {
        chances++;
        this.#move(oldest, this.#protected.take(size), size, uses - 1);
      } else {
        this.#index.remove(this.#word(oldest, hashWord), oldest);
        this.#evictions++;
      }
    }
  }

  #move(from: number, to: number, units: number, uses: number): void {
    assert(to >= 0, 'the room that an entry gave back does not take it again');
    this.#index.move(this.#word(from, hashWord), from, to);
    this.#octets.copyWithin(to * unitOctets, from * unitOctets, (from + units) * unitOctets);
    const state = to * unitWords + stateWord;
    this.#words[state] = ((this.#words[state] ?? 0) & (useOne - 1)) | (uses << usesShift);
  }

  #leftPlace(hash: number): number {
    // The index uses the low bits: high ones make the places of neighbours differ.
    return (hash >>> 8) & (this.#left.length - 1);
  }

  /** Whether the question of an answer about to be replaced has been asked more than once. */
  #isKnown(slot: number, nowMs: number): boolean {
    const used = this.#word(slot, stateWord) >>> usesShift > 0;
    return used || slot >= this.#protected.base || nowMs >= this.#expiresAtMs(slot);
  }

  #takeLeft(hash: number): boolean {
    const place = this.#leftPlace(hash);
    if (this.#left[place] !== hash || hash === 0) return false;
    this.#left[place] = 0;
    return true;
  }
}

const noOptions: Uint8Array = new Uint8Array(0);
