// Lets resolutions begin a few at a time: to finish what was begun comes before beginning more, or under load all of it
// would be late, and the work done for it in vain. Under load the latest come first.

import type { Clock } from '../base/ports.ts';

/** One that waits to begin, in a ring between those asked for before and after it; once it has begun, alone in it. */
export class Waiting {
  /** Resolves when it is to begin; true: it has waited for too long, and is only to say so. */
  readonly turn: Promise<boolean>;
  readonly #resolve: (late: boolean) => void;
  /** When it was last asked for. */
  sinceMs: number;
  older: Waiting = this;
  newer: Waiting = this;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.turn = promise;
    this.#resolve = resolve;
  }

  /** Takes it out of its ring, and puts it in again where `ends` is: as the newest. */
  moveTo(ends: Waiting): void {
    this.leave();
    this.older = ends.older;
    this.newer = ends;
    ends.older.newer = this;
    ends.older = this;
  }

  leave(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }

  begin(late: boolean): void {
    this.leave();
    this.#resolve(late);
  }
}

/**
 * Resolutions that begin in one turn of the event loop: each leads to some four replies and two checks of signatures, and
 * together they should hold no cached answer up for long.
 */
const BEGUN_MOST = 16;

/** Those told in one turn that it is too late for them: next to no work, but for a reply each. */
const TOLD_MOST = 64;

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
  readonly #waitMs: number;
  #begun = 0;
  #turnAsked = false;
  /** Where the ring of those that wait begins and ends: `newer` is who has waited longest. */
  readonly #ends = new Waiting(Number.POSITIVE_INFINITY);

  /** Who has waited for longer than `waitMs` is too late. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** Undefined: begin at once. */
  admit(): Waiting | undefined {
    this.#askTurn();
    if (this.#begun < BEGUN_MOST && this.#ends.newer === this.#ends) {
      this.#begun += 1;
      return undefined;
    }
    const waiting = new Waiting(this.#clock.nowMs());
    waiting.moveTo(this.#ends);
    return waiting;
  }

  /** Somebody else asks for what may still wait: it is among the latest again. */
  renew(waiting: Waiting): void {
    if (waiting.newer === waiting) return;
    waiting.sinceMs = this.#clock.nowMs();
    waiting.moveTo(this.#ends);
  }

  #askTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#turnAsked = false;
    this.#begun = 0;
    const nowMs = this.#clock.nowMs();
    for (let told = 0; told < TOLD_MOST && nowMs - this.#ends.newer.sinceMs > this.#waitMs; told += 1) {
      this.#ends.newer.begin(true);
    }
    const overloaded = nowMs - this.#ends.newer.sinceMs > OVERLOAD_MS;
    while (this.#begun < BEGUN_MOST && this.#ends.newer !== this.#ends) {
      const next = overloaded && this.#begun >= OLDEST_BEGUN ? this.#ends.older : this.#ends.newer;
      next.begin(false);
      this.#begun += 1;
    }
    if (this.#ends.newer !== this.#ends) this.#askTurn();
  }
}
