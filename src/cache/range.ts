// A secure NSEC, NSEC3 or SOA as it is kept to deny from: what it says, its place in order, its form as octets.

import { assert } from '../base/assert.ts';
import { ancestorOf, labelCount, labelsOf, type Name, prependLabel, ROOT } from '../wire/name.ts';
import { hashOfOwner, ownerOfHash } from '../wire/nsec3-owner.ts';
import { readNsec, readNsec3, type TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import type { PackReader, PackWriter } from './pack.ts';
import type { Packing } from './packed-map.ts';
import type { Span } from './sorted-ranges.ts';

interface Kept {
  readonly zone: Name;
  /** RDATA and signatures. */
  readonly rrset: RRset;
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
}

/** A secure NSEC record: `owner` and `next` exist, nothing in between does. */
export interface NsecRange extends Kept {
  readonly kind: 'nsec';
  readonly owner: Name;
  readonly next: Name;
  readonly types: TypeBitmap;
}

/** A secure NSEC3 record without opt-out; hashes as strings of 20 characters, each an octet. */
export interface Nsec3Range extends Kept {
  readonly kind: 'nsec3';
  readonly ownerHash: string;
  readonly nextHash: string;
  readonly types: TypeBitmap;
  readonly optOut: false;
}

/** A zone's SOA, which goes with every denial; its TTL is that of denials (RFC 2308, 5). */
export interface SoaOfZone extends Kept {
  readonly kind: 'soa';
}

/** Anything that the layer keeps. */
export type RangeEntry = NsecRange | Nsec3Range | SoaOfZone;

/** What an NSEC RRset of one record says. */
export function nsecRange(zone: Name, rrset: RRset, expiresAtMs: number): NsecRange {
  const { next, types } = readNsec(rrset.rdatas[0] as Uint8Array);
  return { kind: 'nsec', zone, rrset, expiresAtMs, owner: rrset.name, next, types };
}

/** What an NSEC3 RRset of one record says, whose owner's hash is `ownerHash`; undefined with opt-out: it denies nothing. */
export function nsec3Range(zone: Name, rrset: RRset, ownerHash: string, expiresAtMs: number): Nsec3Range | undefined {
  const { nextHashed, types, flags } = readNsec3(rrset.rdatas[0] as Uint8Array);
  // RFC 8198, 5.2; RFC 5155, 9.2: there may be unsigned delegations within.
  if ((flags & optOutFlag) !== 0) return undefined;
  const nextHash = String.fromCharCode(...nextHashed);
  return { kind: 'nsec3', zone, rrset, expiresAtMs, ownerHash, nextHash, types, optOut: false };
}

const optOutFlag = 1;

/** What is told apart at one owner name and zone. */
export type RangeKind = RangeEntry['kind'];

/** The place of an entry in its zone, by which it is found among the octets. A SOA spans nothing. */
export interface RangeSpan extends Span {
  readonly kind: RangeKind;
}

/** The place of an entry. */
export function spanOf(range: RangeEntry): RangeSpan {
  switch (range.kind) {
    case 'nsec':
      return { kind: range.kind, key: canonicalKey(range.owner), nextKey: canonicalKey(range.next) };
    case 'nsec3':
      return { kind: range.kind, key: range.ownerHash, nextKey: range.nextHash };
    case 'soa':
      return { kind: range.kind, key: '', nextKey: '' };
  }
}

/** The key of the place that an entry of this kind and owner name has. */
export function keyOf(kind: RangeKind, owner: Name): string {
  if (kind === 'nsec') return canonicalKey(owner);
  return kind === 'soa' ? '' : hashOf(owner);
}

/** The owner name of what has its place there: the reverse of {@link keyOf}. */
export function ownerOf(zone: Name, { kind, key }: Pick<RangeSpan, 'kind' | 'key'>): Name {
  if (kind === 'nsec') return nameOfKey(key);
  if (kind === 'soa') return zone;
  const owner = ownerOfHash(key, zone);
  assert(owner !== undefined, 'a hash was kept that has no owner name');
  return owner;
}

function hashOf(owner: Name): string {
  const hash = hashOfOwner(owner);
  assert(hash !== undefined, 'an NSEC3 was kept whose owner is no hash');
  return hash;
}

/**
 * A string whose order by `<` is the canonical order of names (RFC 4034, 6.1): labels from the root down, with an octet
 * of 0 after each, and octets 0 and 1 within labels as two characters so that they come after that.
 */
export function canonicalKey(name: Name): string {
  const labels = labelsOf(name).map((label) => {
    const plain = !label.includes('\0') && !label.includes('\x01');
    return plain ? label : label.replaceAll('\x01', '\x01\x01').replaceAll('\0', '\x01\0');
  });
  // Joined, it is one string, and not a chain of them.
  return [...labels.reverse(), ''].join('\0');
}

/** The name that has this {@link canonicalKey}. */
export function nameOfKey(key: string): Name {
  let name: Name = ROOT;
  let label = '';
  for (let at = 0; at < key.length; at++) {
    if (key[at] === '\0') {
      name = prependLabel(label, name) as Name;
      label = '';
    } else {
      if (key[at] === '\x01') at++;
      label += key[at];
    }
  }
  return name;
}

const kinds: readonly RangeKind[] = ['nsec', 'nsec3', 'soa'];
/** A name has 127 labels at most. */
const labelBits = 7;

/** The tag of an entry: at a zone cut, the parent and the child have an NSEC of the same owner name. */
export function rangeTag(kind: RangeKind, zone: Name): number {
  return (kinds.indexOf(kind) << labelBits) | labelCount(zone);
}

/** What the tag of an entry at `owner` says: the zone is an ancestor of the owner, or the owner itself. */
export function readTag(owner: Name, tag: number): { readonly kind: RangeKind; readonly zone: Name } {
  const zone = ancestorOf(owner, tag & ((1 << labelBits) - 1));
  return { kind: kinds[tag >> labelBits] as RangeKind, zone };
}

/** Entries by their owner name and {@link rangeTag}: what they say is read from their RDATA again. */
export const rangePacking: Packing<RangeEntry> = {
  pack({ rrset }: RangeEntry, owner: Name, to: PackWriter): void {
    to.rrset(rrset, owner);
  },

  unpack(from: PackReader, owner: Name, tag: number, expiresAtMs: number): RangeEntry {
    const { kind, zone } = readTag(owner, tag);
    const rrset = from.rrset(owner);
    if (kind === 'nsec') return nsecRange(zone, rrset, expiresAtMs);
    if (kind === 'soa') return { kind, zone, rrset, expiresAtMs };
    const range = nsec3Range(zone, rrset, hashOf(owner), expiresAtMs);
    assert(range !== undefined, 'an NSEC3 with opt-out was kept');
    return range;
  },
};
