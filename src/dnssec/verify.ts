// One RRset and its signatures: which checks are worth their cost, in which order, and what the result says.

import type { Limits } from '../base/limits.ts';
import { WireError } from '../wire/error.ts';
import type { ExtendedError } from '../wire/message.ts';
import { ancestorOf, isSubdomainOf, labelCount, type Name, nameToText } from '../wire/name.ts';
import { type Rrsig, readRrsig } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE, TYPE, typeToText } from '../wire/types.ts';
import { type Algorithm, algorithmOf, algorithmToText, verifyOctets } from './algorithms.ts';
import { canonicalRdatas, signedData, signedLabels } from './canonical.ts';
import { type ImportedKeys, keyToText, signsZoneData, type ZoneKey, type ZoneKeys, zoneKeyFlag } from './keys.ts';
import type { Support } from './support.ts';
import type { VerifiedSignatures } from './verified.ts';

/** What every check needs beside the data. */
export interface VerifyContext {
  readonly support: Support;
  readonly imported: ImportedKeys;
  readonly verified: VerifiedSignatures;
  readonly limits: Pick<Limits, 'signaturesPerRRset' | 'signatureChecksPerRRset' | 'keysPerTag'>;
  /** Seconds since 1970 by the wall clock. */
  readonly nowSeconds: number;
  readonly skew: Skew;
}

/**
 * How far a clock may be off: a tenth of a signature's lifetime, but not less than `leastSeconds` nor more than
 * `mostSeconds` (as Unbound's val-sig-skew-min and -max).
 */
export interface Skew {
  readonly leastSeconds: number;
  readonly mostSeconds: number;
}

/** One hour to one day. */
export const defaultSkew: Skew = { leastSeconds: 3600, mostSeconds: 86_400 };

/** A signature and a key that may have made it: one cryptographic check. */
export interface Candidate {
  readonly rrsig: Rrsig;
  readonly rrsigRdata: Uint8Array;
  readonly key: ZoneKey;
  readonly algorithm: Algorithm;
  /** Seconds that the signature stays valid, skew included. */
  readonly validSeconds: number;
}

/** An RRset that a key of its zone signed. */
export interface SecureRRset {
  readonly kind: 'secure';
  readonly rrset: RRset;
  /** The signer: the zone that the RRset is of. */
  readonly zone: Name;
  /** Seconds it may be kept: the least of TTL, original TTL and time to expiry (RFC 4035, 5.3.3). */
  readonly ttl: number;
  /** The wildcard's parent when the owner was made from a wildcard: then that no closer name exists needs proof. */
  readonly closestEncloser: Name | undefined;
  readonly key: ZoneKey;
}

/** Data that fails validation, and why. */
export interface Bogus {
  readonly kind: 'bogus';
  readonly why: ExtendedError;
}

/**
 * Judges `rrset`, which should be `zoneKeys.zone`'s, by that zone's keys, which must be secure. Each `yield` comes
 * before one cryptographic check (an import of a key counts with it), so that the caller can count it, wait, or leave
 * off with `return()`. At most `signatureChecksPerRRset` checks, those that are remembered counted too: what a
 * question may cost does not hang on what others asked before.
 */
export function* verifyRRset(
  rrset: RRset,
  zoneKeys: ZoneKeys,
  context: VerifyContext,
): Generator<Candidate, SecureRRset | Bogus, void> {
  const { list, fault } = candidates(rrset, zoneKeys, context);
  let worst = fault;
  let rdatas: Uint8Array[] | undefined;
  for (const candidate of list) {
    yield candidate;
    rdatas ??= canonicalRdatas(rrset.type, rrset.rdatas);
    const failure = checkSignature(rrset, rdatas, candidate, context);
    if (failure === undefined) return secure(rrset, zoneKeys.zone, candidate);
    worst = heavier(failure, worst);
  }
  const { code, text } = worst ?? unsigned(zoneKeys.zone);
  return { kind: 'bogus', why: { code, text: `${nameToText(rrset.name)} ${typeToText(rrset.type)}: ${text}` } };
}

/** Runs the steps of a verification to their end without a pause; undefined when `checksMax` checks did not suffice. */
export function runChecks<T>(steps: Generator<Candidate, T, void>, checksMax: number): T | undefined {
  for (let checks = 0; ; checks++) {
    const step = steps.next();
    if (step.done) return step.value;
    if (checks >= checksMax) return undefined;
  }
}

