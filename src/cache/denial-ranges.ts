// Step 3 of the notes, the resolver cache: what validated NSEC and NSEC3 say does not exist, by zone (RFC 8198).

import { Buffer } from 'node:buffer';
import { isSubdomainOf, type Name, parentOf, ROOT } from '../wire/name.ts';
import { readNsec, readNsec3, readSoa } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import type { LayerStats } from './entry.ts';
import { compactRRset } from './footprint.ts';
import { SegmentedMap } from './segmented.ts';
import { covers } from './sorted-ranges.ts';
import {
  canonicalKey,
  type HashParameters,
  type Nsec3Range,
  type NsecRange,
  type RangeEntry,
  rangeFootprint,
  type SoaOfZone,
  ZoneRanges,
} from './zone-ranges.ts';

/** What {@link DenialRanges} is made with. */
export interface DenialRangesOptions {
  /** The most memory that all entries together may take, by estimate; one zone gets half. */
  readonly octetsMax: number;
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
      sizeOf: rangeFootprint,
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
    return this.#zones.get(zone)?.parameters ?? [];
  }

  /** The live NSEC3 of `zone` with these parameters (of {@link parameters}) at `hash` or the one before it in the ring. */
  nsec3(zone: Name, parameters: HashParameters, hash: string, nowMs: number): Nsec3Range | undefined {
    return this.#live(this.#zones.get(zone)?.nsec3(parameters)?.atOrBefore(hash), nowMs);
  }

  /** Notes that these made an answer: what is used is put out last. */
  answered(entries: readonly RangeEntry[]): void {
    this.#hits++;
    for (const entry of entries) {
      this.#entries.get(entry.place);
      if (entry.kind !== 'soa') entry.used = true;
    }
  }

  /** Notes that a question within a zone of which something is kept was not answered. */
  missed(): void {
    this.#misses++;
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

  /** Puts an entry in its zone's lists, and takes those that it contradicts out of the map. */
  #list(entry: RangeEntry): void {
    let zone = this.#zones.get(entry.zone);
    if (zone === undefined) {
      zone = new ZoneRanges();
      this.#zones.set(entry.zone, zone);
    }
    for (const gone of zone.add(entry)) this.#entries.delete(gone.place);
  }

  #remove(entry: RangeEntry): void {
    this.#entries.delete(entry.place);
    this.#unlist(entry);
  }

  /** Takes an entry out of its zone's lists, and the zone with its last one. */
  #unlist(entry: RangeEntry): void {
    const zone = this.#zones.get(entry.zone);
    if (zone === undefined) return;
    zone.remove(entry);
    if (zone.octets === 0) this.#zones.delete(entry.zone);
  }

  /** One zone may not fill the layer. */
  #keepWithinShare(name: Name): void {
    const zone = this.#zones.get(name);
    while (zone !== undefined && zone.octets > this.#zoneOctetsMax) {
      const entry = zone.leastUsed();
      if (entry === undefined) return;
      this.#remove(entry);
      this.#evictions++;
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

/** The part of the bound that one zone may fill; a record takes about 1.5 KiB, and the root has 1,450. */
const zoneShare = 0.5;
const optOutFlag = 1;

function sameData(a: RRset, b: RRset): boolean {
  return Buffer.compare(a.rdatas[0] as Uint8Array, b.rdatas[0] as Uint8Array) === 0;
}
