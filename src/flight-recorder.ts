// The flight recorder of a daemon: keeps what can be played of the last resolutions that failed, proved bogus or reached
// a bound, so that a failure can be looked into after it happened.

import type { LimitName, Limits } from './base/limits.ts';
import { withOwnOctets } from './base/octets.ts';
import type { Clock } from './base/ports.ts';
import { TokenBucket } from './base/token-bucket.ts';
import { capsuleOf } from './capsule-record.ts';
import type { FailureReport } from './console/reports.ts';
import type { FailuresView } from './console/view.ts';
import type { Recorded, Recorder } from './resolver/recorder.ts';
import type { FailureReason, Resolution } from './resolver/types.ts';
import { nameToText } from './wire/name.ts';
import { edeToText, typeToText } from './wire/types.ts';

/** Failures that tell nothing new of the name: it failed before, nothing was tried, or failing is its purpose. */
const UNTOLD: ReadonlySet<FailureReason | undefined> = new Set(['cached-failure', 'sentinel', 'busy', 'closed']);

/** Octets of a report and of the answer, beside what was written down. */
const REPORT_OCTETS = 2000;

/** The recorder. */
export interface FlightRecorder extends FailuresView {
  /**
   * Takes a resolution that has ended, which may not have been written down; keeps it if it is worth that. `limit`: the
   * first bound that it reached. A capsule is made of it only when somebody wants it.
   */
  keep(recorded: Recorder | undefined, resolution: Resolution, limit: LimitName | undefined): void;
}

interface Kept {
  readonly report: FailureReport;
  readonly recorded: Recorded;
  readonly resolution: Resolution;
}

/**
 * Makes one that holds at most `failuresOctets`; the oldest makes room. A question that fails the same way again takes
 * the place of its earlier failure. When more fail than `failuresPerSecond` (with `failuresBurst` in reserve), the rest
 * is counted alone: a flood of failures shall neither cost much nor push out all that was before it.
 */
export function createFlightRecorder({
  clock,
  limits,
}: {
  readonly clock: Clock;
  readonly limits: Limits;
}): FlightRecorder {
  const { failuresOctets, failuresPerSecond, failuresBurst } = limits;
  /** By question and reason, the oldest first. */
  const kept = new Map<string, Kept>();
  let octets = 0;
  let lastId = 0;
  let skipped = 0;
  const bucket = new TokenBucket(clock, failuresPerSecond, failuresBurst);

  function remove(key: string): Kept | undefined {
    const old = kept.get(key);
    if (old === undefined) return undefined;
    kept.delete(key);
    octets -= old.report.octets;
    return old;
  }

  function put(key: string, entry: Kept): void {
    kept.set(key, entry);
    octets += entry.report.octets;
    for (const oldest of kept.keys()) {
      if (octets <= failuresOctets) break;
      remove(oldest);
    }
  }

  return {
    keep(recorded, resolution, limit) {
      const { failure, security } = resolution;
      if (UNTOLD.has(failure) || (failure === undefined && security !== 'bogus' && limit === undefined)) return;
      if (recorded === undefined || !bucket.take()) {
        skipped += 1;
        return;
      }
      const written = recorded.keep();
      const { name, type, checkingDisabled } = written.request;
      const reason = failure ?? (limit === undefined ? 'bogus' : 'limit');
      const key = `${reason} ${checkingDisabled ? 1 : 0} ${type} ${name}`;
      const old = remove(key)?.report;
      const at = new Date(clock.wallSeconds() * 1000).toISOString();
      const errors = resolution.extendedErrors.map(({ code, text }) => ({ code, name: edeToText(code), text }));
      const report: FailureReport = {
        id: old?.id ?? ++lastId,
        first: old?.first ?? at,
        last: at,
        times: (old?.times ?? 0) + 1,
        name: nameToText(name),
        type: typeToText(type),
        checkingDisabled,
        reason,
        answered: failure === undefined,
        ...(limit === undefined ? {} : { limit }),
        errors,
        complete: written.complete,
        octets: REPORT_OCTETS + written.octets,
      };
      put(key, { report, recorded: written, resolution: withOwnOctets(resolution) });
    },
    *list() {
      for (const { report } of [...kept.values()]) yield report;
    },
    capsule(id) {
      for (const { report, recorded, resolution } of kept.values()) {
        if (report.id === id) return JSON.stringify(capsuleOf(recorded, resolution));
      }
      return undefined;
    },
    stats: () => ({ entries: kept.size, octets, octetsMax: failuresOctets, skipped }),
  };
}