/** Why signatures gave no proof; of several faults the heaviest is told. */
interface Fault extends ExtendedError {
  readonly weight: number;
}

/**
 * The checks worth making, cheapest algorithm first, cut to the limits; and the fault to tell should all of them fail, if
 * there was any beside theirs.
 * KeyTrap (CVE-2023-50387): signatures, keys of one tag, and their products are each bounded.
 */
function candidates(
  rrset: RRset,
  zoneKeys: ZoneKeys,
  context: VerifyContext,
): { readonly list: readonly Candidate[]; readonly fault: Fault | undefined } {
  const { limits } = context;
  const list: Candidate[] = [];
  let fault: Fault | undefined;
  let signatures = 0;
  for (const rrsigRdata of rrset.signatures) {
    const judged = judgeSignature(rrset, rrsigRdata, zoneKeys.zone, context);
    if (judged.fault !== undefined) {
      fault = heavier(judged.fault, fault);
      continue;
    }
    if (++signatures > limits.signaturesPerRRset) break;
    const found = keysFor(judged.rrsig, zoneKeys, limits.keysPerTag);
    if (found.fault !== undefined) fault = heavier(found.fault, fault);
    for (const key of found.keys) list.push({ ...judged, rrsigRdata, key });
  }
  // RFC 6840, 5.11: any one valid path suffices, so the cheap ones go first. The sort is stable.
  list.sort((a, b) => a.algorithm.cost - b.algorithm.cost);
  return { list: list.slice(0, limits.signatureChecksPerRRset), fault };
}

type Judged =
  | { readonly fault: Fault }
  | { readonly fault?: undefined; readonly rrsig: Rrsig; readonly algorithm: Algorithm; readonly validSeconds: number };

/** All that can be said of a signature without its key (RFC 4035, 5.3.1). */
function judgeSignature(rrset: RRset, rrsigRdata: Uint8Array, zone: Name, context: VerifyContext): Judged {
  let rrsig: Rrsig;
  try {
    rrsig = readRrsig(rrsigRdata);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { fault: { weight: 1, code: EDE.dnssecBogus, text: `malformed signature (${error.message})` } };
  }
  const misfit = misfitOf(rrset, rrsig, zone);
  if (misfit !== undefined) {
    return { fault: { weight: 2, code: EDE.dnssecBogus, text: `${signatureToText(rrsig)} ${misfit}` } };
  }
  const algorithm = context.support.algorithms.has(rrsig.algorithm) ? algorithmOf(rrsig.algorithm) : undefined;
  if (algorithm === undefined) {
    const text = `${signatureToText(rrsig)} is of an unsupported algorithm`;
    return { fault: { weight: 1, code: EDE.rrsigsMissing, text } };
  }
  const validity = checkValidity(rrsig, context.nowSeconds, context.skew);
  if (typeof validity !== 'number') {
    return { fault: { weight: 4, code: validity.code, text: `${signatureToText(rrsig)} ${validity.text}` } };
  }
  return { rrsig, algorithm, validSeconds: validity };
}

function misfitOf(rrset: RRset, rrsig: Rrsig, zone: Name): string | undefined {
  if (rrsig.typeCovered !== rrset.type) return `covers ${typeToText(rrsig.typeCovered)}`;
  if (rrsig.signer !== zone) return `is not by ${nameToText(zone)}`;
  if (!isSubdomainOf(rrset.name, rrsig.signer)) return 'is by a zone that does not hold the name';
  // RFC 4035, 2.4: a zone's DS is its parent's.
  if (rrset.type === TYPE.DS && rrset.name === rrsig.signer) return 'is by the child and not by the parent';
  if (rrsig.labels > signedLabels(rrset.name)) return 'counts more labels than the name has';
  // A wildcard above the zone would be another zone's.
  if (rrsig.labels < labelCount(rrsig.signer)) return 'counts fewer labels than its zone has';
  return undefined;
}

