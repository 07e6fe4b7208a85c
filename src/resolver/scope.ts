// The one way by which a resolution reads the world: caches, servers, clock, chance and exchanges.
// What passes through here is what a recording needs to hold to make the resolution happen again.

import type { LimitName } from '../base/limits.ts';
import { addressKey, type Clock, type Random, type ServerAddress, type Transport } from '../base/ports.ts';
import type { DenialEntry, FailureEntry, RecordEntry, Security } from '../cache/entry.ts';
import type { Delegation, Glue, NameServerAddresses } from '../cache/hierarchy.ts';
import type { HostAnswer } from '../cache/host.ts';
import type { ServerState } from '../cache/servers.ts';
import type { ExtendedError } from '../wire/message.ts';
import { isSubdomainOf, type Name, parentOf, ROOT } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { Budget } from './budget.ts';
import type { EventBody, Observer } from './events.ts';
import type { Found } from './found.ts';
import { FreshData } from './fresh-data.ts';
import { type Detail, type Journal, LOOK, type Look, type Reads, type WaitFor, type Waits } from './journal.ts';
import type { Running, Shared } from './shared.ts';

/** One name being looked up: the client's question (id 0) or a sub-lookup. `above` leads back to the client's. */
export interface Lookup {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly depth: number;
  readonly above: Lookup | undefined;
  /** A zone around the name: the servers of its parent are asked what they know, and the walk does not go down there. */
  readonly cut: Name | undefined;
}

/** One client question's view of the engine. */
export class Scope {
  readonly shared: Shared;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly budget: Budget;
  readonly checkingDisabled: boolean;
  readonly observer: Observer | undefined;
  readonly journal: Journal | undefined;
  readonly #fresh: FreshData = new FreshData();
  /** Signed NSEC and NSEC3 that came beside an alias, by the zone that signed them, and when they are over. */
  beside: Map<Name, { readonly proof: readonly RRset[]; readonly expiresAtMs: number }> | undefined;
  /** Who gave bogus data for a zone, and how often. */
  #distrusted: Map<string, number> | undefined;
  #lookups = 0;
  #exchanges = 0;
  readonly #startSeconds: number;
  readonly #startMs: number;
  #nowMs: number;

