// What is known of zones' security, and what validation shares between resolutions.

import type { PackReader, PackWriter } from '../cache/pack.ts';
import type { PackedMap, Packing } from '../cache/packed-map.ts';
import type { Trust } from '../dnssec/delegation.ts';
import { type ImportedKeys, readZoneKeys, type ZoneKeys } from '../dnssec/keys.ts';
import type { Support } from '../dnssec/support.ts';
import type { VerifiedSignatures } from '../dnssec/verified.ts';
import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { FoundFailure } from './found.ts';
import type { Running } from './shared.ts';

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
  readonly verified: VerifiedSignatures;
  /** Statuses by zone (and by names that are no zones), under {@link statusTag}. */
  readonly zones: PackedMap<ZoneStatus>;
  /** Statuses being found out, by zone: whoever asks next waits for the same. */
  readonly inFlight: Map<Name, Running<ZoneStatus | FoundFailure>>;
}

/** There is one status of a name. */
export const statusTag = 0;
/** Statuses kept unpacked, keys included: those of TLDs are met with each question. About 2 KiB each. */
export const readyStatuses = 2048;

const kinds: readonly ZoneStatus['kind'][] = ['secure', 'insecure', 'bogus', 'inside'];

/** `expiresAtMs` is kept by the map. Statuses by negative anchors are not kept. */
export const statusPacking: Packing<ZoneStatus> = {
  pack(status: ZoneStatus, name: Name, to: PackWriter): void {
    to.u8(kinds.indexOf(status.kind));
    to.nameNear(status.zone, name);
    if (status.kind === 'secure') {
      to.u16(status.keys.keys.length);
      for (const { rdata } of status.keys.keys) {
        to.u16(rdata.length);
        to.bytes(rdata);
      }
    } else if (status.kind !== 'inside') {
      to.error(status.why);
    }
  },

  unpack(from: PackReader, name: Name, _tag: number, expiresAtMs: number): ZoneStatus {
    const kind = kinds[from.u8()] as ZoneStatus['kind'];
    const zone = from.nameNear(name);
    if (kind === 'inside') return { kind, zone, expiresAtMs };
    if (kind !== 'secure') return { kind, zone, why: from.error(), expiresAtMs };
    const rdatas: Uint8Array[] = [];
    for (let left = from.u16(); left > 0; left--) rdatas.push(from.bytes(from.u16()));
    return { kind, zone, keys: readZoneKeys(zone, rdatas), expiresAtMs };
  },
};
