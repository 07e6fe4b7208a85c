// Plays a capsule again, without a network: same clock, same values drawn, same exchanges; says where it parted.

import { readFile } from 'node:fs/promises';
import { makeLimits } from '../base/limits.ts';
import {
  addressKey,
  type Clock,
  type Random,
  type ServerAddress,
  silentLog,
  type Transport,
  type TransportOutcome,
  type TransportRequest,
  type Verdict,
} from '../base/ports.ts';
import type { Capsule, CapsuleExchange } from '../capsule.ts';
import { answerOf, explanationOf } from '../capsule-record.ts';
import { octetsIn } from '../capsule-value-read.ts';
import { parseTrustAnchors } from '../dnssec/anchors.ts';
import { readable } from '../readable.ts';
import type { Observer, ResolutionEvent } from '../resolver/events.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';
import { parseMessage, parseQuestion } from '../wire/message.ts';
import { nameFromText } from '../wire/name.ts';
import { typeFromText } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { parseCapsule } from './capsule.ts';
import { CapsulePlayer } from './capsule-player.ts';
import { Differences } from './differences.ts';
import { recordKey } from './rpl-match.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * Plays the capsule in a file, so that a bug report is a test in one line: `test('it', () => replay('report.json'))`.
 * Gives what it resolves to; rejects with an Error that says where it parted.
 */
export async function replay(file: string | URL): Promise<Resolution> {
  const { difference, resolution } = await replayCapsule(parseCapsule(await readFile(file, 'utf8'), String(file)));
  if (difference !== undefined) throw new Error(`${file}: ${difference}`);
  return resolution;
}

/** What came of a replay. */
export interface CapsuleReplay {
  /** The same questions to the same servers, and the same answer. */
  readonly same: boolean;
  /** The first thing that was not the same. */
  readonly difference?: string;
  readonly resolution: Resolution;
  /** Exchanges asked again. */
  readonly exchanges: number;
}

/** How a capsule is played. */
export interface ReplayCapsuleOptions {
  /**
   * `exact` (the default): octet by octet, so that any other question, order or value drawn is a difference. `answer`:
   * a later version may ask in another order or with other IDs; servers say what they said to the same question, and
   * only RCODE and records of the answer count, TTLs apart.
   */
  readonly compare?: 'exact' | 'answer';
  readonly observer?: Observer;
}

/** Plays a capsule. Rejects when it holds no question or settings that this version can read. */
export async function replayCapsule(capsule: Capsule, options: ReplayCapsuleOptions = {}): Promise<CapsuleReplay> {
  const { compare = 'exact', observer } = options;
  const { nowMs, wallSeconds } = capsule.clock;
  const clock = new VirtualClock({ startMs: nowMs, wallSeconds });
  const differences = new Differences(compare === 'exact');
  const during = (what: string): void => differences.during(what);
  const transport = new ReplayTransport(capsule.exchanges, clock, compare, during);
  const random = new ReplayRandom(capsule.random, during);
  // In version 1 what the making of the engine drew stands before what the resolution drew.
  const resolver = new Resolver(engineOptions(capsule, transport, clock, capsule.version === 1 ? random : zeros));
  const journal =
    capsule.version === 1 ? undefined : new CapsulePlayer(capsule, { clock, random, transport, differences });
  const events: ResolutionEvent[] = [];
  const { name, type: typeText, checkingDisabled } = capsule.question;
  const type = typeFromText(typeText);
  if (type === undefined) throw new Error(`unknown type ${typeText}`);
  const request: ResolveRequest = {
    name: nameFromText(name),
    type,
    checkingDisabled,
    observer: (event) => {
      events.push(event);
      observer?.(event);
    },
    ...(journal && { journal }),
  };
  const resolution = await clock.runUntil(resolver.resolve(request), 10 * capsule.settings.limits.resolutionMs);
  const missed = transport.missed();
  if (missed) differences.other(`exchange ${missed.number} was not asked again: ${exchangeText(missed.exchange)}`);
  const answer = answerOf(resolution, request);
  if (!sameAnswer(answer.octets, capsule.answer.octets, compare)) {
    differences.answer(
      `the answer is ${JSON.stringify(answer.readable)}, recorded ${JSON.stringify(capsule.answer.readable)}`,
    );
  }
  if (answer.security !== capsule.answer.security)
    differences.other(`it is ${answer.security}, recorded ${capsule.answer.security}`);
  const step = otherStep(explanationOf(request, events, resolution), capsule.explanation);
  if (step !== undefined) differences.other(step);
  resolver.close();
  const { first } = differences;
  const difference = first === undefined ? {} : { difference: first };
  return { same: first === undefined, ...difference, resolution, exchanges: transport.asked };
}

