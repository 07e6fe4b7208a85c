// Answers made from what validated NSEC and NSEC3 leave no room for: NXDOMAIN, NODATA, wildcards (RFC 8198).

import { assert } from '../base/assert.ts';
import type { DenialRanges } from '../cache/denial-ranges.ts';
import { RANK, type RecordEntry } from '../cache/entry.ts';
import type { NsecRange, RangeEntry, SoaOfZone } from '../cache/range.ts';
import type { HashParameters } from '../cache/zone-ranges.ts';
import type { Finding, Proven } from '../dnssec/finding.ts';
import { nsecClosestEncloser, nsecDenies, nsecNameError, nsecNoData, nsecWildcard } from '../dnssec/nsec.ts';
import {
  HashesSpent,
  type Nsec3Meter,
  type Nsec3Proof,
  type Nsec3Records,
  nsec3Covers,
  nsec3Hash,
  nsec3NameError,
  nsec3NoData,
  nsec3Wildcard,
} from '../dnssec/nsec3.ts';
import type { ExtendedError } from '../wire/message.ts';
import { ancestorOf, labelCount, type Name, nameToText, parentOf, ROOT, wildcardOf } from '../wire/name.ts';
import { readSoa } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { cnameTarget } from './alias.ts';
import type { Found } from './found.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';
import type { TrustState } from './zone-status.ts';

/** What is proven of a name, before it is known how long it holds. */
type Shown =
  | { readonly kind: 'nxdomain' | 'nodata'; readonly found: Proven }
  | { readonly kind: 'wildcard'; readonly source: RecordEntry; readonly found: Proven };

/** A question within the zone that may show its answer. */
interface Asked {
  readonly scope: Scope;
  readonly ranges: DenialRanges;
  readonly zone: Name;
  readonly name: Name;
  readonly type: number;
  /** What was looked at, each once. */
  readonly seen: RangeEntry[];
}

/**
 * The answer to `name` and `type` that the kept NSEC and NSEC3 of the closest zone prove, always secure; undefined when
 * they prove none, when nothing is validated for this client, or when something else than that zone speaks for the name.
 */
export function synthesise(scope: Scope, name: Name, type: number): Found | undefined {
  const { trust, caches } = scope.shared;
  if (trust === undefined || !scope.validates) return undefined;
  const ranges = caches.denialRanges;
  // RFC 4035, 2.4: DS is held by the parent.
  const from = type === TYPE.DS && name !== ROOT ? parentOf(name) : name;
  const zone = scope.read(LOOK.ranges, rangesZone(scope, trust, from), from);
  if (zone === undefined) return undefined;
  const asked = { scope, ranges, zone, name, type, seen: [] };
  const shown = byNsec(asked) ?? byNsec3(asked);
  const found = shown && toFound(asked, shown);
  if (found === undefined) ranges.missed();
  return found;
}

/** The zone whose kept ranges speak for `name`. */
function rangesZone(scope: Scope, trust: TrustState, name: Name): Name | undefined {
  const { denialRanges, hierarchy } = scope.shared.caches;
  const zone = denialRanges.closestZone(name);
  if (zone === undefined) return undefined;
  // A zone that is forwarded or private may well be denied by the public zone above it.
  const hasServers = labelCount(hierarchy.closest(name, scope.nowMs()).zone) > labelCount(zone);
  return hasServers || isTrustedApart(trust, zone, name) ? undefined : zone;
}

/** Whether there is an anchor or an exception for a part of `zone` that holds `name`. */
function isTrustedApart(trust: TrustState, zone: Name, name: Name): boolean {
  // Most resolvers have the root's anchor and nothing else, and need no name of an ancestor to look for it.
  if (trust.anchors.size === 1 && trust.anchors.has(ROOT) && trust.negativeAnchors.size === 0) return false;
  for (let above = name; above !== zone; above = parentOf(above)) {
    if (trust.anchors.has(above) || trust.negativeAnchors.has(above)) return true;
  }
  return trust.negativeAnchors.has(zone);
}

