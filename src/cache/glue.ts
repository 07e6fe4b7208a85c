// What of a referral's glue is kept with the delegation, and for how long that can be used.

import type { Limits } from '../base/limits.ts';
import { isSubdomainOf, type Name } from '../wire/name.ts';
import type { Glue } from './hierarchy.ts';

/** Glue of the delegation's own name servers, at most so many addresses each, each address once. */
export function boundGlue(glue: readonly Glue[], nameServers: readonly Name[], limits: Limits): Glue[] {
  const kept: Glue[] = [];
  for (const one of glue.slice(0, 2 * limits.nameServersPerDelegation)) {
    if (!nameServers.includes(one.nameServer) || one.addresses.length === 0) continue;
    kept.push({ ...one, addresses: distinct(one.addresses, limits.addressesPerNameServer) });
  }
  return kept;
}

/** RFC 9609, 4.2: addresses that the priming response lacks are those of the hints. */
export function withHints(glue: readonly Glue[], hints: readonly Glue[]): readonly Glue[] {
  const missing = hints.filter(({ nameServer }) => !glue.some((one) => one.nameServer === nameServer));
  return [...glue, ...missing];
}

/**
 * When all name servers lie within the zone, it can be reached by its glue alone: without it, only the parent can tell
 * the addresses anew, so the delegation ends with the last of its glue.
 */
export function usableUntilMs(zone: Name, nameServers: readonly Name[], glue: readonly Glue[]): number {
  if (glue.length === 0 || !nameServers.every((nameServer) => isSubdomainOf(nameServer, zone))) return Infinity;
  return Math.max(...glue.map((one) => one.expiresAtMs));
}

/** The first `most` of `addresses`, each once. */
export function distinct(addresses: readonly string[], most: number): readonly string[] {
  const kept: string[] = [];
  for (const address of addresses) if (kept.length < most && !kept.includes(address)) kept.push(address);
  return kept;
}
