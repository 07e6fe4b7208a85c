// Makes the state of an engine from its options: caches, trust, and what all its resolutions share.

import type { LimitName } from '../base/limits.ts';
import { PrefixSet } from '../base/prefix.ts';
import { Answers } from '../cache/answers.ts';
import { DenialRanges } from '../cache/denial-ranges.ts';
import { Hierarchy } from '../cache/hierarchy.ts';
import { Host } from '../cache/host.ts';
import { NameHash } from '../cache/name-hash.ts';
import { PackedMap } from '../cache/packed-map.ts';
import type { HashKey } from '../cache/question-hash.ts';
import { Records } from '../cache/records.ts';
import { FamilyHealth, Servers, stateOctets } from '../cache/servers.ts';
import { ImportedKeys } from '../dnssec/keys.ts';
import { probeSupport } from '../dnssec/support.ts';
import { VerifiedSignatures } from '../dnssec/verified.ts';
import { ROOT } from '../wire/name.ts';
import { toRRsets } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { nameServersOf } from './classify.ts';
import type { Crowds } from './crowds.ts';
import { addressesOf } from './keep-addresses.ts';
import type { EngineOptions } from './options.ts';
import { Pacer } from './pacer.ts';
import type { Caches, Shared } from './shared.ts';
import { readyStatuses, statusPacking, type TrustState } from './zone-status.ts';

/** What outlives a change of options. */
export interface Life {
  closed: boolean;
  readonly crowds: Crowds;
  /** Times that each bound was reached since the start. */
  readonly limitHits: Map<LimitName, number>;
}

/** What share of `cache.maxOctets` each layer may fill; the sum is 1. */
const SHARES = {
  answers: 0.33,
  records: 0.37,
  denialRanges: 0.05,
  hierarchy: 0.15,
  servers: 0.05,
  zones: 0.05,
} as const;

/** What the resolutions of an engine share, over the caches of `home`. `exchanges`: those in flight. */
export function makeShared(
  options: EngineOptions,
  life: Life,
  home: Shared['home'],
  trust: TrustState | undefined,
  exchanges: Shared['exchanges'],
): Shared {
  return {
    options,
    home,
    get caches(): Caches {
      return home.caches;
    },
    trust,
    pacer: new Pacer(options.clock),
    gathered: new WeakMap(),
    denied: new PrefixSet(options.upstream.deny),
    exchanges,
    crowds: life.crowds,
    limitHits: life.limitHits,
    priming: undefined,
    primeAgainMs: Number.NEGATIVE_INFINITY,
    get closed(): boolean {
      return life.closed;
    },
  };
}

/** Empty caches, filled with what is configured. Throws WireError for local data that is no record. */
export function makeCaches(options: EngineOptions): Caches {
  const { limits, cache, random } = options;
  const { maxOctets } = cache;
  const seed: HashKey = [random.integer(2 ** 32), random.integer(2 ** 32)];
  const names = new NameHash(seed);
  const hierarchy = new Hierarchy({ octetsMax: Math.floor(maxOctets * SHARES.hierarchy), limits, names });
  configureZones(hierarchy, options);
  return {
    names,
    answers: new Answers({ octetsMax: Math.floor(maxOctets * SHARES.answers), seed }),
    host: new Host(options.host),
    records: new Records({ octetsMax: Math.floor(maxOctets * SHARES.records), limits, names }),
    denialRanges: new DenialRanges({ octetsMax: Math.floor(maxOctets * SHARES.denialRanges), names }),
    hierarchy,
    servers: new Servers({ entriesMax: Math.floor((maxOctets * SHARES.servers) / stateOctets) }),
    families: new FamilyHealth(),
  };
}

/** What validation needs; undefined when nothing is validated. */
export function makeTrust({ dnssec, cache }: EngineOptions, names: NameHash): TrustState | undefined {
  if (!dnssec.validate) return undefined;
  return {
    anchors: new Map(dnssec.anchors.map((anchor) => [anchor.zone, anchor])),
    negativeAnchors: new Map(dnssec.negativeAnchors.map((anchor) => [anchor.zone, anchor])),
    support: probeSupport({ sha1: dnssec.sha1 }),
    imported: new ImportedKeys(),
    verified: new VerifiedSignatures(),
    zones: new PackedMap({
      octetsMax: Math.floor(cache.maxOctets * SHARES.zones),
      names,
      packing: statusPacking,
      readyMax: readyStatuses,
    }),
    inFlight: new Map(),
  };
}

/** The root by its hints, and the zones whose servers are configured. */
export function configureZones(hierarchy: Hierarchy, { hints, zones, limits }: EngineOptions): void {
  const rrsets = toRRsets(hints);
  const ns = rrsets.find((rrset) => rrset.name === ROOT && rrset.type === TYPE.NS);
  const base = { expiresAtMs: Number.POSITIVE_INFINITY, ds: undefined, dsProof: [], dsExpiresAtMs: 0 } as const;
  const glue = rrsets
    .filter((rrset) => rrset.type === TYPE.A || rrset.type === TYPE.AAAA)
    .map((rrset) => ({
      nameServer: rrset.name,
      family: rrset.type === TYPE.A ? (4 as const) : (6 as const),
      addresses: addressesOf([rrset], rrset.type, limits.addressesPerNameServer),
      expiresAtMs: Number.POSITIVE_INFINITY,
    }));
  const nameServers = ns === undefined ? [] : nameServersOf(ns, limits.nameServersPerDelegation);
  hierarchy.configure({ ...base, zone: ROOT, nameServers, source: 'hints', addresses: [] }, glue);
  for (const { zone, kind, servers } of zones) {
    hierarchy.configure({ ...base, zone, nameServers: [], source: kind, addresses: servers }, []);
  }
}
