// Steps 4 to 6 of the notes, root, TLD and authoritative: which servers each zone was delegated to.

import { assert } from '../base/assert.ts';
import type { Limits } from '../base/limits.ts';
import type { ServerAddress } from '../base/ports.ts';
import { isSubdomainOf, labelCount, type Name, parentOf, ROOT } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import type { LayerStats } from './entry.ts';
import { boundGlue, distinct, usableUntilMs, withHints } from './glue.ts';
import { delegationTag, type Held, hierarchyPacking, type Looked } from './hierarchy-packing.ts';
import type { NameHash } from './name-hash.ts';
import { PackedMap } from './packed-map.ts';

/** A zone cut and the servers below it. */
export interface Delegation {
  readonly zone: Name;
  readonly nameServers: readonly Name[];
  /** `hints`, `stub` and `forward` are configured: they never expire and are never replaced. */
  readonly source: 'hints' | 'priming' | 'referral' | 'stub' | 'forward';
  /** By `Clock.nowMs`; Infinity for what is configured. */
  readonly expiresAtMs: number;
  /** The configured addresses of a stub or forward zone, else empty. */
  readonly addresses: readonly ServerAddress[];
  /** The DS RRset of the referral. */
  readonly ds: RRset | undefined;
  /** The NSEC or NSEC3 RRsets of the referral. */
  readonly dsProof: readonly RRset[];
  /** When `ds` and `dsProof` are over by their own TTLs (`Clock.nowMs`): they may be shorter than that of the NS. */
  readonly dsExpiresAtMs: number;
}

/** Addresses of one family that came with a delegation; of use for that delegation only. */
export interface Glue {
  readonly nameServer: Name;
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly addresses: readonly string[];
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
}

/** What is known of a name server's addresses of one family; an empty list: it is known to have none. */
export interface NameServerAddresses {
  readonly addresses: readonly string[];
  /** By `Clock.nowMs`. */
  readonly expiresAtMs: number;
  readonly source: 'glue' | 'lookup' | 'hints';
}

/** An address of a zone's name server. */
export interface NamedAddress {
  readonly nameServer: Name;
  /** Canonical text. */
  readonly ip: string;
}

/** What {@link Hierarchy} is made with. */
export interface HierarchyOptions {
  /** All memory of the layer, at least 64 KiB; what is configured, and what is kept ready for use, come to that. */
  readonly octetsMax: number;
  readonly limits: Limits;
  readonly names: NameHash;
}

/** One line of a dump: a delegation with its glue, or addresses that were looked up. */
export type HierarchyDump =
  | { readonly kind: 'delegation'; readonly delegation: Delegation; readonly glue: readonly Glue[] }
  | {
      readonly kind: 'addresses';
      readonly nameServer: Name;
      readonly family: 4 | 6;
      readonly known: NameServerAddresses;
    };

/**
 * Delegations are keyed by zone, each with the glue of its own referral: glue that a referral brought for a name of
 * another zone serves that delegation alone and is never seen by others. Addresses that were looked up are keyed by
 * name server and serve all. Nothing here is ever put into an answer.
 *
 * Ghost domains (CVE-2012-1033) and phoenix domains: a delegation expires no later than the one whose servers gave it,
 * and its glue, and addresses looked up below it, no later than itself. So each chain dies with its highest link.
 */
