// How often something may happen: so many times a second in the long run, and so many at once.

import type { Clock } from './ports.ts';

/** A bucket of tokens, full at first. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #most: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, perSecond: number, most: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#most = most;
    this.#tokens = most;
    this.#filledMs = clock.nowMs();
  }

  /** Takes one; false: there is none. */
  take(): boolean {
    const nowMs = this.#clock.nowMs();
    const gainedTokens = ((nowMs - this.#filledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#most, this.#tokens + gainedTokens);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
