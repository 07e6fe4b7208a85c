// What is known of zones' security, and what validation shares between resolutions.

import type { SegmentedMap } from '../cache/segmented.ts';
import type { Trust } from '../dnssec/delegation.ts';
import type { ImportedKeys, ZoneKeys } from '../dnssec/keys.ts';
import type { Support } from '../dnssec/support.ts';
import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { FoundFailure } from './found.ts';

/** What is known of a zone. `inside`: the name is no zone cut; the zone it lies in is `zone`. */
export type ZoneStatus =
  | { readonly kind: 'secure'; readonly zone: Name; readonly keys: ZoneKeys; readonly expiresAtMs: number }
  | {
      readonly kind: 'insecure' | 'bogus';
      readonly zone: Name;
      readonly why: ExtendedError | undefined;
      readonly expiresAtMs: number;
      /** The end of the negative anchor that says so (Clock.nowMs): data taken under it are kept no longer. */
      readonly anchorEndsAtMs?: number;
    }
  | { readonly kind: 'inside'; readonly zone: Name; readonly expiresAtMs: number };

/** A zone that is not validated, until a moment and for a reason (RFC 7646). */
export interface NegativeAnchor {
  readonly zone: Name;
  /** Seconds since 1970; undefined: until it is taken out. */
  readonly untilSeconds: number | undefined;
  readonly reason: string | undefined;
}

/** What validation shares between resolutions. */
export interface TrustState {
  /** Replaced as a whole when anchors roll over (RFC 5011). */
  anchors: ReadonlyMap<Name, Trust>;
  readonly negativeAnchors: ReadonlyMap<Name, NegativeAnchor>;
  readonly support: Support;
  readonly imported: ImportedKeys;
  /** Statuses by zone (and by names that are no zones). */
  readonly zones: SegmentedMap<ZoneStatus>;
  /** Statuses being found out, by zone: whoever asks next waits for the same. */
  readonly inFlight: Map<Name, Promise<ZoneStatus | FoundFailure>>;
}

/** About what a status takes in memory, its key in the map included. Octets. */
export function zoneStatusOctets(status: ZoneStatus, key: string): number {
  const keys = status.kind === 'secure' ? status.keys.keys.reduce((sum, key) => sum + key.rdata.length + 300, 0) : 200;
  return 300 + key.length + keys;
}
