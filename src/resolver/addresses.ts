// The addresses of a zone's servers: configured, glue, looked up before, and, when none is left, looked up now.

import { RANK } from '../cache/entry.ts';
import type { Delegation, Glue, NamedAddress } from '../cache/hierarchy.ts';
import { isIn } from '../cache/servers.ts';
import { isSubdomainOf, type Name } from '../wire/name.ts';
import { TYPE } from '../wire/types.ts';
import { nameServersOf } from './classify.ts';
import type { UnusedAddress } from './events.ts';
import { LOOK } from './journal.ts';
import { addressesOf, keepAddresses } from './keep-addresses.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Candidate } from './select-server.ts';
import type { Resolution } from './types.ts';

/** Resolves a sub-lookup: resolve.ts, handed in so that imports run one way. */
export type Find = (scope: Scope, lookup: Lookup) => Promise<Resolution>;

/** Name servers looked up at the same time: the second costs a query and saves the wait when the first is dead. */
const LOOKUPS_AT_ONCE = 2;

const BOTH = [4, 6] as const;
const IPV4 = [4] as const;
const IPV6 = [6] as const;
const NEITHER: readonly (4 | 6)[] = [];

/** The families that may be asked, IPv4 first. */
function families(scope: Scope): readonly (4 | 6)[] {
  const { ipv4, ipv6 } = scope.shared.options.upstream;
  if (!ipv4) return ipv6 ? IPV6 : NEITHER;
  return ipv6 ? BOTH : IPV4;
}

/** One lookup's knowledge of the addresses of one zone's name servers, and its search for those that are missing. */
export class AddressSearch {
  readonly #delegation: Delegation;
  /** Glue of the referral in hand and addresses found since: good for this lookup even with a TTL of 0. */
  readonly #own: Glue[];
  readonly #asked: Name[] = [];
  /** Gathered once; emptied when addresses are added. */
  #candidates: readonly Candidate[] | undefined;
  readonly #cached: boolean;
  #parentGlue = false;
  #zoneServers = false;
  /** Those of the delegation, and in the end those that the zone itself names. */
  #nameServers: readonly Name[];

  /** `cached`: the delegation has served others before. */
  constructor(delegation: Delegation, glue: readonly Glue[], cached: boolean) {
    this.#delegation = delegation;
    this.#nameServers = delegation.nameServers;
    this.#own = [...glue];
    this.#cached = cached;
  }

  /** All addresses known now for the servers of the delegation that may be asked. */
  candidates(scope: Scope): readonly Candidate[] {
    this.#candidates ??= this.#gather(scope);
    return this.#candidates;
  }

