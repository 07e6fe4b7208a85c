// RRsets (RFC 2181, 5): records grouped by name, type and class, with the RRSIGs that cover them.

import { Buffer } from 'node:buffer';
import { limitTable } from '../base/limits.ts';
import type { ResourceRecord } from './message.ts';
import type { Name } from './name.ts';
import { TYPE } from './types.ts';

/** An RRset: at least one RDATA; `signatures` are the RDATA of RRSIGs that cover it. No two RDATA are the same. */
export interface RRset {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
  readonly signatures: readonly Uint8Array[];
}

/** How much of one RRset is kept: what is beyond is cut off. */
export interface RRsetBounds {
  readonly rdatas: number;
  readonly signatures: number;
}

/** The bounds that hold unless others are chosen. */
export const defaultBounds: RRsetBounds = {
  rdatas: limitTable.rdatasPerRRset.value,
  signatures: limitTable.signaturesPerRRset.value,
};

/** Above this many, RDATA and RRsets are looked up and not compared one by one. */
const comparedOneByOne = 32;

const NO_SIGNATURES: readonly Uint8Array[] = [];

/** An RRset while records are added to it. */
interface Growing {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  ttl: number;
  readonly rdatas: Uint8Array[];
  signatures: readonly Uint8Array[];
}

/**
 * Groups records in order of first appearance. Duplicates (the same octets) are removed, the TTL is the least of all
 * (RFC 2181, 5.2), and RRSIGs go to the RRset they cover in the same list; those that cover nothing there become an
 * RRset of type RRSIG. RDATA is not copied: what may be a view of a message stays one (see ResourceRecord).
 */
export function toRRsets(records: readonly ResourceRecord[], bounds: RRsetBounds = defaultBounds): RRset[] {
  const grouping = new Grouping(bounds);
  for (const { name, type, class: recordClass, ttl, rdata } of records) {
    grouping.add(name, type, recordClass, ttl, rdata);
  }
  return grouping.finish();
}

/** The records of an RRset, with or without its RRSIGs after them; `ttl` instead of its own, when given. */
export function toRecords(rrset: RRset, options: { signatures: boolean; ttl?: number }): ResourceRecord[] {
  const { name, type, class: recordClass } = rrset;
  const ttl = options.ttl ?? rrset.ttl;
  const records: ResourceRecord[] = rrset.rdatas.map((rdata) => ({ name, type, class: recordClass, ttl, rdata }));
  if (options.signatures) {
    for (const rdata of rrset.signatures) records.push({ name, type: TYPE.RRSIG, class: recordClass, ttl, rdata });
  }
  return records;
}

/** The octets of all RDATA and signatures together: what an RRset weighs, its fixed cost apart. */
export function rdataOctets(rrset: RRset): number {
  let octets = 0;
  for (const rdata of rrset.rdatas) octets += rdata.length;
  for (const rdata of rrset.signatures) octets += rdata.length;
  return octets;
}

/** Groups records as they come: the work of {@link toRRsets}. */
export class Grouping {
  readonly #bounds: RRsetBounds;
  readonly #rrsets: Growing[] = [];
  /** RRSIGs, which may stand before what they cover. */
  #signatures: ResourceRecord[] | undefined;
  /** Once there are many; few are looked through one by one. */
  #byKey: Map<string, Growing> | undefined;
  /** The RDATA of RRsets that have many, as text. */
  #seen: Map<Growing, Set<string>> | undefined;
  #last: Growing | undefined;

  constructor(bounds: RRsetBounds) {
    this.#bounds = bounds;
  }

  /** Adds a record; its fields are those of ResourceRecord. */
  add(name: Name, type: number, recordClass: number, ttl: number, rdata: Uint8Array): void {
    if (type === TYPE.RRSIG) {
      const record = { name, type, class: recordClass, ttl, rdata };
      if (this.#signatures === undefined) this.#signatures = [record];
      else this.#signatures.push(record);
    } else {
      this.#add(name, type, recordClass, ttl, rdata);
    }
  }

  /** The RRsets. To be called once, when all records are there. */
  finish(): RRset[] {
    for (const record of this.#signatures ?? []) this.#addSignature(record);
    return this.#rrsets;
  }

  #add(name: Name, type: number, recordClass: number, ttl: number, rdata: Uint8Array): void {
    const group = this.#groupOf(name, type, recordClass);
    if (group === undefined) {
      this.#begin(name, type, recordClass, ttl, rdata);
      return;
    }
    const { rdatas } = group;
    if (ttl < group.ttl) group.ttl = ttl;
    if (rdatas.length >= this.#bounds.rdatas || this.#has(group, rdata)) return;
    rdatas.push(rdata);
  }

  #addSignature({ name, type, class: recordClass, ttl, rdata }: ResourceRecord): void {
    const covered = rdata.length < 2 ? 0 : ((rdata[0] as number) << 8) | (rdata[1] as number);
    const target = covered === TYPE.RRSIG ? undefined : this.#find(name, covered, recordClass);
    if (target === undefined) {
      this.#add(name, type, recordClass, ttl, rdata);
    } else if (target.signatures.length < this.#bounds.signatures && !hasSame(target.signatures, rdata)) {
      target.signatures = [...target.signatures, rdata];
      if (ttl < target.ttl) target.ttl = ttl;
    }
  }

  #groupOf(name: Name, type: number, recordClass: number): Growing | undefined {
    const last = this.#last;
    if (last !== undefined && last.name === name && last.type === type && last.class === recordClass) return last;
    this.#last = this.#find(name, type, recordClass);
    return this.#last;
  }

  /** With arrays as long as they need be: V8 makes one that grows from nothing 17 long. */
  #begin(name: Name, type: number, recordClass: number, ttl: number, rdata: Uint8Array): void {
    const group = { name, type, class: recordClass, ttl, rdatas: [rdata], signatures: NO_SIGNATURES };
    this.#rrsets.push(group);
    this.#byKey?.set(groupKey(name, type, recordClass), group);
    this.#last = group;
  }

  #find(name: Name, type: number, recordClass: number): Growing | undefined {
    const rrsets = this.#rrsets;
    if (rrsets.length <= comparedOneByOne) {
      for (const one of rrsets) if (one.type === type && one.class === recordClass && one.name === name) return one;
      return undefined;
    }
    this.#byKey ??= new Map(rrsets.map((one) => [groupKey(one.name, one.type, one.class), one]));
    return this.#byKey.get(groupKey(name, type, recordClass));
  }

  #has(group: Growing, rdata: Uint8Array): boolean {
    const { rdatas } = group;
    if (rdatas.length < comparedOneByOne) {
      return hasSame(rdatas, rdata);
    }
    this.#seen ??= new Map();
    let seen = this.#seen.get(group);
    if (seen === undefined) {
      seen = new Set(rdatas.map(latin1));
      this.#seen.set(group, seen);
    }
    const text = latin1(rdata);
    const known = seen.has(text);
    if (!known) seen.add(text);
    return known;
  }
}

function groupKey(name: Name, type: number, recordClass: number): string {
  return name + String.fromCharCode(type, recordClass);
}

function hasSame(rdatas: readonly Uint8Array[], rdata: Uint8Array): boolean {
  for (const one of rdatas) if (same(one, rdata)) return true;
  return false;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
