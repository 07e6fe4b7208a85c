// Holds a kind of log line to a rate, so that nobody on the network can fill the log.

import type { Clock } from './ports.ts';

/** Asked before each line: how many were left out since the last one; undefined: this one is left out too. */
export type LogSample = () => number | undefined;

/** Time in which so many lines are written, ms. */
const EACH_MS = 10_000;

/** At most `most` lines in ten seconds. */
export function createLogSample(clock: Clock, most: number): LogSample {
  let startMs = Number.NEGATIVE_INFINITY;
  let written = 0;
  let left = 0;
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs - startMs >= EACH_MS) {
      startMs = nowMs;
      written = 0;
    }
    if (written >= most) {
      left += 1;
      return undefined;
    }
    const leftOut = left;
    written += 1;
    left = 0;
    return leftOut;
  };
}
