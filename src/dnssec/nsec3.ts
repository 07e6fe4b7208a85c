// What NSEC3 records say, and the hash behind them (RFC 5155), with a bound on hashing (CVE-2023-50868).

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { ancestorOf, labelCount, type Name, parentOf, wildcardOf } from '../wire/name.ts';
import { nameOctetsMax } from '../wire/name-text.ts';
import type { TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { type Finding, type NotFound, typeDenied } from './finding.ts';
import { leadsElsewhere } from './nsec.ts';

/** What is left of a client question's hashes; one is one name hashed with all its iterations. */
export interface Nsec3Meter {
  nsec3HashesLeft: number;
}

/** How names are hashed; SHA-1 always (RFC 5155, 11). */
export interface Nsec3Parameters {
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** One secure NSEC3 record of `zone`. */
export interface Nsec3Proof {
  readonly zone: Name;
  /** Decoded from the owner name; in the form of {@link nsec3Hash}, as is the next. */
  readonly ownerHash: string;
  readonly nextHash: string;
  readonly optOut: boolean;
  readonly types: TypeBitmap;
  readonly rrset: RRset;
}

/**
 * The hash of a name (RFC 5155, 5): 20 characters, each an octet, so that hashes compare with `<` and are Map keys.
 * node:crypto gives a short string in a quarter of the time of a Buffer.
 */
export function nsec3Hash(name: Name, { iterations, salt }: Nsec3Parameters): string {
  let digest = saltedHash(name, salt);
  for (let i = 0; i < iterations; i++) digest = saltedHash(digest, salt);
  return digest;
}

function saltedHash(text: string, salt: Uint8Array): string {
  const end = scratch.write(text, 'latin1');
  scratch.set(salt, end);
  return hash('sha1', scratch.subarray(0, end + salt.length), 'binary');
}

/** A name, and a salt whose length is one octet. */
const scratch: Buffer = Buffer.alloc(nameOctetsMax + 255);

/** Octets of a SHA-1 hash. */
export const nsec3HashOctets = 20;

/** Whether `hashed` lies strictly between owner and next, around the end of the ring where the last record leads back. */
export function nsec3Covers(
  { ownerHash, nextHash }: Pick<Nsec3Proof, 'ownerHash' | 'nextHash'>,
  hashed: string,
): boolean {
  if (ownerHash < nextHash) return ownerHash < hashed && hashed < nextHash;
  // The last of the ring, or the only one: all but the owner itself.
  return ownerHash < hashed || hashed < nextHash;
}

/** NSEC3 records of one zone and one set of parameters, however they are kept; {@link HashesSpent} past their meter. */
export interface Nsec3Records {
  readonly zone: Name;
  /** The record whose owner is the hash of `name`. */
  matching(name: Name): Nsec3Proof | undefined;
  /** A record that covers the hash of `name`. */
  covering(name: Name): Nsec3Proof | undefined;
}

/** The NSEC3 records of one response, with the hashes made for them so far. */
export class Nsec3Set implements Nsec3Records {
  readonly zone: Name;
  readonly parameters: Nsec3Parameters;
  readonly proofs: Nsec3Proof[] = [];
  readonly #meter: Nsec3Meter;
  readonly #hashes = new Map<Name, string>();

  constructor(zone: Name, parameters: Nsec3Parameters, meter: Nsec3Meter) {
    this.zone = zone;
    this.parameters = parameters;
    this.#meter = meter;
  }

  matching(name: Name): Nsec3Proof | undefined {
    const hashed = this.#hash(name);
    return this.proofs.find((proof) => proof.ownerHash === hashed);
  }

  covering(name: Name): Nsec3Proof | undefined {
    const hashed = this.#hash(name);
    return this.proofs.find((proof) => nsec3Covers(proof, hashed));
  }

  #hash(name: Name): string {
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    if (this.#meter.nsec3HashesLeft <= 0) throw new HashesSpent();
    this.#meter.nsec3HashesLeft--;
    const hashed = nsec3Hash(name, this.parameters);
    this.#hashes.set(name, hashed);
    return hashed;
  }
}

/** Thrown within a proof when the meter is empty; `denial.ts` turns it into a verdict. */
export class HashesSpent extends Error {
  override readonly name = 'HashesSpent';
}

/** NXDOMAIN (RFC 5155, 8.4). */
export function nsec3NameError(set: Nsec3Records, name: Name): Finding {
  const found = closestEncloser(set, name);
  if (found.kind !== 'found') return found;
  const absent = set.covering(wildcardOf(found.closestEncloser));
  if (absent === undefined) return { kind: 'unproven', reason: 'no NSEC3 denies the wildcard', present: false };
  const proof = proofOf(found.match, found.cover, absent);
  // RFC 5155, 9.2: an opt-out span may hold unsigned delegations, the name among them.
  if (found.cover.optOut) return { kind: 'optOut', closestEncloser: found.closestEncloser, proof };
  return { kind: 'proven', closestEncloser: found.closestEncloser, delegation: false, proof };
}

/** NODATA (RFC 5155, 8.5 to 8.7). */
export function nsec3NoData(set: Nsec3Records, name: Name, type: number): Finding {
  const match = set.matching(name);
  if (match !== undefined) return typeDenied(match.types, name, type, [match.rrset], name);
  const found = closestEncloser(set, name);
  if (found.kind !== 'found') return found;
  const wildcard = wildcardOf(found.closestEncloser);
  const source = set.matching(wildcard);
  const proof = proofOf(found.match, found.cover, source ?? found.cover);
  if (source !== undefined) {
    const verdict = typeDenied(source.types, wildcard, type, proof, found.closestEncloser);
    if (verdict.kind !== 'proven' || !found.cover.optOut) return verdict;
  } else if (!found.cover.optOut) {
    const what = type === TYPE.DS ? 'the name does not exist and is under no opt-out' : 'no NSEC3 matches the wildcard';
    return { kind: 'unproven', reason: what, present: false };
  }
  return { kind: 'optOut', closestEncloser: found.closestEncloser, proof };
}

/** A wildcard's answer (RFC 5155, 8.8): the name next closer to `*.closestEncloser` does not exist. */
export function nsec3Wildcard(set: Nsec3Records, name: Name, closestEncloser: Name): Finding {
  const nextCloser = ancestorOf(name, labelCount(closestEncloser) + 1);
  const cover = set.covering(nextCloser);
  if (cover === undefined) return { kind: 'unproven', reason: 'no NSEC3 covers the next closer name', present: false };
  const proof = [cover.rrset];
  if (cover.optOut) return { kind: 'optOut', closestEncloser, proof };
  return { kind: 'proven', closestEncloser, delegation: false, proof };
}

/**
 * The closest encloser proof (RFC 5155, 8.3): an ancestor that exists, and the next closer name that does not. Sought
 * from the apex down, which costs one hash for each label of the closest encloser and not of the name asked, however
 * long: below a name that does not exist nothing does.
 */
function closestEncloser(
  set: Nsec3Records,
  name: Name,
):
  | { readonly kind: 'found'; readonly closestEncloser: Name; readonly match: Nsec3Proof; readonly cover: Nsec3Proof }
  | NotFound {
  const labels = labelCount(name);
  let parent: Nsec3Proof | undefined;
  let ancestors = 0;
  for (let count = labelCount(set.zone); count <= labels; count++) {
    const candidate = ancestorOf(name, count);
    const match = set.matching(candidate);
    const cover = match === undefined && parent !== undefined ? set.covering(candidate) : undefined;
    if (cover !== undefined && parent !== undefined) {
      if (leadsElsewhere(parent.types)) {
        return { kind: 'unproven', reason: 'the closest encloser is a delegation or a DNAME', present: true };
      }
      return { kind: 'found', closestEncloser: parentOf(candidate), match: parent, cover };
    }
    parent = match;
    if (match !== undefined) ancestors++;
  }
  if (parent !== undefined) return { kind: 'unproven', reason: 'an NSEC3 matches the name', present: true };
  const reason = ancestors === 0 ? 'no NSEC3 matches an ancestor' : 'no NSEC3 covers the next closer name';
  return { kind: 'unproven', reason, present: false };
}

function proofOf(...proofs: readonly Nsec3Proof[]): RRset[] {
  return [...new Set(proofs.map((proof) => proof.rrset))];
}
