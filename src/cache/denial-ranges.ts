// Step 3 of the notes, the resolver cache: what validated NSEC and NSEC3 say does not exist, by zone (RFC 8198).

import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { isSubdomainOf, type Name, parentOf, ROOT } from '../wire/name.ts';
import { readNsec3, readSoa } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import type { LayerStats } from './entry.ts';
import type { NameHash } from './name-hash.ts';
import { PackedMap } from './packed-map.ts';
import {
  canonicalKey,
  keyOf,
  type Nsec3Range,
  type NsecRange,
  nsec3Range,
  nsecRange,
  ownerOf,
  type RangeEntry,
  type RangeSpan,
  rangePacking,
  rangeTag,
  readTag,
  type SoaOfZone,
  spanOf,
} from './range.ts';
import { covers } from './sorted-ranges.ts';
import { type HashParameters, spanFootprint, ZoneRanges, zoneFootprint } from './zone-ranges.ts';

/** What {@link DenialRanges} is made with. */
export interface DenialRangesOptions {
  /** The most memory that all entries together may take; one zone gets half. At least 110 KiB are taken. */
  readonly octetsMax: number;
  readonly names: NameHash;
}

/**
 * All times are of `Clock.nowMs`. Whoever puts something in has verified it: signed by the zone, not made from a
 * wildcard, its next name within the zone, its parameters usable. What it proves is judged by dnssec/ each time.
 *
 * Entries are octets; beside them, each has its place in the lists of its zone, and each such place has an entry.
 */
