// What of a judged response is kept, with which rank and for how long.

import { type DenialEntry, RANK, type RecordEntry } from '../cache/entry.ts';
import type { Delegation, Glue } from '../cache/hierarchy.ts';
import { signedLabels } from '../dnssec/canonical.ts';
import { isSubdomainOf, type Name, ROOT } from '../wire/name.ts';
import { readSoa } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { type Asked, type Classified, classify, nameServersOf } from './classify.ts';
import type { FoundAlias } from './found.ts';
import { LOOK } from './journal.ts';
import { addressesOf } from './keep-addresses.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Scrubbed } from './scrub.ts';

/** Seconds that a denial without SOA is kept: RFC 2308, 5 forbids caching it; Unbound keeps it 5 s against storms. */
const NO_SOA_TTL = 5;

/** Seconds an RRset may be kept, by its TTL and the settings; a TTL with the top bit set is merely large (RFC 8767, 4). */
export function keptTtl(scope: Scope, ttl: number): number {
  const { minTtl, maxTtl } = scope.shared.options.cache;
  return Math.min(Math.max(ttl, minTtl), maxTtl);
}

/** Keeps one RRset of a response by a server of `zone`, with the NSEC and NSEC3 `beside` it. */
export function storeRRset(
  scope: Scope,
  lookup: Lookup,
  rrset: RRset,
  zone: Name,
  response: Scrubbed,
  beside: readonly RRset[] = [],
): RecordEntry {
  const nowMs = scope.nowMs();
  const ttl = keptTtl(scope, rrset.ttl);
  const entry: RecordEntry = {
    kind: 'rrset',
    rrset: ttl === rrset.ttl ? rrset : { ...rrset, ttl },
    // RFC 2181, 5.4.1.
    rank: response.authoritative ? RANK.answerAA : RANK.answer,
    security: 'unchecked',
    expiresAtMs: nowMs + ttl * 1000,
    zone,
    proof: isExpanded(rrset) ? proofsOf(response) : beside,
  };
  scope.remember(entry, response.server);
  const kept = scope.read(LOOK.kept, scope.shared.caches.records.put(entry, nowMs), rrset.name, rrset.type);
  if (kept && scope.observer) {
    scope.emit(lookup, { kind: 'cached', layer: 'records', name: rrset.name, type: rrset.type, ttl });
  }
  return entry;
}

/** Keeps a denial for the lesser of the SOA's TTL and its MINIMUM field (RFC 2308, 5), within the settings' bound. */
export function storeDenial(
  scope: Scope,
  lookup: Lookup,
  denial: Extract<Classified, { kind: 'nodata' | 'nxdomain' }>,
  name: Name,
  type: number,
  zone: Name,
  response: Scrubbed,
): DenialEntry {
  const nowMs = scope.nowMs();
  const { minTtl, maxNegativeTtl } = scope.shared.options.cache;
  const soa = denial.soa === undefined ? undefined : negativeSoa(denial.soa);
  const ttl = soa === undefined ? NO_SOA_TTL : Math.min(Math.max(soa.ttl, minTtl), maxNegativeTtl);
  const entry: DenialEntry = {
    kind: denial.kind,
    name,
    type,
    soa: soa === undefined ? undefined : { ...soa, ttl },
    proof: denial.proof,
    security: 'unchecked',
    expiresAtMs: nowMs + ttl * 1000,
    zone,
  };
  scope.remember(entry, response.server);
  scope.shared.caches.records.putDenial(entry, nowMs);
  if (scope.observer) scope.emit(lookup, { kind: 'cached', layer: 'records', name, type, ttl });
  return entry;
}

function negativeSoa(soa: RRset): RRset {
  const { minimum } = readSoa(soa.rdatas[0] as Uint8Array);
  return minimum < soa.ttl ? { ...soa, ttl: minimum } : soa;
}

