// Step 3 of the notes, the resolver cache: RRsets with their rank and security state, denials and failures.

import type { Limits } from '../base/limits.ts';
import type { ExtendedError } from '../wire/message.ts';
import { ancestorOf, isSubdomainOf, labelCount, type Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import type { DenialEntry, FailureEntry, LayerStats, RecordEntry, Security } from './entry.ts';
import { RANK } from './entry.ts';
import {
  compactRRset,
  compactRRsets,
  entryFootprint,
  extendedErrorFootprint,
  rrsetFootprint,
  rrsetsFootprint,
  stringFootprint,
} from './footprint.ts';
import { SegmentedMap } from './segmented.ts';

/** What {@link Records} is made with. */
export interface RecordsOptions {
  /** The most memory that all entries together may take, by estimate. */
  readonly octetsMax: number;
  readonly limits: Limits;
}

/** A failure to be kept. */
export interface NewFailure {
  readonly name: Name;
  readonly type: number;
  readonly checkingDisabled: boolean;
  readonly reason: string;
  readonly extendedErrors: readonly ExtendedError[];
}

/** Anything that the layer keeps. */
export type AnyEntry = RecordEntry | DenialEntry | FailureEntry;

/**
 * All times are of `Clock.nowMs`. An expired entry is a miss, and stays until it is put out or replaced. Class IN only.
 * Data that may not be believed for the use in hand is the caller's matter: `security` and `rank` tell.
 */
export class Records {
  readonly #limits: Limits;
  readonly #entries: SegmentedMap<AnyEntry>;
  #hits = 0;
  #misses = 0;

  constructor(options: RecordsOptions) {
    this.#limits = options.limits;
    this.#entries = new SegmentedMap({ octetsMax: options.octetsMax, sizeOf: footprint });
  }

  /** The live RRset of this name and type; counted as a hit or a miss. */
  rrset(name: Name, type: number, nowMs: number): RecordEntry | undefined {
    const entry = this.#live(rrsetKey(name, type), nowMs);
    if (entry?.kind !== 'rrset') {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    return entry;
  }

  /**
   * A live denial of this name and type: NODATA for both, NXDOMAIN of the name, or a secure NXDOMAIN of an ancestor,
   * whose `name` is then the ancestor's. Counted as a hit when there is one.
   */
  denial(name: Name, type: number, nowMs: number): DenialEntry | undefined {
    const found = this.#denial(name, type, nowMs);
    if (found !== undefined) this.#hits++;
    return found;
  }

  /** A live failure of this question; counted as a hit when there is one. */
  failure(name: Name, type: number, checkingDisabled: boolean, nowMs: number): FailureEntry | undefined {
    const entry = this.#live(failureKey(name, type, checkingDisabled), nowMs);
    if (entry?.kind !== 'failure') return undefined;
    this.#hits++;
    return entry;
  }

  /**
   * Keeps an RRset unless a live one is believed more; its time to live is cut to `ttlSeconds`, or `bogusTtlSeconds`.
   * False if it was not kept: believed less, TTL 0, or too large.
   */
  put(entry: RecordEntry, nowMs: number): boolean {
    const { rrset, security } = entry;
    const expiresAtMs = this.#capped(entry, this.#limits.ttlSeconds, nowMs);
    if (expiresAtMs <= nowMs) return false;
    const key = rrsetKey(rrset.name, rrset.type);
    const old = this.#entries.peek(key);
    if (old?.kind === 'rrset' && old.expiresAtMs > nowMs && !supersedes(entry, old)) return false;
    if (entry.rank >= RANK.answer && security !== 'bogus') {
      this.#forgetFailures(rrset.name, rrset.type);
      this.#entries.delete(nodataKey(rrset.name, rrset.type));
      this.#entries.delete(nxdomainKey(rrset.name));
    }
    const kept = { ...entry, rrset: compactRRset(rrset), proof: compactRRsets(entry.proof), expiresAtMs };
    return this.#entries.set(key, kept);
  }

  /**
   * Keeps a denial unless a live secure one stands against a lesser; its time to live is cut to `negativeTtlSeconds`,
   * or `bogusTtlSeconds`. The caller has applied RFC 2308, 5 (SOA TTL and MINIMUM). False if it was not kept.
   */
  putDenial(entry: DenialEntry, nowMs: number): boolean {
    const expiresAtMs = this.#capped(entry, this.#limits.negativeTtlSeconds, nowMs);
    if (expiresAtMs <= nowMs) return false;
    const key = denialKey(entry);
    const old = this.#entries.peek(key);
    const oldIsSecure = old?.kind === entry.kind && old.security === 'secure' && old.expiresAtMs > nowMs;
    if (oldIsSecure && entry.security !== 'secure') return false;
    if (entry.security !== 'bogus') this.#forgetFailures(entry.name, entry.type);
    const soa = entry.soa === undefined ? undefined : compactRRset(entry.soa);
    return this.#entries.set(key, { ...entry, soa, proof: compactRRsets(entry.proof), expiresAtMs });
  }

  /**
   * Keeps a failure. RFC 9520, 3.2: it is kept for `failureTtlSeconds`, twice as long with each further failure in a
   * row, at most `failureTtlMostSeconds`. A row ends with an answer, or when nothing failed for that most after expiry.
   */
  putFailure(failure: NewFailure, nowMs: number): FailureEntry {
    const { failureTtlSeconds, failureTtlMostSeconds } = this.#limits;
    const key = failureKey(failure.name, failure.type, failure.checkingDisabled);
    const old = this.#entries.peek(key);
    const inRow = old?.kind === 'failure' && nowMs < old.expiresAtMs + failureTtlMostSeconds * 1000;
    const count = inRow ? Math.min(old.count + 1, failuresCountedMax) : 1;
    const ttl = Math.min(failureTtlSeconds * 2 ** (count - 1), failureTtlMostSeconds);
    const entry: FailureEntry = { kind: 'failure', ...failure, count, expiresAtMs: nowMs + ttl * 1000 };
    this.#entries.set(key, entry);
    return entry;
  }

  /**
   * A copy of `entry` with what validation found, which takes its place if it is still believed there; a bogus one
   * expires within `bogusTtlSeconds` (RFC 4035, 4.7). The copy is returned whether kept or not.
   */
  upgrade<E extends RecordEntry | DenialEntry>(entry: E, security: Security, nowMs: number, why?: ExtendedError): E {
    const { why: _, ...rest } = entry;
    const copy = { ...rest, security, ...(why && { why }) } as E;
    const upgraded = { ...copy, expiresAtMs: this.#capped(copy, this.#limits.ttlSeconds, nowMs) };
    if (upgraded.kind === 'rrset') this.put(upgraded, nowMs);
    else this.putDenial(upgraded, nowMs);
    return upgraded;
  }

  /** Takes out this very RRset or denial, whatever it has become since; other types of the name stay. */
  remove(entry: RecordEntry | DenialEntry): void {
    this.#entries.delete(entry.kind === 'rrset' ? rrsetKey(entry.rrset.name, entry.rrset.type) : denialKey(entry));
  }

  /** Takes out everything kept of exactly this name; returns how many entries. */
  flush(name: Name): number {
    return this.#flushWhere((owner) => owner === name);
  }

  /** Takes out everything kept at and below `zone`; returns how many entries. */
  flushZone(zone: Name): number {
    return this.#flushWhere((owner) => isSubdomainOf(owner, zone));
  }

  /** Takes out what is held bogus, and the failures that came of it; returns how many entries. */
  flushBogus(): number {
    let count = 0;
    for (const [key, entry] of this.#entries.entries()) {
      const bogus = entry.kind === 'failure' ? entry.reason === 'bogus' : entry.security === 'bogus';
      if (bogus && this.#entries.delete(key)) count++;
    }
    return count;
  }

  /** Takes out everything. */
  clear(): void {
    this.#entries.clear();
  }

  /** The figures of this layer. Each look-up counts: a question that misses has looked for an alias and a denial too. */
  stats(): LayerStats {
    const { size, octets, octetsMax, evictions } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, entries: size, octets, octetsMax, evictions };
  }

  /** All live entries. */
  *dump(nowMs: number): Generator<AnyEntry> {
    for (const [, entry] of this.#entries.entries()) if (entry.expiresAtMs > nowMs) yield entry;
  }

  #live(key: string, nowMs: number): AnyEntry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAtMs > nowMs ? entry : undefined;
  }

  #denial(name: Name, type: number, nowMs: number): DenialEntry | undefined {
    const nodata = this.#live(nodataKey(name, type), nowMs);
    if (nodata?.kind === 'nodata') return nodata;
    const own = this.#live(nxdomainKey(name), nowMs);
    if (own?.kind === 'nxdomain') return own;
    // RFC 8020, 2: nothing exists below a name that does not. Many servers say NXDOMAIN for empty non-terminals all
    // the same (RFC 8020, 5), so without a proof only the name itself is believed missing.
    for (let labels = labelCount(name) - 1; labels > 0; labels--) {
      const entry = this.#live(nxdomainKey(ancestorOf(name, labels)), nowMs);
      if (entry?.kind === 'nxdomain' && entry.security === 'secure') return entry;
    }
    return undefined;
  }

  #capped(entry: RecordEntry | DenialEntry, ttlMost: number, nowMs: number): number {
    const most = entry.security === 'bogus' ? Math.min(ttlMost, this.#limits.bogusTtlSeconds) : ttlMost;
    return Math.min(entry.expiresAtMs, nowMs + most * 1000);
  }

  /** An answer ends the row of failures of its question: RFC 9520, 3.2 counts consecutive ones. */
  #forgetFailures(name: Name, type: number): void {
    this.#entries.delete(failureKey(name, type, false));
    this.#entries.delete(failureKey(name, type, true));
  }

  #flushWhere(matches: (owner: Name) => boolean): number {
    let count = 0;
    for (const [key, entry] of this.#entries.entries()) {
      if (matches(entry.kind === 'rrset' ? entry.rrset.name : entry.name) && this.#entries.delete(key)) count++;
    }
    return count;
  }
}

/** Failures in a row are counted up to this: 2^15 times any first TTL is past the most. */
const failuresCountedMax = 16;

/** Whether `entry` takes the place of a live `old`: RFC 2181, 5.4.1, and RFC 4035, 4.3 above it. */
function supersedes(entry: RecordEntry, old: RecordEntry): boolean {
  if (entry.security === 'secure') return true;
  if (old.security === 'secure') return false;
  return entry.rank >= old.rank;
}

// Keys are of one octet a character, as names are: a letter, the name (which ends in its zero octet), the type.

function rrsetKey(name: Name, type: number): string {
  return `r${name}${String.fromCharCode(type >> 8, type & 0xff)}`;
}

function nodataKey(name: Name, type: number): string {
  return `d${name}${String.fromCharCode(type >> 8, type & 0xff)}`;
}

function nxdomainKey(name: Name): string {
  return `x${name}`;
}

function failureKey(name: Name, type: number, checkingDisabled: boolean): string {
  return `${checkingDisabled ? 'c' : 'f'}${name}${String.fromCharCode(type >> 8, type & 0xff)}`;
}

function denialKey(entry: DenialEntry): string {
  return entry.kind === 'nxdomain' ? nxdomainKey(entry.name) : nodataKey(entry.name, entry.type);
}

function footprint(entry: AnyEntry, key: string): number {
  const base = entryFootprint(key);
  switch (entry.kind) {
    case 'rrset':
      return base + rrsetFootprint(entry.rrset) + rrsetsFootprint(entry.proof) + extendedErrorFootprint(entry.why);
    case 'failure':
      return base + stringFootprint(entry.name) + sum(entry.extendedErrors);
    default: {
      const soa: readonly RRset[] = entry.soa === undefined ? [] : [entry.soa];
      const data = rrsetsFootprint(soa) + rrsetsFootprint(entry.proof);
      return base + stringFootprint(entry.name) + data + extendedErrorFootprint(entry.why);
    }
  }
}

function sum(errors: readonly ExtendedError[]): number {
  let octets = 0;
  for (const error of errors) octets += extendedErrorFootprint(error);
  return octets;
}
