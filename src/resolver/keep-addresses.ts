// What a lookup for the address of a name server has found: as text, and kept for those that come after it.

import type { Name } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import type { RRset } from '../wire/rrset.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';

/** Keeps what the sub-lookup `sub` has found for all that come after it. Gives when it is over (Clock.nowMs). */
export function keepAddresses(
  scope: Scope,
  sub: Lookup,
  family: 4 | 6,
  addresses: readonly string[],
  resolution: Resolution,
): number {
  return sub.cut === undefined
    ? keepLookedUp(scope, sub.name, family, addresses, resolution)
    : keepGlue(scope, sub.cut, sub.name, family, addresses, resolution);
}

/** For all zones with this name server. A bound that this question reached says nothing about the name. */
function keepLookedUp(
  scope: Scope,
  nameServer: Name,
  family: 4 | 6,
  addresses: readonly string[],
  resolution: Resolution,
): number {
  const { failure } = resolution;
  const ttl = failure === undefined ? resolution.ttl : scope.shared.options.limits.failureTtlSeconds;
  const nowMs = scope.nowMs();
  const expiresAtMs = nowMs + ttl * 1000;
  if (failure === undefined || failure === 'network' || failure === 'servers-failed' || failure === 'no-servers') {
    const known = { addresses, expiresAtMs, source: 'lookup' } as const;
    scope.shared.caches.hierarchy.putAddresses(nameServer, family, known, scope.closest(nameServer), nowMs);
  }
  return expiresAtMs;
}

/**
 * Keeps what the parent of `zone` said when it was asked for glue: an address that may be asked with the delegation,
 * which it serves alone (RFC 2181, 5.4.1) and with which it ends; that there is none for as long as a failure (RFC 9520, 3.2).
 */
function keepGlue(
  scope: Scope,
  zone: Name,
  nameServer: Name,
  family: 4 | 6,
  addresses: readonly string[],
  resolution: Resolution,
): number {
  const { caches, denied } = scope.shared;
  if (addresses.some((ip) => !denied.has(ip))) {
    const nowMs = scope.nowMs();
    const expiresAtMs = nowMs + resolution.ttl * 1000;
    caches.hierarchy.addGlue(zone, { nameServer, family, addresses, expiresAtMs }, nowMs);
    return expiresAtMs;
  }
  // What is known and may not be asked goes with it, lest it hide that the parent was asked.
  const known = addresses.length > 0 ? addresses : (scope.addresses(zone, nameServer, family)?.addresses ?? []);
  return keepLookedUp(scope, nameServer, family, known, {
    ...resolution,
    failure: resolution.failure ?? 'no-servers',
  });
}

/** The addresses in A or AAAA RRsets as text, at most `most`. */
export function addressesOf(rrsets: readonly RRset[], type: number, most: number): string[] {
  const addresses: string[] = [];
  for (const rrset of rrsets) {
    if (rrset.type !== type) continue;
    for (const rdata of rrset.rdatas.slice(0, most)) addresses.push(rdataToText(type, rdata));
  }
  return addresses.slice(0, most);
}
