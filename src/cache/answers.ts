// Step 1 of the notes, the browser cache: finished responses in wire form, to be copied and patched.

import { isSubdomainOf, type Name, readName } from '../wire/name.ts';
import { ageTtl, findTtls } from './answer-ttls.ts';
import { Arena, stateWord, unitOctets, unitWords } from './arena.ts';
import type { LayerStats } from './entry.ts';
import { type HashKey, hashQuestion, questionStart, sameQuestion } from './question-hash.ts';

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
/** An answer takes 100 to 200 octets; a place in four stays empty, and places are a power of two. */
const octetsPerPlace = 64;
// An entry: eight 32-bit words, the offsets of its TTL fields (16 bits each), the message, its options, padding. Words 0
// and 1 are the arena's; word 2 holds the flags of the question, above them whether it is secure, above that its uses.
const headerOctets = 32;
const secureBit = 1 << 16;
/** Octets of the message; of the options in the upper half. */
const lengthWord = 3;
/** Offset after the question; the number of TTL fields in the upper half. */
const questionWord = 4;
/** Seconds from when it was put. */
const ttlWord = 5;
/** When it was put: a 64-bit float, in words 6 and 7. */
const putAtUnit = 3;

/**
 * A hit costs a keyed hash of the question, a look-up in typed arrays, and a copy: `find` and `copy` allocate nothing. A
 * flood of one-time questions does not push out what is asked again (see {@link Arena}). A slot holds until the
 * next `put`, `flush` or `clear`. Questions are taken as they stand in a message: uncompressed, and `questionEnd` is
 * within the message.
 */
export class Answers {
  readonly octetsMax: number;
  readonly #key: HashKey;
  readonly #arena: Arena;
  readonly #ttlOffsets: Uint16Array = new Uint16Array(recordsMax);
  #generation = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: AnswersOptions) {
    this.octetsMax = Math.max(options.octetsMax, octetsLeast);
    this.#key = options.seed;
    this.#arena = new Arena(this.octetsMax, octetsPerPlace);
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
    const slot = this.peek(query, questionEnd, flags, nowMs);
    if (slot < 0) {
      this.#misses++;
      return -1;
    }
    this.#hits++;
    this.#arena.use(slot);
    return slot;
  }

  /** {@link find} for who only looks: nothing is counted, and the answer is not kept the longer for it. */
  peek(query: Uint8Array, questionEnd: number, flags: number, nowMs: number): number {
    const slot = this.#slotOf(query, questionEnd, flags, hashQuestion(query, questionEnd, flags, this.#key));
    return slot >= 0 && nowMs < this.#expiresAtMs(slot) ? slot : -1;
  }

  /**
   * Copies the message of `slot` to the start of `out`, with each TTL less by the whole seconds since it was put.
   * Returns its length, or -1 if `out` is too small. ID, flags, and the question's case are those it was put with.
   */
  copy(slot: number, out: Uint8Array, nowMs: number): number {
    const length = this.messageOctets(slot);
    if (out.length < length) return -1;
    const start = this.#messageStart(slot);
    this.#arena.octets.copy(out, 0, start, start + length);
    const age = this.#ageSeconds(slot, nowMs);
    if (age <= 0) return length;
    const first = (slot * unitOctets + headerOctets) >> 1;
    const end = first + (this.#word(slot, questionWord) >>> 16);
    for (let i = first; i < end; i++) ageTtl(out, this.#arena.halves[i] ?? 0, age);
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
    this.#arena.octets.copy(out, at, start, start + length);
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
    // What is put again after it expired has been asked for again.
    const known = old >= 0 && (this.#arena.isKnown(old) || nowMs >= this.#expiresAtMs(old));
    if (old >= 0) this.#arena.drop(old);
    if (ttl < 1 || message.length > messageOctetsMax || options.length > optionOctetsMax) return;
    const ttlFields = findTtls(message, questionEnd, this.#ttlOffsets);
    if (ttlFields < 0) return;
    const start = headerOctets + 2 * ttlFields;
    const slot = this.#arena.add(hash, start + message.length + options.length, known);
    if (slot < 0) return;
    const { words, halves, octets, floats } = this.#arena;
    const word = slot * unitWords;
    words[word + stateWord] = (flags & 0xffff) | (secure ? secureBit : 0);
    words[word + lengthWord] = message.length | (options.length << 16);
    words[word + questionWord] = questionEnd | (ttlFields << 16);
    words[word + ttlWord] = Math.min(Math.floor(ttl), 0x7fffffff);
    floats[slot + putAtUnit] = nowMs;
    const at = slot * unitOctets;
    for (let i = 0; i < ttlFields; i++) halves[((at + headerOctets) >> 1) + i] = this.#ttlOffsets[i] ?? 0;
    octets.set(message, at + start);
    octets.set(options, at + start + message.length);
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
    this.#arena.clear();
  }

  /** The figures of this layer; `octets` counts the index, and dead entries until their room is taken. */
  stats(): LayerStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: this.#arena.index.count,
      octets: this.#arena.octetsUsed,
      octetsMax: this.octetsMax,
      evictions: this.#arena.evictions,
    };
  }

  /** All answers live at `nowMs`. The layer may be changed meanwhile: what is gone by its turn is passed over. */
  *dump(nowMs: number): Generator<AnswerDump> {
    const { octets } = this.#arena;
    for (const slot of Int32Array.from(this.#arena.slots())) {
      if (!this.#arena.holds(slot)) continue;
      if (nowMs >= this.#expiresAtMs(slot)) continue;
      const { name, end } = readName(octets, this.#messageStart(slot) + questionStart);
      yield {
        name,
        type: octets.readUInt16BE(end),
        class: octets.readUInt16BE(end + 2),
        flags: this.#word(slot, stateWord) & 0xffff,
        ttl: this.ttlLeft(slot, nowMs),
        secure: this.secure(slot),
        octets: this.messageOctets(slot),
      };
    }
  }

  #flushWhere(matches: (name: Name) => boolean): number {
    const found: number[] = [];
    for (const slot of this.#arena.slots()) {
      if (matches(readName(this.#arena.octets, this.#messageStart(slot) + questionStart).name)) found.push(slot);
    }
    for (const slot of found) this.#arena.drop(slot);
    return found.length;
  }

  #word(slot: number, word: number): number {
    return this.#arena.words[slot * unitWords + word] ?? 0;
  }

  #messageStart(slot: number): number {
    return slot * unitOctets + headerOctets + 2 * (this.#word(slot, questionWord) >>> 16);
  }

  #expiresAtMs(slot: number): number {
    return (this.#arena.floats[slot + putAtUnit] ?? 0) + this.#word(slot, ttlWord) * 1000;
  }

  #ageSeconds(slot: number, nowMs: number): number {
    return Math.floor((nowMs - (this.#arena.floats[slot + putAtUnit] ?? 0)) / 1000);
  }

  #slotOf(message: Uint8Array, questionEnd: number, flags: number, hash: number): number {
    const { octets, index } = this.#arena;
    const { pairs, mask } = index.tableOf(hash);
    for (let place = (hash >>> 8) & mask; pairs[2 * place] !== 0; place = (place + 1) & mask) {
      if (pairs[2 * place + 1] !== hash) continue;
      const slot = (pairs[2 * place] as number) - 1;
      if ((this.#word(slot, questionWord) & 0xffff) !== questionEnd) continue;
      if ((this.#word(slot, stateWord) & 0xffff) !== flags) continue;
      if (sameQuestion(octets, this.#messageStart(slot), message, questionEnd)) return slot;
    }
    return -1;
  }
}

const noOptions: Uint8Array = new Uint8Array(0);