/** Whether `rrset` was expanded from a wildcard: the NSEC and NSEC3 beside it prove that (RFC 4035, 3.1.3.3). */
function isExpanded(rrset: RRset): boolean {
  const labels = signedLabels(rrset.name);
  // RFC 4034, 3.1.3: fewer labels in the signature than in the owner, its own `*` not counted, mean a wildcard.
  return rrset.signatures.some((rdata) => (rdata[RRSIG_LABELS_OFFSET] ?? labels) < labels);
}

function proofsOf({ authority }: Scrubbed): RRset[] {
  return authority.filter(({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3);
}

const RRSIG_LABELS_OFFSET = 3;

/**
 * Keeps the servers that a zone names of itself, where they are more than its delegation has: the walk asks them when all
 * others have failed. No client sees them, and they go with the delegation (ghost domains).
 */
export function storeZoneServers(
  scope: Scope,
  { zone, nameServers, source, expiresAtMs }: Delegation,
  ns: RRset,
): void {
  const { limits } = scope.shared.options;
  if (
    source !== 'referral' ||
    nameServersOf(ns, limits.nameServersPerDelegation).every((one) => nameServers.includes(one))
  ) {
    return;
  }
  const nowMs = scope.nowMs();
  const entry: RecordEntry = {
    kind: 'rrset',
    rrset: { ...ns, signatures: [] },
    rank: RANK.authority,
    security: 'unchecked',
    expiresAtMs: Math.min(expiresAtMs, nowMs + keptTtl(scope, ns.ttl) * 1000),
    zone,
    proof: [],
  };
  scope.shared.caches.records.put(entry, nowMs);
}

/** Keeps a referral with its glue; no part of it outlives the parent's word. */
export function storeReferral(
  scope: Scope,
  lookup: Lookup,
  referral: Extract<Classified, { kind: 'referral' }>,
  response: Scrubbed,
  parent: Delegation,
): { readonly delegation: Delegation; readonly glue: readonly Glue[] } {
  const { limits } = scope.shared.options;
  const ttl = keptTtl(scope, referral.ns.ttl);
  const nowMs = scope.nowMs();
  const delegation: Delegation = {
    zone: referral.zone,
    nameServers: nameServersOf(referral.ns, limits.nameServersPerDelegation),
    source: 'referral',
    expiresAtMs: nowMs + ttl * 1000,
    addresses: [],
    ds: referral.ds,
    dsProof: referral.dsProof,
    dsExpiresAtMs: nowMs + dsTtl(referral) * 1000,
  };
  const glue = glueOf(scope, response);
  const placed = scope.shared.caches.hierarchy.put(delegation, glue, parent, nowMs);
  const kept = scope.read(LOOK.placed, placed, referral.zone);
  if (scope.observer) {
    scope.emit(lookup, { kind: 'cached', layer: 'hierarchy', name: referral.zone, type: TYPE.NS, ttl });
  }
  return { delegation: kept, glue };
}

/** RFC 4035, 5.3.3: DS and the proof that there is none each have a TTL of their own. Seconds. */
function dsTtl({ ds, dsProof }: Extract<Classified, { kind: 'referral' }>): number {
  const told = [...(ds === undefined ? [] : [ds]), ...dsProof];
  return told.length === 0 ? 0 : Math.min(...told.map((rrset) => rrset.ttl));
}

function glueOf(scope: Scope, response: Scrubbed): Glue[] {
  const most = scope.shared.options.limits.addressesPerNameServer;
  const nowMs = scope.nowMs();
  return response.glue.map((rrset) => ({
    nameServer: rrset.name,
    family: rrset.type === TYPE.AAAA ? 6 : 4,
    addresses: addressesOf([rrset], rrset.type, most),
    expiresAtMs: nowMs + keptTtl(scope, rrset.ttl) * 1000,
  }));
}

/**
 * Keeps the first link of an alias chain and, where the same response speaks for them with authority, the links and
 * the end that follow: the next step finds them in the caches. Gives the first link.
 */
export function storeChain(scope: Scope, lookup: Lookup, response: Scrubbed, asked: Asked, first: Alias): FoundAlias {
  const { zone } = asked;
  const { links, end } = chainOf(response, asked, first, scope.shared.options.limits.aliasLinks);
  const denial = end !== undefined && 'proof' in end ? end : undefined;
  const last = links.at(-1);
  // NSEC and NSEC3 that deny nothing here speak of where the chain leads (that no DS is there, for instance). RFC 4035,
  // 3.2.1 strips them only from responses to clients without DO.
  const beside = end === undefined && (last?.rrset.signatures.length ?? 0) > 0 ? proofsOf(response) : [];
  const [entry] = links.map((link) =>
    storeRRset(scope, lookup, link.rrset, zone, response, link === last ? beside : []),
  );
  for (const rrset of end?.kind === 'answer' ? end.rrsets : []) storeRRset(scope, lookup, rrset, zone, response);
  if (denial !== undefined) storeDenial(scope, lookup, denial, last?.target ?? asked.name, asked.type, zone, response);
  return { kind: 'alias', entry: entry as RecordEntry, target: first.target, followed: first.followed };
}

type Alias = Extract<Classified, { kind: 'alias' }>;
type End = Extract<Classified, { kind: 'answer' | 'nodata' | 'nxdomain' }>;

/** The links of a chain that the server may speak of, `first` among them, and what it says of their end. */
function chainOf(
  response: Scrubbed,
  asked: Asked,
  first: Alias,
  linksMax: number,
): { readonly links: readonly Alias[]; readonly end: End | undefined } {
  // Beside a signed link an unsigned RRset proves nothing: it is left to be asked for by itself.
  const fits = (rrset: RRset): boolean => rrset.signatures.length > 0 || first.rrset.signatures.length === 0;
  const links = [first];
  const speaks = response.authoritative || asked.role !== 'authority';
  for (let name = first.target; links.length < linksMax && name !== undefined; name = links.at(-1)?.target) {
    // RFC 4035, 3.1.4.1: of a zone's own DS its servers know nothing; the parent is asked.
    if (!speaks || !isSubdomainOf(name, asked.zone) || (asked.type === TYPE.DS && name === asked.zone)) break;
    const outcome = classify(response, { ...asked, name });
    if (outcome.kind === 'alias' && fits(outcome.rrset)) {
      links.push(outcome);
      continue;
    }
    if (outcome.kind === 'answer') {
      const rrsets = outcome.rrsets.filter(fits);
      if (rrsets.length > 0) return { links, end: { ...outcome, rrsets } };
    } else if ((outcome.kind === 'nodata' || outcome.kind === 'nxdomain') && outcome.soa && fits(outcome.soa)) {
      return { links, end: outcome };
    }
    break;
  }
  return { links, end: undefined };
}

/** RFC 9609, 4: the answer to the priming question replaces the hints for as long as it lives. */
export function storePriming(scope: Scope, lookup: Lookup, rrsets: readonly RRset[], response: Scrubbed): void {
  const ns = rrsets.find((rrset) => rrset.type === TYPE.NS);
  if (ns === undefined) return;
  const { limits } = scope.shared.options;
  const ttl = keptTtl(scope, ns.ttl);
  const nameServers = nameServersOf(ns, limits.nameServersPerDelegation);
  const expiresAtMs = scope.nowMs() + ttl * 1000;
  const delegation: Delegation = {
    zone: ROOT,
    nameServers,
    source: 'priming',
    expiresAtMs,
    addresses: [],
    ds: undefined,
    dsProof: [],
    dsExpiresAtMs: expiresAtMs,
  };
  const glue = glueOf(scope, response);
  // RFC 9609, 4.2 lets addresses be missing; names without one known address would leave us without a root.
  const isKnown = (nameServer: Name): boolean =>
    glue.some((one) => one.nameServer === nameServer) ||
    ([4, 6] as const).some((family) => (scope.addresses(ROOT, nameServer, family)?.addresses.length ?? 0) > 0);
  if (!nameServers.some(isKnown)) return;
  scope.shared.caches.hierarchy.put(delegation, glue, undefined, scope.nowMs());
  if (scope.observer) scope.emit(lookup, { kind: 'cached', layer: 'hierarchy', name: ROOT, type: TYPE.NS, ttl });
}
