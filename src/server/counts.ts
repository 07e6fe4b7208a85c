// What the server counts: plain numbers and typed arrays, so that counting costs a cached answer next to nothing.

import type { Security } from '../cache/entry.ts';

/** Counters since the start, and what is going on. */
export interface HandlerStats {
  readonly queries: number;
  /** Of `queries`, those over TCP. */
  readonly queriesOverTcp: number;
  /** Answered from `answers`, from `host` or `records`, and by resolving. */
  readonly fromAnswers: number;
  readonly fromCache: number;
  readonly resolved: number;
  /** Answered with an RCODE for their form, or for who asks. */
  readonly judged: number;
  /** Not answered: responses, short packets, reserved ports, limits by client. */
  readonly dropped: number;
  /** Replies awaited from the resolver. */
  readonly awaited: number;
  /** Responses by RCODE, the index; those of {@link RCODES_MAX} and above count as the last. */
  readonly rcodes: Float64Array;
  /** Responses that came from a cache or the resolver, by security state: the index is that of {@link SECURITY_STATES}. */
  readonly security: Float64Array;
  /** Times that a limit on clients was reached: the index is that of {@link CLIENT_LIMITS}. */
  readonly limited: Float64Array;
}

/** RCODEs that are told apart: all up to BADCOOKIE. */
export const RCODES_MAX = 24;

/** RFC 4035, 4.3; `unchecked`: not validated, because the client set CD or nothing is. */
export const SECURITY_STATES: readonly Security[] = ['secure', 'insecure', 'bogus', 'indeterminate', 'unchecked'];

/** Limits on clients, as metrics name them. */
export const CLIENT_LIMITS = ['repliesPerClient', 'replies', 'lateReplies', 'rateLimit'] as const;

/** The same, to be counted up. */
export type Counts = { -readonly [Key in keyof HandlerStats]: HandlerStats[Key] };

/** Counters at zero. */
export function createCounts(): Counts {
  return {
    queries: 0,
    queriesOverTcp: 0,
    fromAnswers: 0,
    fromCache: 0,
    resolved: 0,
    judged: 0,
    dropped: 0,
    awaited: 0,
    rcodes: new Float64Array(RCODES_MAX),
    security: new Float64Array(SECURITY_STATES.length),
    limited: new Float64Array(CLIENT_LIMITS.length),
  };
}

/** Counts one more at `index`; beyond the end, at the last. */
export function countAt(counts: Float64Array, index: number): void {
  const at = index < counts.length ? index : counts.length - 1;
  counts[at] = (counts[at] as number) + 1;
}
