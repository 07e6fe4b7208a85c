// Where names stand inside RDATA, for the types whose names may be compressed: read in full, compressed in turn.

import { newOctets } from '../base/octets.ts';
import { WireError } from './error.ts';
import { decodeName } from './name.ts';
import { nameOctetsMax } from './name-text.ts';
import { CLASS, TYPE } from './types.ts';

/** Octets before the names, the number of names, octets after them (-1: any number). */
interface Layout {
  readonly before: number;
  readonly names: 1 | 2;
  readonly after: number;
  /** Whether we compress it ourselves: RFC 3597, 4 leaves that to the types of RFC 1035. */
  readonly compress: boolean;
  /** Character strings between `before` and the names. */
  readonly strings: number;
}

function layout(before: number, names: 1 | 2, after: number, compress: boolean, strings = 0): Layout {
  return { before, names, after, compress, strings };
}

const oneName = layout(0, 1, 0, true);

// RFC 3597, 4: names in these types, and in no others, may be compressed by a sender. DNAME may not (RFC 6672, 2.5),
// but what it holds is a name all the same, and servers that compressed it have been seen.
const layouts: ReadonlyMap<number, Layout> = new Map([
  [TYPE.NS, oneName],
  [TYPE.MD, oneName],
  [TYPE.MF, oneName],
  [TYPE.CNAME, oneName],
  [TYPE.SOA, layout(0, 2, 20, true)],
  [TYPE.MB, oneName],
  [TYPE.MG, oneName],
  [TYPE.MR, oneName],
  [TYPE.PTR, oneName],
  [TYPE.MINFO, layout(0, 2, 0, true)],
  [TYPE.MX, layout(2, 1, 0, true)],
  [TYPE.RP, layout(0, 2, 0, false)],
  [TYPE.AFSDB, layout(2, 1, 0, false)],
  [TYPE.RT, layout(2, 1, 0, false)],
  [TYPE.SIG, layout(18, 1, -1, false)],
  [TYPE.PX, layout(2, 2, 0, false)],
  [TYPE.NXT, layout(0, 1, -1, false)],
  [TYPE.SRV, layout(6, 1, 0, false)],
  [TYPE.NAPTR, layout(4, 1, 0, false, 3)],
  [TYPE.DNAME, layout(0, 1, 0, false)],
]);

/** RDATA whose size is fixed. A and AAAA are so in class IN alone. */
const fixedOctets: ReadonlyMap<number, number> = new Map([
  [TYPE.A, 4],
  [TYPE.AAAA, 16],
  [TYPE.NID, 10],
  [TYPE.L32, 6],
  [TYPE.L64, 10],
  [TYPE.EUI48, 6],
  [TYPE.EUI64, 8],
]);

/** Where RDATA with names is put together: two names and all that can be around them. */
const scratch = new Uint8Array(0xffff + 2 * nameOctetsMax);

/**
 * The RDATA at `start`..`end` of a message: a view of it when it holds no compressed name, else an uncompressed copy,
 * case kept. Throws WireError when names do not end exactly with the RDATA, or its size is not that of its type.
 */
export function readRdata(
  octets: Uint8Array,
  start: number,
  end: number,
  type: number,
  recordClass: number,
): Uint8Array {
  const shape = layouts.get(type);
  if (shape === undefined) {
    if (recordClass === CLASS.IN) checkSize(type, start, end);
    return view(octets, start, end);
  }
  // RFC 2136, 2.4: updates have empty RDATA in classes NONE and ANY.
  if (start === end && recordClass >= CLASS.NONE) return view(octets, start, end);
  let at = start + shape.before;
  for (let i = 0; i < shape.strings; i++) {
    if (at >= end) throw new WireError(`RDATA at octet ${start} runs past its end`);
    at += 1 + (octets[at] as number);
  }
  if (at >= end) throw new WireError(`RDATA at octet ${start} runs past its end`);
  const namesAt = at;
  let length = at - start;
  const lengthBefore = length;
  for (let i = 0; i < shape.names; i++) {
    const read = decodeName(octets, at, end, true, scratch, length, false);
    at = read >>> 8;
    length += read & 0xff;
  }
  if (shape.after >= 0 ? at + shape.after !== end : at > end) {
    throw new WireError(`RDATA at octet ${start}: its fields do not end where it does`);
  }
  if (length - lengthBefore === at - namesAt) return view(octets, start, end);
  const rdata = newOctets(length + end - at);
  for (let i = 0; i < lengthBefore; i++) rdata[i] = octets[start + i] as number;
  for (let i = lengthBefore; i < length; i++) rdata[i] = scratch[i] as number;
  for (let i = length, from = at; from < end; ) rdata[i++] = octets[from++] as number;
  return rdata;
}

function checkSize(type: number, start: number, end: number): void {
  const size = fixedOctets.get(type);
  if (size !== undefined && end - start !== size) {
    throw new WireError(`RDATA at octet ${start} has ${end - start} octets, not ${size}`);
  }
}

/** A plain Uint8Array over the same octets, also where `octets` is a Buffer. */
function view(octets: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(octets.buffer, octets.byteOffset + start, end - start);
}

/** Where the names of RDATA of a type that we compress begin, and how many they are; undefined for all other types. */
export function compressibleNames(type: number): { readonly before: number; readonly names: number } | undefined {
  const shape = layouts.get(type);
  return shape?.compress ? shape : undefined;
}
