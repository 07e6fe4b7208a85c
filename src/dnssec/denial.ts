// Proofs that a name or a type does not exist, from secure NSEC and NSEC3 RRsets of one zone.

import { Buffer } from 'node:buffer';
import { WireError } from '../wire/error.ts';
import type { ExtendedError } from '../wire/message.ts';
import { isSubdomainOf, labelCount, type Name, nameToText, parentOf } from '../wire/name.ts';
import { hashOfOwner } from '../wire/nsec3-owner.ts';
import { readNsec, readNsec3 } from '../wire/rdata.ts';
import { EDE, TYPE, typeToText } from '../wire/types.ts';
import type { Insecure } from './delegation.ts';
import type { Finding, OptOut, Proven } from './finding.ts';
import { type NsecProof, nsecNameError, nsecNoData, nsecWildcard } from './nsec.ts';
import {
  HashesSpent,
  type Nsec3Meter,
  Nsec3Set,
  nsec3HashOctets,
  nsec3NameError,
  nsec3NoData,
  nsec3Wildcard,
} from './nsec3.ts';
import type { SecureRRset } from './verify.ts';

/** The denial is not shown. `limit`: hashes ran out before it could be, which says nothing of the zone. */
export interface Unproven {
  readonly kind: 'unproven';
  readonly why: ExtendedError;
  readonly limit: boolean;
}

/** What a proof comes to. `insecure`: the zone's NSEC3 iterations are over the limit (RFC 9276, 3.2). */
export type DenialVerdict = Proven | OptOut | Insecure | Unproven;

/** The NSEC and NSEC3 records of one response, read once for all the proofs wanted of it. */
export interface Denial {
  readonly zone: Name;
  readonly nsecs: readonly NsecProof[];
  /** One set for each set of parameters within the limit. */
  readonly nsec3s: readonly Nsec3Set[];
  /** Present when NSEC3 records over the limit of iterations were left out. */
  readonly insecure: Insecure | undefined;
}

/** What bounds a proof; `meter` is the client question's and is counted down. */
export interface DenialOptions {
  readonly meter: Nsec3Meter;
  readonly nsec3IterationsMax: number;
}

/**
 * Reads the NSEC and NSEC3 RRsets among `rrsets` that `zone` signed; others are passed over, as are those made from a
 * wildcard (their owner is not what the record says), NSEC whose next name is outside the zone, NSEC3 of an unknown
 * hash algorithm or with unknown flags (RFC 5155, 8.1 and 8.2) and all beyond the first {@link recordsMax}.
 */
export function readDenial(zone: Name, rrsets: readonly SecureRRset[], options: DenialOptions): Denial {
  const nsecs: NsecProof[] = [];
  const sets = new Map<string, Nsec3Set>();
  let insecure: Insecure | undefined;
  for (const secure of rrsets.slice(0, recordsMax)) {
    if (secure.zone !== zone || secure.closestEncloser !== undefined) continue;
    const { type } = secure.rrset;
    if (type === TYPE.NSEC) nsecs.push(...readNsecProofs(secure));
    else if (type === TYPE.NSEC3) insecure = addNsec3(sets, secure, options) ?? insecure;
  }
  return { zone, nsecs, nsec3s: [...sets.values()], insecure };
}

/** The NSEC records of an RRset; none when the RDATA is malformed or the next name lies outside the zone. */
export function readNsecProofs({ rrset, zone }: Pick<SecureRRset, 'rrset' | 'zone'>): NsecProof[] {
  const rdata = rrset.rdatas[0];
  const fields = rdata === undefined ? undefined : readOrNothing(() => readNsec(rdata));
  if (fields === undefined || rrset.rdatas.length > 1 || !isSubdomainOf(fields.next, zone)) return [];
  return [{ zone, owner: rrset.name, next: fields.next, types: fields.types, rrset }];
}

/** NXDOMAIN: `name` does not exist, nor does a wildcard that would stand for it. */
export function proveNameError(denial: Denial, name: Name): DenialVerdict {
  return prove(denial, name, `${nameToText(name)} does not exist`, (nsec3s) =>
    nsec3s === undefined ? nsecNameError(denial.nsecs, name) : nsec3NameError(nsec3s, name),
  );
}

/**
 * NODATA: `name`, or the wildcard that stands for it, has no records of `type`. For DS this is the parent's word: when
 * proven, `delegation` tells whether there is a zone cut at all.
 */
export function proveNoData(denial: Denial, name: Name, type: number): DenialVerdict {
  const claim = `${nameToText(name)} has no ${typeToText(type)}`;
  // RFC 4035, 2.4: DS is held by the parent; what the child says of it is nothing.
  if (type === TYPE.DS && name === denial.zone && labelCount(name) > 0) {
    return unproven(denial, claim, { reason: 'the proof is by the child, not by the parent', present: true });
  }
  return prove(denial, name, claim, (nsec3s) =>
    nsec3s === undefined ? nsecNoData(denial.nsecs, name, type) : nsec3NoData(nsec3s, name, type),
  );
}

