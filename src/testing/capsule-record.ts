// Records one resolution: wrappers of the ports note every exchange and every value drawn, and make a capsule of them.

import {
  addressKey,
  type Clock,
  type Random,
  type Transport,
  type TransportOutcome,
  type TransportRequest,
  type Verdict,
} from '../base/ports.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';
import { buildResponse } from '../server/respond.ts';
import { nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { TYPE, typeToText } from '../wire/types.ts';
import type { Capsule, CapsuleArrival, CapsuleExchange, CapsuleMessage, CapsuleSettings } from './capsule.ts';
import { readable } from './readable.ts';
import { recordText } from './rpl-match.ts';

/** Values drawn that a capsule holds; a resolution within its limits draws far fewer. */
const randomMax = 100_000;

/** Resolves one question by an engine of its own, with empty caches, and gives result and capsule. */
export async function recordCapsule(
  options: EngineOptions,
  request: ResolveRequest,
): Promise<{ readonly resolution: Resolution; readonly capsule: Capsule }> {
  const { clock } = options;
  const start = { nowMs: clock.nowMs(), wallSeconds: clock.wallSeconds() };
  const random = new RecordingRandom(options.random);
  const transport = new RecordingTransport(options.transport, clock);
  const resolver = new Resolver({ ...options, random, transport });
  const resolution = await resolver.resolve(request);
  const capsule: Capsule = {
    format: 'rootwalk-capsule',
    version: 1,
    question: {
      name: nameToText(request.name),
      type: typeToText(request.type),
      checkingDisabled: request.checkingDisabled,
    },
    settings: settingsOf(options),
    clock: start,
    random: random.drawn,
    exchanges: transport.finish(start.nowMs),
    answer: answerOf(resolution, request),
  };
  resolver.close();
  return { resolution, capsule };
}

/** The answer part of a capsule: what a client with DO would get. */
export function answerOf(resolution: Resolution, request: ResolveRequest): Capsule['answer'] {
  const { name, type, checkingDisabled } = request;
  const octets = buildResponse(resolution, { name, type, dnssecOk: true, checkingDisabled });
  const { security, failure } = resolution;
  return { ...messageOf(octets), security, ...(failure === undefined ? {} : { failure }) };
}

function settingsOf({ limits, hints, zones, upstream, cache, dnssec, host }: EngineOptions): CapsuleSettings {
  return {
    limits,
    hints: hints.map(recordText),
    zones: zones.map(({ zone, kind, servers }) => ({ zone: nameToText(zone), kind, servers: servers.map(addressKey) })),
    upstream,
    cache,
    dnssec: {
      validate: dnssec.validate,
      anchors: dnssec.anchors.flatMap(anchorTexts),
      negativeAnchors: dnssec.negativeAnchors.map(({ zone, untilSeconds, reason }) => ({
        zone: nameToText(zone),
        ...(untilSeconds === undefined ? {} : { untilSeconds }),
        ...(reason === undefined ? {} : { reason }),
      })),
      sha1: dnssec.sha1,
    },
    specialUse: host.specialUse,
  };
}

function anchorTexts({ zone, ds, keys }: EngineOptions['dnssec']['anchors'][number]): string[] {
  const name = nameToText(zone);
  const ofDs = ds.map(({ keyTag, algorithm, digestType, digest }) => {
    return `${name} IN DS ${keyTag} ${algorithm} ${digestType} ${Buffer.from(digest).toString('hex')}`;
  });
  return [...ofDs, ...keys.map((rdata) => `${name} IN DNSKEY ${rdataToText(TYPE.DNSKEY, rdata)}`)];
}

function messageOf(octets: Uint8Array): CapsuleMessage {
  return { octets: Buffer.from(octets).toString('base64'), readable: readable(octets) };
}

/** Notes every value drawn from another Random. */
class RecordingRandom implements Random {
  readonly drawn: [below: number, value: number][] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  integer(below: number): number {
    const value = this.#random.integer(below);
    if (this.drawn.length < randomMax) this.drawn.push([below, value]);
    return value;
  }
}

interface Recorded {
  readonly request: TransportRequest;
  readonly startMs: number;
  readonly arrivals: CapsuleArrival[];
  endMs: number;
  outcome: TransportOutcome;
}

/** Notes every send through another Transport, and every message that the resolver judged. */
class RecordingTransport implements Transport {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #recorded: Recorded[] = [];

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  async send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    const startMs = this.#clock.nowMs();
    const query = request.query.slice();
    // An exchange that nobody waited for any more ends as a timeout.
    const recorded: Recorded = {
      request: { ...request, query },
      startMs,
      arrivals: [],
      endMs: startMs + request.timeoutMs,
      outcome: { kind: 'timeout' },
    };
    this.#recorded.push(recorded);
    const outcome = await this.#transport.send(request, (octets) => {
      const verdict = accept(octets);
      recorded.arrivals.push({ afterMs: this.#clock.nowMs() - startMs, verdict, ...messageOf(octets) });
      return verdict;
    });
    recorded.outcome = outcome;
    recorded.endMs = outcome.kind === 'response' ? startMs + outcome.rttMs : this.#clock.nowMs();
    return outcome;
  }

  close(): void {
    this.#transport.close();
  }

  finish(originMs: number): CapsuleExchange[] {
    return this.#recorded.map(({ request, startMs, endMs, arrivals, outcome }) => ({
      server: addressKey(request.server),
      protocol: request.protocol,
      startMs: startMs - originMs,
      tookMs: endMs - startMs,
      query: messageOf(request.query),
      arrivals,
      outcome: outcome.kind,
      ...(outcome.kind === 'unreachable' ? { detail: outcome.detail } : {}),
    }));
  }
}
