// Step 3 of the notes, the resolver cache: RRsets with their rank and security state, denials and failures.

import type { Limits } from '../base/limits.ts';
import type { ExtendedError } from '../wire/message.ts';
import { isSubdomainOf, labelCount, type Name } from '../wire/name.ts';
import type { DenialEntry, FailureEntry, LayerStats, RecordEntry, Security } from './entry.ts';
import { RANK } from './entry.ts';
import type { NameHash } from './name-hash.ts';
import { PackedMap } from './packed-map.ts';
import {
  type AnyEntry,
  denialTag,
  failureTagOf,
  nodataTagOf,
  nxdomainTag,
  recordsPacking,
  rrsetTag,
} from './records-packing.ts';

/** What {@link Records} is made with. */
export interface RecordsOptions {
  /** All memory of the layer; at least 64 KiB are taken. */
  readonly octetsMax: number;
  readonly limits: Limits;
  readonly names: NameHash;
}

/** A failure to be kept. */
export interface NewFailure {
  readonly name: Name;
  readonly type: number;
  readonly checkingDisabled: boolean;
  readonly reason: string;
  readonly extendedErrors: readonly ExtendedError[];
}

/**
 * All times are of `Clock.nowMs`. An expired entry is a miss, and stays until it is put out or replaced. Class IN only.
 * Data that may not be believed for the use in hand is the caller's matter: `security` and `rank` tell.
 */
export class Records {
  readonly #limits: Limits;
  readonly #entries: PackedMap<AnyEntry>;
  #hits = 0;
  #misses = 0;

  constructor(options: RecordsOptions) {
    this.#limits = options.limits;
    const { octetsMax, names } = options;
    this.#entries = new PackedMap({ octetsMax, names, packing: recordsPacking, readyMax: 0 });
  }

  /** The live RRset of this name and type; counted as a hit or a miss. */
  rrset(name: Name, type: number, nowMs: number): RecordEntry | undefined {
    const entry = this.#entries.get(name, rrsetTag(type), nowMs);
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
    const entry = this.#entries.get(name, failureTagOf(type, checkingDisabled), nowMs);
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
    const { name, type } = rrset;
    const old = this.#entries.peek(name, rrsetTag(type));
    if (old?.kind === 'rrset' && old.expiresAtMs > nowMs && !supersedes(entry, old)) return false;
    if (entry.rank >= RANK.answer && security !== 'bogus') {
      this.#forgetFailures(name, type);
      this.#entries.delete(name, nodataTagOf(type));
      this.#entries.delete(name, nxdomainTag);
    }
    return this.#entries.set(name, rrsetTag(type), entry, expiresAtMs);
  }

  /**
   * Keeps a denial unless a live secure one stands against a lesser; its time to live is cut to `negativeTtlSeconds`,
   * or `bogusTtlSeconds`. The caller has applied RFC 2308, 5 (SOA TTL and MINIMUM). False if it was not kept.
   */
  putDenial(entry: DenialEntry, nowMs: number): boolean {
    const expiresAtMs = this.#capped(entry, this.#limits.negativeTtlSeconds, nowMs);
    if (expiresAtMs <= nowMs) return false;
    const tag = denialTag(entry);
    const old = this.#entries.peek(entry.name, tag);
    const oldIsSecure = old?.kind === entry.kind && old.security === 'secure' && old.expiresAtMs > nowMs;
    if (oldIsSecure && entry.security !== 'secure') return false;
    if (entry.security !== 'bogus') this.#forgetFailures(entry.name, entry.type);
    return this.#entries.set(entry.name, tag, entry, expiresAtMs);
  }

  /**
   * Keeps a failure. RFC 9520, 3.2: it is kept for `failureTtlSeconds`, twice as long with each further failure in a
   * row, at most `failureTtlMostSeconds`. A row ends with an answer, or when nothing failed for that most after expiry.
   */
  putFailure(failure: NewFailure, nowMs: number): FailureEntry {
    const { failureTtlSeconds, failureTtlMostSeconds } = this.#limits;
    const tag = failureTagOf(failure.type, failure.checkingDisabled);
    const old = this.#entries.peek(failure.name, tag);
    const inRow = old?.kind === 'failure' && nowMs < old.expiresAtMs + failureTtlMostSeconds * 1000;
    const count = inRow ? Math.min(old.count + 1, failuresCountedMax) : 1;
    const ttl = Math.min(failureTtlSeconds * 2 ** (count - 1), failureTtlMostSeconds);
    const entry: FailureEntry = { kind: 'failure', ...failure, count, expiresAtMs: nowMs + ttl * 1000 };
    this.#entries.set(entry.name, tag, entry, entry.expiresAtMs);
    return entry;
  }

  /**
   * A copy of `entry` with what validation found, which takes its place if it is still believed there; a bogus one
   * expires within `bogusTtlSeconds` (RFC 4035, 4.7). The copy is returned whether kept or not.
   */
  upgrade<E extends RecordEntry | DenialEntry>(entry: E, security: Security, nowMs: number, why?: ExtendedError): E {
    const copy = { ...entry, security, why };
    const upgraded = { ...copy, expiresAtMs: this.#capped(copy, this.#limits.ttlSeconds, nowMs) };
    if (upgraded.kind === 'rrset') this.put(upgraded, nowMs);
    else this.putDenial(upgraded, nowMs);
    return upgraded;
  }

  /** Takes out this very RRset or denial, whatever it has become since; other types of the name stay. */
  remove(entry: RecordEntry | DenialEntry): void {
    if (entry.kind === 'rrset') this.#entries.delete(entry.rrset.name, rrsetTag(entry.rrset.type));
    else this.#entries.delete(entry.name, denialTag(entry));
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
    return this.#flushWhere((_, entry) =>
      entry.kind === 'failure' ? entry.reason === 'bogus' : entry.security === 'bogus',
    );
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
    for (const { value } of this.#entries.entries()) if (value.expiresAtMs > nowMs) yield value;
  }

  #denial(name: Name, type: number, nowMs: number): DenialEntry | undefined {
    const nodata = this.#entries.get(name, nodataTagOf(type), nowMs);
    if (nodata?.kind === 'nodata') return nodata;
    const own = this.#entries.get(name, nxdomainTag, nowMs);
    if (own?.kind === 'nxdomain') return own;
    // RFC 8020, 2: nothing exists below a name that does not. Many servers say NXDOMAIN for empty non-terminals all
    // the same (RFC 8020, 5), so without a proof only the name itself is believed missing.
    const labels = labelCount(name);
    for (let cut = 1; cut < labels; cut++) {
      const entry = this.#entries.get(name, nxdomainTag, nowMs, cut);
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
    this.#entries.delete(name, failureTagOf(type, false));
    this.#entries.delete(name, failureTagOf(type, true));
  }

  #flushWhere(matches: (owner: Name, entry: AnyEntry) => boolean): number {
    let count = 0;
    for (const { name, tag, value } of this.#entries.entries()) {
      if (matches(name, value) && this.#entries.delete(name, tag)) count++;
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
