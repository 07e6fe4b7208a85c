// What an engine holds, as plain values for people and programs to look at, and taking things out by name.

import { addressKey } from '../base/ports.ts';
import type { AnswerDump } from '../cache/answers.ts';
import { type LayerStats, RANK } from '../cache/entry.ts';
import type { HierarchyDump } from '../cache/hierarchy.ts';
import type { AnyEntry } from '../cache/records-packing.ts';
import { ednsOf, isBackedOff, type ServerState } from '../cache/servers.ts';
import { keyToText } from '../dnssec/keys.ts';
import { isSubdomainOf, type Name, nameToText } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import type { RRset } from '../wire/rrset.ts';
import { typeToText } from '../wire/types.ts';
import type { LayerName } from './events.ts';
import type { Shared } from './shared.ts';
import type { ResolveRequest } from './types.ts';
import { statusTag, type ZoneStatus } from './zone-status.ts';

/** The layers in the order of the notes. */
export const LAYERS: readonly LayerName[] = ['answers', 'host', 'records', 'hierarchy'];

/** A table of which figures are kept: the layers, and what belongs to `records` and `hierarchy` beside their main one. */
export type TableName = LayerName | 'denialRanges' | 'servers';

/** One thing that a layer holds, in presentation form: names end in a dot and are escaped. */
export interface CacheEntry {
  readonly layer: LayerName;
  readonly kind: 'response' | 'rrset' | 'nodata' | 'nxdomain' | 'failure' | 'delegation' | 'addresses' | 'trust';
  readonly name: string;
  /** Absent where the entry is of a whole name. */
  readonly type?: string;
  /** Seconds left; null: it does not expire. */
  readonly ttl: number | null;
  readonly security?: string;
  /** RDATA, name servers, addresses or keys, by kind. */
  readonly data: readonly string[];
  /** What else there is to know, in a few words. */
  readonly note?: string;
}

/** Which entries are wanted; nothing said: all. */
export interface EntryFilter {
  readonly layer?: LayerName | undefined;
  /** What a question for exactly this name would meet: its own entries, and the delegations and trust on the way. */
  readonly name?: Name | undefined;
}

/** What is known of one server. */
export interface ServerReport {
  /** `192.0.2.1@53`. */
  readonly server: string;
  /** Smoothed RTT and its variation in ms; null: it never answered. */
  readonly rttMs: number | null;
  readonly rttVariationMs: number | null;
  /** Timeouts since its last reply. */
  readonly timeouts: number;
  /** Seconds since its last reply; null: it never answered. */
  readonly heardSecondsAgo: number | null;
  /** Left alone for so many seconds, but when there is no other. */
  readonly avoidedSeconds: number;
  readonly edns: 'unknown' | 'supported' | 'none';
  /** Zones that it was found not to serve, and for how many seconds that is believed. */
  readonly lame: readonly { readonly zone: string; readonly seconds: number }[];
}

/** How many entries of each layer were taken out. `answers` is emptied as a whole: an alias may lead to the name. */
export type Flushed = { readonly [Layer in Exclude<LayerName, 'host'>]: number };

/** Looks into an engine, and takes things out. Generators go on while the engine works: each entry is as it is then. */
export interface Inspector {
  tables(): { readonly [Table in TableName]: LayerStats };
  entries(filter: EntryFilter): Generator<CacheEntry>;
  servers(): Generator<ServerReport>;
  /** Seconds left of the response that `answers` has for this question, with DO or without; undefined: none. */
  answerTtl(question: Pick<ResolveRequest, 'name' | 'type' | 'checkingDisabled'>): number | undefined;
  /** All that is kept of exactly this name. */
  flush(name: Name): Flushed;
  /** All that is kept at and below this name. */
  flushZone(zone: Name): Flushed;
  /** Bogus data, the failures that they led to, and zones held bogus. */
  flushBogus(): Flushed;
}