export class DenialRanges {
  readonly #zones = new Map<Name, ZoneRanges>();
  readonly #entries: PackedMap<RangeEntry>;
  readonly #placesOctetsMax: number;
  readonly #zoneOctetsMax: number;
  /** What the lists of the zones take. */
  #placesOctets = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor({ octetsMax, names }: DenialRangesOptions) {
    this.#entries = new PackedMap({
      octetsMax: Math.floor(octetsMax * entriesShare),
      names,
      packing: rangePacking,
      readyMax: 0,
      onPutOut: (owner, tag): void => {
        const { kind, zone } = readTag(owner, tag);
        this.#unlist(zone, { kind, key: keyOf(kind, owner) });
      },
    });
    this.#placesOctetsMax = Math.floor((this.#entries.octetsMax * (1 - entriesShare)) / entriesShare);
    this.#zoneOctetsMax = Math.floor((this.#entries.octetsMax + this.#placesOctetsMax) * zoneShare);
  }

  /** Keeps a zone's SOA for its TTL or MINIMUM, whichever is less (RFC 8198, 5.4; RFC 2308, 5). */
  putSoa(zone: Name, soa: RRset, expiresAtMs: number, nowMs: number): void {
    const rdata = soa.rdatas[0];
    if (rdata === undefined || soa.name !== zone) return;
    const ttl = Math.min(soa.ttl, readSoa(rdata).minimum);
    const until = Math.min(expiresAtMs, nowMs + ttl * 1000);
    this.#put({ kind: 'soa', zone, rrset: { ...soa, ttl }, expiresAtMs: until }, nowMs);
  }

  /** Keeps an NSEC RRset of one record. */
  putNsec(zone: Name, nsec: RRset, expiresAtMs: number, nowMs: number): void {
    this.#put(nsecRange(zone, nsec, expiresAtMs), nowMs);
  }

  /** Keeps an NSEC3 RRset of one record, whose owner's hash is `ownerHash`; not one with opt-out, which denies nothing. */
  putNsec3(zone: Name, nsec3: RRset, ownerHash: string, expiresAtMs: number, nowMs: number): void {
    const range = nsec3Range(zone, nsec3, ownerHash, expiresAtMs);
    if (range !== undefined) this.#put(range, nowMs);
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
    const range = this.#live(zone, this.#zones.get(zone)?.soa, nowMs);
    return range?.kind === 'soa' ? range : undefined;
  }

  /** The live NSEC of `zone` at `name` or, if it has none, the one that comes before it: whether it covers it is open. */
  nsec(zone: Name, name: Name, nowMs: number): NsecRange | undefined {
    const range = this.#live(zone, this.#zones.get(zone)?.nsecAtOrBefore(canonicalKey(name)), nowMs);
    return range?.kind === 'nsec' ? range : undefined;
  }

  /** The sets of NSEC3 parameters of `zone`, the latest first; at most two, which a zone has while it changes them. */
  parameters(zone: Name): readonly HashParameters[] {
    return this.#zones.get(zone)?.parameters ?? [];
  }

  /** The live NSEC3 of `zone` with these parameters (of {@link parameters}) at `hash` or the one before it in the ring. */
  nsec3(zone: Name, parameters: HashParameters, hash: string, nowMs: number): Nsec3Range | undefined {
    const range = this.#live(zone, this.#zones.get(zone)?.nsec3AtOrBefore(parameters, hash), nowMs);
    return range?.kind === 'nsec3' ? range : undefined;
  }

  /** Notes that these made an answer: what is used is put out last. */
  answered(entries: readonly RangeEntry[]): void {
    this.#hits++;
    for (const { kind, zone, rrset } of entries) this.#entries.use(rrset.name, rangeTag(kind, zone));
  }

  /** Notes that a question for which the kept ranges of a zone speak was not answered by them. */
  missed(): void {
    this.#misses++;
  }

  /**
   * Takes out what could speak for exactly this name: NSEC at it or around it, and all NSEC3 of the zones above, whose
   * hashes are not known here. Returns how many entries.
   */
  flush(name: Name): number {
    const key = canonicalKey(name);
    return this.#flushWhere((range) => {
      if (!isSubdomainOf(name, range.zone)) return false;
      if (range.kind === 'soa') return range.zone === name;
      return range.kind === 'nsec3' || range.owner === name || covers(spanOf(range), key);
    });
  }

  /** Takes out what could speak for this name or one below it; returns how many entries. */
  flushZone(zone: Name): number {
    const key = canonicalKey(zone);
    return this.#flushWhere((range) => {
      if (isSubdomainOf(range.zone, zone)) return true;
      if (!isSubdomainOf(zone, range.zone) || range.kind === 'soa') return false;
      return range.kind === 'nsec3' || isSubdomainOf(range.owner, zone) || covers(spanOf(range), key);
    });
  }

  /** Takes out everything. */
  clear(): void {
    this.#entries.clear();
    this.#zones.clear();
    this.#placesOctets = 0;
  }

  /** The figures of this layer: a hit is a question answered, a miss one within a known zone that was not. */
  stats(): LayerStats {
    const { size, octets, octetsMax, evictions } = this.#entries;
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: size,
      octets: octets + this.#placesOctets,
      octetsMax: octetsMax + this.#placesOctetsMax,
      evictions: evictions + this.#evictions,
    };
  }

  /** All live entries. */
  *dump(nowMs: number): Generator<RangeEntry> {
    for (const { value } of this.#entries.entries()) if (value.expiresAtMs > nowMs) yield value;
  }

  #live(zone: Name, span: RangeSpan | undefined, nowMs: number): RangeEntry | undefined {
    if (span === undefined) return undefined;
    const range = this.#entries.peek(ownerOf(zone, span), rangeTag(span.kind, zone));
    assert(range !== undefined, 'a place in a zone has no entry');
    if (range.expiresAtMs > nowMs) return range;
    this.#remove(zone, span);
    return undefined;
  }

  #put(range: RangeEntry, nowMs: number): void {
    if (range.expiresAtMs <= nowMs) return;
    const { kind, zone, rrset, expiresAtMs } = range;
    const tag = rangeTag(kind, zone);
    const old = this.#entries.peek(rrset.name, tag);
    // Proofs made of what is kept come back here when they are checked: they are no news, and live no longer.
    if (old !== undefined && old.expiresAtMs >= expiresAtMs && sameData(old.rrset, rrset)) return;
    const span = spanOf(range);
    if (old !== undefined) this.#unlist(zone, span);
    if (!this.#entries.set(rrset.name, tag, range, expiresAtMs)) return;
    this.#list(range, span, this.#entries.octetsOf(rrset.name, tag));
    this.#keepWithinShare(zone);
    while (this.#placesOctets > this.#placesOctetsMax && this.#entries.size > 0) this.#entries.putOutOne();
  }

  /** Puts the place of an entry in its zone's lists, and takes those out that it contradicts. */
  #list(range: RangeEntry, span: RangeSpan, entryOctets: number): void {
    let kept = this.#zones.get(range.zone);
    if (kept === undefined) {
      kept = new ZoneRanges();
      this.#zones.set(range.zone, kept);
      this.#placesOctets += zoneFootprint;
    }
    const octets = spanFootprint(span);
    this.#placesOctets += octets;
    const whole = { kind: span.kind, key: span.key, nextKey: span.nextKey, octets: octets + entryOctets };
    const gone =
      range.kind === 'nsec3' ? kept.addNsec3(whole, readNsec3(range.rrset.rdatas[0] as Uint8Array)) : kept.add(whole);
    for (const one of gone) {
      this.#placesOctets -= spanFootprint(one);
      this.#entries.delete(ownerOf(range.zone, one), rangeTag(one.kind, range.zone));
    }
  }

  #remove(zone: Name, span: Pick<RangeSpan, 'kind' | 'key'>): void {
    this.#entries.delete(ownerOf(zone, span), rangeTag(span.kind, zone));
    this.#unlist(zone, span);
  }

  /** Takes the place of an entry out of its zone's lists, and the zone with its last one. */
  #unlist(zone: Name, place: Pick<RangeSpan, 'kind' | 'key'>): void {
    const kept = this.#zones.get(zone);
    const span = kept?.remove(place);
    assert(kept !== undefined && span !== undefined, 'an entry has no place in its zone');
    this.#placesOctets -= spanFootprint(span);
    if (!kept.isEmpty) return;
    this.#zones.delete(zone);
    this.#placesOctets -= zoneFootprint;
  }

  /** One zone may not fill the layer. */
  #keepWithinShare(zone: Name): void {
    const kept = this.#zones.get(zone);
    while (kept !== undefined && kept.octets > this.#zoneOctetsMax) {
      const span = kept.leastUsed(({ kind, key }) =>
        this.#entries.takeUse(ownerOf(zone, { kind, key }), rangeTag(kind, zone)),
      );
      if (span === undefined) return;
      this.#remove(zone, span);
      this.#evictions++;
    }
  }

  #flushWhere(matches: (range: RangeEntry) => boolean): number {
    let count = 0;
    for (const { value } of this.#entries.entries()) {
      if (!matches(value)) continue;
      this.#remove(value.zone, spanOf(value));
      count++;
    }
    return count;
  }
}

/** The part of the bound that entries may fill, the rest being their zones' lists: what they take of a large cache. */
const entriesShare = 0.6;
/** The part of the bound that one zone may fill; a record takes about 0.6 KiB, and the root has 1,450. */
const zoneShare = 0.5;

function sameData(a: RRset, b: RRset): boolean {
  return Buffer.compare(a.rdatas[0] as Uint8Array, b.rdatas[0] as Uint8Array) === 0;
}
