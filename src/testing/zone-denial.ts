// Proofs of denial for a signed zone of a tree: its NSEC or NSEC3 chain and which of its records prove what.

import { Buffer } from 'node:buffer';
import { nsec3Hash } from '../dnssec/nsec3.ts';
import {
  ancestorOf,
  compareNames,
  labelCount,
  type Name,
  nameOctets,
  nameToText,
  ROOT,
  wildcardOf,
} from '../wire/name.ts';
import { ownerOfHash } from '../wire/nsec3-owner.ts';
import { readNsec } from '../wire/rdata.ts';
import { rdataFromText } from '../wire/rdata-text.ts';
import { TYPE, typeToText } from '../wire/types.ts';
import type { TreeRecords, Zone } from './zone-tree.ts';

/** A record of the chain. */
export interface DenialRecord {
  readonly owner: Name;
  readonly type: number;
  readonly records: TreeRecords;
}

/** What is to be proved of a name that is not there, or not with this type. */
export type Denied = 'type' | 'name' | 'wildcard-answer' | 'wildcard-type';

/** The chain of a zone; made once, when the zone is complete. */
export class DenialChain {
  readonly #zone: Zone;
  readonly #nsec3: boolean;
  readonly #links: readonly (DenialRecord & { readonly key: string })[];

  constructor(zone: Zone, nsec3: boolean, ttl: number) {
    this.#zone = zone;
    this.#nsec3 = nsec3;
    this.#links = nsec3 ? nsec3Links(zone, ttl) : nsecLinks(zone, ttl);
  }

  /** The records that prove it; `encloser` is the closest encloser of `name` where `name` does not exist. */
  prove(what: Denied, name: Name, encloser: Name): DenialRecord[] {
    const records = this.#names(what, name, encloser).map((each) => this.#at(each));
    return [...new Set(records)];
  }

  /** RFC 4035, 3.1.3 and RFC 5155, 7.2: the names whose place in the chain is shown. */
  #names(what: Denied, name: Name, encloser: Name): Name[] {
    if (what === 'type') return [name];
    const nextCloser = this.#nsec3 ? ancestorOf(name, labelCount(encloser) + 1) : name;
    if (what === 'wildcard-answer') return [nextCloser];
    return this.#nsec3 ? [encloser, nextCloser, wildcardOf(encloser)] : [name, wildcardOf(encloser)];
  }

  /** The record at the name's place, or the one that covers it. */
  #at(name: Name): DenialRecord {
    const before = this.#nsec3
      ? this.#links.findLast(({ key }) => key <= hashOf(name))
      : this.#links.findLast(({ owner }) => compareNames(owner, name) <= 0);
    const found = before ?? this.#links.at(-1);
    if (found === undefined) throw new Error(`no denial chain in ${nameToText(this.#zone.name)}`);
    return found;
  }
}

function typesAt(zone: Zone, name: Name, more: readonly number[]): number[] {
  return [...(zone.nodes.get(name)?.keys() ?? []), ...more].sort((a, b) => a - b);
}

/** RFC 4034, 4: every name that holds records, in canonical order; empty non-terminals have no NSEC. */
function nsecLinks(zone: Zone, ttl: number): (DenialRecord & { key: string })[] {
  const owners = [...zone.nodes.keys()].filter((name) => zone.nodes.get(name)?.size).sort(compareNames);
  return owners.map((owner, at) => {
    const next = nameToText(owners[(at + 1) % owners.length] ?? owner);
    const types = typesAt(zone, owner, [TYPE.RRSIG, TYPE.NSEC]).map(typeToText).join(' ');
    const rdata = rdataFromText(TYPE.NSEC, `${next} ${types}`);
    return { owner, key: owner, type: TYPE.NSEC, records: { ttl, rdatas: [rdata] } };
  });
}

const parameters = { iterations: 0, salt: new Uint8Array(0) };

function hashOf(name: Name): string {
  return nsec3Hash(name, parameters);
}

/** RFC 5155, 7.1: every name, empty non-terminals too, by its hash. */
function nsec3Links(zone: Zone, ttl: number): (DenialRecord & { key: string })[] {
  const hashed = [...zone.nodes.keys()].map((name) => ({ name, key: hashOf(name) }));
  hashed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return hashed.map(({ name, key }, at) => {
    const next = Buffer.from(hashed[(at + 1) % hashed.length]?.key ?? key, 'latin1');
    const node = zone.nodes.get(name);
    const insecureCut = zone.cuts.has(name) && !node?.has(TYPE.DS);
    const signed = node !== undefined && node.size > 0 && !insecureCut;
    const bitmap = bitmapOf(typesAt(zone, name, signed ? [TYPE.RRSIG] : []));
    const rdata = Uint8Array.from([1, 0, 0, 0, 0, next.length, ...next, ...bitmap]);
    const owner = ownerOfHash(key, zone.name) ?? zone.name;
    return { owner, key, type: TYPE.NSEC3, records: { ttl, rdatas: [rdata] } };
  });
}

function bitmapOf(types: readonly number[]): Uint8Array {
  if (types.length === 0) return new Uint8Array(0);
  const rdata = rdataFromText(TYPE.NSEC, `. ${types.map(typeToText).join(' ')}`);
  return readNsec(rdata).types.length > 0 ? rdata.subarray(nameOctets(ROOT).length) : new Uint8Array(0);
}
