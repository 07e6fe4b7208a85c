// How the hierarchy keeps its entries as octets.

import type { Name } from '../wire/name.ts';
import type { Delegation, Glue, NamedAddress, NameServerAddresses } from './hierarchy.ts';
import type { PackReader, PackWriter } from './pack.ts';
import type { Packing } from './packed-map.ts';

/** A delegation with the glue of its own referral. */
export interface Held {
  readonly kind: 'delegation';
  readonly delegation: Delegation;
  readonly glue: readonly Glue[];
  /** What was gathered of it last; not kept as octets. */
  servers?: {
    readonly list: readonly NamedAddress[];
    readonly families: readonly (4 | 6)[];
    readonly untilMs: number;
    readonly learnt: number;
  };
}

/** Addresses of a name server that were looked up. */
export interface Looked {
  readonly kind: 'addresses';
  readonly nameServer: Name;
  readonly family: 4 | 6;
  readonly known: NameServerAddresses;
}

/** The tag of a delegation; that of addresses is their family. */
export const delegationTag = 1;

const sources: readonly Delegation['source'][] = ['hints', 'priming', 'referral', 'stub', 'forward'];
const addressSources: readonly NameServerAddresses['source'][] = ['glue', 'lookup', 'hints'];

/** Entries by their tag; their `expiresAtMs` is kept by the map. What is configured is never kept so. */
export const hierarchyPacking: Packing<Held | Looked> = {
  pack(entry: Held | Looked, zone: Name, to: PackWriter): void {
    if (entry.kind === 'addresses') {
      to.u8(addressSources.indexOf(entry.known.source));
      packAddresses(entry.known.addresses, to);
      return;
    }
    const { nameServers, source, ds, dsProof, dsExpiresAtMs } = entry.delegation;
    to.u8(sources.indexOf(source));
    to.u8(nameServers.length);
    for (const nameServer of nameServers) to.latin1(nameServer);
    to.rrsets(ds === undefined ? [] : [ds], zone);
    to.rrsets(dsProof, zone);
    to.f64(dsExpiresAtMs);
    to.u8(entry.glue.length);
    for (const { nameServer, family, addresses, expiresAtMs } of entry.glue) {
      to.u8(nameServers.indexOf(nameServer));
      to.u8(family);
      packAddresses(addresses, to);
      to.f64(expiresAtMs);
    }
  },

  unpack(from: PackReader, name: Name, tag: number, expiresAtMs: number): Held | Looked {
    if (tag !== delegationTag) {
      const source = addressSources[from.u8()] as NameServerAddresses['source'];
      const known = { addresses: unpackAddresses(from), expiresAtMs, source };
      return { kind: 'addresses', nameServer: name, family: tag === 6 ? 6 : 4, known };
    }
    const source = sources[from.u8()] as Delegation['source'];
    const nameServers = new Array<Name>(from.u8());
    for (let i = 0; i < nameServers.length; i++) nameServers[i] = from.latin1() as Name;
    const ds = from.rrsets(name)[0];
    const dsProof = from.rrsets(name);
    const dsExpiresAtMs = from.f64();
    const glue = new Array<Glue>(from.u8());
    for (let i = 0; i < glue.length; i++) {
      const nameServer = nameServers[from.u8()] as Name;
      const family = from.u8() === 6 ? 6 : 4;
      glue[i] = { nameServer, family, addresses: unpackAddresses(from), expiresAtMs: from.f64() };
    }
    const common = { zone: name, nameServers, source, expiresAtMs, addresses: [] };
    return { kind: 'delegation', delegation: { ...common, ds, dsProof, dsExpiresAtMs }, glue };
  },
};

function packAddresses(addresses: readonly string[], to: PackWriter): void {
  to.u8(addresses.length);
  for (const address of addresses) to.latin1(address);
}

function unpackAddresses(from: PackReader): string[] {
  const addresses = new Array<string>(from.u8());
  for (let i = 0; i < addresses.length; i++) addresses[i] = from.latin1();
  return addresses;
}
