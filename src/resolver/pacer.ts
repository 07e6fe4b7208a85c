// Shares the thread between signature checks and everything else: so much computing in one turn, then the rest waits.

import type { Clock } from '../base/ports.ts';

/**
 * Milliseconds of checks after which those that follow wait for the next turn of the event loop. A client's query may
 * have to wait for two such shares, each with one check more (P-384: 1 ms), and is to be late by less than 5 ms.
 */
const SLICE_MS = 1;

/** Paces the checks of all resolutions together. Time is measured by the Clock, so that on virtual time nobody waits. */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting: ((turn: undefined) => void)[] = [];
  #spentMs = 0;
  #turnAsked = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be awaited before a check unless undefined: this turn's share is used up. Those who wait go in order. */
  admit(): Promise<undefined> | undefined {
    if (this.#spentMs < SLICE_MS && this.#waiting.length === 0) return undefined;
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
      if (this.#spentMs < SLICE_MS) this.#letIn();
    }
  }

  /** Lets one go on who waits; its check lets in the next, as long as this turn's share lasts. */
  #letIn(): void {
    this.#waiting.shift()?.(undefined);
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#clock.after(0, () => {
      this.#turnAsked = false;
      this.#spentMs = 0;
      this.#letIn();
      if (this.#waiting.length > 0) this.#askTurn();
    });
  }
}
