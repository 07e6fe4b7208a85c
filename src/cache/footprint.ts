// What kept data costs in memory, and how RRsets are copied so that they cost no more than that.

import type { RRset } from '../wire/rrset.ts';

// Measured on Node 24 (x64) as growth of heap, external memory and resident set over 50,000 of a kind, rounded up. For
// whole entries (one to four addresses, with and without a signature, denials, failures) the sums come out 10 to 25 %
// above what the heap and external memory grow by: the rest is malloc's, and room that the collector keeps free.

/** An octet array's own buffer: JSArrayBuffer and its native backing store, without the octets. */
const bufferOctets = 200;
/** One view of a buffer, and its place in an array. */
const viewOctets = 104;
/** An RRset with its two arrays. */
const rrsetOctets = 136;
/** An entry, or a part of one: the object itself and the numbers it boxes. */
const objectOctets = 128;
/** A place in a Map. */
const mapPlaceOctets = 144;
/** A string's header, padding, and the husk of the concatenation that made it. */
const stringOctets = 48;

/** The memory of a string of characters 0..255. */
export function stringFootprint(text: string): number {
  return stringOctets + text.length;
}

/** The memory of an entry under `key` in a Map, apart from what the entry refers to. */
export function entryFootprint(key: string): number {
  return mapPlaceOctets + objectOctets + stringFootprint(key);
}

/** The memory of an RRset that {@link compactRRset} made. */
export function rrsetFootprint(rrset: RRset): number {
  const views = rrset.rdatas.length + rrset.signatures.length;
  return rrsetOctets + bufferOctets + views * viewOctets + dataOctets(rrset) + stringFootprint(rrset.name);
}

/**
 * The same RRset with all its RDATA in one buffer of its own. What a parser gives are views of a whole message or
 * piece, which would stay in memory as long as one of them does; and small `Buffer`s share a pool with strangers.
 */
export function compactRRset(rrset: RRset): RRset {
  const total = dataOctets(rrset);
  if (isCompact(rrset, total)) return rrset;
  const buffer = new ArrayBuffer(total);
  let offset = 0;
  const moved = (octets: Uint8Array): Uint8Array => {
    const view = new Uint8Array(buffer, offset, octets.length);
    view.set(octets);
    offset += octets.length;
    return view;
  };
  const rdatas = rrset.rdatas.map(moved);
  const signatures = rrset.signatures.map(moved);
  return { name: rrset.name, type: rrset.type, class: rrset.class, ttl: rrset.ttl, rdatas, signatures };
}

function dataOctets(rrset: RRset): number {
  let octets = 0;
  for (const rdata of rrset.rdatas) octets += rdata.length;
  for (const signature of rrset.signatures) octets += signature.length;
  return octets;
}

function isCompact(rrset: RRset, total: number): boolean {
  const buffer = (rrset.rdatas[0] ?? rrset.signatures[0])?.buffer;
  if (buffer === undefined || buffer.byteLength !== total) return false;
  for (const rdata of rrset.rdatas) if (rdata.buffer !== buffer) return false;
  for (const signature of rrset.signatures) if (signature.buffer !== buffer) return false;
  return true;
}
