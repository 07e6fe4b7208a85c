// Lets resolutions begin a few at a time: to finish what was begun comes before beginning more, or under load all of it
// would be late, and the work done for it in vain. Under load the latest come first.

import type { Clock } from '../base/ports.ts';

/** One that waits to begin. */
interface Waiting {
  readonly begin: (turn: undefined) => void;
  readonly sinceMs: number;
}

/**
 * Resolutions that begin in one turn of the event loop: each leads to some four replies and two checks of signatures, and
 * together they should hold no cached answer up for long.
 */
const BEGUN_MOST = 16;

/** Where one has waited for so long to begin, there is more to do than can be done, ms. */
const OVERLOAD_MS = 100;

/**
 * Of those that begin in one turn then, how many have waited longest; the others are the latest. If all began in order,
 * all would wait for as long as the queue is, and nobody would be served well.
 */
const OLDEST_BEGUN = 4;

/** The queue of those that wait to begin: no longer than there are resolutions (slots.ts). */
export class Starts {
  readonly #clock: Clock;
  #begun = 0;
  #turnAsked = false;
  /** Those that wait stand from `#next` on, in order. */
  #waiting: Waiting[] = [];
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
    return new Promise((begin) => this.#waiting.push({ begin, sinceMs: this.#clock.nowMs() }));
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#turnAsked = false;
    this.#begun = 0;
    const overloaded = this.#clock.nowMs() - (this.#waiting[this.#next]?.sinceMs ?? 0) > OVERLOAD_MS;
    while (this.#begun < BEGUN_MOST && this.#next < this.#waiting.length) {
      const one = overloaded && this.#begun >= OLDEST_BEGUN ? this.#waiting.pop() : this.#takeOldest();
      one?.begin(undefined);
      this.#begun += 1;
    }
    if (this.#next < this.#waiting.length) this.#askTurn();
    if (this.#next < this.#waiting.length / 2) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }

  #takeOldest(): Waiting | undefined {
    const oldest = this.#waiting[this.#next];
    this.#next += 1;
    return oldest;
  }
}
