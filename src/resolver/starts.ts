// Lets resolutions begin a few at a time: to finish what was begun comes before beginning more, or under load all of it
// would be late, and the work done for it in vain.

import type { Clock } from '../base/ports.ts';

/**
 * Resolutions that begin in one turn of the event loop: each leads to some four replies and two checks of signatures, and
 * together they should hold no cached answer up for long.
 */
const BEGUN_MOST = 16;

/** The queue of those that wait to begin, in order: no longer than there are resolutions (slots.ts). */
export class Starts {
  readonly #clock: Clock;
  #begun = 0;
  #turnAsked = false;
  /** Those that wait stand from `#next` on. */
  #waiting: ((turn: undefined) => void)[] = [];
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be awaited before a resolution begins, unless undefined: enough have begun in this turn. */
  admit(): Promise<undefined> | undefined {
    this.#askTurn();
    if (this.#begun < BEGUN_MOST && this.#next === this.#waiting.length) {
      this.#begun += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#turnAsked = false;
    this.#begun = 0;
    while (this.#begun < BEGUN_MOST && this.#next < this.#waiting.length) {
      this.#waiting[this.#next]?.(undefined);
      this.#next += 1;
      this.#begun += 1;
    }
    if (this.#next < this.#waiting.length) this.#askTurn();
    if (this.#next < this.#waiting.length / 2) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
