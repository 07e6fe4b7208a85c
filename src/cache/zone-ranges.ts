// What is kept of one zone to deny from: its NSEC in order, its NSEC3 by parameters and hash, its SOA.

import { Buffer } from 'node:buffer';
import { labelsOf, type Name } from '../wire/name.ts';
import { readNsec3, type TypeBitmap } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { entryFootprint, objectOctets, rrsetFootprint, stringFootprint } from './footprint.ts';
import { SortedRanges, type Span } from './sorted-ranges.ts';

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
  /** It made an answer since the zone last looked for something to put out. */
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

/** The NSEC3 records of one set of parameters. */
interface Chain {
  readonly parameters: HashParameters;
  readonly ranges: SortedRanges<Nsec3Range>;
}

/** The records of one zone in order; which are live and how many there may be is the caller's matter. */
export class ZoneRanges {
  readonly nsec: SortedRanges<NsecRange> = new SortedRanges();
  soa: SoaOfZone | undefined;
  /** The sum of {@link rangeFootprint}. */
  octets = 0;
  /** The one heard of last comes first. */
  #chains: readonly Chain[] = [];
  /** Where the search for something to put out goes on. */
  #hand = 0;

  /** The sets of parameters in use, the latest first. */
  get parameters(): readonly HashParameters[] {
    return this.#chains.map((chain) => chain.parameters);
  }

  /** The NSEC3 records of a set of {@link parameters}. */
  nsec3(parameters: HashParameters): SortedRanges<Nsec3Range> | undefined {
    return this.#chains.find((one) => one.parameters === parameters)?.ranges;
  }

  /** Adds an entry; gives those that it takes the place of. */
  add(entry: RangeEntry): readonly RangeEntry[] {
    const gone = this.#add(entry);
    this.octets += rangeFootprint(entry, entry.place);
    for (const one of gone) this.octets -= rangeFootprint(one, one.place);
    return gone;
  }

  /** Takes this very entry out, if it is there. */
  remove(entry: RangeEntry): void {
    if (!this.#remove(entry)) return;
    this.octets -= rangeFootprint(entry, entry.place);
    this.#chains = this.#chains.filter(({ ranges }) => ranges.size > 0);
  }

  /** The record to put out next: a hand goes round and passes those over that were used since it last came by. */
  leastUsed(): RangeEntry | undefined {
    const lists = [this.nsec, ...this.#chains.map(({ ranges }) => ranges)];
    for (let passed = 0; ; passed++) {
      let range = nth(lists, this.#hand);
      if (range === undefined) {
        this.#hand = 0;
        range = nth(lists, 0);
      }
      if (range === undefined || !range.used || passed >= passedMax) return range;
      range.used = false;
      this.#hand++;
    }
  }

  #add(entry: RangeEntry): readonly RangeEntry[] {
    switch (entry.kind) {
      case 'nsec':
        return this.nsec.add(entry);
      case 'nsec3': {
        const { chain, gone } = this.#chainOf(entry);
        return [...gone, ...chain.ranges.add(entry)];
      }
      case 'soa': {
        const old = this.soa;
        this.soa = entry;
        return old === undefined ? [] : [old];
      }
    }
  }

  #remove(entry: RangeEntry): boolean {
    switch (entry.kind) {
      case 'nsec':
        return this.nsec.remove(entry);
      case 'nsec3':
        return this.#chains.some(({ ranges }) => ranges.remove(entry));
      case 'soa':
        if (this.soa !== entry) return false;
        this.soa = undefined;
        return true;
    }
  }

  /** The chain for a record, made if need be; one too many gives way. */
  #chainOf({ rrset }: Nsec3Range): { readonly chain: Chain; readonly gone: readonly Nsec3Range[] } {
    const { iterations, salt } = readNsec3(rrset.rdatas[0] as Uint8Array);
    const known = this.#chains.find(({ parameters }) => sameParameters(parameters, { iterations, salt }));
    const chain = known ?? { parameters: { iterations, salt: salt.slice() }, ranges: new SortedRanges<Nsec3Range>() };
    const others = this.#chains.filter((one) => one !== chain);
    this.#chains = [chain, ...others.slice(0, chainsMax - 1)];
    return { chain, gone: others.slice(chainsMax - 1).flatMap(({ ranges }) => [...ranges]) };
  }
}

/** Sets of NSEC3 parameters kept of a zone: it has two while it changes them. */
const chainsMax = 2;
/** Records passed over in search of one to put out. */
const passedMax = 64;

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

function sameParameters(a: HashParameters, b: HashParameters): boolean {
  return a.iterations === b.iterations && Buffer.compare(a.salt, b.salt) === 0;
}

/**
 * A string whose order by `<` is the canonical order of names (RFC 4034, 6.1): labels from the root down, with an octet
 * of 0 after each, and octets 0 and 1 within labels as two characters so that they come after that.
 */
export function canonicalKey(name: Name): string {
  let key = '';
  for (const label of labelsOf(name).reverse()) {
    const plain = !label.includes('\0') && !label.includes('\x01');
    key += `${plain ? label : label.replaceAll('\x01', '\x01\x01').replaceAll('\0', '\x01\0')}\0`;
  }
  return key;
}

/** About what an entry takes in memory with its place in the zone's lists and in a bounded map. Octets. */
export function rangeFootprint(entry: RangeEntry, place: string): number {
  const base = entryFootprint(place) + objectOctets + rrsetFootprint(entry.rrset);
  if (entry.kind === 'soa') return base + zoneOctets + stringFootprint(entry.zone);
  return base + stringFootprint(entry.key) + stringFootprint(entry.nextKey) + stringFootprint(place);
}

/** A zone's lists and its place in the map of zones. */
const zoneOctets = 600;
