// Trust points: zones with trust anchors of their own, and what is known of each anchor (RFC 5011, 4.2).

import { Buffer } from 'node:buffer';
import type { Name } from '../wire/name.ts';
import { readDs } from '../wire/rdata.ts';
import { dsMatches, type Trust } from './delegation.ts';
import { keyTag, readZoneKeys, revokeFlag } from './keys.ts';

/** RFC 5011, 4.2. `Start` is a key that nothing is known of: it has no {@link Anchor}. */
export type AnchorState = 'AddPend' | 'Valid' | 'Missing' | 'Revoked' | 'Removed';

/** One key of a trust point. Times are seconds since 1970 by the wall clock: they must outlive the process. */
export interface Anchor {
  /** `DNSKEY`, or `DS` while the key that it names was not seen yet. */
  readonly type: 'DNSKEY' | 'DS';
  /** RDATA; of a DNSKEY always without REVOKE, so that a key is the same key before and after. */
  readonly rdata: Uint8Array;
  readonly state: AnchorState;
  /** When it came into this state. */
  readonly since: number;
  /** When it was last in a validated DNSKEY RRset. */
  readonly seen: number | undefined;
  /** `AddPend` alone: the end of the add hold-down. */
  readonly until: number | undefined;
  /** `AddPend` alone: key tags of the anchors that signed the RRset it first came with. */
  readonly signers: readonly number[];
}

/** A zone with anchors of its own. */
export interface TrustPoint {
  readonly zone: Name;
  /** When its DNSKEY RRset was last validated. */
  readonly refreshed: number | undefined;
  readonly anchors: readonly Anchor[];
}

/** With so many keys of a trust point no further one is taken up; RFC 5011, 2.4.3 asks for five. */
export const anchorsMax = 32;

/**
 * The trust points to begin with: those configured, with what was saved of them. A configured anchor that was revoked
 * stays revoked; one that was not known, or pending, is valid, because whoever configured it vouches for it. Saved
 * points that are not configured any more are dropped.
 */
export function startRollover(
  configured: readonly Trust[],
  saved: readonly TrustPoint[],
  nowSeconds: number,
): TrustPoint[] {
  return configured.map((trust) => {
    const { zone } = trust;
    const point = saved.find((one) => one.zone === zone) ?? { zone, refreshed: undefined, anchors: [] };
    const given = anchorsOf(trust, nowSeconds);
    const vouched = (anchor: Anchor): boolean => given.some((one) => isSame(zone, one, anchor));
    const kept = point.anchors
      // RFC 5011, 4.2: of a removed key nothing need be known, unless it would come back with the configuration.
      .filter((anchor) => anchor.state !== 'Removed' || vouched(anchor))
      .map((anchor) => (anchor.state === 'AddPend' && vouched(anchor) ? entered(anchor, 'Valid', nowSeconds) : anchor));
    const added = given.filter((one) => !kept.some((anchor) => isSame(zone, one, anchor)));
    return { ...point, anchors: [...kept, ...added] };
  });
}

/** The anchors to validate with. A point whose keys are all revoked is as if never configured (RFC 5011, 5). */
export function trustOf(points: readonly TrustPoint[]): Trust[] {
  return points.filter(hasTrust).map(trustAt);
}

/** Whether any anchor of the point is trusted. */
export function hasTrust(point: TrustPoint): boolean {
  return point.anchors.some(isTrusted);
}

/** Key tag of an anchor, as the key has it without REVOKE. */
export function anchorTag({ type, rdata }: Anchor): number {
  return type === 'DS' ? readDs(rdata).keyTag : keyTag(rdata);
}

/** The anchor in a state that it comes into now. */
export function entered(anchor: Anchor, state: AnchorState, nowSeconds: number): Anchor {
  return { ...anchor, state, since: nowSeconds, until: undefined, signers: [] };
}

/** The anchor by its key, which a DS only named. */
export function keyed(anchor: Anchor, rdata: Uint8Array): Anchor {
  return { ...anchor, type: 'DNSKEY', rdata };
}

/** States in which an anchor vouches for keys; a missing one too (RFC 5011, 4.2). */
export const trustedStates: ReadonlySet<AnchorState | 'Start'> = new Set(['Valid', 'Missing'] as const);

/** Whether the anchor vouches for the zone's keys. */
export function isTrusted({ state }: Anchor): boolean {
  return trustedStates.has(state);
}

/** The trusted anchors of one point. */
export function trustAt({ zone, anchors }: TrustPoint): Trust {
  const trusted = anchors.filter(isTrusted);
  return {
    zone,
    ds: trusted.filter(({ type }) => type === 'DS').map(({ rdata }) => readDs(rdata)),
    keys: trusted.filter(({ type }) => type === 'DNSKEY').map(({ rdata }) => rdata),
  };
}

/** Whether the anchor is the key of this RDATA, which is without REVOKE. */
export function isKey(zone: Name, anchor: Anchor, rdata: Uint8Array): boolean {
  if (anchor.type === 'DNSKEY') return Buffer.compare(anchor.rdata, rdata) === 0;
  const [key] = readZoneKeys(zone, [rdata]).keys;
  return key !== undefined && dsMatches(zone, key, readDs(anchor.rdata));
}

/** Whether both are the same key. */
export function isSame(zone: Name, a: Anchor, b: Anchor): boolean {
  if (b.type === 'DNSKEY') return isKey(zone, a, b.rdata);
  return a.type === 'DNSKEY' ? isKey(zone, b, a.rdata) : Buffer.compare(a.rdata, b.rdata) === 0;
}

/** The RDATA with REVOKE clear; itself when it is. */
export function withoutRevoke(rdata: Uint8Array): Uint8Array {
  if (((rdata[1] ?? 0) & revokeFlag) === 0) return rdata;
  const plain = Uint8Array.from(rdata);
  plain[1] = (plain[1] ?? 0) & ~revokeFlag;
  return plain;
}

function anchorsOf(trust: Trust, nowSeconds: number): Anchor[] {
  const base = { state: 'Valid', since: nowSeconds, seen: undefined, until: undefined, signers: [] } as const;
  return [
    ...trust.ds.map(({ keyTag: tag, algorithm, digestType, digest }): Anchor => {
      return { ...base, type: 'DS', rdata: Uint8Array.from([tag >> 8, tag & 0xff, algorithm, digestType, ...digest]) };
    }),
    ...trust.keys.map((rdata): Anchor => ({ ...base, type: 'DNSKEY', rdata: withoutRevoke(rdata) })),
  ];
}