/** Seconds that the signature stays valid (0 or more), or what is wrong with its times (RFC 4034, 3.1.5). */
export function checkValidity(
  rrsig: Pick<Rrsig, 'inception' | 'expiration'>,
  nowSeconds: number,
  skew: Skew,
): number | ExtendedError {
  // RFC 4034, 3.1.5: serial arithmetic modulo 2^32 (RFC 1982).
  const lifetime = (rrsig.expiration - rrsig.inception) | 0;
  if (lifetime < 0) {
    return { code: EDE.signatureExpiredBeforeValid, text: `expires ${-lifetime} s before it begins` };
  }
  const tolerance = Math.min(Math.max(Math.floor(lifetime / 10), skew.leastSeconds), skew.mostSeconds);
  const early = (rrsig.inception - nowSeconds) | 0;
  if (early > tolerance)
    return { code: EDE.signatureNotYetValid, text: `is valid only from ${timeToText(rrsig.inception)}` };
  const late = (nowSeconds - rrsig.expiration) | 0;
  if (late > tolerance) return { code: EDE.signatureExpired, text: `expired ${timeToText(rrsig.expiration)}` };
  return late > 0 ? tolerance - late : 0 - late;
}

/** The keys that `rrsig` names, at most `keysPerTag`. */
function keysFor(rrsig: Rrsig, zoneKeys: ZoneKeys, keysPerTag: number): { keys: ZoneKey[]; fault: Fault | undefined } {
  const keys: ZoneKey[] = [];
  let unfit: ZoneKey | undefined;
  for (const key of zoneKeys.keys) {
    if (key.tag !== rrsig.keyTag || key.fields.algorithm !== rrsig.algorithm) continue;
    if (signsZoneData(key)) keys.push(key);
    else unfit = key;
    if (keys.length >= keysPerTag) break;
  }
  if (keys.length > 0) return { keys, fault: undefined };
  const zone = nameToText(zoneKeys.zone);
  if (unfit === undefined) {
    return {
      keys,
      fault: { weight: 3, code: EDE.dnskeyMissing, text: `${signatureToText(rrsig)}: ${zone} has no such key` },
    };
  }
  const flagged = (unfit.fields.flags & zoneKeyFlag) !== 0;
  const text = `key ${keyToText(unfit)} of ${zone} ${flagged ? 'is revoked or not for DNSSEC' : 'is not a zone key'}`;
  return { keys, fault: { weight: 3, code: flagged ? EDE.dnssecBogus : EDE.noZoneKeyBitSet, text } };
}

/** The check itself: nothing when the signature verifies, or did a while ago. */
function checkSignature(
  rrset: RRset,
  rdatas: readonly Uint8Array[],
  { rrsig, rrsigRdata, key, algorithm }: Candidate,
  { imported, verified }: VerifyContext,
): Fault | undefined {
  const data = signedData(rrset, rdatas, rrsig, rrsigRdata);
  const id = verified.idOf(key, rrsig.signature, data);
  if (id !== undefined && verified.has(id)) return undefined;
  const ready = imported.import(key);
  if (ready.key === undefined) {
    const text = `key ${keyToText(key)} of ${nameToText(rrsig.signer)} is unusable: ${ready.fault}`;
    return { weight: 3, code: EDE.dnskeyMissing, text };
  }
  if (!verifyOctets(algorithm, ready.key, data, rrsig.signature)) {
    return { weight: 5, code: EDE.dnssecBogus, text: `${signatureToText(rrsig)} does not verify` };
  }
  if (id !== undefined) verified.add(id);
  return undefined;
}

function secure(rrset: RRset, zone: Name, { rrsig, key, validSeconds }: Candidate): SecureRRset {
  return {
    kind: 'secure',
    rrset,
    zone,
    ttl: Math.min(rrset.ttl, rrsig.originalTtl, validSeconds),
    closestEncloser: rrsig.labels < signedLabels(rrset.name) ? ancestorOf(rrset.name, rrsig.labels) : undefined,
    key,
  };
}

function unsigned(zone: Name): ExtendedError {
  return { code: EDE.rrsigsMissing, text: `no signature by ${nameToText(zone)}` };
}

function heavier(a: Fault, b: Fault | undefined): Fault {
  return b === undefined || a.weight > b.weight ? a : b;
}

function signatureToText(rrsig: Rrsig): string {
  return `signature by key ${rrsig.keyTag}/${algorithmToText(rrsig.algorithm)} of ${nameToText(rrsig.signer)}`;
}

/** `2026-01-31T12:00:00Z`; the field is read as 1970..2106. */
function timeToText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
