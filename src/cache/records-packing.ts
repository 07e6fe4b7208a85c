// How the layer `records` keeps its entries as octets.

import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { DenialEntry, FailureEntry, Rank, RecordEntry, Security } from './entry.ts';
import type { PackReader, PackWriter } from './pack.ts';
import type { Packing } from './packed-map.ts';

/** Anything that the layer keeps. */
export type AnyEntry = RecordEntry | DenialEntry | FailureEntry;

// Tags: the kind of an entry, and its type where it is of one.
const nodataTag = 0x10000;
const failureTag = 0x20000;
const failureWithCdTag = 0x30000;
/** Of an NXDOMAIN, which is of all types. */
export const nxdomainTag = 0x40000;

/** The tag of an RRset: 0..65535. */
export function rrsetTag(type: number): number {
  return type;
}

/** The tag of a NODATA. */
export function nodataTagOf(type: number): number {
  return nodataTag | type;
}

/** The tag of a denial. */
export function denialTag({ kind, type }: Pick<DenialEntry, 'kind' | 'type'>): number {
  return kind === 'nxdomain' ? nxdomainTag : nodataTag | type;
}

/** The tag of a failure of a question with or without CD. */
export function failureTagOf(type: number, checkingDisabled: boolean): number {
  return (checkingDisabled ? failureWithCdTag : failureTag) | type;
}

const securities: readonly Security[] = ['unchecked', 'secure', 'insecure', 'bogus', 'indeterminate'];

/** Entries by their tag; `expiresAtMs` is kept by the map. */
export const recordsPacking: Packing<AnyEntry> = {
  pack(entry: AnyEntry, name: Name, to: PackWriter): void {
    switch (entry.kind) {
      case 'rrset':
        to.u8(entry.rank);
        to.u8(securities.indexOf(entry.security));
        to.nameNear(entry.zone, name);
        to.rrset(entry.rrset, name);
        to.rrsets(entry.proof, name);
        to.error(entry.why);
        break;
      case 'failure':
        to.latin1(entry.reason);
        to.u8(entry.count);
        to.u8(entry.extendedErrors.length);
        for (const error of entry.extendedErrors) to.error(error);
        break;
      default:
        to.u16(entry.type);
        to.u8(securities.indexOf(entry.security));
        to.nameNear(entry.zone, name);
        to.rrsets(entry.soa === undefined ? [] : [entry.soa], name);
        to.rrsets(entry.proof, name);
        to.error(entry.why);
    }
  },

  unpack(from: PackReader, name: Name, tag: number, expiresAtMs: number): AnyEntry {
    if (tag < nodataTag) return unpackRecord(from, name, expiresAtMs);
    if (tag >= failureTag && tag < nxdomainTag) {
      return unpackFailure(from, name, tag, expiresAtMs);
    }
    return unpackDenial(from, name, tag, expiresAtMs);
  },
};

function unpackRecord(from: PackReader, name: Name, expiresAtMs: number): RecordEntry {
  const rank = from.u8() as Rank;
  const security = securities[from.u8()] as Security;
  const zone = from.nameNear(name);
  const rrset = from.rrset(name);
  const proof = from.rrsets(name);
  const why = from.error();
  const entry = { kind: 'rrset', rrset, rank, security, expiresAtMs, zone, proof } as const;
  return why === undefined ? entry : { ...entry, why };
}

function unpackFailure(from: PackReader, name: Name, tag: number, expiresAtMs: number): FailureEntry {
  const reason = from.latin1();
  const count = from.u8();
  const extendedErrors: ExtendedError[] = [];
  for (let left = from.u8(); left > 0; left--) extendedErrors.push(from.error() as ExtendedError);
  const checkingDisabled = tag >= failureWithCdTag;
  return { kind: 'failure', name, type: tag & 0xffff, checkingDisabled, reason, extendedErrors, expiresAtMs, count };
}

function unpackDenial(from: PackReader, name: Name, tag: number, expiresAtMs: number): DenialEntry {
  const type = from.u16();
  const security = securities[from.u8()] as Security;
  const zone = from.nameNear(name);
  const soa = from.rrsets(name)[0];
  const proof = from.rrsets(name);
  const why = from.error();
  const kind = tag === nxdomainTag ? 'nxdomain' : 'nodata';
  const entry = { kind, name, type, soa, proof, security, expiresAtMs, zone } as const;
  return why === undefined ? entry : { ...entry, why };
}