/** RFC 8198, 5.1 and 5.3. */
function byNsec(asked: Asked): Shown | undefined {
  const { name, type } = asked;
  const first = nsecBefore(asked, name);
  if (first === undefined) return undefined;
  const nsecs: NsecRange[] = [first];
  if (first.owner !== name) {
    if (!nsecDenies(first, name)) return undefined;
    const wildcard = wildcardOf(nsecClosestEncloser(first, name)); // never too long: it is no longer than the name
    const second = nsecBefore(asked, wildcard);
    if (second !== undefined && second !== first) nsecs.push(second);
    const nameError = nsecNameError(nsecs, name);
    if (nameError.kind === 'proven') return { kind: 'nxdomain', found: nameError };
  }
  const noData = nsecNoData(nsecs, name, type);
  if (noData.kind === 'proven') return { kind: 'nodata', found: noData };
  if (first.owner === name) return undefined;
  const closestEncloser = nsecClosestEncloser(first, name);
  return expansion(asked, closestEncloser, () => nsecWildcard(nsecs, name, closestEncloser));
}

function nsecBefore({ ranges, zone, scope, seen }: Asked, name: Name): NsecRange | undefined {
  return once(seen, scope.read(LOOK.nsec, ranges.nsec(zone, name, scope.nowMs()), name, zone));
}

/** The record itself or, if it was looked at before, what it was then: a proof has each record once. */
function once<R extends RangeEntry>(seen: RangeEntry[], range: R | undefined): R | undefined {
  if (range === undefined) return undefined;
  const known = seen.find((one): one is R => one.kind === range.kind && one.rrset.name === range.rrset.name);
  if (known === undefined) seen.push(range);
  return known ?? range;
}

/** RFC 8198, 5.2 and 5.3. */
function byNsec3(asked: Asked): Shown | undefined {
  const { scope, ranges, zone } = asked;
  const { nsec3Meter } = scope.budget;
  for (const parameters of scope.read(LOOK.parameters, ranges.parameters(zone), zone)) {
    // Half of the question's hashes are for what has to be validated.
    const spare = nsec3Meter.nsec3HashesLeft - (scope.shared.options.limits.nsec3Hashes >> 1);
    const meter = { nsec3HashesLeft: Math.max(0, Math.min(spare, HASHES_MAX)) };
    const before = meter.nsec3HashesLeft;
    try {
      const shown = byChain(asked, new KeptNsec3(asked, parameters, meter));
      if (shown !== undefined) return shown;
    } catch (error) {
      if (!(error instanceof HashesSpent)) throw error;
      return undefined;
    } finally {
      nsec3Meter.nsec3HashesLeft -= before - meter.nsec3HashesLeft;
    }
  }
  return undefined;
}

function byChain(asked: Asked, kept: KeptNsec3): Shown | undefined {
  const { zone, name, type } = asked;
  const labels = labelCount(name);
  // From the apex down to the first name that does not exist; a name of which nothing is known ends it.
  let count = labelCount(zone);
  while (count <= labels && kept.matching(ancestorOf(name, count)) !== undefined) count++;
  if (count <= labels) {
    if (count === labelCount(zone) || kept.covering(ancestorOf(name, count)) === undefined) return undefined;
    const nameError = nsec3NameError(kept, name);
    if (nameError.kind === 'proven') return { kind: 'nxdomain', found: nameError };
  }
  const noData = nsec3NoData(kept, name, type);
  if (noData.kind === 'proven') return { kind: 'nodata', found: noData };
  if (count > labels) return undefined;
  const closestEncloser = ancestorOf(name, count - 1);
  return expansion(asked, closestEncloser, () => nsec3Wildcard(kept, name, closestEncloser));
}

/** RFC 8198, 5.3: a secure wildcard RRset (or CNAME) that is kept, when `prove` shows that the name is one of its. */
function expansion({ scope, type }: Asked, closestEncloser: Name, prove: () => Finding): Shown | undefined {
  if (type === TYPE.DS || type === TYPE.NSEC || type === TYPE.RRSIG) return undefined;
  const wildcard = wildcardOf(closestEncloser);
  const source = secureRRset(scope, wildcard, type) ?? secureRRset(scope, wildcard, TYPE.CNAME);
  if (source === undefined) return undefined;
  const found = prove();
  return found.kind === 'proven' ? { kind: 'wildcard', source, found } : undefined;
}

function secureRRset(scope: Scope, name: Name, type: number): RecordEntry | undefined {
  const entry = scope.rrset(name, type);
  return entry?.security === 'secure' ? entry : undefined;
}

