// Step 3 of the notes, the resolver cache: what validated NSEC and NSEC3 say does not exist, by zone (RFC 8198).

import { Buffer } from 'node:buffer';
import { isSubdomainOf, labelsOf, type Name, parentOf, ROOT } from '../wire/name.ts';
import { readNsec, readNsec3, readSoa, type TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import type { LayerStats } from './entry.ts';
import { compactRRset, entryFootprint, objectOctets, rrsetFootprint, stringFootprint } from './footprint.ts';
import { SegmentedMap } from './segmented.ts';
import { covers, SortedRanges, type Span } from './sorted-ranges.ts';

/** A secure NSEC or NSEC3 record, or a SOA, as it is kept. */
interface Kept {
  readonly zone: Name;
  /** RDATA and signatures. */
  readonly rrset: RRset;
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
  /** Its place in the bounded map. */
  readonly place: string;
}

/** A record that spans what does not exist. */
interface Range extends Kept, Span {
  readonly types: TypeBitmap;
  /** Found since the zone last looked for something to put out. */
  used: boolean;
}

/** A secure NSEC record: `owner` and `next` exist, nothing in between does. */
export interface NsecRange extends Range {
  readonly kind: 'nsec';
  readonly owner: Name;
  readonly next: Name;
}

/** A secure NSEC3 record without opt-out; hashes as strings of 20 characters, each an octet. */
export interface Nsec3Range extends Range {
  readonly kind: 'nsec3';
  readonly ownerHash: string;
  readonly nextHash: string;
  readonly optOut: false;
}

/** A zone's SOA, which goes with every denial; its TTL is that of denials (RFC 2308, 5). */
export interface SoaOfZone extends Kept {
  readonly kind: 'soa';
}

/** Anything that the layer keeps. */
export type RangeEntry = NsecRange | Nsec3Range | SoaOfZone;

/** How names are hashed (RFC 5155, 3.1). */
export interface HashParameters {
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** What {@link DenialRanges} is made with. */
export interface DenialRangesOptions {
  /** The most memory that all entries together may take, by estimate; one zone gets a quarter. */
  readonly octetsMax: number;
}

/** The NSEC3 records of one set of parameters. */
interface Chain {
  readonly parameters: HashParameters;
  readonly ranges: SortedRanges<Nsec3Range>;
}

interface ZoneRanges {
  readonly nsec: SortedRanges<NsecRange>;
  /** The one heard of last comes first. */
  chains: readonly Chain[];
  soa: SoaOfZone | undefined;
  octets: number;
  /** Where the search for something to put out goes on. */
  hand: number;
}

/**
 * All times are of `Clock.nowMs`. Whoever puts something in has verified it: signed by the zone, not made from a
 * wildcard, its next name within the zone, its parameters usable. What it proves is judged by dnssec/ each time.
 */
export class DenialRanges {
  readonly #zones = new Map<Name, ZoneRanges>();
  readonly #entries: SegmentedMap<RangeEntry>;
  readonly #zoneOctetsMax: number;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor({ octetsMax }: DenialRangesOptions) {
    this.#zoneOctetsMax = Math.floor(octetsMax * zoneShare);
    this.#entries = new SegmentedMap({
      octetsMax,
      sizeOf: footprint,
      onEvicted: (entry) => this.#unlist(entry),
    });
  }

  /** Keeps a zone's SOA for its TTL or MINIMUM, whichever is less (RFC 8198, 5.4; RFC 2308, 5). */
  putSoa(zone: Name, soa: RRset, expiresAtMs: number, nowMs: number): void {
    const rdata = soa.rdatas[0];
    if (rdata === undefined || soa.name !== zone) return;
    const ttl = Math.min(soa.ttl, readSoa(rdata).minimum);
    const rrset = compactRRset({ ...soa, ttl });
    const until = Math.min(expiresAtMs, nowMs + ttl * 1000);
    this.#put({ kind: 'soa', zone, rrset, expiresAtMs: until, place: `s${zone}` }, nowMs);
  }

  /** Keeps an NSEC RRset of one record. */
  putNsec(zone: Name, nsec: RRset, expiresAtMs: number, nowMs: number): void {
    const rrset = compactRRset(nsec);
    const { next, types } = readNsec(rrset.rdatas[0] as Uint8Array);
    const key = canonicalKey(rrset.name);
    const common = { zone, rrset, expiresAtMs, types, used: false };
    this.#put(
      {
        ...common,
        kind: 'nsec',
        owner: rrset.name,
        next,
        key,
        nextKey: canonicalKey(next),
        place: `n${zone}${rrset.name}`,
      },
      nowMs,
    );
  }

  /** Keeps an NSEC3 RRset of one record, whose owner's hash is `ownerHash`; not one with opt-out, which denies nothing. */
  putNsec3(zone: Name, nsec3: RRset, ownerHash: string, expiresAtMs: number, nowMs: number): void {
    const rrset = compactRRset(nsec3);
    const { nextHashed, types, flags } = readNsec3(rrset.rdatas[0] as Uint8Array);
    // RFC 8198, 5.2; RFC 5155, 9.2: there may be unsigned delegations within.
    if ((flags & optOutFlag) !== 0) return;
    const nextHash = String.fromCharCode(...nextHashed);
    const common = { zone, rrset, expiresAtMs, types, used: false, optOut: false } as const;
    const hashes = { ownerHash, nextHash, key: ownerHash, nextKey: nextHash };
    this.#put({ ...common, ...hashes, kind: 'nsec3', place: `h${zone}${rrset.name}` }, nowMs);
  }

  /** The deepest zone at or above `name` of which anything is kept. */
  closestZone(name: Name): Name | undefined {
    if (this.#zones.size === 0) return undefined;
    for (let zone = name; ; zone = parentOf(zone)) {
      if (this.#zones.has(zone)) return zone;
      if (zone === ROOT) return undefined;
    }
  }

  /** The zone's live SOA. */
  soa(zone: Name, nowMs: number): SoaOfZone | undefined {
    return this.#live(this.#zones.get(zone)?.soa, nowMs);
  }

  /** The live NSEC of `zone` at `name` or, if it has none, the one that comes before it: whether it covers it is open. */
  nsec(zone: Name, name: Name, nowMs: number): NsecRange | undefined {
    return this.#live(this.#zones.get(zone)?.nsec.atOrBefore(canonicalKey(name)), nowMs);
  }

  /** The sets of NSEC3 parameters of `zone`, the latest first; at most two, which a zone has while it changes them. */
  parameters(zone: Name): readonly HashParameters[] {
    return this.#zones.get(zone)?.chains.map((chain) => chain.parameters) ?? [];
  }

  /** The live NSEC3 of `zone` with these parameters (of {@link parameters}) at `hash` or the one before it in the ring. */
  nsec3(zone: Name, parameters: HashParameters, hash: string, nowMs: number): Nsec3Range | undefined {
    const chain = this.#zones.get(zone)?.chains.find((one) => one.parameters === parameters);
    return this.#live(chain?.ranges.atOrBefore(hash), nowMs);
  }

  /** Notes whether a question that a zone is kept for was answered. */
  count(hit: boolean): void {
    if (hit) this.#hits++;
    else this.#misses++;
  }

  /**
   * Takes out what could speak for exactly this name: NSEC at it or around it, and all NSEC3 of the zones above, whose
   * hashes are not known here. Returns how many entries.
   */
  flush(name: Name): number {
    const key = canonicalKey(name);
    return this.#flushWhere((entry) => {
      if (!isSubdomainOf(name, entry.zone)) return false;
      if (entry.kind === 'soa') return entry.zone === name;
      return entry.kind === 'nsec3' || entry.key === key || covers(entry, key);
    });
  }

  /** Takes out what could speak for this name or one below it; returns how many entries. */
  flushZone(zone: Name): number {
    const key = canonicalKey(zone);
    return this.#flushWhere((entry) => {
      if (isSubdomainOf(entry.zone, zone)) return true;
      if (!isSubdomainOf(zone, entry.zone) || entry.kind === 'soa') return false;
      return entry.kind === 'nsec3' || isSubdomainOf(entry.owner, zone) || covers(entry, key);
    });
  }

  /** Takes out everything. */
  clear(): void {
    this.#entries.clear();
    this.#zones.clear();
  }

  /** The figures of this layer: a hit is a question answered, a miss one within a known zone that was not. */
  stats(): LayerStats {
    const { size, octets, octetsMax, evictions } = this.#entries;
    const all = evictions + this.#evictions;
    return { hits: this.#hits, misses: this.#misses, entries: size, octets, octetsMax, evictions: all };
  }

  /** All live entries. */
  *dump(nowMs: number): Generator<RangeEntry> {
    for (const [, entry] of this.#entries.entries()) if (entry.expiresAtMs > nowMs) yield entry;
  }

  #live<E extends RangeEntry>(entry: E | undefined, nowMs: number): E | undefined {
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs <= nowMs) {
      this.#remove(entry);
      return undefined;
    }
    this.#entries.get(entry.place);
    if (entry.kind !== 'soa') entry.used = true;
    return entry;
  }

  #put(entry: RangeEntry, nowMs: number): void {
    if (entry.expiresAtMs <= nowMs) return;
    const old = this.#entries.peek(entry.place);
    // Proofs made of what is kept come back here when they are checked: they are no news, and live no longer.
    if (old !== undefined && old.expiresAtMs >= entry.expiresAtMs && sameData(old.rrset, entry.rrset)) return;
    if (old !== undefined) this.#unlist(old);
    this.#list(entry);
    if (!this.#entries.set(entry.place, entry)) this.#unlist(entry);
    this.#keepWithinShare(entry.zone);
  }

  /** Puts an entry in its zone's lists. */
  #list(entry: RangeEntry): void {
    let zone = this.#zones.get(entry.zone);
    if (zone === undefined) {
      zone = { nsec: new SortedRanges(), chains: [], soa: undefined, octets: 0, hand: 0 };
      this.#zones.set(entry.zone, zone);
    }
    zone.octets += footprint(entry, entry.place);
    if (entry.kind === 'soa') zone.soa = entry;
    else if (entry.kind === 'nsec') this.#forget(zone.nsec.add(entry), zone);
    else this.#forget(this.#chainOf(zone, entry).ranges.add(entry), zone);
  }

  #chainOf(zone: ZoneRanges, { rrset }: Nsec3Range): Chain {
    const { iterations, salt } = readNsec3(rrset.rdatas[0] as Uint8Array);
    let chain = zone.chains.find(({ parameters }) => sameParameters(parameters, { iterations, salt }));
    if (chain === zone.chains[0] && chain !== undefined) return chain;
    chain ??= { parameters: { iterations, salt: salt.slice() }, ranges: new SortedRanges() };
    const others = zone.chains.filter((one) => one !== chain);
    zone.chains = [chain, ...others.slice(0, chainsMax - 1)];
    for (const left of others.slice(chainsMax - 1)) this.#forget([...left.ranges], zone);
    return chain;
  }

  /** Takes entries that left their list out of the map. */
  #forget(entries: readonly RangeEntry[], zone: ZoneRanges): void {
    for (const entry of entries) {
      this.#entries.delete(entry.place);
      zone.octets -= footprint(entry, entry.place);
    }
  }

  #remove(entry: RangeEntry): void {
    this.#entries.delete(entry.place);
    this.#unlist(entry);
  }

  /** Takes an entry out of its zone's lists, and the zone with its last one. */
  #unlist(entry: RangeEntry): void {
    const zone = this.#zones.get(entry.zone);
    if (zone === undefined || !isListed(zone, entry)) return;
    zone.octets -= footprint(entry, entry.place);
    zone.chains = zone.chains.filter(({ ranges }) => ranges.size > 0);
    if (zone.octets <= 0) this.#zones.delete(entry.zone);
  }

  /** One zone may not fill the layer: what it has longest not used goes, as a hand goes round its records. */
  #keepWithinShare(name: Name): void {
    const zone = this.#zones.get(name);
    if (zone === undefined) return;
    for (let passed = 0; zone.octets > this.#zoneOctetsMax; ) {
      const lists = [zone.nsec, ...zone.chains.map(({ ranges }) => ranges)];
      const range = nth(lists, zone.hand) ?? nth(lists, 0);
      if (range === undefined) return;
      if (nth(lists, zone.hand) === undefined) zone.hand = 0;
      if (range.used && passed < passedMax) {
        passed++;
        range.used = false;
        zone.hand++;
      } else {
        this.#evictions++;
        this.#remove(range);
      }
    }
  }

  #flushWhere(matches: (entry: RangeEntry) => boolean): number {
    let count = 0;
    for (const [, entry] of this.#entries.entries()) {
      if (!matches(entry)) continue;
      this.#remove(entry);
      count++;
    }
    return count;
  }
}

