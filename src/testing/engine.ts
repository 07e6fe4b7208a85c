// An engine for tests: every setting has a value that suits a virtual network, and any can be changed.

import { type Limits, makeLimits } from '../base/limits.ts';
import { type Clock, type Random, silentLog, type Transport } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import type { DnssecOptions, EngineOptions, UpstreamOptions } from '../resolver/options.ts';
import type { ConfiguredZone } from '../resolver/types.ts';
import type { ResourceRecord } from '../wire/message.ts';
import { type Name, nameOctets, ROOT } from '../wire/name.ts';
import { CLASS, TYPE } from '../wire/types.ts';

/** A root server by name and address. */
export interface RootServer {
  readonly nameServer: Name;
  readonly ip: string;
}

/** What must be given, and what may be. */
export interface TestEngineSettings {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly roots: readonly RootServer[];
  readonly zones?: readonly ConfiguredZone[];
  /** Changes to: port 53, IPv4 and IPv6, no address denied, minimisation relaxed, no 0x20, no cookies, 1232 octets. */
  readonly upstream?: Partial<UpstreamOptions>;
  /** Changes to: 16 MiB, TTLs from 0 to the limits' bounds. */
  readonly cache?: Partial<EngineOptions['cache']>;
  readonly limits?: Partial<Limits>;
  /** Changes to: no validation, no anchors, SHA-1 counts. */
  readonly dnssec?: Partial<DnssecOptions>;
  /** Default: they are answered. */
  readonly privateAddresses?: EngineOptions['privateAddresses'];
}

/** Options of an engine without host data, whose caches are empty and whose log is silent. */
export function testEngineOptions(settings: TestEngineSettings): EngineOptions {
  const {
    transport,
    clock,
    random,
    roots,
    zones = [],
    upstream = {},
    cache = {},
    dnssec = {},
    privateAddresses,
  } = settings;
  const limits = makeLimits(settings.limits);
  return {
    transport,
    clock,
    random,
    log: silentLog,
    limits,
    hints: hintRecords(roots),
    zones,
    upstream: {
      port: 53,
      ipv4: true,
      ipv6: true,
      deny: [],
      qnameMinimisation: 'relaxed',
      caseRandomisation: false,
      cookies: false,
      udpPayloadOctets: limits.udpPayloadOctets,
      ...upstream,
    },
    host: { hostsText: undefined, zones: [], data: [], specialUse: false },
    cache: {
      maxOctets: 16 * 1024 * 1024,
      minTtl: 0,
      maxTtl: limits.ttlSeconds,
      maxNegativeTtl: limits.negativeTtlSeconds,
      ...cache,
    },
    privateAddresses,
    dnssec: { validate: false, anchors: [], negativeAnchors: [], sha1: 'validate', ...dnssec },
  };
}

/** The records of a hints file (RFC 9609, 2). Servers whose address is none are left out. */
export function hintRecords(roots: readonly RootServer[]): ResourceRecord[] {
  const record = (name: Name, type: number, rdata: Uint8Array): ResourceRecord => {
    return { name, type, class: CLASS.IN, ttl: 3_600_000, rdata };
  };
  const names = [...new Set(roots.map(({ nameServer }) => nameServer))];
  const addresses = roots.flatMap(({ nameServer, ip }) => {
    const octets = parseIp(ip);
    return octets ? [record(nameServer, octets.length === 4 ? TYPE.A : TYPE.AAAA, octets)] : [];
  });
  return [...names.map((name) => record(ROOT, TYPE.NS, nameOctets(name))), ...addresses];
}