/** `shared` gives the engine's state as it is now. */
export function createInspector(shared: () => Shared): Inspector {
  return {
    tables() {
      const { answers, host, records, hierarchy, denialRanges, servers } = shared().caches;
      return {
        answers: answers.stats(),
        host: host.stats(),
        records: records.stats(),
        denialRanges: denialRanges.stats(),
        hierarchy: hierarchy.stats(),
        servers: servers.stats(),
      };
    },
    entries: (filter) => entries(shared(), filter),
    *servers() {
      const { caches, options } = shared();
      for (const state of caches.servers.dump()) yield serverReport(state, options.clock.nowMs());
    },
    answerTtl({ name, type, checkingDisabled }) {
      const { caches, options } = shared();
      const nowMs = options.clock.nowMs();
      const query = buildQuery({ id: 0, name, type, recursionDesired: true, checkingDisabled });
      // Bit 0 is DO, bit 1 CD.
      const cd = checkingDisabled ? 2 : 0;
      const slot = [cd, cd | 1]
        .map((flags) => caches.answers.peek(query, query.length, flags, nowMs))
        .find((at) => at >= 0);
      return slot === undefined ? undefined : caches.answers.ttlLeft(slot, nowMs);
    },
    flush(name) {
      const { records, denialRanges, hierarchy } = shared().caches;
      const taken = records.flush(name) + denialRanges.flush(name);
      const zone = shared().trust?.zones.delete(name, statusTag) === true ? 1 : 0;
      return { records: taken, hierarchy: hierarchy.flush(name) + zone, answers: emptyAnswers(shared()) };
    },
    flushZone(zone) {
      const { records, denialRanges, hierarchy } = shared().caches;
      const taken = records.flushZone(zone) + denialRanges.flushZone(zone);
      const trusted = forgetTrust(shared(), (name) => isSubdomainOf(name, zone));
      return { records: taken, hierarchy: hierarchy.flushZone(zone) + trusted, answers: emptyAnswers(shared()) };
    },
    flushBogus() {
      const taken = shared().caches.records.flushBogus();
      const trusted = forgetTrust(shared(), (_, status) => status.kind === 'bogus');
      return { records: taken, hierarchy: trusted, answers: emptyAnswers(shared()) };
    },
  };
}

function emptyAnswers({ caches }: Shared): number {
  const { entries: count } = caches.answers.stats();
  caches.answers.clear();
  return count;
}

function forgetTrust({ trust }: Shared, matches: (name: Name, status: ZoneStatus) => boolean): number {
  let count = 0;
  for (const { name, value } of trust?.zones.entries() ?? []) {
    if (matches(name, value) && trust?.zones.delete(name, statusTag) === true) count++;
  }
  return count;
}

function* entries(shared: Shared, { layer, name }: EntryFilter): Generator<CacheEntry> {
  const { caches, trust, options } = shared;
  const nowMs = (): number => options.clock.nowMs();
  const wanted = (one: LayerName): boolean => layer === undefined || layer === one;
  const at = (owner: Name): boolean => name === undefined || owner === name;
  const onTheWay = (zone: Name): boolean => name === undefined || isSubdomainOf(name, zone);
  if (wanted('answers')) {
    for (const answer of caches.answers.dump(nowMs())) if (at(answer.name)) yield answerEntry(answer);
  }
  if (wanted('host')) {
    for (const rrset of caches.host.dump()) if (at(rrset.name)) yield rrsetEntry('host', rrset, rrset.ttl);
  }
  if (wanted('records')) {
    for (const entry of caches.records.dump(nowMs())) {
      if (at(entry.kind === 'rrset' ? entry.rrset.name : entry.name)) yield recordsEntry(entry, nowMs());
    }
  }
  if (!wanted('hierarchy')) return;
  for (const held of caches.hierarchy.dump(nowMs())) {
    const met = held.kind === 'delegation' ? onTheWay(held.delegation.zone) : at(held.nameServer);
    if (met) yield hierarchyEntry(held, nowMs());
  }
  for (const { name: zone, value: status } of trust?.zones.entries() ?? []) {
    if (onTheWay(zone) && status.kind !== 'inside' && status.expiresAtMs > nowMs()) {
      yield trustEntry(zone, status, nowMs());
    }
  }
}

function answerEntry({ name, type, ttl, secure, flags, octets }: AnswerDump): CacheEntry {
  const bits = [...((flags & 1) === 0 ? [] : ['DO']), ...((flags & 2) === 0 ? [] : ['CD'])];
  return {
    layer: 'answers',
    kind: 'response',
    name: nameToText(name),
    type: typeToText(type),
    ttl,
    security: secure ? 'secure' : 'insecure',
    data: [],
    note: [`${octets} octets`, ...bits].join(', '),
  };
}

