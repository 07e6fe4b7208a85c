// Shares the thread between signature checks and everything else: so much computing in one turn, then the rest waits.

import type { Clock } from '../base/ports.ts';

/** Milliseconds of checks in one turn of the event loop: another client's cached answer is late by no more than this. */
const SLICE_MS = 2;

/** Waiters let in by one turn, each for one check: the slowest check (P-384, 0.9 ms) times this stays under 5 ms. */
const LET_IN_PER_TURN = 4;

/** Paces the checks of all resolutions together. Time is measured by the Clock, so that on virtual time nobody waits. */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #spentMs = 0;
  #turnAsked = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be awaited before a check unless undefined: this turn's share is used up. Those who wait go in order. */
  admit(): Promise<void> | undefined {
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
    }
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#clock.after(0, () => {
      this.#turnAsked = false;
      this.#spentMs = 0;
      for (const resolve of this.#waiting.splice(0, LET_IN_PER_TURN)) resolve();
      if (this.#waiting.length > 0) this.#askTurn();
    });
  }
}
