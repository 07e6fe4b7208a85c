// V8 compiles and collects garbage on threads of its own: on a machine without a core to spare they take turns with the
// thread that answers, some milliseconds each.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/**
 * How many steps of `nice` the helpers are below the thread that answers. Cached answers beside a flood of cold names wait
 * two thirds as long with 5; with 10, garbage is freed too late, and memory grows by half.
 */
const HELPER_STEPS = 5;

/** Where Linux has the threads of this process; nowhere on another system. */
const THREADS = '/proc/self/task';

/** Lets the thread that answers go before V8's own, where the system allows it. To be called when V8 has started. */
export function lowerHelperThreads(): void {
  if (existsSync(THREADS)) readdirSync(THREADS).forEach(lower);
}

function lower(thread: string): void {
  try {
    if (!readFileSync(`${THREADS}/${thread}/comm`, 'latin1').startsWith('V8Worker')) return;
    setPriority(Number(thread), Math.min(constants.priority.PRIORITY_LOW, getPriority() + HELPER_STEPS));
  } catch {
    // It has ended, or the system forbids it: answers wait a little longer, and are the same.
  }
}
