// Makes capsules: one resolution of a living resolver, with all that it read and all that it exchanged.

import { addressKey } from './base/ports.ts';
import type { Capsule, CapsuleExchange, CapsuleMessage, CapsuleRead, CapsuleSettings, CapsuleWait } from './capsule.ts';
import { base64Of } from './capsule-rrset.ts';
import { type CapsuleValue, readOut, waitOut } from './capsule-value.ts';
import { readable, recordToText } from './readable.ts';
import type { ResolutionEvent } from './resolver/events.ts';
import { explainLines } from './resolver/explain-tree.ts';
import type { Reads, Waits } from './resolver/journal.ts';
import { type Recorded, type RecordedOptions, Recorder } from './resolver/recorder.ts';
import type { Resolver } from './resolver/resolver.ts';
import { type RecordedExchange, type RecordedRead, type RecordedWait, RecordingRoom } from './resolver/tape.ts';
import type { Resolution, ResolveRequest } from './resolver/types.ts';
import { buildResponse } from './server/respond.ts';
import { nameToText } from './wire/name.ts';
import { rdataToText } from './wire/rdata-text.ts';
import { TYPE, typeToText } from './wire/types.ts';

/** Octets of a recording that somebody asked for: all that the budget of a question can cause, but for hostile answers. */
const ONE_RECORDING_OCTETS = 16 * 1024 * 1024;

/** A resolution and what it can be played from. */
export interface Recording {
  readonly resolution: Resolution;
  readonly events: readonly ResolutionEvent[];
  /** Undefined: the question was turned away before anything was read. Made anew with each call. */
  capsule(): Capsule | undefined;
}

/** Resolves a question, whatever else the resolver does meanwhile, and writes down what it took. */
export async function recordResolution(
  resolver: Pick<Resolver, 'resolve'>,
  request: ResolveRequest,
): Promise<Recording> {
  const events: ResolutionEvent[] = [];
  const journal = new Recorder(request, new RecordingRoom(ONE_RECORDING_OCTETS), ONE_RECORDING_OCTETS);
  const observer = (event: ResolutionEvent): void => {
    events.push(event);
    request.observer?.(event);
  };
  const resolution = await resolver.resolve({ ...request, observer, journal });
  // What goes on in the background after that is no part of it.
  const until = events.length;
  const explanation = (): readonly string[] => explanationOf(request, events.slice(0, until), resolution);
  const capsule = (): Capsule | undefined => {
    const made = capsuleOf(journal, resolution);
    return made && { ...made, explanation: explanation() };
  };
  return { resolution, events, capsule };
}

/** The capsule of what was written down, without an explanation; undefined: nothing was read, or it is not done. */
export function capsuleOf(journal: Omit<Recorded, 'octets'>, resolution: Resolution): Capsule | undefined {
  const { request, start, ended, tape, complete } = journal;
  if (start === undefined || tape === undefined || !ended) return undefined;
  const { readings, timers, drawn, exchanges, reads, waits } = tape.written();
  const values = new ValueTable();
  return {
    format: 'rootwalk-capsule',
    version: 5,
    question: {
      name: nameToText(request.name),
      type: typeToText(request.type),
      checkingDisabled: request.checkingDisabled,
    },
    settings: settingsOf(start.options),
    clock: { nowMs: start.nowMs, wallSeconds: start.wallSeconds, readings },
    timers,
    random: drawn,
    exchanges: exchanges.map((exchange) => exchangeOut(exchange, start.nowMs)),
    complete,
    reads: readsOut(reads, values),
    waits: waits.map((wait) => waitOf(wait, start.nowMs, values)),
    values: values.written,
    answer: answerOf(resolution, request),
  };
}

/** The answer part of a capsule: what a client with DO would get. */
export function answerOf(resolution: Resolution, request: ResolveRequest): Capsule['answer'] {
  const { name, type, checkingDisabled } = request;
  const octets = buildResponse(resolution, { name, type, dnssecOk: true, checkingDisabled });
  const { security, failure } = resolution;
  return { ...messageOf(octets), security, ...(failure === undefined ? {} : { failure }) };
}

