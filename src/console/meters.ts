// Counts and times what leaves the machine and what clients wait for. A cached answer passes none of it.

import { OUTCOMES, type PROTOCOLS } from '../base/ports.ts';
import type { UpstreamMeter } from '../resolver/options.ts';
import type { FailureReason } from '../resolver/types.ts';
import type { ResolutionMeter } from '../server/handle.ts';

/** Upper bounds in seconds; what is longer counts in the last place, which has none. */
export const TIME_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often something took how long. */
export interface Histogram {
  /** By bound, not cumulated; one more than there are bounds. */
  readonly counts: Float64Array;
  sumSeconds: number;
}

type Protocol = (typeof PROTOCOLS)[number];

/** All that is metered, since the start. */
export interface Meters {
  /** By transport, then by outcome in the order of {@link OUTCOMES}. */
  readonly upstream: {
    readonly [P in Protocol]: { sent: number; readonly outcomes: Float64Array; readonly rtt: Histogram };
  };
  /** Responses of servers by the four RCODE bits of their header. */
  readonly upstreamRcodes: Float64Array;
  /** What clients waited for. */
  readonly resolution: Histogram;
  readonly failures: Map<FailureReason, number>;
}

/** Everything at zero. */
export function createMeters(): Meters {
  const way = () => ({ sent: 0, outcomes: new Float64Array(OUTCOMES.length), rtt: createHistogram() });
  return {
    upstream: { udp: way(), tcp: way() },
    upstreamRcodes: new Float64Array(16),
    resolution: createHistogram(),
    failures: new Map(),
  };
}

/** Counts what goes upstream. */
export function meterUpstream({ upstream, upstreamRcodes }: Meters): UpstreamMeter {
  return {
    sent: (protocol) => {
      upstream[protocol].sent += 1;
    },
    ended: (protocol, outcome) => {
      const way = upstream[protocol];
      increment(way.outcomes, OUTCOMES.indexOf(outcome.kind));
      if (outcome.kind !== 'response') return;
      note(way.rtt, outcome.rttMs);
      increment(upstreamRcodes, (outcome.octets[3] ?? 0) & 15);
    },
  };
}

/** Counts and times what clients wait for. */
export function meterResolutions({ resolution, failures }: Meters): ResolutionMeter {
  return ({ failure }, waitedMs) => {
    note(resolution, waitedMs);
    if (failure !== undefined) failures.set(failure, (failures.get(failure) ?? 0) + 1);
  };
}

function createHistogram(): Histogram {
  return { counts: new Float64Array(TIME_BOUNDS.length + 1), sumSeconds: 0 };
}

function note(histogram: Histogram, ms: number): void {
  const seconds = ms / 1000;
  let at = 0;
  while (at < TIME_BOUNDS.length && seconds > (TIME_BOUNDS[at] as number)) at++;
  increment(histogram.counts, at);
  histogram.sumSeconds += seconds;
}

function increment(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
