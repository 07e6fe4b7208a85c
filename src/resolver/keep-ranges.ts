// Feeds what validation has shown to be signed into the cache that denials and wildcards are synthesised from.

import type { RecordEntry } from '../cache/entry.ts';
import type { Denial } from '../dnssec/denial.ts';
import type { SecureRRset } from '../dnssec/verify.ts';
import { type Name, wildcardOf } from '../wire/name.ts';
import { bitmapHas } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import type { Scope } from './scope.ts';

/**
 * Keeps the NSEC and NSEC3 of a proof that held: `secure` as they were verified, `denial` those of them that are usable.
 * `expiresAtMs`: the end of the entry that they came with, which they do not outlive.
 */
export function keepRanges(scope: Scope, denial: Denial, secure: readonly SecureRRset[], expiresAtMs: number): void {
  const { denialRanges } = scope.shared.caches;
  const nowMs = scope.nowMs();
  const ttls = new Map(secure.map(({ rrset, ttl }) => [rrset, ttl]));
  const until = (rrset: RRset): number => Math.min(expiresAtMs, nowMs + (ttls.get(rrset) ?? 0) * 1000);
  for (const { rrset, types } of denial.nsecs) {
    // RFC 9824, 3.1: made for one name that does not exist, it says nothing of any other.
    if (!bitmapHas(types, TYPE.NXNAME)) denialRanges.putNsec(denial.zone, rrset, until(rrset), nowMs);
  }
  for (const { proofs } of denial.nsec3s) {
    for (const { rrset, ownerHash } of proofs) {
      denialRanges.putNsec3(denial.zone, rrset, ownerHash, until(rrset), nowMs);
    }
  }
}

/** Keeps the SOA that came with a proof that held. */
export function keepSoa(scope: Scope, zone: Name, { rrset, ttl }: SecureRRset, expiresAtMs: number): void {
  const nowMs = scope.nowMs();
  scope.shared.caches.denialRanges.putSoa(zone, rrset, Math.min(expiresAtMs, nowMs + ttl * 1000), nowMs);
}

/** Keeps the wildcard RRset itself that a secure answer was expanded from: RFC 4035, 5.3.4 has shown that it exists. */
export function keepWildcard(scope: Scope, entry: RecordEntry, closestEncloser: Name, ttl: number): void {
  const nowMs = scope.nowMs();
  const rrset = { ...entry.rrset, name: wildcardOf(closestEncloser) };
  const expiresAtMs = Math.min(entry.expiresAtMs, nowMs + ttl * 1000);
  scope.shared.caches.records.put({ ...entry, rrset, proof: [], security: 'secure', expiresAtMs }, nowMs);
}
