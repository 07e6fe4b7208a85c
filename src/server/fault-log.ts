// Logs faults met while handling packets: each kind at most once in a while, so that no client can flood the log.

import { createLogSample, type LogSample } from '../base/log-sample.ts';
import type { Clock, Log } from '../base/ports.ts';

/** Reports one fault; `what` is one of a few fixed texts. */
export type FaultLog = (what: string, error: unknown) => void;

/** A fault log on `log`. */
export function createFaultLog(log: Log, clock: Clock): FaultLog {
  const samples = new Map<string, LogSample>();
  return (what, error) => {
    const sample = samples.get(what) ?? createLogSample(clock, 1);
    samples.set(what, sample);
    const notLogged = sample();
    if (notLogged === undefined) return;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error(what, { error: stack, notLogged });
  };
}
