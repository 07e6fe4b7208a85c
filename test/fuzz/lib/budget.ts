// Holds the steps of a fuzz run to their time and memory.

import type { Clock } from '../../../src/base/ports.ts';

/** The longest that one step may take with one input; a machine busy elsewhere gets {@link tries} tries. */
const inputMsMost = 50;
const tries = 5;
/** How far the heap may grow within one input: 64 KB of octets have at most 6000 records. */
const heapOctetsMost = 48 * 2 ** 20;
/** Holds each step to its time and memory. */
export class Budget {
  readonly #clock: Clock;
  slowestMs = 0;
  slowest = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  spend<T>(what: string, step: () => T): T {
    let bestMs = Number.POSITIVE_INFINITY;
    let ended: { readonly result: T } | { readonly error: unknown } | undefined;
    for (let i = 0; i < tries && bestMs > inputMsMost; i++) {
      const heapBefore = process.memoryUsage().heapUsed;
      const startMs = this.#clock.nowMs();
      try {
        ended = { result: step() };
      } catch (error) {
        ended = { error }; // a refusal has to be as quick
      }
      bestMs = Math.min(bestMs, this.#clock.nowMs() - startMs);
      const grown = process.memoryUsage().heapUsed - heapBefore;
      if (grown > heapOctetsMost) throw new Error(`${what}: ${grown} octets of heap`);
    }
    if (bestMs > inputMsMost) throw new Error(`${what}: ${bestMs.toFixed(0)} ms`);
    if (bestMs > this.slowestMs) {
      this.slowestMs = bestMs;
      this.slowest = what;
    }
    if (ended === undefined || 'error' in ended) throw ended?.error;
    return ended.result;
  }
}
