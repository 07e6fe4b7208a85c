// The time of a replay: each reading of the clock and each wake-up as the capsule has it, however busy the machine was.

import type { Clock } from '../base/ports.ts';
import type { Capsule } from '../capsule.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * Clock of the resolution that is played, on top of the virtual one. Computing takes no virtual time, but it took some
 * when the capsule was recorded: so what was read of the clock is read again, and what woke the resolution up wakes it at
 * that moment and in that order. Beyond what was recorded, and where the capsule has no readings, virtual time counts.
 */
export class CapsuleClock implements Clock {
  readonly #virtual: VirtualClock;
  readonly #startMs: number;
  readonly #readings: readonly number[];
  readonly #timers: readonly (number | null)[];
  readonly #exact: boolean;
  /** After all that was recorded. */
  readonly #afterMs: number;
  #read = 0;
  #set = 0;

  /** `exact`: false when a later version may ask at other times. */
  constructor({ clock, timers = [] }: Capsule, virtual: VirtualClock, exact: boolean) {
    const { nowMs, readings = [] } = clock;
    this.#exact = exact && readings.length > 0;
    this.#virtual = virtual;
    this.#startMs = nowMs;
    this.#readings = this.#exact ? readings : [];
    this.#timers = this.#exact ? timers : [];
    this.#afterMs = Math.max(readings.at(-1) ?? nowMs, ...timers.map((firedMs) => firedMs ?? nowMs)) + 1;
  }

  nowMs(): number {
    const reading = this.#readings[this.#read];
    this.#read += 1;
    return reading ?? Math.max(this.#readings.at(-1) ?? 0, this.#virtual.nowMs());
  }

  wallSeconds(): number {
    return this.#virtual.wallSeconds();
  }

  after(delayMs: number, run: () => void): () => void {
    const firedMs = this.#timers[this.#set];
    this.#set += 1;
    if (firedMs === undefined) return this.#virtual.after(delayMs, run);
    return firedMs === null ? this.unrecorded(delayMs, run) : this.at(firedMs - this.#startMs, run);
  }

  /** Runs `run` at what was `delayMs` after `sinceMs`, which is since the start. */
  recorded(sinceMs: number, delayMs: number, run: () => void): () => void {
    return this.#exact ? this.at(sinceMs + delayMs, run) : this.#virtual.after(delayMs, run);
  }

  /** Runs what had not happened by the end of the recording: not before that, and not before `delayMs`. */
  unrecorded(delayMs: number, run: () => void): () => void {
    const least = this.#exact ? this.#afterMs - this.#virtual.nowMs() : 0;
    return this.#virtual.after(Math.max(delayMs, least), run);
  }

  /** Runs `run` at a moment since the start. */
  at(sinceMs: number, run: () => void): () => void {
    return this.#virtual.after(this.#startMs + sinceMs - this.#virtual.nowMs(), run);
  }
}
