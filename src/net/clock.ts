// The real Clock: monotonic time, wall time, and timers cheap enough for thousands of timeouts per second.

import type { Clock } from '../base/ports.ts';

/** Width of one slot of the wheel, ms: a timer of the wheel fires up to this much late, never early. */
const SLOT_MS = 5;
/** Slots of the wheel (a power of two): one turn is 2.56 s; longer delays wait for further turns. */
const SLOTS = 512;
/** Delays shorter than this get a Node timer of their own, because a slot's width would matter. */
const SHORT_DELAY_MS = 20;

/** The machine's clock. Timers longer than 20 ms are exact to 5 ms and share one Node timer. */
export function systemClock(): Clock {
  const wheel = createWheel();
  return {
    nowMs: () => performance.now(),
    wallSeconds: () => Math.floor(Date.now() / 1000),
    after(delayMs: number, run: () => void): () => void {
      if (!(delayMs > 0)) {
        // Runs within this turn of the event loop, so it need not be unref'd: it cannot hold a process up.
        const immediate = setImmediate(run);
        return () => clearImmediate(immediate);
      }
      if (delayMs < SHORT_DELAY_MS) {
        const timer = setTimeout(run, delayMs).unref();
        return () => clearTimeout(timer);
      }
      return wheel(delayMs, run);
    },
  };
}

/** A timer in a slot's ring. `run` is undefined once it has fired or was cancelled. */
interface WheelTimer {
  run: (() => void) | undefined;
  tick: number;
  previous: WheelTimer;
  next: WheelTimer;
}

/**
 * A hashed timing wheel: setting and cancelling cost two link changes. One Node timer wakes it for the next occupied
 * slot; it sleeps while nothing is set. How many timers there are is bounded by whoever sets them.
 */
function createWheel(): (delayMs: number, run: () => void) => () => void {
  const slots = Array.from({ length: SLOTS }, emptyRing);
  let count = 0;
  let doneTick = Math.floor(performance.now() / SLOT_MS);
  let wakeTick = Number.POSITIVE_INFINITY;
  let wake: NodeJS.Timeout | undefined;

  function arm(tick: number): void {
    if (wake !== undefined) clearTimeout(wake);
    wakeTick = tick;
    wake = setTimeout(turn, Math.max(1, Math.ceil(tick * SLOT_MS - performance.now()))).unref();
  }

  function turn(): void {
    wake = undefined;
    wakeTick = Number.POSITIVE_INFINITY;
    const nowTick = Math.floor(performance.now() / SLOT_MS);
    try {
      // After a long pause one turn visits every slot once.
      doneTick = Math.max(doneTick, nowTick - SLOTS);
      while (doneTick < nowTick) {
        fireDue(slots[(doneTick + 1) & (SLOTS - 1)] as WheelTimer, nowTick);
        doneTick += 1;
      }
    } finally {
      // Also after a `run` that threw: the rest of its slot is still linked and comes next.
      if (count > 0) armNextOccupied();
    }
  }

  function fireDue(ring: WheelTimer, nowTick: number): void {
    const due: WheelTimer[] = [];
    for (let timer = ring.next; timer !== ring; timer = timer.next) {
      if (timer.tick <= nowTick) due.push(timer);
    }
    for (const timer of due) {
      const run = timer.run;
      if (run === undefined) continue; // cancelled by one that fired before it
      unlink(timer);
      run();
    }
  }

  function armNextOccupied(): void {
    for (let tick = doneTick + 1; tick <= doneTick + SLOTS; tick += 1) {
      const ring = slots[tick & (SLOTS - 1)] as WheelTimer;
      if (ring.next !== ring) {
        if (tick < wakeTick) arm(tick);
        return;
      }
    }
  }

  function unlink(timer: WheelTimer): void {
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
    timer.run = undefined;
    // Who still holds the timer is not to hold its neighbours too.
    timer.previous = timer;
    timer.next = timer;
    count -= 1;
  }

  return (delayMs, run) => {
    const tick = Math.max(Math.ceil((performance.now() + delayMs) / SLOT_MS), doneTick + 1);
    const ring = slots[tick & (SLOTS - 1)] as WheelTimer;
    const timer: WheelTimer = { run, tick, previous: ring.previous, next: ring };
    ring.previous.next = timer;
    ring.previous = timer;
    count += 1;
    if (tick < wakeTick) arm(tick);
    return () => {
      if (timer.run !== undefined) unlink(timer);
    };
  };
}

function emptyRing(): WheelTimer {
  const ring = { run: undefined, tick: Number.POSITIVE_INFINITY } as unknown as WheelTimer;
  ring.previous = ring;
  ring.next = ring;
  return ring;
}
