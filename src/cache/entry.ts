// What the layer `records` keeps: RRsets with rank and security state, denials and failures.

import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';

/** RFC 4035, 4.3; `unchecked`: not validated yet. */
export type Security = 'unchecked' | 'secure' | 'insecure' | 'bogus' | 'indeterminate';

/** How far data is believed by where it stood in a response: RFC 2181, 5.4.1, least believed first. */
export const RANK = {
  /** Additional section, or the NS RRset of a referral. */
  glue: 1,
  /** Authority section of a response without AA. */
  authority: 2,
  /** Answer section of a response without AA. */
  answer: 3,
  /** Authority section of a response with AA. */
  authorityAA: 4,
  /** Answer section of a response with AA. */
  answerAA: 5,
} as const;

/** A value of {@link RANK}. */
export type Rank = (typeof RANK)[keyof typeof RANK];

/** An RRset as it is kept. */
export interface RecordEntry {
  readonly kind: 'rrset';
  readonly rrset: RRset;
  readonly rank: Rank;
  readonly security: Security;
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
  /** The zone of the server that gave it. */
  readonly zone: Name;
  /** NSEC or NSEC3 RRsets that prove a wildcard expansion, or that came with an alias and speak of where it leads. */
  readonly proof: readonly RRset[];
  /** Why it is bogus or insecure, or what it was synthesised from (RFC 8198). */
  readonly why?: ExtendedError | undefined;
}

/** That a name, or a type at a name, does not exist (RFC 2308). */
export interface DenialEntry {
  readonly kind: 'nodata' | 'nxdomain';
  readonly name: Name;
  /** The type asked for; an `nxdomain` holds for all types. */
  readonly type: number;
  readonly soa: RRset | undefined;
  /** NSEC or NSEC3 RRsets. */
  readonly proof: readonly RRset[];
  readonly security: Security;
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
  /** The zone of the server that gave it. */
  readonly zone: Name;
  /** Why it is bogus or insecure, or what it was synthesised from (RFC 8198). */
  readonly why?: ExtendedError | undefined;
}

/** That a question could not be answered a moment ago (RFC 9520). */
export interface FailureEntry {
  readonly kind: 'failure';
  readonly name: Name;
  readonly type: number;
  /** CD of the question: a failure to validate says nothing to a client that validates for itself. */
  readonly checkingDisabled: boolean;
  /** A reason of the resolver's closed list. */
  readonly reason: string;
  readonly extendedErrors: readonly ExtendedError[];
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
  /** Failures in a row, 1 or more: each doubles the time to live. */
  readonly count: number;
}

/** The figures of one layer. */
export interface LayerStats {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  /** An estimate of the memory held, overhead of JavaScript objects included. */
  readonly octets: number;
  readonly octetsMax: number;
  /** Entries put out for want of room since the start; expiry and flushing are not counted. */
  readonly evictions: number;
}
