// Plays a capsule again, without a network: same clock, same values drawn, same exchanges; says where it parted.

import { readFile } from 'node:fs/promises';
import { makeLimits } from '../base/limits.ts';
import { type Clock, type Random, type ServerAddress, silentLog, type Transport } from '../base/ports.ts';
import type { Capsule } from '../capsule.ts';
import { answerOf, explanationOf } from '../capsule-record.ts';
import { octetsIn } from '../capsule-value-read.ts';
import { parseTrustAnchors } from '../dnssec/anchors.ts';
import { readable } from '../readable.ts';
import type { Observer, ResolutionEvent } from '../resolver/events.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';
import { parseMessage } from '../wire/message.ts';
import { nameFromText } from '../wire/name.ts';
import { typeFromText } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { parseCapsule } from './capsule.ts';
import { CapsuleClock } from './capsule-clock.ts';
import { CapsulePlayer } from './capsule-player.ts';
import { exchangeText, ReplayTransport } from './capsule-transport.ts';
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
  const played = new CapsuleClock(capsule, clock, compare === 'exact');
  const differences = new Differences(compare === 'exact');
  const during = (what: string): void => differences.during(what);
  const transport = new ReplayTransport(capsule.exchanges, played, compare, during);
  const random = new ReplayRandom(capsule.random, during);
  // In version 1 what the making of the engine drew stands before what the resolution drew.
  const resolver = new Resolver(engineOptions(capsule, transport, clock, capsule.version === 1 ? random : zeros));
  const journal =
    capsule.version === 1 ? undefined : new CapsulePlayer(capsule, { clock: played, random, transport, differences });
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
    // What counts are the octets: the readable form beside them is for people, and may have been edited.
    const recorded = readable(octetsIn(capsule.answer.octets));
    differences.answer(`the answer is ${JSON.stringify(answer.readable)}, recorded ${JSON.stringify(recorded)}`);
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
  const untimed = (line: string | undefined): string | undefined => line?.replace(/[\d.]+ (ms|s left)/g, '# $1');
  const at = Math.max(got.length, recorded.length);
  for (let i = 0; i < at; i++) {
    if (untimed(got[i]) !== untimed(recorded[i])) {
      const [is, was] = [got[i], recorded[i]].map((line = '') => JSON.stringify(line.replace(/^[│├└─ ]+/, '')));
      return `line ${i + 1} of the explanation is ${is}, recorded ${was}`;
    }
  }
  return undefined;
}

/** What the resolution read is in the capsule; the caches of its replay hold only what it learns itself. */
const CACHE_OCTETS_MOST = 4 * 1024 * 1024;

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
    cache: { ...cache, maxOctets: Math.min(cache.maxOctets, CACHE_OCTETS_MOST) },
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