function sameAnswer(got: string, recorded: string, compare: 'exact' | 'answer'): boolean {
  if (compare === 'exact' || got === recorded) return got === recorded;
  const [a, b] = [got, recorded].map((base64) => {
    const { rcode, answer, authority } = parseMessage(octetsIn(base64));
    return JSON.stringify([rcode, answer.map(recordKey), authority.map(recordKey)]);
  });
  return a === b;
}

/** The first line of the explanation that says something else, times apart: the machine that recorded took some itself. */
function otherStep(got: readonly string[], recorded: readonly string[] | undefined): string | undefined {
  if (recorded === undefined) return undefined;
  const untimed = (line: string | undefined): string | undefined => line?.replace(/[\d.]+ ms/g, '# ms');
  const at = Math.max(got.length, recorded.length);
  for (let i = 0; i < at; i++) {
    if (untimed(got[i]) !== untimed(recorded[i])) {
      return `line ${i + 1} of the explanation is ${JSON.stringify(got[i] ?? '')}, recorded ${JSON.stringify(recorded[i] ?? '')}`;
    }
  }
  return undefined;
}

/** Nothing that is drawn when an engine is made matters to a resolution. */
const zeros: Random = { integer: () => 0 };

function engineOptions(capsule: Capsule, transport: Transport, clock: Clock, random: Random): EngineOptions {
  const { limits, hints, zones, upstream, cache, dnssec, specialUse, privateAddresses } = capsule.settings;
  return {
    transport,
    clock,
    random,
    log: silentLog,
    limits: makeLimits(limits),
    hints: parseZoneText(hints.join('\n')),
    zones: zones.map(({ zone, kind, servers }) => ({
      zone: nameFromText(zone),
      kind,
      servers: servers.map(addressOf),
    })),
    upstream: { cookies: false, ...upstream },
    cache,
    dnssec: {
      validate: dnssec.validate,
      anchors: dnssec.anchors.length > 0 ? parseTrustAnchors(dnssec.anchors.join('\n')) : [],
      negativeAnchors: dnssec.negativeAnchors.map(({ zone, untilSeconds, reason }) => ({
        zone: nameFromText(zone),
        untilSeconds,
        reason,
      })),
      sha1: dnssec.sha1,
    },
    privateAddresses: privateAddresses && { except: privateAddresses.except.map(nameFromText) },
    host: { hostsText: undefined, zones: [], data: [], specialUse },
  };
}

function addressOf(key: string): ServerAddress {
  const at = key.lastIndexOf('@');
  return { ip: key.slice(0, at), port: Number(key.slice(at + 1)) };
}

/** Gives the recorded values in order. */
class ReplayRandom implements Random {
  readonly #drawn: readonly (readonly [number, number])[];
  readonly #note: (difference: string) => void;
  #next = 0;

  constructor(drawn: readonly (readonly [number, number])[], note: (difference: string) => void) {
    this.#drawn = drawn;
    this.#note = note;
  }

  integer(below: number): number {
    const [recordedBelow, value] = this.#drawn[this.#next++] ?? [0, 0];
    if (recordedBelow !== below)
      this.#note(`value ${this.#next} is drawn below ${below}, recorded below ${recordedBelow}`);
    return value < below ? value : 0;
  }
}

