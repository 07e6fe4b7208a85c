// Where a replay parted from its capsule: the first thing that was not the same.

/** Gathers differences in the order in which they come up, and keeps the first that counts. */
export class Differences {
  /** The first; undefined: there is none. */
  first: string | undefined;
  readonly #exact: boolean;
  #look: string | undefined;
  #ended = false;

  /** `exact`: false when only the answer counts. */
  constructor(exact: boolean) {
    this.#exact = exact;
  }

  /** The answer is another. */
  answer(what: string): void {
    this.first ??= (this.#exact ? this.#look : undefined) ?? what;
  }

  /** Something but the answer is another. */
  other(what: string): void {
    if (this.#exact) this.answer(what);
  }

  /** As {@link other}, unless the resolution is done: what goes on in the background then was not recorded. */
  during(what: string): void {
    if (!this.#ended) this.other(what);
  }

  /** Something was looked at that was not looked at then: no difference by itself, but the reason of one that follows. */
  look(what: string): void {
    if (!this.#ended) this.#look ??= what;
  }

  /** The resolution is done. */
  end(): void {
    this.#ended = true;
  }
}
