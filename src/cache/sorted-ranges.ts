// Spans between two keys, in order, found by binary search: the NSEC of a zone, or its NSEC3 of one set of parameters.

/** A span: `key` exists, and so does `nextKey`, with nothing in between. Not after `key`, it leads around the end. */
export interface Span {
  readonly key: string;
  readonly nextKey: string;
}

/** No two spans overlap: a new one puts out those that it contradicts. */
export class SortedRanges<R extends Span> {
  #spans: R[] = [];

  get size(): number {
    return this.#spans.length;
  }

  /** The span at `index`, 0 to size - 1 in order of keys. */
  at(index: number): R | undefined {
    return this.#spans[index];
  }

  /** The span whose key is `key` or the last one before it, the ring's end coming before its start. */
  atOrBefore(key: string): R | undefined {
    const index = this.#indexAfter(key) - 1;
    return this.#spans[index < 0 ? this.#spans.length - 1 : index];
  }

  /** Adds a span; those that say otherwise are taken out and returned: the zone has changed since they were heard. */
  add(span: R): R[] {
    const after = this.#indexAfter(span.key);
    const gone: R[] = [];
    let at = after;
    const before = this.#spans[after - 1] ?? this.#spans.at(-1);
    if (this.#spans[after - 1]?.key === span.key) {
      at = after - 1;
      gone.push(...this.#spans.splice(at, 1));
    } else if (before !== undefined && covers(before, span.key)) {
      const index = this.#spans.indexOf(before);
      gone.push(...this.#spans.splice(index, 1));
      if (index < at) at--;
    }
    this.#insert(at, span);
    const leadsAround = span.nextKey <= span.key;
    const end = leadsAround ? this.#spans.length : this.#indexBefore(span.nextKey);
    if (end > at + 1) gone.push(...this.#spans.splice(at + 1, end - at - 1));
    if (leadsAround) gone.push(...this.#spans.splice(0, Math.min(at, this.#indexBefore(span.nextKey))));
    return gone;
  }

  /** Takes out the span whose key is `key`, if there is one. */
  remove(key: string): R | undefined {
    const index = this.#indexAfter(key) - 1;
    if (this.#spans[index]?.key !== key) return undefined;
    return this.#spans.splice(index, 1)[0];
  }

  *[Symbol.iterator](): Generator<R> {
    yield* [...this.#spans];
  }

  #insert(at: number, span: R): void {
    // An array that grows in place takes room for sixteen more, and most zones have one to three.
    if (this.#spans.length < copiedBelow) this.#spans = this.#spans.toSpliced(at, 0, span);
    else this.#spans.splice(at, 0, span);
  }

  /** How many keys are not after `key`. */
  #indexAfter(key: string): number {
    return this.#partition((span) => span.key <= key);
  }

  /** How many keys are before `key`. */
  #indexBefore(key: string): number {
    return this.#partition((span) => span.key < key);
  }

  #partition(isLeft: (span: R) => boolean): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLeft(this.#spans[middle] as R)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Lists that are shorter are copied to insert. */
const copiedBelow = 16;

/** Whether `key` lies strictly within the span. */
export function covers(span: Span, key: string): boolean {
  if (span.key < span.nextKey) return span.key < key && key < span.nextKey;
  return span.key < key || key < span.nextKey;
}