/** The part of the bound that one zone may fill. The root's 1,450 records fit into a quarter of 6 MiB. */
const zoneShare = 0.25;
/** Sets of NSEC3 parameters kept of a zone. */
const chainsMax = 2;
/** Records passed over in search of one to put out. */
const passedMax = 64;
const optOutFlag = 1;

/** The record at `index` of the lists laid end to end. */
function nth(
  lists: readonly SortedRanges<NsecRange | Nsec3Range>[],
  index: number,
): NsecRange | Nsec3Range | undefined {
  let left = index;
  for (const list of lists) {
    if (left < list.size) return list.at(left);
    left -= list.size;
  }
  return undefined;
}

/** Takes an entry out of the list that has it; false if none does. */
function isListed(zone: ZoneRanges, entry: RangeEntry): boolean {
  switch (entry.kind) {
    case 'soa':
      if (zone.soa !== entry) return false;
      zone.soa = undefined;
      return true;
    case 'nsec':
      return zone.nsec.remove(entry);
    case 'nsec3':
      return zone.chains.some(({ ranges }) => ranges.remove(entry));
  }
}

function sameData(a: RRset, b: RRset): boolean {
  return Buffer.compare(a.rdatas[0] as Uint8Array, b.rdatas[0] as Uint8Array) === 0;
}

function sameParameters(a: HashParameters, b: HashParameters): boolean {
  return a.iterations === b.iterations && Buffer.compare(a.salt, b.salt) === 0;
}

/**
 * A string whose order by `<` is the canonical order of names (RFC 4034, 6.1): labels from the root down, with an octet
 * of 0 after each, and octets 0 and 1 within labels as two characters so that they come after that.
 */
function canonicalKey(name: Name): string {
  let key = '';
  for (const label of labelsOf(name).reverse()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the octets meant
    key += `${/[\0\x01]/.test(label) ? label.replace(/[\0\x01]/g, (o) => `\x01${o}`) : label}\0`;
  }
  return key;
}

function footprint(entry: RangeEntry, place: string): number {
  const base = entryFootprint(place) + objectOctets + rrsetFootprint(entry.rrset);
  if (entry.kind === 'soa') return base + zoneOctets + stringFootprint(entry.zone);
  const { key, nextKey } = entry;
  return base + stringFootprint(key) + stringFootprint(nextKey) + stringFootprint(place);
}

/** A zone's lists and its place in the map of zones. */
const zoneOctets = 600;