/** The explanation part of a capsule. */
export function explanationOf(
  request: ResolveRequest,
  events: readonly ResolutionEvent[],
  resolution: Resolution,
): readonly string[] {
  const elapsedMs = (events.at(-1)?.atMs ?? 0) - (events[0]?.atMs ?? 0);
  return explainLines(request, events, resolution, elapsedMs);
}

/** Writes each value once, however often it was read. */
class ValueTable {
  readonly written: CapsuleValue[] = [];
  readonly #places = new Map<unknown, number>();

  read<Kind extends keyof Reads>(kind: Kind, value: Reads[Kind]): number | null {
    return value === undefined ? null : this.#place(value, () => readOut(kind, value));
  }

  wait(value: Waits[keyof Waits]): number | null {
    const written = waitOut(value);
    return written === undefined ? null : this.#place(value, () => written);
  }

  /** A cache may give its entry as another object each time; what is no object is not known by itself. */
  #place(value: unknown, write: () => CapsuleValue): number {
    const isObject = typeof value === 'object';
    const known = isObject ? this.#places.get(value) : undefined;
    if (known !== undefined) return known;
    const written = write();
    const text = JSON.stringify(written);
    const place = this.#places.get(text) ?? this.written.push(written) - 1;
    this.#places.set(text, place);
    if (isObject) this.#places.set(value, place);
    return place;
  }
}

function readsOut(recorded: readonly RecordedRead[], values: ValueTable): CapsuleRead[] {
  const reads = new Map<string, { kind: keyof Reads; key: string; values: [number | null, number][] }>();
  for (const { look, name, detail, value } of recorded) {
    const { kind } = look;
    const key = look.key(name, detail);
    const id = `${kind} ${key}`;
    const read = reads.get(id) ?? { kind, key, values: [] };
    reads.set(id, read);
    const place = values.read(kind, value as Reads[typeof kind]);
    const last = read.values.at(-1);
    if (last !== undefined && last[0] === place) last[1] += 1;
    else read.values.push([place, 1]);
  }
  return [...reads.values()];
}

function waitOf({ what, about, end }: RecordedWait, originMs: number, values: ValueTable): CapsuleWait {
  const { kind } = what;
  const common = { kind, key: what.key(about) };
  if (end === undefined) return common;
  if (end === 'own') return { ...common, own: true };
  const { startMs, result } = end;
  const ended = result && {
    endMs: result.endMs - originMs,
    turn: result.turn,
    value: values.wait(result.value as Waits[typeof kind]),
  };
  return { ...common, startMs: startMs - originMs, ...ended };
}

function exchangeOut(exchange: RecordedExchange, originMs: number): CapsuleExchange {
  const { server, protocol, query, startMs, timeoutMs, arrivals, outcome, endMs, detail } = exchange;
  return {
    server: addressKey(server),
    protocol,
    startMs: startMs - originMs,
    tookMs: outcome === undefined ? timeoutMs : endMs - startMs,
    query: messageOf(query),
    arrivals: arrivals.map(({ atMs, verdict, octets }) => ({ afterMs: atMs - startMs, verdict, ...messageOf(octets) })),
    outcome: outcome ?? 'unfinished',
    ...(detail === undefined ? {} : { detail }),
  };
}

function settingsOf(options: RecordedOptions): CapsuleSettings {
  const { limits, hints, zones, upstream, cache, dnssec, host, privateAddresses } = options;
  return {
    limits,
    hints: hints.map(recordToText),
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
    ...(privateAddresses && { privateAddresses: { except: privateAddresses.except.map(nameToText) } }),
    specialUse: host.specialUse,
  };
}

function anchorTexts({ zone, ds, keys }: RecordedOptions['dnssec']['anchors'][number]): string[] {
  const name = nameToText(zone);
  const ofDs = ds.map(({ keyTag, algorithm, digestType, digest }) => {
    return `${name} IN DS ${keyTag} ${algorithm} ${digestType} ${Buffer.from(digest).toString('hex')}`;
  });
  return [...ofDs, ...keys.map((rdata) => `${name} IN DNSKEY ${rdataToText(TYPE.DNSKEY, rdata)}`)];
}

function messageOf(octets: Uint8Array): CapsuleMessage {
  return { octets: base64Of(octets), readable: readable(octets) };
}
