// Shares the thread between signature checks and everything else: so much computing in one turn, then the rest waits.

import type { Clock } from '../base/ports.ts';

/**
 * Milliseconds of checks after which those that follow wait for the next turn of the event loop. A client's query may
 * have to wait for two such shares, each with one check more (P-384: 1 ms), and is to be late by less than 5 ms. Where all
 * the rest takes longer than this in a turn, checks may take as long: under load they would be left behind for ever.
 */
const SLICE_MS = 1;
/** More is not had in one turn, however long the last one was. */
const SLICE_MOST_MS = 25;

/** Paces the checks of all resolutions together. Time is measured by the Clock, so that on virtual time nobody waits. */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting: ((turn: undefined) => void)[] = [];
  #sliceMs = SLICE_MS;
  #spentMs = 0;
  #turnAsked = false;
  #askedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be awaited before a check unless undefined: this turn's share is used up. Those who wait go in order. */
  admit(): Promise<undefined> | undefined {
    if (this.#spentMs < this.#sliceMs && this.#waiting.length === 0) return undefined;
    this.#askTurn();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Runs one check and counts its time. */
  run<T>(check: () => T): T {
    const startMs = this.#clock.nowMs();
    try {
      return check();
    } finally {
      this.#spentMs += this.#clock.nowMs() - startMs;
      if (this.#spentMs > 0) this.#askTurn();
      if (this.#spentMs < this.#sliceMs) this.#letIn();
    }
  }

  /** Lets one go on who waits; its check lets in the next, as long as this turn's share lasts. */
  #letIn(): void {
    this.#waiting.shift()?.(undefined);
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#askedMs = this.#clock.nowMs();
    this.#clock.after(0, () => {
      const othersMs = this.#clock.nowMs() - this.#askedMs - this.#spentMs;
      this.#sliceMs = Math.min(Math.max(SLICE_MS, othersMs), SLICE_MOST_MS);
      this.#turnAsked = false;
      this.#spentMs = 0;
      this.#letIn();
      if (this.#waiting.length > 0) this.#askTurn();
    });
  }
}
