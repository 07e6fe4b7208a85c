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

const defaultBounds: RRsetBounds = {
  rdatas: limitTable.rdatasPerRRset.value,
  signatures: limitTable.signaturesPerRRset.value,
};

/** Above this many RDATA, sameness is looked up and not compared one by one. */
const comparedOneByOne = 8;

interface Growing {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  ttl: number;
  readonly rdatas: Uint8Array[];
  readonly signatures: Uint8Array[];
  seen: Set<string> | undefined;
}

/**
 * Groups records in order of first appearance. Duplicates (the same octets) are removed, the TTL is the least of all
 * (RFC 2181, 5.2), and RRSIGs go to the RRset they cover in the same list; those that cover nothing there become an
 * RRset of type RRSIG. RDATA is copied, each to a buffer of its own: an RRset that is kept does not keep its message.
 */
export function toRRsets(records: readonly ResourceRecord[], bounds: RRsetBounds = defaultBounds): RRset[] {
  const groups = new Map<string, Growing>();
  let last: Growing | undefined;
  const group = (record: ResourceRecord): Growing => {
    if (last !== undefined && last.name === record.name && last.type === record.type && last.class === record.class) {
      return last;
    }
    const key = groupKey(record, record.type);
    last = groups.get(key);
    if (last === undefined) {
      const { name, type, class: recordClass, ttl } = record;
      last = { name, type, class: recordClass, ttl, rdatas: [], signatures: [], seen: undefined };
      groups.set(key, last);
    }
    return last;
  };

  let signed = false;
  for (const record of records) {
    if (record.type === TYPE.RRSIG) {
      signed = true;
      continue;
    }
    add(group(record), record, bounds.rdatas);
  }
  if (signed) addSignatures(records, groups, group, bounds);
  return [...groups.values()].map(({ name, type, class: recordClass, ttl, rdatas, signatures }) => {
    return { name, type, class: recordClass, ttl, rdatas, signatures };
  });
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

function addSignatures(
  records: readonly ResourceRecord[],
  groups: ReadonlyMap<string, Growing>,
  group: (record: ResourceRecord) => Growing,
  bounds: RRsetBounds,
): void {
  for (const record of records) {
    if (record.type !== TYPE.RRSIG) continue;
    const { rdata } = record;
    const covered = rdata.length < 2 ? 0 : ((rdata[0] as number) << 8) | (rdata[1] as number);
    const target = covered === TYPE.RRSIG ? undefined : groups.get(groupKey(record, covered));
    if (target === undefined) {
      add(group(record), record, bounds.rdatas);
    } else if (target.signatures.length < bounds.signatures && !target.signatures.some((one) => same(one, rdata))) {
      target.signatures.push(new Uint8Array(rdata));
      target.ttl = Math.min(target.ttl, record.ttl);
    }
  }
}

function add(group: Growing, { rdata, ttl }: ResourceRecord, most: number): void {
  group.ttl = Math.min(group.ttl, ttl);
  const { rdatas } = group;
  if (rdatas.length >= most) return;
  if (rdatas.length < comparedOneByOne) {
    for (const one of rdatas) if (same(one, rdata)) return;
  } else {
    group.seen ??= new Set(rdatas.map(latin1));
    const text = latin1(rdata);
    if (group.seen.has(text)) return;
    group.seen.add(text);
  }
  rdatas.push(new Uint8Array(rdata));
}

function groupKey({ name, class: recordClass }: ResourceRecord, type: number): string {
  return name + String.fromCharCode(type, recordClass);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
