// What is asked of the resolver and what it gives back.

import type { ServerAddress } from '../base/ports.ts';
import type { Security } from '../cache/entry.ts';
import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import type { Observer } from './events.ts';
import type { Journal } from './journal.ts';

/** One client question. Class is always IN. */
export interface ResolveRequest {
  readonly name: Name;
  readonly type: number;
  /** CD: the client validates for itself (RFC 4035, 3.2.2). */
  readonly checkingDisabled: boolean;
  /** Called with each event of this resolution, synchronously; absent, nothing is built. */
  readonly observer?: Observer;
  /** Is told, or tells, all that this resolution reads; absent, nothing is written down. */
  readonly journal?: Journal;
}

/** Why a resolution failed: a closed list, each mapped to an extended error (RFC 8914). */
export type FailureReason =
  | 'no-servers' // a delegation without one usable address
  | 'servers-failed' // every server was asked and none gave a usable response
  | 'network' // nothing could be sent or nothing came back, from any server
  | 'loop' // aliases or delegations that lead back to themselves
  | 'limit' // a bound of base/limits.ts was reached; the extended error names it
  | 'timeout' // the time of the question ran out
  | 'cached-failure' // RFC 9520: failed a moment ago
  | 'bogus' // validation failed
  | 'sentinel' // RFC 8509: the name says something of our root keys that is wrong
  | 'busy' // too many resolutions at once, or too much to do to begin one in time
  | 'closed'; // the resolver was closed meanwhile

/**
 * The result of one client question. RRsets carry remaining TTLs. NXDOMAIN and NODATA are results; a failure has
 * `rcode` SERVFAIL (or REFUSED) and a `failure`.
 */
export interface Resolution {
  readonly rcode: number;
  /** Alias links first, in order, then the RRsets asked for. */
  readonly answer: readonly RRset[];
  /** SOA and proofs of denial or of wildcard expansion; signatures are within each RRset. */
  readonly authority: readonly RRset[];
  readonly security: Security;
  readonly extendedErrors: readonly ExtendedError[];
  /** True for host data and special-use names that this resolver answers by its own authority (AA is set). */
  readonly authoritative: boolean;
  /** Seconds that the whole may be kept: the least TTL of all RRsets; 0: not to be kept. */
  readonly ttl: number;
  readonly failure?: FailureReason;
}

/** A zone whose servers come from the configuration. */
export interface ConfiguredZone {
  readonly zone: Name;
  /** `forward`: servers recurse for us (RD=1). `stub`: servers are authoritative (RD=0). */
  readonly kind: 'forward' | 'stub';
  readonly servers: readonly ServerAddress[];
}
