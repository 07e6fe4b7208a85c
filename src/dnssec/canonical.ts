// The canonical form of RDATA and RRsets (RFC 4034, 6): the octets that a signature covers.

import { Buffer } from 'node:buffer';
import { ancestorOf, isWildcard, labelCount, type Name, nameOctets, wildcardOf } from '../wire/name.ts';
import type { Rrsig } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';

/**
 * The octets that `rrsig` signs when it covers an RRset of `owner` whose RDATA, from {@link canonicalRdatas}, is
 * `rdatas`: its own RDATA without the signature, then each record with the original TTL (RFC 4034, 3.1.8.1). The owner
 * is made anew from the labels field (RFC 4035, 5.3.2), which must not exceed {@link signedLabels} of the owner.
 * `rrsigRdata` is what `rrsig` was read from.
 */
export function signedData(
  rrset: Pick<RRset, 'name' | 'type' | 'class'>,
  rdatas: readonly Uint8Array[],
  rrsig: Rrsig,
  rrsigRdata: Uint8Array,
): Uint8Array {
  const owner = nameOctets(signedOwner(rrset.name, rrsig.labels));
  const signer = nameOctets(rrsig.signer);
  let length = rrsigFixedOctets + signer.length;
  for (const rdata of rdatas) length += owner.length + 10 + rdata.length;
  const out = Buffer.allocUnsafe(length);
  out.set(rrsigRdata.subarray(0, rrsigFixedOctets), 0);
  out.set(signer, rrsigFixedOctets); // RFC 6840, 5.1: lower-cased here, and a Name is
  let at = rrsigFixedOctets + signer.length;
  for (const rdata of rdatas) {
    out.set(owner, at);
    at = out.writeUInt16BE(rrset.type, at + owner.length);
    at = out.writeUInt16BE(rrset.class, at);
    at = out.writeUInt32BE(rrsig.originalTtl, at);
    at = out.writeUInt16BE(rdata.length, at);
    out.set(rdata, at);
    at += rdata.length;
  }
  return out;
}

/** The labels of `owner` that the labels field of an RRSIG counts: without the root and a leading `*` (RFC 4034, 3.1.3). */
export function signedLabels(owner: Name): number {
  return labelCount(owner) - (isWildcard(owner) ? 1 : 0);
}

/** The RDATA in canonical form and order, duplicates removed (RFC 4034, 6.2 and 6.3). */
export function canonicalRdatas(type: number, rdatas: readonly Uint8Array[]): Uint8Array[] {
  return canonicalOrder(rdatas.map((rdata) => canonicalRdata(type, rdata)));
}

/** `rdatas` ordered as left-justified octets, each kept once (RFC 4034, 6.3). */
export function canonicalOrder(rdatas: readonly Uint8Array[]): Uint8Array[] {
  if (rdatas.length < 2) return [...rdatas];
  const sorted = [...rdatas].sort(Buffer.compare);
  return sorted.filter((rdata, i) => i === 0 || Buffer.compare(rdata, sorted[i - 1] as Uint8Array) !== 0);
}

/**
 * RDATA with the names in it lower-cased for the types of RFC 4034, 6.2 as RFC 6840, 5.1 left that list: not for NSEC,
 * HINFO, or any later type. The same array when nothing changes; RDATA that does not hold its type's form is left alone.
 */
export function canonicalRdata(type: number, rdata: Uint8Array): Uint8Array {
  const layout = layouts.get(type);
  if (layout === undefined || !rdata.some(isUpperCase)) return rdata;
  const out = Uint8Array.from(rdata);
  let at = 0;
  for (const field of layout) {
    if (field === 'name') at = foldName(out, at);
    else if (field === 'string') at += 1 + (out[at] ?? 0);
    else if (field === 'a6') at = skipA6Prefix(out, at);
    else at += field;
    if (at > out.length) return rdata;
  }
  return out;
}

const rrsigFixedOctets = 18;

/** RFC 4035, 5.3.2: an owner with more labels than were signed was made from a wildcard. */
function signedOwner(owner: Name, labels: number): Name {
  return labels < signedLabels(owner) ? wildcardOf(ancestorOf(owner, labels)) : owner;
}

/** What RDATA begins with: a count of octets, a name, a character-string, or the prefix of an A6. */
type Field = number | 'name' | 'string' | 'a6';

const layouts: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [TYPE.NS, ['name']],
  [TYPE.MD, ['name']],
  [TYPE.MF, ['name']],
  [TYPE.CNAME, ['name']],
  [TYPE.SOA, ['name', 'name']],
  [TYPE.MB, ['name']],
  [TYPE.MG, ['name']],
  [TYPE.MR, ['name']],
  [TYPE.PTR, ['name']],
  [TYPE.MINFO, ['name', 'name']],
  [TYPE.MX, [2, 'name']],
  [TYPE.RP, ['name', 'name']],
  [TYPE.AFSDB, [2, 'name']],
  [TYPE.RT, [2, 'name']],
  [TYPE.SIG, [18, 'name']],
  [TYPE.PX, [2, 'name', 'name']],
  [TYPE.NXT, ['name']],
  [TYPE.SRV, [6, 'name']],
  [TYPE.NAPTR, [4, 'string', 'string', 'string', 'name']],
  [TYPE.KX, [2, 'name']],
  [TYPE.A6, ['a6', 'name']],
  [TYPE.DNAME, ['name']],
  [TYPE.RRSIG, [18, 'name']],
]);

function isUpperCase(octet: number): boolean {
  return octet >= 0x41 && octet <= 0x5a;
}

/** Folds the plain name at `at` in place; the offset after it, beyond the end when there is none. */
function foldName(octets: Uint8Array, at: number): number {
  let next = at;
  for (;;) {
    const size = octets[next];
    if (size === undefined || size > 63) return octets.length + 1;
    const end = next + 1 + size;
    if (size === 0) return end;
    if (end > octets.length) return end;
    for (let i = next + 1; i < end; i++) {
      const octet = octets[i] as number;
      if (isUpperCase(octet)) octets[i] = octet + 0x20;
    }
    next = end;
  }
}

/** RFC 2874, 3.1: prefix length, the address bits that it leaves; a name follows unless the length is 0. */
function skipA6Prefix(octets: Uint8Array, at: number): number {
  const prefix = octets[at];
  if (prefix === undefined || prefix === 0 || prefix > 128) return octets.length + 1;
  return at + 1 + Math.ceil((128 - prefix) / 8);
}
