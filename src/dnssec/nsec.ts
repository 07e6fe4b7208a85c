// What NSEC records say: names that do not exist, types that a name does not have (RFC 4034, 4; RFC 4035, 5.4).

import { commonAncestor, compareNames, isSubdomainOf, labelCount, type Name, wildcardOf } from '../wire/name.ts';
import { bitmapHas, type TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { type Finding, typeDenied } from './finding.ts';

/** One secure NSEC record of `zone`. */
export interface NsecProof {
  readonly zone: Name;
  readonly owner: Name;
  /** Within the zone. */
  readonly next: Name;
  readonly types: TypeBitmap;
  /** The RRset it is. */
  readonly rrset: RRset;
}

/** Whether `name` lies strictly between owner and next, the last NSEC of the zone leading back to the apex. */
export function nsecCovers(nsec: Pick<NsecProof, 'zone' | 'owner' | 'next'>, name: Name): boolean {
  if (compareNames(nsec.owner, name) >= 0 || !isSubdomainOf(name, nsec.zone)) return false;
  return nsec.next === nsec.zone || compareNames(name, nsec.next) < 0;
}

/**
 * Whether the NSEC shows that `name` has no records of any type: it covers it and may speak of it. An empty
 * non-terminal has none either; {@link holdsBelow} tells.
 */
export function nsecDenies(nsec: NsecProof, name: Name): boolean {
  return nsecCovers(nsec, name) && !(isSubdomainOf(name, nsec.owner) && leadsElsewhere(nsec.types));
}

/** Whether an NSEC that covers `name` shows names below it: `name` is an empty non-terminal, and exists (RFC 4592, 2.2.2). */
export function holdsBelow(nsec: NsecProof, name: Name): boolean {
  return nsec.next !== name && isSubdomainOf(nsec.next, name);
}

/** The closest encloser of a name that `nsec` covers: the deeper of what it has in common with owner and with next. */
export function nsecClosestEncloser(nsec: NsecProof, name: Name): Name {
  const before = commonAncestor(nsec.owner, name);
  const after = commonAncestor(nsec.next, name);
  return labelCount(after) > labelCount(before) ? after : before;
}

/**
 * RFC 6840, 4.1: the NSEC of a delegation (NS without SOA) or of a DNAME says nothing of names below it; they are
 * another zone's, or made by the DNAME. The same holds of NSEC3 (RFC 5155, 8.3).
 */
export function leadsElsewhere(types: TypeBitmap): boolean {
  return (bitmapHas(types, TYPE.NS) && !bitmapHas(types, TYPE.SOA)) || bitmapHas(types, TYPE.DNAME);
}

/** NXDOMAIN: neither the name nor the wildcard that could stand for it exists (RFC 4035, 5.4). */
export function nsecNameError(nsecs: readonly NsecProof[], name: Name): Finding {
  const cover = nsecs.find((nsec) => nsecDenies(nsec, name));
  if (cover === undefined) return { kind: 'unproven', reason: 'no NSEC covers the name', present: false };
  if (holdsBelow(cover, name)) return { kind: 'unproven', reason: 'the name is an empty non-terminal', present: true };
  const closestEncloser = nsecClosestEncloser(cover, name);
  const wildcard = wildcardOf(closestEncloser); // never too long: it is no longer than the name
  const absent = nsecs.find((nsec) => nsecDenies(nsec, wildcard) && !holdsBelow(nsec, wildcard));
  if (absent === undefined) return { kind: 'unproven', reason: 'no NSEC denies the wildcard', present: false };
  return { kind: 'proven', closestEncloser, delegation: false, proof: proofOf(cover, absent) };
}

/** NODATA: the name, or the wildcard that stands for it, exists without the type (RFC 4035, 5.4). */
export function nsecNoData(nsecs: readonly NsecProof[], name: Name, type: number): Finding {
  const match = nsecs.find((nsec) => nsec.owner === name);
  if (match !== undefined) return typeDenied(match.types, name, type, [match.rrset], name);
  const cover = nsecs.find((nsec) => nsecDenies(nsec, name));
  if (cover === undefined) return { kind: 'unproven', reason: 'no NSEC matches or covers the name', present: false };
  if (holdsBelow(cover, name))
    return { kind: 'proven', closestEncloser: name, delegation: false, proof: [cover.rrset] };
  const closestEncloser = nsecClosestEncloser(cover, name);
  const wildcard = wildcardOf(closestEncloser);
  const source = nsecs.find((nsec) => nsec.owner === wildcard);
  if (source !== undefined) {
    return typeDenied(source.types, wildcard, type, proofOf(cover, source), closestEncloser);
  }
  const empty = nsecs.find((nsec) => nsecDenies(nsec, wildcard) && holdsBelow(nsec, wildcard));
  if (empty !== undefined) return { kind: 'proven', closestEncloser, delegation: false, proof: proofOf(cover, empty) };
  return { kind: 'unproven', reason: 'the name does not exist and no NSEC matches the wildcard', present: false };
}

/** A wildcard's answer: no name closer than `*.closestEncloser` exists (RFC 4035, 5.3.4). */
export function nsecWildcard(nsecs: readonly NsecProof[], name: Name, closestEncloser: Name): Finding {
  const cover = nsecs.find((nsec) => nsecDenies(nsec, name) && !holdsBelow(nsec, name));
  if (cover === undefined) return { kind: 'unproven', reason: 'no NSEC covers the name', present: false };
  if (nsecClosestEncloser(cover, name) !== closestEncloser) {
    return { kind: 'unproven', reason: 'a closer name than the wildcard exists', present: true };
  }
  return { kind: 'proven', closestEncloser, delegation: false, proof: [cover.rrset] };
}

function proofOf(first: NsecProof, second: NsecProof): RRset[] {
  return first.rrset === second.rrset ? [first.rrset] : [first.rrset, second.rrset];
}