/** What was shown, for as long as everything that shows it lives (RFC 8198, 5.4). */
function toFound(asked: Asked, shown: Shown): Found | undefined {
  const { zone, name, type, scope, ranges } = asked;
  const { proof } = shown.found;
  const used = asked.seen.filter(({ rrset }) => proof.includes(rrset));
  assert(used.length === proof.length, 'a proof of what is not kept');
  const common = { security: 'secure', zone, proof, why: synthesisedFrom(zone, proof) } as const;
  if (shown.kind === 'wildcard') {
    const { rrset, expiresAtMs: sourceExpiresAtMs } = shown.source;
    const expiresAtMs = Math.min(sourceExpiresAtMs, ...used.map((one) => one.expiresAtMs));
    const entry = { ...common, kind: 'rrset', rrset: { ...rrset, name }, rank: RANK.answer, expiresAtMs } as const;
    ranges.answered(used);
    if (rrset.type === type) return { kind: 'records', entries: [entry] };
    return { kind: 'alias', entry, target: cnameTarget(rrset) };
  }
  const kept = scope.read(LOOK.soa, ranges.soa(zone, scope.nowMs()), zone);
  const soa = kept ?? soaOfRecords(scope, zone);
  if (soa === undefined) return undefined;
  const expiresAtMs = Math.min(soa.expiresAtMs, latestNegative(scope), ...used.map((one) => one.expiresAtMs));
  ranges.answered(kept === undefined ? used : [...used, kept]);
  return { kind: 'denial', entry: { ...common, kind: shown.kind, name, type, soa: soa.rrset, expiresAtMs } };
}

/** An answer to a question for the SOA serves as well; its life is then cut to MINIMUM. */
function soaOfRecords(scope: Scope, zone: Name): Pick<SoaOfZone, 'rrset' | 'expiresAtMs'> | undefined {
  const entry = secureRRset(scope, zone, TYPE.SOA);
  if (entry === undefined) return undefined;
  const { minimum } = readSoa(entry.rrset.rdatas[0] as Uint8Array);
  return { rrset: entry.rrset, expiresAtMs: Math.min(entry.expiresAtMs, scope.nowMs() + minimum * 1000) };
}

function latestNegative(scope: Scope): number {
  const { cache, limits } = scope.shared.options;
  return scope.nowMs() + Math.min(cache.maxNegativeTtl, limits.negativeTtlSeconds) * 1000;
}

function synthesisedFrom(zone: Name, proof: readonly RRset[]): ExtendedError {
  const kind = proof[0]?.type === TYPE.NSEC ? 'NSEC' : 'NSEC3';
  return { code: EDE.synthesized, text: `${kind} of ${nameToText(zone)}` };
}

/** Hashes for one attempt: a name of 13 labels below its zone, which few have. */
const HASHES_MAX = 16;

/** The NSEC3 records kept of one zone and set of parameters, with the hashes made so far. */
class KeptNsec3 implements Nsec3Records {
  readonly zone: Name;
  readonly #asked: Asked;
  readonly #parameters: HashParameters;
  readonly #meter: Nsec3Meter;
  readonly #hashes = new Map<Name, string>();

  constructor(asked: Asked, parameters: HashParameters, meter: Nsec3Meter) {
    this.zone = asked.zone;
    this.#asked = asked;
    this.#parameters = parameters;
    this.#meter = meter;
  }

  matching(name: Name): Nsec3Proof | undefined {
    const hashed = this.#hash(name);
    const range = this.#at(hashed);
    return range?.ownerHash === hashed ? range : undefined;
  }

  covering(name: Name): Nsec3Proof | undefined {
    const hashed = this.#hash(name);
    const range = this.#at(hashed);
    return range !== undefined && nsec3Covers(range, hashed) ? range : undefined;
  }

  #at(hashed: string): Nsec3Proof | undefined {
    const { ranges, zone, scope, seen } = this.#asked;
    const live = ranges.nsec3(zone, this.#parameters, hashed, scope.nowMs());
    return once(seen, scope.read(LOOK.nsec3, live, zone, hashed));
  }

  #hash(name: Name): string {
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    if (this.#meter.nsec3HashesLeft <= 0) throw new HashesSpent();
    this.#meter.nsec3HashesLeft--;
    const hashed = nsec3Hash(name, this.#parameters);
    this.#hashes.set(name, hashed);
    return hashed;
  }
}