  constructor(shared: Shared, checkingDisabled: boolean, observer: Observer | undefined, journal?: Journal) {
    journal?.begin(shared);
    const { clock, random, transport } = journal ?? shared.options;
    this.shared = shared;
    this.clock = clock;
    this.random = random;
    this.transport = transport;
    this.#startMs = clock.nowMs();
    this.#startSeconds = clock.wallSeconds();
    this.#nowMs = this.#startMs;
    this.budget = new Budget(shared.options.limits, this.#startMs);
    this.checkingDisabled = checkingDisabled;
    this.observer = observer;
    this.journal = journal;
  }

  /** `live` as the journal has it: every look at what other resolutions may change passes through here. */
  read<Kind extends keyof Reads>(look: Look<Kind>, live: Reads[Kind], name: Name, detail: Detail = 0): Reads[Kind] {
    return this.journal === undefined ? live : this.journal.read(look, name, detail, live);
  }

  /** What is in progress for others, as the journal has it; undefined: nothing is. */
  wait<Kind extends keyof Waits, About>(
    what: WaitFor<Kind, About>,
    running: Running<Waits[Kind]> | undefined,
    about: About,
  ): Promise<Waits[Kind]> | undefined {
    if (this.journal === undefined) return running?.work;
    return this.journal.wait(what, about, running?.work, running?.by === this);
  }

  /** Clock.nowMs as it was when the resolution began or last went on: between two waits time stands still. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** To be called when the resolution goes on after a wait, for whatever it waited. */
  goOn(): void {
    this.#nowMs = this.clock.nowMs();
  }

  /** Seconds since 1970, by which signatures are valid: the wall clock is read once, and {@link nowMs} moves it on. */
  wallSeconds(): number {
    return this.#startSeconds + Math.floor((this.#nowMs - this.#startMs) / 1000);
  }

  /** The client's question as a lookup. */
  rootLookup(name: Name, type: number): Lookup {
    return { id: 0, name, type, depth: 0, above: undefined, cut: undefined };
  }

  /** The priming question, which this client question pays for if it is the first to need it. */
  primingLookup(): Lookup {
    this.#lookups += 1;
    return { id: this.#lookups, name: ROOT, type: TYPE.NS, depth: 0, above: undefined, cut: undefined };
  }

  /** A lookup on behalf of `above`. `cut`: of glue, that is of what the parent of this zone knows. */
  subLookup(above: Lookup, name: Name, type: number, cut?: Name): Lookup {
    this.#lookups += 1;
    return { id: this.#lookups, name, type, depth: above.depth + 1, above, cut };
  }

  /** A number for one exchange, by which events of sending and receiving are matched. */
  nextExchange(): number {
    this.#exchanges += 1;
    return this.#exchanges;
  }

  /** Hands an event to the observer. Callers ask for `observer` first, so that nothing is built without one. */
  emit(lookup: Lookup, body: EventBody): void {
    const { observer } = this;
    if (observer === undefined) return;
    const parent = lookup.above === undefined ? {} : { parent: lookup.above.id };
    observer({ ...body, atMs: this.#nowMs, lookup: lookup.id, ...parent });
  }

  /** Notes that a bound was reached. */
  exhaust(lookup: Lookup, limit: LimitName): void {
    this.budget.exhausted ??= limit;
    this.#countHit(limit);
    if (this.observer) this.emit(lookup, { kind: 'limit', limit, value: this.shared.options.limits[limit] });
  }

  #countHit(limit: LimitName): void {
    const { limitHits } = this.shared;
    limitHits.set(limit, (limitHits.get(limit) ?? 0) + 1);
  }

  /** Whether this question's findings are validated. */
  get validates(): boolean {
    return this.shared.trust !== undefined && !this.checkingDisabled;
  }

  /** What validation found, kept with the entry; `ttl` (seconds) shortens its life. Gives the entry as it is now. */
  upgrade<E extends RecordEntry | DenialEntry>(
    entry: E,
    security: Security,
    ttl: number,
    why: ExtendedError | undefined,
  ): E {
    const nowMs = this.nowMs();
    const expiresAtMs = Math.min(entry.expiresAtMs, nowMs + ttl * 1000);
    const upgraded = this.shared.caches.records.upgrade({ ...entry, expiresAtMs }, security, nowMs, why);
    this.#fresh.put(upgraded, undefined);
    return upgraded;
  }

  /**
   * What was found is bogus: whoever gave it is asked last from now on, and it is forgotten so that another is asked.
   * False when no retry is left.
   */
  distrust(found: Found): boolean {
    if (found.kind === 'failure') return false;
    if (!this.budget.spend('bogusRetries')) {
      this.#countHit('bogusRetries');
      return false;
    }
    const entries = found.kind === 'records' ? found.entries : [found.entry];
    this.#distrusted ??= new Map();
    const givers = new Set<string>();
    for (const entry of entries) {
      const server = this.#fresh.giverOf(entry);
      if (server !== undefined) givers.add(giverKey(entry.zone, server));
      this.forget(entry);
    }
    for (const giver of givers) this.#distrusted.set(giver, (this.#distrusted.get(giver) ?? 0) + 1);
    return true;
  }

  /** Takes an entry out of this question's memory and of the cache. */
  forget(entry: RecordEntry | DenialEntry): void {
    this.#fresh.forget(entry);
    this.shared.caches.records.remove(entry);
  }

  /** Whether anything proved bogus within this question. */
  get hasDistrusted(): boolean {
    return this.#distrusted !== undefined;
  }

  /** Whether data of this zone should be signed: its delegation has DS, or it has a trust anchor. */
  expectsSignatures(delegation: Delegation): boolean {
    const { trust } = this.shared;
    return this.validates && (delegation.ds !== undefined || trust?.anchors.has(delegation.zone) === true);
  }

  /** How often this server's data for `zone` proved bogus within this question. */
  distrustsOf(zone: Name, server: ServerAddress): number {
    return this.#distrusted?.get(giverKey(zone, server)) ?? 0;
  }

  rrset(name: Name, type: number): RecordEntry | undefined {
    const fresh = this.#fresh.rrset(name, type);
    if (fresh !== undefined) return fresh;
    return this.read(LOOK.rrset, this.shared.caches.records.rrset(name, type, this.nowMs()), name, type);
  }

  /** The closest DNAME above `name` that speaks for it: as in Unbound, one kept from another question only if secure. */
  dnameAbove(name: Name): RecordEntry | undefined {
    const { records } = this.shared.caches;
    let fresh: RecordEntry | undefined;
    let kept: RecordEntry | undefined;
    for (let above = name; above !== ROOT && kept === undefined; ) {
      above = parentOf(above);
      fresh = this.#fresh.rrset(above, TYPE.DNAME);
      if (fresh !== undefined) break;
      const entry = records.rrset(above, TYPE.DNAME, this.nowMs());
      if (entry?.security === 'secure') kept = entry;
    }
    return this.read(LOOK.dname, kept, name) ?? fresh;
  }

  denial(name: Name, type: number): DenialEntry | undefined {
    const fresh = this.#fresh.denial(name, type);
    if (fresh !== undefined) return fresh;
    const denial = this.read(LOOK.denial, this.shared.caches.records.denial(name, type, this.nowMs()), name, type);
    if (denial === undefined || denial.name === name) return denial;
    // RFC 8020, 2 speaks of the public tree: a zone configured below the denied name exists all the same.
    const { zone, source } = this.closest(name);
    const configured = source === 'stub' || source === 'forward';
    return configured && zone !== denial.name && isSubdomainOf(zone, denial.name) ? undefined : denial;
  }

  failure(name: Name, type: number): FailureEntry | undefined {
    const failure = this.shared.caches.records.failure(name, type, this.checkingDisabled, this.nowMs());
    return this.read(LOOK.failure, failure, name, type);
  }

  /** The deepest live delegation at or above `name`. */
  closest(name: Name): Delegation {
    return this.read(LOOK.closest, this.shared.caches.hierarchy.closest(name, this.nowMs()), name);
  }

  /** No server that priming told of is of use: the hints serve again, for `holdMs` at least. Undefined: they do. */
  backToHints(holdMs: number): Delegation | undefined {
    this.shared.caches.hierarchy.flush(ROOT);
    this.shared.primeAgainMs = this.nowMs() + holdMs;
    const root = this.closest(ROOT);
    return root.source === 'hints' ? root : undefined;
  }

  /** The live delegation of exactly this zone. */
  delegation(zone: Name): Delegation | undefined {
    return this.read(LOOK.delegation, this.shared.caches.hierarchy.delegation(zone, this.nowMs()), zone);
  }

  /** The deepest live delegation strictly above `zone`. */
  closestAbove(zone: Name): Delegation {
    return this.closest(zone === ROOT ? ROOT : parentOf(zone));
  }

  /** What is known of a name server's addresses for use at `zone`; an empty list: it is known to have none. */
  addresses(zone: Name, nameServer: Name, family: 4 | 6): NameServerAddresses | undefined {
    const known = this.shared.caches.hierarchy.addresses(zone, nameServer, family, this.nowMs());
    return this.read(family === 4 ? LOOK.addresses4 : LOOK.addresses6, known, nameServer, zone);
  }

  /** The glue for a name server in the delegation of the zone that it lies in. */
  glue(nameServer: Name, family: 4 | 6): Glue | undefined {
    const glue = this.shared.caches.hierarchy.glue(nameServer, family, this.nowMs());
    return this.read(LOOK.glue, glue, nameServer, family);
  }

  server(address: ServerAddress): ServerState {
    return this.shared.caches.servers.of(address);
  }

  /** What files, local data and special names say. */
  host(name: Name, type: number): HostAnswer | undefined {
    return this.read(LOOK.host, this.shared.caches.host.find(name, type), name, type);
  }

  /** Remembers within this question what a response said. Bounded by the upstream queries of the budget. */
  remember(entry: RecordEntry | DenialEntry, server: ServerAddress): void {
    this.#fresh.put(entry, server);
  }
}

/** A server as one that gives data of a zone. */
function giverKey(zone: Name, server: ServerAddress): string {
  return `${addressKey(server)} ${zone}`;
}
