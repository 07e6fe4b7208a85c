// What an engine is made of: ports, bounds and settings, all chosen by the caller.

import type { LimitName, Limits } from '../base/limits.ts';
import type { Clock, Log, Random, Transport, TransportOutcome } from '../base/ports.ts';
import type { HostOptions } from '../cache/host.ts';
import type { Trust } from '../dnssec/delegation.ts';
import type { ResourceRecord } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { Recorder } from './recorder.ts';
import type { RolloverOptions } from './rollover.ts';
import type { ConfiguredZone, Resolution } from './types.ts';
import type { NegativeAnchor } from './zone-status.ts';

/** How upstream servers are asked. */
export interface UpstreamOptions {
  /** Port of root and authoritative servers; 53 but in labs. */
  readonly port: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Prefixes never asked, whatever a delegation says; servers of configured zones are exempt. */
  readonly deny: readonly string[];
  /** RFC 9156. `relaxed`: an error to a minimised question is answered by asking in full. */
  readonly qnameMinimisation: 'strict' | 'relaxed' | 'off';
  /** 0x20: the case of each letter of QNAME is drawn and must come back. */
  readonly caseRandomisation: boolean;
  /** Whether servers are sent DNS cookies (RFC 7873), and held to them once they have given one. */
  readonly cookies: boolean;
  /** EDNS payload that we offer, 512..4096 octets. */
  readonly udpPayloadOctets: number;
}

/** Bounds of what is kept. TTLs in seconds. */
export interface CacheOptions {
  /** All layers together. */
  readonly maxOctets: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly maxNegativeTtl: number;
}

/** What is validated, and from where. */
export interface DnssecOptions {
  readonly validate: boolean;
  /** At least one when `validate`. */
  readonly anchors: readonly Trust[];
  readonly negativeAnchors: readonly NegativeAnchor[];
  /** Whether signatures with SHA-1 count (RFC 9905). */
  readonly sha1: 'validate' | 'insecure';
  /** Present: the anchors roll over by themselves (RFC 5011), beginning with these; `anchors` are theirs. */
  readonly rollover?: RolloverOptions;
}

/** What becomes of private addresses of public names. */
export interface PrivateAddressOptions {
  /** Zones whose names may have them. */
  readonly except: readonly Name[];
}

/** Counts what goes to servers, and what comes of it. */
export interface UpstreamMeter {
  sent(protocol: 'udp' | 'tcp'): void;
  ended(protocol: 'udp' | 'tcp', outcome: TransportOutcome): void;
}

/** Everything an engine needs; nothing has a default here. */
export interface EngineOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  /** NS of the root with A and AAAA of the servers. */
  readonly hints: readonly ResourceRecord[];
  readonly zones: readonly ConfiguredZone[];
  readonly upstream: UpstreamOptions;
  readonly host: HostOptions;
  readonly cache: CacheOptions;
  readonly dnssec: DnssecOptions;
  /** Undefined: they are answered like any other. */
  readonly privateAddresses: PrivateAddressOptions | undefined;
  readonly meter?: UpstreamMeter | undefined;
  /**
   * Present: resolutions are written down, within `recordingsOctets` and `recordingsPerSecond`, and handed over here when
   * they have ended, with the first bound that each reached; beyond that without a recorder. It is forgotten after the
   * call, unless `Recorder.keep` was called. Must not throw.
   */
  readonly keep?:
    | ((recorded: Recorder | undefined, resolution: Resolution, limit: LimitName | undefined) => void)
    | undefined;
}