  #gather(scope: Scope): readonly Candidate[] {
    const delegation = this.#delegation;
    if (delegation.source === 'stub' || delegation.source === 'forward') {
      return delegation.addresses.map((server) => ({ nameServer: undefined, state: scope.server(server) }));
    }
    const known = this.#own.length === 0 && !this.#zoneServers ? this.#known(scope) : undefined;
    if (known !== undefined) return known;
    const addresses: NamedAddress[] = [];
    for (const nameServer of this.#nameServers) {
      for (const family of families(scope)) {
        for (const ip of this.#addresses(scope, nameServer, family) ?? []) {
          // CVE-2026-3592: name servers that share addresses are one server.
          if (!addresses.some((one) => one.ip === ip)) addresses.push({ nameServer, ip });
        }
      }
    }
    return candidatesAt(scope, addresses);
  }

  /** What the hierarchy knows, for a search that knows no more than that. Undefined: each address is to be looked at. */
  #known(scope: Scope): readonly Candidate[] | undefined {
    const { caches, gathered } = scope.shared;
    const { zone } = this.#delegation;
    const known = caches.hierarchy.serversOf(zone, families(scope), scope.nowMs());
    const addresses = scope.read(LOOK.servers, known, zone);
    if (addresses === undefined) return undefined;
    const before = gathered.get(addresses);
    if (before !== undefined) return before;
    const candidates = candidatesAt(scope, addresses);
    if (this.#cached) gathered.set(addresses, candidates);
    return candidates;
  }

  /** Glue of the referral in hand that may not be asked, for an observer: nothing is read from the caches for it. */
  unused(scope: Scope): UnusedAddress[] {
    const allowed = families(scope);
    return this.#own.flatMap(({ nameServer, family, addresses }): UnusedAddress[] => {
      const off = !allowed.includes(family);
      const why = !off ? 'denied' : family === 4 ? 'ipv4-off' : 'ipv6-off';
      const unused = off ? addresses : addresses.filter((ip) => scope.shared.denied.has(ip));
      return unused.map((ip) => ({ nameServer, ip, why }));
    });
  }

  /**
   * When all else has failed: the addresses that the parents of the name servers' own zones give as glue. They may
   * differ from what those zones say themselves (Unbound's parent-side fallback). False: there are no others.
   */
  addParentGlue(scope: Scope): boolean {
    if (this.#parentGlue || this.#delegation.addresses.length > 0) return false;
    this.#parentGlue = true;
    const before = this.candidates(scope).length;
    for (const nameServer of this.#nameServers) {
      for (const family of families(scope)) {
        const glue = scope.glue(nameServer, family);
        if (glue !== undefined) this.#own.push(glue);
      }
    }
    this.#candidates = undefined;
    return this.candidates(scope).length > before;
  }

  /**
   * When that has failed, too: the servers that the zone has named of itself beside an answer. RFC 2181, 5.4.1 holds the
   * zone for the better source; here its parent is, which can take the zone away. False: there are no others.
   */
  addZoneServers(scope: Scope): boolean {
    if (this.#zoneServers || this.#delegation.addresses.length > 0) return false;
    this.#zoneServers = true;
    const { zone } = this.#delegation;
    const entry = scope.rrset(zone, TYPE.NS);
    // Answers to clients live as long as they like: only what goes with the delegation will do (CVE-2026-40622).
    if (entry === undefined || entry.rank !== RANK.authority) return false;
    const most = scope.shared.options.limits.nameServersPerDelegation;
    const own = nameServersOf(entry.rrset, most).filter((name) => !this.#nameServers.includes(name));
    this.#nameServers = [...this.#nameServers, ...own];
    this.#candidates = undefined;
    return own.length > 0;
  }

  #addresses(scope: Scope, nameServer: Name, family: 4 | 6): readonly string[] | undefined {
    const known = scope.addresses(this.#delegation.zone, nameServer, family);
    if (this.#parentGlue) {
      const own = this.#own.filter((glue) => glue.nameServer === nameServer && glue.family === family);
      if (known === undefined && own.length === 0) return undefined;
      return [...(known?.addresses ?? []), ...own.flatMap((glue) => glue.addresses)];
    }
    if (known !== undefined && known.addresses.length > 0) return known.addresses;
    const own = this.#own.find((glue) => glue.nameServer === nameServer && glue.family === family);
    return own?.addresses ?? known?.addresses;
  }

  /**
   * Looks up name servers whose addresses are not known, two at a time, within the bounds of a delegation and of the
   * client question. False: none is left to look up.
   */
  async more(scope: Scope, lookup: Lookup, find: Find): Promise<boolean> {
    const chosen = this.#choose(scope, lookup, LOOKUPS_AT_ONCE, (nameServer) =>
      this.#isWorthAsking(scope, lookup, nameServer),
    );
    if (chosen.length === 0) return false;
    // The first address found is enough to go on; the other lookup fills the cache meanwhile.
    await anyAddress(chosen.map((nameServer) => this.#findOne(scope, lookup, nameServer, find)));
    return true;
  }

  /**
   * When all that has failed: asks the servers of the parent zone for the address of a name server inside the zone, of
   * which their referral gave none that can be used. RFC 9471, 3 wants glue in referrals; servers exist that give it to no
   * other question, or answer this one (Unbound's last resort). Within the same bounds; one name at a time, since all
   * are asked of the same servers. False: that gave no address that may be asked.
   */
  async askParent(scope: Scope, lookup: Lookup, find: Find): Promise<boolean> {
    if (this.#delegation.source !== 'referral') return false;
    // Each pass adds to those that were asked. Of so many that had none, the next will not have any: no limit to tell of.
    while (this.#asked.length < scope.shared.options.limits.nameServerLookupsPerDelegation) {
      const [nameServer] = this.#choose(scope, lookup, 1, (name) => this.#lacksGlue(scope, lookup, name));
      if (nameServer === undefined) return false;
      if (await this.#findOne(scope, lookup, nameServer, find, this.#delegation.zone)) return true;
    }
    return false;
  }

  /** At most `most` name servers to look up, within the bounds of a delegation and of the client question. */
  #choose(scope: Scope, lookup: Lookup, most: number, isWorthAsking: (nameServer: Name) => boolean): Name[] {
    const { limits } = scope.shared.options;
    const chosen: Name[] = [];
    for (const nameServer of this.#nameServers) {
      if (chosen.length >= most) break;
      if (this.#asked.length >= limits.nameServerLookupsPerDelegation) {
        scope.exhaust(lookup, 'nameServerLookupsPerDelegation');
        break;
      }
      if (this.#asked.includes(nameServer) || !isWorthAsking(nameServer)) continue;
      if (!scope.budget.spend('nameServerLookups')) {
        scope.exhaust(lookup, 'nameServerLookups');
        break;
      }
      this.#asked.push(nameServer);
      chosen.push(nameServer);
    }
    return chosen;
  }

  /** Not one whose addresses are known (or known to be absent), nor one that could only be found through itself. */
  #isWorthAsking(scope: Scope, lookup: Lookup, nameServer: Name): boolean {
    const { zone } = this.#delegation;
    // RFC 1034, 4.2.1: the address of a server inside the zone it serves can come only from the parent's glue.
    if (isSubdomainOf(nameServer, zone) || isTooDeep(scope, lookup)) return false;
    for (let above: Lookup | undefined = lookup; above !== undefined; above = above.above) {
      if (above.name === nameServer && (above.type === TYPE.A || above.type === TYPE.AAAA)) return false;
    }
    return families(scope).some((family) => this.#addresses(scope, nameServer, family) === undefined);
  }

  /** Whether the parent named this server inside the zone and gave no address of it that may be asked. */
  #lacksGlue(scope: Scope, lookup: Lookup, nameServer: Name): boolean {
    const { zone, nameServers } = this.#delegation;
    if (!nameServers.includes(nameServer) || !isSubdomainOf(nameServer, zone)) return false;
    const allowed = families(scope);
    if (allowed.some((family) => this.#isUsable(scope, nameServer, family))) return false;
    if (allowed.every((family) => this.#wasLookedUp(scope, nameServer, family))) return false;
    for (let above: Lookup | undefined = lookup; above !== undefined; above = above.above) {
      if (above.name === nameServer && above.cut === zone) return false;
    }
    return !isTooDeep(scope, lookup);
  }

  #isUsable(scope: Scope, nameServer: Name, family: 4 | 6): boolean {
    return this.#addresses(scope, nameServer, family)?.some((ip) => !scope.shared.denied.has(ip)) === true;
  }

  /** Whether the parent was asked a moment ago. */
  #wasLookedUp(scope: Scope, nameServer: Name, family: 4 | 6): boolean {
    return scope.addresses(this.#delegation.zone, nameServer, family)?.source === 'lookup';
  }

  /**
   * Asks A and, only if that gives no address, AAAA (only AAAA where IPv4 is off). `cut`: the parent of this zone, for
   * the glue that it left out. Whether an address was found.
   */
  async #findOne(scope: Scope, lookup: Lookup, nameServer: Name, find: Find, cut?: Name): Promise<boolean> {
    for (const family of families(scope)) {
      if (cut === undefined && this.#addresses(scope, nameServer, family) !== undefined) continue;
      if (cut !== undefined && this.#wasLookedUp(scope, nameServer, family)) continue;
      const type = family === 4 ? TYPE.A : TYPE.AAAA;
      const sub = scope.subLookup(lookup, nameServer, type, cut);
      if (scope.observer) {
        const why = cut === undefined ? 'the address of a name server is missing' : 'glue is asked of the parent zone';
        scope.emit(sub, { kind: 'sublookup', name: nameServer, type, why });
      }
      const resolution = await find(scope, sub);
      const addresses = addressesOf(resolution.answer, type, scope.shared.options.limits.addressesPerNameServer);
      if (scope.observer) {
        const outcome = addresses.length > 0 ? addresses.join(', ') : (resolution.failure ?? 'no address');
        scope.emit(sub, { kind: 'sublookup-end', outcome });
      }
      const expiresAtMs = keepAddresses(scope, sub, family, addresses, resolution);
      // The latest first: glue that may not be asked is there already.
      this.#own.unshift({ nameServer, family, addresses, expiresAtMs });
      this.#candidates = undefined;
      if (addresses.some((ip) => !scope.shared.denied.has(ip))) return true;
    }
    return false;
  }
}

/** Whether a lookup has no level left for one more below it. */
function isTooDeep(scope: Scope, lookup: Lookup): boolean {
  if (lookup.depth < scope.shared.options.limits.lookupDepth) return false;
  scope.exhaust(lookup, 'lookupDepth');
  return true;
}

/** The servers at these addresses, but for those that are never asked. */
function candidatesAt(scope: Scope, addresses: readonly NamedAddress[]): Candidate[] {
  const { caches, denied, options } = scope.shared;
  const candidates: Candidate[] = [];
  for (const { nameServer, ip } of addresses) {
    const state = caches.servers.at(ip, options.upstream.port);
    if (!isIn(denied, state)) candidates.push({ nameServer, state });
  }
  return candidates;
}

/** Resolves as soon as one promise gives true, or when all have ended. */
function anyAddress(searches: readonly Promise<boolean>[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = searches.length;
    for (const search of searches) {
      search.then((found) => {
        left -= 1;
        if (found || left === 0) resolve();
      }, reject);
    }
  });
}
