// Typed readers of RDATA: what the resolver and the validator look into.

import { WireError } from './error.ts';
import { type Name, readPlainName } from './name.ts';

/** SOA (RFC 1035, 3.3.13). Times are in seconds. */
export interface Soa {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** RRSIG (RFC 4034, 3.1). Times are seconds since 1970 modulo 2^32; `signatureOffset` is where the signature begins. */
export interface Rrsig {
  readonly typeCovered: number;
  readonly algorithm: number;
  readonly labels: number;
  readonly originalTtl: number;
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signer: Name;
  readonly signature: Uint8Array;
  readonly signatureOffset: number;
}

/** DNSKEY and CDNSKEY (RFC 4034, 2.1). */
export interface Dnskey {
  readonly flags: number;
  readonly protocol: number;
  readonly algorithm: number;
  readonly publicKey: Uint8Array;
}

/** DS, CDS and DLV (RFC 4034, 5.1). */
export interface Ds {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: Uint8Array;
}

/** A type bitmap (RFC 4034, 4.1.2), its form checked; ask it by {@link bitmapHas}. */
export type TypeBitmap = Uint8Array;

/** NSEC (RFC 4034, 4.1). */
export interface Nsec {
  readonly next: Name;
  readonly types: TypeBitmap;
}

/** NSEC3 (RFC 5155, 3.2). `nextHashed` is the hash in octets, not in base32. */
export interface Nsec3 {
  readonly hashAlgorithm: number;
  readonly flags: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly nextHashed: Uint8Array;
  readonly types: TypeBitmap;
}

/** Reads SOA RDATA; throws WireError. */
export function readSoa(rdata: Uint8Array): Soa {
  const mname = readPlainName(rdata, 0);
  const rname = readPlainName(rdata, mname.end);
  const at = rname.end;
  if (rdata.length !== at + 20) throw new WireError(`SOA RDATA of ${rdata.length} octets`);
  return {
    mname: mname.name,
    rname: rname.name,
    serial: uint32(rdata, at),
    refresh: uint32(rdata, at + 4),
    retry: uint32(rdata, at + 8),
    expire: uint32(rdata, at + 12),
    minimum: uint32(rdata, at + 16),
  };
}

/** Reads RRSIG (or SIG) RDATA; throws WireError. */
export function readRrsig(rdata: Uint8Array): Rrsig {
  need(rdata, 19, 'RRSIG');
  const { name: signer, end } = readPlainName(rdata, 18);
  return {
    typeCovered: uint16(rdata, 0),
    algorithm: uint8(rdata, 2),
    labels: uint8(rdata, 3),
    originalTtl: uint32(rdata, 4),
    expiration: uint32(rdata, 8),
    inception: uint32(rdata, 12),
    keyTag: uint16(rdata, 16),
    signer,
    signature: rdata.subarray(end),
    signatureOffset: end,
  };
}

/** Reads DNSKEY RDATA; throws WireError. */
export function readDnskey(rdata: Uint8Array): Dnskey {
  need(rdata, 4, 'DNSKEY');
  return {
    flags: uint16(rdata, 0),
    protocol: uint8(rdata, 2),
    algorithm: uint8(rdata, 3),
    publicKey: rdata.subarray(4),
  };
}

/** Reads DS RDATA; throws WireError. */
export function readDs(rdata: Uint8Array): Ds {
  need(rdata, 4, 'DS');
  return {
    keyTag: uint16(rdata, 0),
    algorithm: uint8(rdata, 2),
    digestType: uint8(rdata, 3),
    digest: rdata.subarray(4),
  };
}

/** Reads NSEC RDATA; throws WireError. */
export function readNsec(rdata: Uint8Array): Nsec {
  const { name: next, end } = readPlainName(rdata, 0);
  return { next, types: readBitmap(rdata, end) };
}

/** Reads NSEC3 RDATA; throws WireError. */
export function readNsec3(rdata: Uint8Array): Nsec3 {
  need(rdata, 6, 'NSEC3');
  const saltEnd = 5 + uint8(rdata, 4);
  need(rdata, saltEnd + 1, 'NSEC3');
  const hashEnd = saltEnd + 1 + uint8(rdata, saltEnd);
  need(rdata, hashEnd, 'NSEC3');
  return {
    hashAlgorithm: uint8(rdata, 0),
    flags: uint8(rdata, 1),
    iterations: uint16(rdata, 2),
    salt: rdata.subarray(5, saltEnd),
    nextHashed: rdata.subarray(saltEnd + 1, hashEnd),
    types: readBitmap(rdata, hashEnd),
  };
}

/** The name at `offset` of RDATA that ends with it: NS, CNAME, DNAME, PTR at 0, MX at 2, SRV at 6. Throws WireError. */
export function nameInRdata(rdata: Uint8Array, offset = 0): Name {
  const { name, end } = readPlainName(rdata, offset);
  if (end !== rdata.length) throw new WireError(`${rdata.length - end} octets after the name in RDATA`);
  return name;
}

/**
 * The type bitmap from `start` to the end of `rdata`. Windows must ascend and have 1..32 octets (RFC 4034, 4.1.2); a
 * bitmap may be empty (RFC 5155, 3.2.1: empty non-terminals). Throws WireError.
 */
export function readBitmap(rdata: Uint8Array, start: number): TypeBitmap {
  let previous = -1;
  for (let at = start; at < rdata.length; ) {
    need(rdata, at + 3, 'type bitmap');
    const size = uint8(rdata, at + 1);
    if (uint8(rdata, at) <= previous) throw new WireError('type bitmap: windows do not ascend');
    if (size < 1 || size > 32) throw new WireError(`type bitmap: window of ${size} octets`);
    need(rdata, at + 2 + size, 'type bitmap');
    previous = uint8(rdata, at);
    at += 2 + size;
  }
  return rdata.subarray(start);
}

/** Whether the bit of `type` is set. */
export function bitmapHas(types: TypeBitmap, type: number): boolean {
  for (let at = 0; at < types.length; at += 2 + uint8(types, at + 1)) {
    if (uint8(types, at) !== type >>> 8) continue;
    const index = (type & 0xff) >>> 3;
    return index < uint8(types, at + 1) && (uint8(types, at + 2 + index) & (0x80 >>> (type & 7))) !== 0;
  }
  return false;
}

/** The types whose bits are set, ascending. */
export function bitmapTypes(types: TypeBitmap): number[] {
  const list: number[] = [];
  for (let at = 0; at < types.length; at += 2 + uint8(types, at + 1)) {
    const bits = uint8(types, at + 1) * 8;
    for (let bit = 0; bit < bits; bit++) {
      if (uint8(types, at + 2 + (bit >>> 3)) & (0x80 >>> (bit & 7))) list.push(uint8(types, at) * 256 + bit);
    }
  }
  return list;
}

function need(rdata: Uint8Array, octets: number, what: string): void {
  if (rdata.length < octets) throw new WireError(`${what}: ${rdata.length} octets, at least ${octets} needed`);
}

function uint8(octets: Uint8Array, at: number): number {
  return octets[at] as number;
}

function uint16(octets: Uint8Array, at: number): number {
  return (uint8(octets, at) << 8) | uint8(octets, at + 1);
}

function uint32(octets: Uint8Array, at: number): number {
  return uint16(octets, at) * 0x10000 + uint16(octets, at + 2);
}
