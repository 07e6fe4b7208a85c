// Virtual time: a Clock that moves only when told to, so that thousands of seconds pass in milliseconds, each time alike.

import type { Clock } from '../base/ports.ts';
import { nextTurn } from '../net/turn.ts';

/** Virtual time ran out: what was awaited can never settle, or not within the time or steps allowed. */
export class VirtualTimeError extends Error {
  override readonly name = 'VirtualTimeError';
}

/** Where a virtual clock starts, and how long it runs before it gives up. */
export interface VirtualClockOptions {
  /** What {@link VirtualClock.nowMs} says at the start; default 0. */
  readonly startMs?: number;
  /** Seconds since 1970 at the start; default 1,700,000,000 (14 November 2023). */
  readonly wallSeconds?: number;
  /** Timers that one `advance` or `runUntil` may fire; default 1,000,000. */
  readonly stepsMax?: number;
}

interface Timer {
  dueMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Event-loop turns without a timer before a promise counts as one that never settles: real I/O may need a few. */
const idleTurnsMax = 20;

/**
 * A clock whose timers fire in the order of their time, then of their making. Between two timers every ready promise
 * continuation runs, so the same program sees the same order of events each time.
 */
export class VirtualClock implements Clock {
  readonly #stepsMax: number;
  readonly #wallOffsetMs: number;
  #nowMs: number;
  #order = 0;
  #cancelled = 0;
  /** A binary heap, soonest first. */
  #timers: Timer[] = [];

  constructor({ startMs = 0, wallSeconds = 1_700_000_000, stepsMax = 1_000_000 }: VirtualClockOptions = {}) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallSeconds * 1000 - startMs;
    this.#stepsMax = stepsMax;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallSeconds(): number {
    return Math.floor((this.#nowMs + this.#wallOffsetMs) / 1000);
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(timer);
    return () => {
      if (timer.run === undefined) return;
      timer.run = undefined;
      this.#cancelled++;
      this.#compact();
    };
  }

  /** Timers that wait to fire. */
  get pending(): number {
    return this.#timers.length - this.#cancelled;
  }

  /** Lets `ms` pass: fires every timer due meanwhile, each at its own time. VirtualTimeError past the step bound. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (let steps = 0; ; steps++) {
      await nextTurn();
      const timer = this.#peek();
      if (timer === undefined || timer.dueMs > untilMs) break;
      if (steps >= this.#stepsMax) throw new VirtualTimeError(`more than ${this.#stepsMax} timers within ${ms} ms`);
      this.#fire();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /**
   * Moves the clock by `ms` at once, as a machine that slept sees it: no timer fires, and each keeps the wait that it
   * had left.
   */
  jump(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) timer.dueMs += ms;
  }

  /**
   * Lets time pass until `promise` settles, and gives its result or error. VirtualTimeError when it does not within
   * `limitMs` (default 60,000), or when no timer is left that could settle it.
   */
  async runUntil<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    const untilMs = this.#nowMs + limitMs;
    let idle = 0;
    for (let steps = 0; steps < this.#stepsMax; ) {
      await nextTurn();
      if (settled) return promise;
      const timer = this.#peek();
      if (timer === undefined) {
        if (++idle > idleTurnsMax) throw new VirtualTimeError('nothing is left that could settle the promise');
        continue;
      }
      if (timer.dueMs > untilMs) throw new VirtualTimeError(`not settled within ${limitMs} ms`);
      idle = 0;
      steps++;
      this.#fire();
    }
    throw new VirtualTimeError(`not settled after ${this.#stepsMax} timers`);
  }

  #fire(): void {
    const timer = this.#pop();
    if (timer?.run === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    const run = timer.run;
    timer.run = undefined;
    run();
  }

  /** The soonest timer that is not cancelled. */
  #peek(): Timer | undefined {
    for (let first = this.#timers[0]; first !== undefined; first = this.#timers[0]) {
      if (first.run !== undefined) return first;
      this.#pop();
      this.#cancelled--;
    }
    return undefined;
  }

  /** Keeps the heap within twice its live timers, however many are cancelled. */
  #compact(): void {
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#timers.length) return;
    const live = this.#timers.filter((timer) => timer.run !== undefined).sort(sooner);
    this.#timers = live; // an array in order is a heap
    this.#cancelled = 0;
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Timer;
      if (sooner(above, timer) <= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const child = right < heap.length && sooner(heap[right] as Timer, heap[left] as Timer) < 0 ? right : left;
      const below = heap[child] as Timer;
      if (sooner(last, below) <= 0) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function sooner(a: Timer, b: Timer): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}