/**
 * No DS at `name`, by NODATA or because the name does not exist. `proven` with `delegation`: an insecure delegation;
 * without: no zone cut there. `optOut`: there may be an insecure delegation, and never a secure one.
 */
export function proveNoDs(denial: Denial, name: Name): DenialVerdict {
  const noData = proveNoData(denial, name, TYPE.DS);
  if (noData.kind !== 'unproven') return noData;
  const nameError = proveNameError(denial, name);
  return nameError.kind === 'unproven' && !nameError.limit ? noData : nameError;
}

/** An answer made from `*.closestEncloser`: no name closer to `name` exists. */
export function proveWildcard(denial: Denial, name: Name, closestEncloser: Name): DenialVerdict {
  return prove(denial, name, `${nameToText(name)} is a wildcard's`, (nsec3s) =>
    nsec3s === undefined
      ? nsecWildcard(denial.nsecs, name, closestEncloser)
      : nsec3Wildcard(nsec3s, name, closestEncloser),
  );
}

/** Records read of one response: each has cost a signature check, of which there are fewer. */
const recordsMax = 64;
/** Sets of NSEC3 parameters tried: a zone has one, two while it changes them. */
const parametersMax = 2;

/** Tries NSEC, then each set of NSEC3: a zone that changes from one to the other has both. */
function prove(
  denial: Denial,
  name: Name,
  claim: string,
  find: (nsec3s: Nsec3Set | undefined) => Finding,
): DenialVerdict {
  if (!isSubdomainOf(name, denial.zone)) {
    return unproven(denial, claim, { reason: `not a name of ${nameToText(denial.zone)}`, present: true });
  }
  let best: Extract<Finding, { kind: 'unproven' }> | undefined;
  let limit = false;
  const kinds = denial.nsecs.length > 0 ? [undefined, ...denial.nsec3s] : denial.nsec3s;
  for (const kind of kinds) {
    try {
      const found = find(kind);
      if (found.kind !== 'unproven') return found;
      if (best === undefined || (found.present && !best.present)) best = found;
    } catch (error) {
      if (!(error instanceof HashesSpent)) throw error;
      limit = true;
    }
  }
  if (limit) return unproven(denial, claim, { reason: 'too many NSEC3 hashes needed', present: true, limit: true });
  // RFC 5155, 8.2: the records of one answer have the same parameters; among usable ones the others are no excuse.
  if (denial.insecure !== undefined && denial.nsec3s.length === 0) return denial.insecure;
  const reason = `no NSEC or NSEC3 of ${nameToText(denial.zone)}`;
  return unproven(denial, claim, best ?? { reason, present: false });
}

function unproven(
  { zone }: Denial,
  claim: string,
  { reason, present, limit = false }: { readonly reason: string; readonly present: boolean; readonly limit?: boolean },
): Unproven {
  const code = present ? EDE.dnssecBogus : EDE.nsecMissing;
  return { kind: 'unproven', why: { code, text: `${nameToText(zone)}: ${claim}: not proven, ${reason}` }, limit };
}

/** Puts an NSEC3 RRset in the set of its parameters; insecure when its iterations are over the limit. */
function addNsec3(sets: Map<string, Nsec3Set>, secure: SecureRRset, options: DenialOptions): Insecure | undefined {
  const { rrset, zone } = secure;
  const rdata = rrset.rdatas[0];
  if (rdata === undefined || rrset.rdatas.length > 1 || rrset.name.length <= 1 || parentOf(rrset.name) !== zone) {
    return undefined;
  }
  const fields = readOrNothing(() => readNsec3(rdata));
  const ownerHash = hashOfOwner(rrset.name);
  if (fields === undefined || ownerHash === undefined || fields.nextHashed.length !== nsec3HashOctets) return undefined;
  if (fields.hashAlgorithm !== hashSha1 || fields.flags > optOutFlag) return undefined;
  if (fields.iterations > options.nsec3IterationsMax) {
    const text = `${nameToText(zone)}: ${fields.iterations} NSEC3 iterations, at most ${options.nsec3IterationsMax} are done`;
    return { kind: 'insecure', why: { code: EDE.unsupportedNsec3IterationsValue, text } };
  }
  const key = `${fields.iterations} ${Buffer.from(fields.salt).toString('latin1')}`;
  let set = sets.get(key);
  if (set === undefined) {
    if (sets.size >= parametersMax) return undefined;
    set = new Nsec3Set(zone, { iterations: fields.iterations, salt: fields.salt }, options.meter);
    sets.set(key, set);
  }
  const nextHash = Buffer.from(fields.nextHashed).toString('latin1');
  set.proofs.push({ zone, ownerHash, nextHash, optOut: fields.flags === optOutFlag, types: fields.types, rrset });
  return undefined;
}

const hashSha1 = 1;
const optOutFlag = 1;

function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