/** Answers each send as the equal one was answered in the recording. */
class ReplayTransport implements Transport {
  readonly #exchanges: readonly CapsuleExchange[];
  readonly #clock: Clock;
  readonly #compare: 'exact' | 'answer';
  readonly #note: (difference: string) => void;
  readonly #played = new Set<number>();
  asked = 0;

  constructor(
    exchanges: readonly CapsuleExchange[],
    clock: Clock,
    compare: 'exact' | 'answer',
    note: (difference: string) => void,
  ) {
    this.#exchanges = exchanges;
    this.#clock = clock;
    this.#compare = compare;
    this.#note = note;
  }

  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    this.asked++;
    const exchange = this.#take(request);
    return new Promise((resolve) => {
      if (exchange === undefined) {
        this.#clock.after(request.timeoutMs, () => resolve({ kind: 'timeout' }));
        return;
      }
      for (const { octets, afterMs } of exchange.arrivals) {
        this.#clock.after(afterMs, () => {
          const recorded = octetsIn(octets);
          const message = this.#compare === 'exact' ? recorded : asReplyTo(request.query, recorded);
          const verdict = accept(message);
          if (verdict === 'take') resolve({ kind: 'response', octets: message, rttMs: exchange.tookMs });
          else if (verdict === 'suspect') resolve({ kind: 'suspect' });
        });
      }
      const { detail } = exchange;
      if (exchange.outcome === 'unreachable') {
        this.#clock.after(exchange.tookMs, () => resolve({ kind: 'unreachable', detail: detail ?? '' }));
      }
      // At the deadline much ends at the same moment: what had not been told by then is not told now.
      if (exchange.outcome === 'unfinished' && this.#compare === 'exact') return;
      this.#clock.after(request.timeoutMs, () => resolve({ kind: 'timeout' }));
    });
  }

  close(): void {
    // Nothing is open.
  }

  /** The first recorded exchange that was not asked again; numbers count from 1. */
  missed(): { readonly number: number; readonly exchange: CapsuleExchange } | undefined {
    const index = this.#exchanges.findIndex((_, at) => !this.#played.has(at));
    const exchange = this.#exchanges[index];
    return exchange && { number: index + 1, exchange };
  }

  /** Exactly the octets, or the question and whether there is EDNS. */
  #queryKey(octets: Uint8Array): string {
    if (this.#compare === 'exact') return Buffer.from(octets).toString('base64');
    const { questions, edns } = parseMessage(octets);
    return JSON.stringify([questions, edns !== undefined]);
  }

  #take(request: TransportRequest): CapsuleExchange | undefined {
    const server = addressKey(request.server);
    const query = this.#queryKey(request.query);
    const index = this.#exchanges.findIndex(
      (exchange, at) =>
        !this.#played.has(at) &&
        exchange.server === server &&
        exchange.protocol === request.protocol &&
        this.#queryKey(octetsIn(exchange.query.octets)) === query,
    );
    if (index >= 0) {
      this.#played.add(index);
      return this.#exchanges[index];
    }
    const asked = `${server} ${request.protocol} ${readable(request.query).question?.join(' ')}`;
    const recorded = this.missed();
    const instead = recorded ? `recorded ${exchangeText(recorded.exchange)}` : 'recorded no further one';
    this.#note(`exchange ${this.asked}: asked ${asked}; ${instead}`);
    return undefined;
  }
}

/** A recorded reply with the ID and the letter case of another query for the same name. */
function asReplyTo(query: Uint8Array, recorded: Uint8Array): Uint8Array {
  const reply = recorded.slice();
  const end = parseQuestion(query).end;
  reply.set(query.subarray(0, 2));
  if (reply.length >= end) reply.set(query.subarray(12, end), 12);
  return reply;
}

function exchangeText({ server, protocol, query }: CapsuleExchange): string {
  return `${server} ${protocol} ${query.readable.question?.join(' ')}`;
}
