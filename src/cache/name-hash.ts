// Keyed hashes of a name and of each of its ancestors, in one pass.

import type { Name } from '../wire/name.ts';
import type { HashKey } from './question-hash.ts';

/** A name has 127 labels at most, and the root (RFC 1035, 3.1). */
const suffixesMax = 128;

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein), 32 bits, over the labels from the root's down, so that what was computed for
 * an ancestor serves all names below it. Keyed, since names are chosen by strangers. Allocates nothing.
 */
export class NameHash {
  /** The number of labels of the name read last, the root's not counted. */
  labels = 0;
  readonly #key: HashKey;
  #name: Name | undefined;
  /** Where each label starts, leftmost first; at `labels` the root's. */
  readonly #starts: Uint8Array = new Uint8Array(suffixesMax);
  /** The state of the hash behind the label of the same place. */
  readonly #v0: Int32Array = new Int32Array(suffixesMax);
  readonly #v1: Int32Array = new Int32Array(suffixesMax);
  readonly #v2: Int32Array = new Int32Array(suffixesMax);
  readonly #v3: Int32Array = new Int32Array(suffixesMax);

  constructor(key: HashKey) {
    this.#key = key;
  }

  /** Takes `name` in: what follows is asked of it. */
  read(name: Name): void {
    if (name === this.#name) return;
    this.#name = name;
    const starts = this.#starts;
    let labels = 0;
    let at = 0;
    for (let size = name.charCodeAt(0); size !== 0; size = name.charCodeAt(at)) {
      starts[labels++] = at;
      at += size + 1;
    }
    starts[labels] = at;
    this.labels = labels;
    this.#v0[labels] = this.#key[0];
    this.#v1[labels] = this.#key[1];
    this.#v2[labels] = 0x6c796765 ^ this.#key[0];
    this.#v3[labels] = 0x74656462 ^ this.#key[1];
    for (let label = labels - 1; label >= 0; label--) this.#absorb(name, label);
  }

  /** The offset in the name of its suffix without the first `label` labels. */
  startOf(label: number): number {
    return this.#starts[label] as number;
  }

  /** The hash of `tag` at the name without its first `label` labels, 0..`labels`. */
  at(label: number, tag: number): number {
    let v0 = this.#v0[label] as number;
    let v1 = this.#v1[label] as number;
    let v2 = this.#v2[label] as number;
    let v3 = this.#v3[label] as number;
    // The tag, and three rounds to finish.
    for (let round = 0; round < 4; round++) {
      if (round === 0) v3 ^= tag;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= tag;
        v2 ^= 0xff;
      }
    }
    return v1 ^ v3;
  }

  /** The state behind `label` from that behind the label above it: its length and octets, four to a word. */
  #absorb(name: Name, label: number): void {
    let v0 = this.#v0[label + 1] as number;
    let v1 = this.#v1[label + 1] as number;
    let v2 = this.#v2[label + 1] as number;
    let v3 = this.#v3[label + 1] as number;
    const end = this.#starts[label + 1] as number;
    for (let at = this.#starts[label] as number; at < end; at += 4) {
      let word = name.charCodeAt(at);
      if (at + 1 < end) word |= name.charCodeAt(at + 1) << 8;
      if (at + 2 < end) word |= name.charCodeAt(at + 2) << 16;
      if (at + 3 < end) word |= name.charCodeAt(at + 3) << 24;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.#v0[label] = v0;
    this.#v1[label] = v1;
    this.#v2[label] = v2;
    this.#v3[label] = v3;
  }
}
