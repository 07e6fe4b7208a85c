// What the hierarchy keeps under one key, and how much memory that takes.

import type { Name } from '../wire/name.ts';
import { entryFootprint, objectOctets, rrsetsFootprint, stringFootprint } from './footprint.ts';
import type { Delegation, Glue, NameServerAddresses } from './hierarchy.ts';

/** A delegation with the glue of its own referral. */
export interface Held {
  readonly kind: 'delegation';
  readonly delegation: Delegation;
  readonly glue: readonly Glue[];
}

/** Addresses of a name server that were looked up. */
export interface Looked {
  readonly kind: 'addresses';
  readonly nameServer: Name;
  readonly family: 4 | 6;
  readonly known: NameServerAddresses;
}

/** About what an entry takes in memory, its key included. Octets. */
export function hierarchyFootprint(entry: Held | Looked, key: string): number {
  if (entry.kind === 'addresses') {
    return entryFootprint(key) + stringFootprint(entry.nameServer) + addressesFootprint(entry.known.addresses);
  }
  const { delegation, glue } = entry;
  let octets = entryFootprint(key) + objectOctets + rrsetsFootprint(delegation.dsProof);
  if (delegation.ds !== undefined) octets += rrsetsFootprint([delegation.ds]);
  for (const nameServer of delegation.nameServers) octets += stringFootprint(nameServer);
  for (const one of glue) octets += objectOctets + addressesFootprint(one.addresses);
  return octets;
}

function addressesFootprint(addresses: readonly string[]): number {
  let octets = 0;
  for (const address of addresses) octets += stringFootprint(address);
  return octets;
}
