// The places of resolutions at once, of which slow work keeps no more than half (Unbound's jostle list).

import type { Clock } from '../base/ports.ts';
import type { Budget } from './budget.ts';

/** A resolution's place. */
export interface Slot {
  /** In the half that is kept to the end. */
  readonly kept: boolean;
  /** When its resolution began, and what pays for it; undefined: it waits for that (starts.ts). */
  begun: { readonly atMs: number; readonly budget: Budget } | undefined;
}

/** A place in the second half may be taken over once its resolution has had this long. */
const UNDISTURBED_MS = 200;

/** `most` places. The first half is kept to the end; in the other half the longest at work makes room when all are taken. */
export class Slots {
  readonly #clock: Clock;
  readonly #keptMost: number;
  readonly #lentMost: number;
  #kept = 0;
  /** Lent to those that wait to begin. */
  #lentWaiting = 0;
  /** Lent to those that have begun, in the order of that: who waits may be overtaken. */
  readonly #lentBegun = new Set<Slot>();
  /** Taken over, but still waiting for what they have sent: as many as places are lent, and no more are taken over. */
  readonly #ending = new Set<Slot>();

  constructor(most: number, clock: Clock) {
    this.#clock = clock;
    this.#keptMost = Math.ceil(most / 2);
    this.#lentMost = most - this.#keptMost;
  }

  /** A place, which may cancel older work (CVE-2026-42534); undefined: none is to be had. */
  take(): Slot | undefined {
    if (this.#kept < this.#keptMost) {
      this.#kept += 1;
      return { kept: true, begun: undefined };
    }
    if (this.#lentWaiting + this.#lentBegun.size >= this.#lentMost) {
      const [oldest] = this.#lentBegun;
      if (oldest?.begun === undefined || this.#clock.nowMs() - oldest.begun.atMs < UNDISTURBED_MS) return undefined;
      if (this.#ending.size >= this.#lentMost) return undefined;
      oldest.begun.budget.cancelled = true;
      this.#lentBegun.delete(oldest);
      this.#ending.add(oldest);
    }
    this.#lentWaiting += 1;
    return { kept: false, begun: undefined };
  }

  /** Its resolution begins, and `budget` pays for it. */
  begin(slot: Slot, atMs: number, budget: Budget): void {
    slot.begun = { atMs, budget };
    if (slot.kept) return;
    this.#lentWaiting -= 1;
    this.#lentBegun.add(slot);
  }

  /** Gives a place back. */
  release(slot: Slot): void {
    if (slot.kept) this.#kept -= 1;
    else if (slot.begun === undefined) this.#lentWaiting -= 1;
    else if (!this.#lentBegun.delete(slot)) this.#ending.delete(slot);
  }

  /** Resolutions in progress, those that are ending included: at most half as many again as there are places. */
  get size(): number {
    return this.#kept + this.#lentWaiting + this.#lentBegun.size + this.#ending.size;
  }
}
