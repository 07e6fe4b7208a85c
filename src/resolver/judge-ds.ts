// What the parent's servers said of DS at a name, judged: a delegation that is vouched for, an unsigned one, or none.

import { type Insecure, type Trust, trustOfDs, usableTrust } from '../dnssec/delegation.ts';
import { proveNoDs, readDenial } from '../dnssec/denial.ts';
import { type Bogus, type SecureRRset, verifyRRset } from '../dnssec/verify.ts';
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { type Checks, whyUnproven } from './checks.ts';
import type { Found, FoundFailure } from './found.ts';
import { keepRanges } from './keep-ranges.ts';
import type { Scope } from './scope.ts';
import type { ZoneStatus } from './zone-status.ts';

/** Seconds that an insecure status is kept when nothing says how long. */
export const INSECURE_TTL = 3600;

/** A DS RRset that vouches for the child's keys, the status of a name without, or why there is no verdict. */
export type DsVerdict =
  | { readonly kind: 'trust'; readonly trust: Trust; readonly ttl: number }
  | ZoneStatus
  | FoundFailure;

/** A DS answer as it was found. */
export async function judgeFound(
  scope: Scope,
  checks: Checks,
  parent: ZoneStatus & { readonly kind: 'secure' },
  name: Name,
  found: Exclude<Found, FoundFailure>,
): Promise<DsVerdict> {
  switch (found.kind) {
    case 'records':
      return judgeDs(scope, checks, parent, name, found.entries[0]?.rrset, [], 0);
    case 'denial':
      return judgeNoDs(scope, checks, parent, name, found.entry.proof, found.entry.expiresAtMs);
    case 'alias': {
      // A CNAME (or a DNAME above) stands where a zone cut cannot.
      const verdict = await checks.run(verifyRRset(found.entry.rrset, parent.keys, checks.context));
      if (verdict.kind === 'failure') return verdict;
      if (verdict.kind === 'bogus') return bogusStatus(scope, name, verdict.why);
      return { kind: 'inside', zone: parent.zone, expiresAtMs: scope.nowMs() + verdict.ttl * 1000 };
    }
  }
}

/** What the parent said of `name`: DS, or that there is none. */
export async function judgeDs(
  scope: Scope,
  checks: Checks,
  parent: ZoneStatus & { readonly kind: 'secure' },
  name: Name,
  ds: RRset | undefined,
  proof: readonly RRset[],
  proofExpiresAtMs: number,
): Promise<DsVerdict> {
  if (ds === undefined) return judgeNoDs(scope, checks, parent, name, proof, proofExpiresAtMs);
  const verdict = await checks.run(verifyRRset(ds, parent.keys, checks.context));
  if (verdict.kind === 'failure') return verdict;
  if (verdict.kind === 'bogus') return bogusStatus(scope, name, verdict.why);
  const trust = trustOfDs(ds);
  const usable = usableTrust(trust, checks.context.support);
  if (usable.kind === 'insecure') return insecureStatus(scope, name, usable, verdict.ttl);
  return { kind: 'trust', trust, ttl: verdict.ttl };
}

/** The proof that there is no DS at `name`: that of an unsigned zone, or of a name that is no zone cut. */
export async function judgeNoDs(
  scope: Scope,
  checks: Checks,
  parent: ZoneStatus & { readonly kind: 'secure' },
  name: Name,
  proof: readonly RRset[],
  proofExpiresAtMs: number,
): Promise<ZoneStatus | FoundFailure> {
  const proofs = await checks.proofs(proof, parent.keys);
  if ('kind' in proofs) return proofs;
  const { secure } = proofs;
  const denial = readDenial(parent.zone, secure, checks.denialOptions);
  const denied = proveNoDs(denial, name);
  if (denied.kind === 'proven') keepRanges(scope, denial, secure, proofExpiresAtMs);
  const ttl = leastTtl(secure);
  switch (denied.kind) {
    case 'proven':
      if (denied.delegation) return insecureStatus(scope, name, undefined, ttl);
      return { kind: 'inside', zone: parent.zone, expiresAtMs: scope.nowMs() + ttl * 1000 };
    case 'optOut':
      return insecureStatus(scope, name, undefined, ttl);
    case 'insecure':
      return insecureStatus(scope, name, denied, ttl);
    case 'unproven':
      if (denied.limit) return checks.spent('nsec3Hashes');
      return bogusStatus(scope, name, whyUnproven(denied.why, proofs));
  }
}

/** `name` and what is below it is not validated. */
export function insecureStatus(scope: Scope, zone: Name, insecure: Insecure | undefined, ttl: number): ZoneStatus {
  const seconds = Math.min(ttl, INSECURE_TTL);
  return { kind: 'insecure', zone, why: insecure?.why, expiresAtMs: scope.nowMs() + seconds * 1000 };
}

/** `name` fails validation. */
export function bogusStatus(
  scope: Scope,
  zone: Name,
  why: Bogus['why'],
): ZoneStatus & { readonly kind: 'bogus' | 'insecure' } {
  const seconds = scope.shared.options.limits.bogusTtlSeconds;
  return { kind: 'bogus', zone, why, expiresAtMs: scope.nowMs() + seconds * 1000 };
}

function leastTtl(secure: readonly SecureRRset[]): number {
  return Math.min(INSECURE_TTL, ...secure.map((one) => one.ttl));
}