function rrsetEntry(layer: LayerName, rrset: RRset, ttl: number): CacheEntry {
  const data = rrset.rdatas.map((rdata) => rdataToText(rrset.type, rdata));
  return { layer, kind: 'rrset', name: nameToText(rrset.name), type: typeToText(rrset.type), ttl, data };
}

const RANKS: readonly (readonly [string, number])[] = Object.entries(RANK);

function recordsEntry(entry: AnyEntry, nowMs: number): CacheEntry {
  const ttl = secondsLeft(entry.expiresAtMs, nowMs);
  if (entry.kind === 'rrset') {
    const { rrset, rank, security, zone, why } = entry;
    const ranked = RANKS.find(([, value]) => value === rank)?.[0] ?? '';
    const note = [ranked, `from ${nameToText(zone)}`, ...(why === undefined ? [] : [why.text])].join(', ');
    return { ...rrsetEntry('records', rrset, 0), ttl: ttl, security, note };
  }
  const { kind, name, type } = entry;
  const of = kind === 'nxdomain' ? {} : { type: typeToText(type) };
  const common = { layer: 'records', kind, name: nameToText(name), ...of, ttl, data: [] } as const;
  if (kind === 'failure') {
    const told = entry.extendedErrors[0]?.text ?? '';
    return { ...common, note: `${entry.reason}, ${entry.count} in a row${told === '' ? '' : `: ${told}`}` };
  }
  const { security, zone, why } = entry;
  return { ...common, security, note: `from ${nameToText(zone)}${why === undefined ? '' : `, ${why.text}`}` };
}

function hierarchyEntry(held: HierarchyDump, nowMs: number): CacheEntry {
  if (held.kind === 'addresses') {
    const { nameServer, family, known } = held;
    const name = nameToText(nameServer);
    const ttl = secondsLeft(known.expiresAtMs, nowMs);
    return { layer: 'hierarchy', kind: 'addresses', name, ttl, data: known.addresses, note: `IPv${family}` };
  }
  const { zone, nameServers, source, expiresAtMs, addresses, ds } = held.delegation;
  return {
    layer: 'hierarchy',
    kind: 'delegation',
    name: nameToText(zone),
    ttl: secondsLeft(expiresAtMs, nowMs),
    data: [...nameServers.map(nameToText), ...addresses.map(addressKey)],
    note: ds === undefined ? source : `${source}, DS`,
  };
}

function trustEntry(zone: Name, status: Exclude<ZoneStatus, { readonly kind: 'inside' }>, nowMs: number): CacheEntry {
  const common = { layer: 'hierarchy', kind: 'trust', name: nameToText(zone), security: status.kind } as const;
  const ttl = secondsLeft(status.expiresAtMs, nowMs);
  if (status.kind === 'secure') return { ...common, ttl, data: status.keys.keys.map(keyToText) };
  return { ...common, ttl, data: [], ...(status.why === undefined ? {} : { note: status.why.text }) };
}

function serverReport(state: ServerState, nowMs: number): ServerReport {
  const heard = state.smoothedRttMs !== undefined;
  return {
    server: addressKey(state.address),
    rttMs: heard ? round(state.smoothedRttMs ?? 0) : null,
    rttVariationMs: heard ? round(state.rttVariationMs) : null,
    timeouts: state.timeouts,
    heardSecondsAgo: Number.isFinite(state.heardAtMs) ? Math.round((nowMs - state.heardAtMs) / 1000) : null,
    avoidedSeconds: isBackedOff(state, nowMs) ? Math.ceil((state.backoffUntilMs - nowMs) / 1000) : 0,
    edns: ednsOf(state, nowMs),
    lame: [...state.lame]
      .filter(([, untilMs]) => untilMs > nowMs)
      .map(([zone, untilMs]) => ({ zone: nameToText(zone), seconds: Math.ceil((untilMs - nowMs) / 1000) })),
  };
}

function secondsLeft(expiresAtMs: number, nowMs: number): number | null {
  return Number.isFinite(expiresAtMs) ? Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000)) : null;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
