// A ring of room in a typed array: entries are taken at its head and given back at its tail, oldest first.

import { assert } from '../base/assert.ts';

/**
 * Room is counted in units; an entry lies in one piece. The first number of each entry, at `sizes[unit * stride]`, is
 * its size in units: negative if it is dead, which fillers at the end of the ring are too.
 */
export class Ring {
  /** Units in use, dead ones included. */
  used = 0;
  readonly base: number;
  readonly size: number;
  readonly #sizes: Int32Array;
  readonly #stride: number;
  #head = 0;
  #tail = 0;

  /** A ring of `size` units from unit `base` on. */
  constructor(base: number, size: number, sizes: Int32Array, stride: number) {
    this.base = base;
    this.size = size;
    this.#sizes = sizes;
    this.#stride = stride;
  }

  /** Takes `units` at the head; the unit where they start, or -1 if there is no such room. The caller writes the size. */
  take(units: number): number {
    if (this.used === 0) {
      this.#head = 0;
      this.#tail = 0;
    }
    const headFirst = this.used > 0 && this.#head <= this.#tail;
    if (!headFirst && this.size - this.#head < units) {
      if (this.#tail < units) return -1;
      const rest = this.size - this.#head;
      if (rest > 0) this.#sizes[(this.base + this.#head) * this.#stride] = -rest;
      this.used += rest;
      this.#head = 0;
    } else if (headFirst && this.#tail - this.#head < units) {
      return -1;
    }
    const start = this.#head;
    this.used += units;
    this.#head = start + units === this.size ? 0 : start + units;
    return this.base + start;
  }

  /** Gives back the oldest entry: the unit where it starts, or -1 if the ring is empty. Its octets stay until taken. */
  giveBack(): number {
    if (this.used === 0) return -1;
    const unit = this.base + this.#tail;
    const units = Math.abs(this.#sizes[unit * this.#stride] ?? 0);
    assert(units > 0 && units <= this.used, 'the tail of a ring is not where an entry starts');
    this.used -= units;
    this.#tail = this.#tail + units === this.size ? 0 : this.#tail + units;
    return unit;
  }

  /** The units where entries start, oldest first, dead ones left out. No entry may be taken or given back meanwhile. */
  *[Symbol.iterator](): Generator<number> {
    let at = this.#tail;
    for (let seen = 0; seen < this.used; ) {
      const unit = this.base + at;
      const units = this.#sizes[unit * this.#stride] ?? 0;
      if (units > 0) yield unit;
      seen += Math.abs(units);
      at = at + Math.abs(units) === this.size ? 0 : at + Math.abs(units);
    }
  }

  clear(): void {
    this.used = 0;
  }
}