export class Hierarchy {
  readonly #limits: Limits;
  readonly #configured: Map<Name, Held> = new Map();
  readonly #entries: PackedMap<Held | Looked>;
  /** Rises with each change to what is known of name servers' addresses. */
  #learntAddresses = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: HierarchyOptions) {
    this.#limits = options.limits;
    const { octetsMax, names } = options;
    this.#entries = new PackedMap({ octetsMax, names, packing: hierarchyPacking, readyMax });
  }

  /** Sets a delegation that never expires, is never put out, and is not replaced by what servers say. */
  configure(delegation: Delegation, glue: readonly Glue[]): void {
    const forever = glue.map((one) => ({ ...one, expiresAtMs: Infinity }));
    this.#configured.set(delegation.zone, {
      kind: 'delegation',
      delegation: { ...delegation, expiresAtMs: Infinity },
      glue: forever,
    });
  }

  /** Forgets all that is configured; the root's hints must be configured anew before anything is asked. */
  unconfigure(): void {
    this.#configured.clear();
  }

  /**
   * The deepest live delegation at or above `name`. The root's hints must have been configured. Counted as a hit when
   * it is deeper than the root.
   */
  closest(name: Name, nowMs: number): Delegation {
    const labels = labelCount(name);
    // Beside the root's hints most resolvers have nothing configured, and need no name of an ancestor to look for it.
    let zone = this.#configured.size > 1 ? name : undefined;
    for (let cut = 0; cut < labels; cut++) {
      const held = zone === undefined ? this.#learnt(name, cut, nowMs) : this.#held(zone, nowMs);
      if (held !== undefined) {
        this.#hits++;
        return held.delegation;
      }
      if (zone !== undefined) zone = parentOf(zone);
    }
    this.#misses++;
    const root = this.#held(ROOT, nowMs);
    assert(root !== undefined, 'the hierarchy has no root hints');
    return root.delegation;
  }

  /** The live delegation of exactly this zone. */
  delegation(zone: Name, nowMs: number): Delegation | undefined {
    return this.#held(zone, nowMs)?.delegation;
  }

  /**
   * Keeps what a referral said, in place of what was known of the zone: the parent's word counts each time. `parent` is
   * the delegation whose servers said it (undefined for priming). Returns the delegation as it may be used now, cut to
   * the limits, which is the configured one if the zone has one. It is not kept if it has no time to live.
   */
  put(delegation: Delegation, glue: readonly Glue[], parent: Delegation | undefined, nowMs: number): Delegation {
    const { zone } = delegation;
    const configured = this.#configured.get(zone);
    if (configured !== undefined && configured.delegation.source !== 'hints') return configured.delegation;
    const nameServers = delegation.nameServers.slice(0, this.#limits.nameServersPerDelegation);
    const ownGlue = boundGlue(withHints(glue, configured?.glue ?? []), nameServers, this.#limits);
    let expiresAtMs = Math.min(delegation.expiresAtMs, nowMs + this.#limits.ttlSeconds * 1000);
    // The root is no one's child, and what is configured is not revoked: neither makes a ghost.
    if (parent !== undefined && parent.zone !== ROOT) expiresAtMs = Math.min(expiresAtMs, parent.expiresAtMs);
    expiresAtMs = Math.min(expiresAtMs, usableUntilMs(zone, nameServers, ownGlue));
    const kept: Held = {
      kind: 'delegation',
      delegation: {
        ...delegation,
        nameServers,
        expiresAtMs,
      },
      glue: ownGlue.map((one) => ({ ...one, expiresAtMs: Math.min(one.expiresAtMs, expiresAtMs) })),
    };
    if (expiresAtMs > nowMs) this.#entries.set(zone, delegationTag, kept, expiresAtMs);
    return kept.delegation;
  }

  /**
   * The addresses of a name server for use at `zone`: those looked up, else the glue of that zone's delegation. That
   * a look-up found none counts only where there is no glue.
   */
  addresses(zone: Name, nameServer: Name, family: 4 | 6, nowMs: number): NameServerAddresses | undefined {
    return this.#addresses(this.#held(zone, nowMs), nameServer, family, nowMs);
  }

  #addresses(held: Held | undefined, nameServer: Name, family: 4 | 6, nowMs: number): NameServerAddresses | undefined {
    const looked = this.#entries.get(nameServer, family, nowMs);
    const known = looked?.kind === 'addresses' ? looked.known : undefined;
    if (known !== undefined && known.addresses.length > 0) return known;
    const glue = held?.glue.find((one) => one.nameServer === nameServer && one.family === family);
    if (held === undefined || glue === undefined || glue.expiresAtMs <= nowMs) return known;
    const source = held.delegation.source === 'hints' ? 'hints' : 'glue';
    return { addresses: glue.addresses, expiresAtMs: glue.expiresAtMs, source };
  }

  /**
   * The addresses known for the name servers of exactly this zone, those looked up before glue, each once; undefined: the
   * zone is not kept. The same array as long as that is what is known.
   */
  serversOf(zone: Name, families: readonly (4 | 6)[], nowMs: number): readonly NamedAddress[] | undefined {
    const held = this.#held(zone, nowMs);
    if (held === undefined) return undefined;
    const { servers } = held;
    if (servers !== undefined && servers.families === families && nowMs < servers.untilMs) {
      if (servers.learnt === this.#learntAddresses) return servers.list;
    }
    const list: NamedAddress[] = [];
    let untilMs = Number.POSITIVE_INFINITY;
    for (const nameServer of held.delegation.nameServers) {
      for (const family of families) {
        const known = this.#addresses(held, nameServer, family, nowMs);
        if (known === undefined) continue;
        untilMs = Math.min(untilMs, known.expiresAtMs);
        for (const ip of known.addresses) {
          // CVE-2026-3592: name servers that share addresses are one server.
          if (!list.some((one) => one.ip === ip)) list.push({ nameServer, ip });
        }
      }
    }
    held.servers = { list, families, untilMs, learnt: this.#learntAddresses };
    return list;
  }

  /** The live glue for a name server in the delegation of the deepest zone known around it: its parent's word. */
  glue(nameServer: Name, family: 4 | 6, nowMs: number): Glue | undefined {
    const { zone } = this.closest(nameServer, nowMs);
    const glue = this.#held(zone, nowMs)?.glue;
    return glue?.find((one) => one.nameServer === nameServer && one.family === family && one.expiresAtMs > nowMs);
  }

  /** Adds to a delegation the glue that its parent gave when asked for it. It makes nothing live longer. */
  addGlue(zone: Name, glue: Glue, nowMs: number): void {
    const held = this.#learnt(zone, 0, nowMs);
    if (held === undefined) return;
    const others = held.glue.filter(
      ({ nameServer, family }) => nameServer !== glue.nameServer || family !== glue.family,
    );
    this.put(held.delegation, [...others, glue], undefined, nowMs);
  }

  /**
   * Keeps addresses that were looked up; an empty list says that there are none. `from` is the delegation whose servers
   * gave the answer: they expire no later than it does.
   */
  putAddresses(nameServer: Name, family: 4 | 6, known: NameServerAddresses, from: Delegation, nowMs: number): void {
    const { ttlSeconds, negativeTtlSeconds, addressesPerNameServer } = this.#limits;
    const ttl = known.addresses.length > 0 ? ttlSeconds : Math.min(ttlSeconds, negativeTtlSeconds);
    let expiresAtMs = Math.min(known.expiresAtMs, nowMs + ttl * 1000);
    if (from.zone !== ROOT) expiresAtMs = Math.min(expiresAtMs, from.expiresAtMs);
    if (expiresAtMs <= nowMs) return;
    const addresses = distinct(known.addresses, addressesPerNameServer);
    const looked: Looked = { kind: 'addresses', nameServer, family, known: { ...known, addresses, expiresAtMs } };
    this.#entries.set(nameServer, family, looked, expiresAtMs);
    this.#learntAddresses++;
  }

  /** Takes out the delegation of exactly this zone and the addresses of the name server of this name. */
  flush(name: Name): number {
    this.#learntAddresses++;
    return [delegationTag, 4, 6].filter((tag) => this.#entries.delete(name, tag)).length;
  }

  /** Takes out all delegations and addresses at and below `zone`, those configured excepted; returns how many. */
  flushZone(zone: Name): number {
    this.#learntAddresses++;
    let count = 0;
    for (const { name, tag } of this.#entries.entries()) {
      if (isSubdomainOf(name, zone) && this.#entries.delete(name, tag)) count++;
    }
    return count;
  }

  /** Takes out everything that was learned. */
  clear(): void {
    this.#entries.clear();
  }

  /** The figures of this layer. */
  stats(): LayerStats {
    const { size, octets, octetsMax, evictions } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, entries: size, octets, octetsMax, evictions };
  }

  /** All that is live, what is configured first. */
  *dump(nowMs: number): Generator<HierarchyDump> {
    yield* this.#configured.values();
    for (const { value } of this.#entries.entries()) {
      const { expiresAtMs } = value.kind === 'delegation' ? value.delegation : value.known;
      if (expiresAtMs > nowMs) yield value;
    }
  }

  #held(zone: Name, nowMs: number): Held | undefined {
    const configured = this.#configured.get(zone);
    if (configured !== undefined && configured.delegation.source !== 'hints') return configured;
    return this.#learnt(zone, 0, nowMs) ?? configured;
  }

  /** What is live of the zone that is `name` without its first `cut` labels. */
  #learnt(name: Name, cut: number, nowMs: number): Held | undefined {
    const entry = this.#entries.get(name, delegationTag, nowMs, cut);
    return entry?.kind === 'delegation' ? entry : undefined;
  }
}

/**
 * Entries kept unpacked: those of TLDs and of hosters' name servers are met with each question. About 1 KiB each, and
 * twenty name servers with all their addresses take 10 KiB.
 */
const readyMax = 2048;
