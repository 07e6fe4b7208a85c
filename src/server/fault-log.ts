// Logs faults met while handling packets: each kind at most once in a while, so that no client can flood the log.

import type { Clock, Log } from '../base/ports.ts';

/** Reports one fault; `what` is one of a few fixed texts. */
export type FaultLog = (what: string, error: unknown) => void;

/** Between two lines of one kind, ms; what was left out is counted in the next line. */
const QUIET_MS = 10_000;

/** A fault log on `log`. */
export function createFaultLog(log: Log, clock: Clock): FaultLog {
  const kinds = new Map<string, { nextMs: number; left: number }>();
  return (what, error) => {
    const nowMs = clock.nowMs();
    const kind = kinds.get(what) ?? { nextMs: nowMs, left: 0 };
    kinds.set(what, kind);
    if (nowMs < kind.nextMs) {
      kind.left += 1;
      return;
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error(what, { error: stack, notLogged: kind.left });
    kind.nextMs = nowMs + QUIET_MS;
    kind.left = 0;
  };
}
