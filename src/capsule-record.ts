// Makes capsules: one resolution of a living resolver, with all that it read and all that it exchanged.

import { addressKey } from './base/ports.ts';
import type { Capsule, CapsuleExchange, CapsuleMessage, CapsuleRead, CapsuleSettings, CapsuleWait } from './capsule.ts';
import { base64Of } from './capsule-rrset.ts';
import { type CapsuleValue, readOut, waitOut } from './capsule-value.ts';
import { readable, recordToText } from './readable.ts';
import type { ResolutionEvent } from './resolver/events.ts';
import { explainLines } from './resolver/explain-tree.ts';
import { type Reads, type RecordedOptions, Recorder, type Waits } from './resolver/journal.ts';
import type { Resolver } from './resolver/resolver.ts';
import type { Resolution, ResolveRequest } from './resolver/types.ts';
import { buildResponse } from './server/respond.ts';
import { nameToText } from './wire/name.ts';
import { rdataToText } from './wire/rdata-text.ts';
import { TYPE, typeToText } from './wire/types.ts';

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
  const journal = new Recorder(request);
  const observer = (event: ResolutionEvent): void => {
    events.push(event);
    request.observer?.(event);
  };
  const resolution = await resolver.resolve({ ...request, observer, journal });
  // What goes on in the background after that is no part of it.
  const until = events.length;
  return { resolution, events, capsule: () => capsuleOf(journal, request, resolution, events.slice(0, until)) };
}

function capsuleOf(
  journal: Recorder,
  request: ResolveRequest,
  resolution: Resolution,
  events: readonly ResolutionEvent[],
): Capsule | undefined {
  const { start, ended, drawn, complete } = journal;
  if (start === undefined || !ended) return undefined;
  const values = new ValueTable();
  return {
    format: 'rootwalk-capsule',
    version: 2,
    question: {
      name: nameToText(request.name),
      type: typeToText(request.type),
      checkingDisabled: request.checkingDisabled,
    },
    settings: settingsOf(start.options),
    clock: { nowMs: start.nowMs, wallSeconds: start.wallSeconds },
    random: drawn,
    exchanges: exchangesOf(journal, start.nowMs),
    complete,
    reads: readsOf(journal, values),
    waits: waitsOf(journal, start.nowMs, values),
    values: values.written,
    answer: answerOf(resolution, request),
    explanation: explanationOf(request, events, resolution),
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
    if (value === undefined) return null;
    return this.#place(value, () => readOut(kind, value));
  }

  wait(value: Waits[keyof Waits]): number | null {
    const written = waitOut(value);
    return written === undefined ? null : this.#place(value, () => written);
  }

  #place(value: unknown, write: () => CapsuleValue): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    const place = this.written.push(write()) - 1;
    this.#places.set(value, place);
    return place;
  }
}

function readsOf(journal: Recorder, values: ValueTable): CapsuleRead[] {
  return [...journal.reads.values()].map(({ kind, key, runs }) => ({
    kind,
    key,
    values: runs.map(({ value, times }) => [values.read(kind, value as Reads[typeof kind]), times]),
  }));
}

function waitsOf(journal: Recorder, originMs: number, values: ValueTable): CapsuleWait[] {
  return journal.waits.map(({ kind, key, startMs, own, result }) => ({
    kind,
    key,
    ...(startMs === undefined ? {} : { startMs: startMs - originMs }),
    ...(own ? { own } : {}),
    ...(result && { endMs: result.endMs - originMs, value: values.wait(result.value as Waits[typeof kind]) }),
  }));
}

function exchangesOf(journal: Recorder, originMs: number): CapsuleExchange[] {
  return journal.exchanges.map(({ server, protocol, query, startMs, timeoutMs, arrivals, outcome }) => ({
    server: addressKey(server),
    protocol,
    startMs: startMs - originMs,
    tookMs: outcome === undefined ? timeoutMs : outcome.endMs - startMs,
    query: messageOf(query),
    arrivals: arrivals.map(({ atMs, verdict, octets }) => ({ afterMs: atMs - startMs, verdict, ...messageOf(octets) })),
    outcome: outcome?.kind ?? 'unfinished',
    ...(outcome?.detail === undefined ? {} : { detail: outcome.detail }),
  }));
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
