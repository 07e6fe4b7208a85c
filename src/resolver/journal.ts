// What a resolution reads of the world, written down in order: the substance of a capsule, from which it can be replayed.

import type { Clock, Random, ServerAddress, Transport, TransportOutcome, Verdict } from '../base/ports.ts';
import type { DenialEntry, FailureEntry, RecordEntry } from '../cache/entry.ts';
import type { Delegation, Glue, NameServerAddresses } from '../cache/hierarchy.ts';
import type { HostAnswer } from '../cache/host.ts';
import type { ServerState } from '../cache/servers.ts';
import type { HashParameters, Nsec3Range, NsecRange, SoaOfZone } from '../cache/zone-ranges.ts';
import type { Name } from '../wire/name.ts';
import type { Reply } from './exchange.ts';
import type { FoundFailure } from './found.ts';
import type { EngineOptions } from './options.ts';
import type { Shared } from './shared.ts';
import type { ResolveRequest } from './types.ts';
import type { ZoneStatus } from './zone-status.ts';

/** What is read at once, by kind. Undefined: there is none. */
export interface Reads {
  readonly host: HostAnswer | undefined;
  readonly rrset: RecordEntry | undefined;
  readonly denial: DenialEntry | undefined;
  readonly failure: FailureEntry | undefined;
  /** The deepest delegation at or above a name, that of a zone, and what a referral came to beside what was known. */
  readonly closest: Delegation;
  readonly delegation: Delegation | undefined;
  readonly placed: Delegation;
  readonly addresses: NameServerAddresses | undefined;
  readonly glue: Glue | undefined;
  readonly server: ServerState;
  /** Whether the family of addresses is dead. */
  readonly family: boolean;
  readonly status: ZoneStatus | undefined;
  /** The zone of which denial ranges are kept, and they. */
  readonly ranges: Name | undefined;
  readonly parameters: readonly HashParameters[];
  readonly nsec: NsecRange | undefined;
  readonly nsec3: Nsec3Range | undefined;
  readonly soa: SoaOfZone | undefined;
  /** Whether a zone or a server has as many questions in flight as it may. */
  readonly crowded: boolean;
  /** Whether the cache took an RRset. */
  readonly kept: boolean;
  /** When priming may be tried again (Clock.nowMs). */
  readonly primeAgain: number;
  /** Seconds since 1970. */
  readonly wall: number;
}

/** What was in progress already, to be waited for, by kind. */
export interface Waits {
  readonly exchange: Reply;
  readonly status: ZoneStatus | FoundFailure;
  readonly priming: undefined;
}

/** Stands between one resolution and what it reads: {@link Recorder} writes it down, a replay puts the old in its place. */
export interface Journal {
  readonly random: Random;
  readonly transport: Transport;
  /** Called before anything is read. */
  begin(shared: Shared): void;
  /** Called when the resolution is done: what still goes on in the background is not part of it. */
  end(): void;
  /** What the resolution is to see where the engine has `live`. */
  read<Kind extends keyof Reads>(kind: Kind, key: string, live: Reads[Kind]): Reads[Kind];
  /** What the resolution is to wait for where `running` is in progress (undefined: nothing is). */
  wait<Kind extends keyof Waits>(
    kind: Kind,
    key: string,
    running: Promise<Waits[Kind]> | undefined,
  ): Promise<Waits[Kind]> | undefined;
  /** The resolution itself began `work`, for which its other parts may wait. */
  began(work: unknown): void;
}

/** Reads that gave the same value in a row. */
export interface ReadRun {
  readonly value: unknown;
  times: number;
}

/** Reads of one kind and key, in order. */
export interface ReadLog {
  readonly kind: keyof Reads;
  readonly key: string;
  readonly runs: ReadRun[];
}

/** One look at whether something was in progress, and what it came to when it was. */
export interface Waited {
  readonly kind: keyof Waits;
  readonly key: string;
  /** Clock.nowMs; undefined: nothing was in progress. */
  readonly startMs: number | undefined;
  /** Whether this resolution itself had begun it. */
  readonly own: boolean;
  /** Undefined: it is of its own, or the resolution was done before. */
  result: { readonly endMs: number; readonly value: unknown } | undefined;
}

/** One message to one server, in octets. */
export interface RecordedExchange {
  readonly server: ServerAddress;
  readonly protocol: 'udp' | 'tcp';
  readonly query: Uint8Array;
  /** Clock.nowMs. */
  readonly startMs: number;
  readonly timeoutMs: number;
  readonly arrivals: { readonly atMs: number; readonly verdict: Verdict; readonly octets: Uint8Array }[];
  /** Undefined: the resolution was done before. */
  outcome: { readonly endMs: number; readonly kind: TransportOutcome['kind']; readonly detail?: string } | undefined;
}

/** The engine's settings as they were, with the anchors that were trusted then. */
export type RecordedOptions = Pick<
  EngineOptions,
  'limits' | 'hints' | 'zones' | 'upstream' | 'cache' | 'dnssec' | 'host' | 'privateAddresses'
>;

/** Values drawn, and reads that differ from those before, that a recording holds; a resolution makes far fewer. */
const RECORDED_MOST = 50_000;

/** Writes one resolution down. Entries are kept by reference, and put into JSON only when a capsule is asked for. */
export class Recorder implements Journal {
  readonly request: ResolveRequest;
  readonly drawn: (readonly [below: number, value: number])[] = [];
  readonly reads: Map<string, ReadLog> = new Map();
  readonly waits: Waited[] = [];
  readonly exchanges: RecordedExchange[] = [];
  readonly random: Random = { integer: (below) => this.#draw(below) };
  readonly transport: Transport = {
    send: (request, accept) => this.#send(request, accept),
    close: () => undefined,
  };
  /** Whether all was written down: false beyond 50,000 values. */
  complete = true;
  start: { readonly nowMs: number; readonly wallSeconds: number; readonly options: RecordedOptions } | undefined;
  #shared: Shared | undefined;
  readonly #own = new WeakSet<object>();
  #written = 0;
  #ended = false;

  constructor(request: ResolveRequest) {
    this.request = request;
  }

  begin(shared: Shared): void {
    const { options, trust } = shared;
    const { clock, limits, hints, zones, upstream, cache, dnssec, host, privateAddresses } = options;
    const anchors = trust === undefined ? dnssec.anchors : [...trust.anchors.values()];
    this.#shared = shared;
    this.start = {
      nowMs: clock.nowMs(),
      wallSeconds: clock.wallSeconds(),
      options: { limits, hints, zones, upstream, cache, dnssec: { ...dnssec, anchors }, host, privateAddresses },
    };
  }

  end(): void {
    this.#ended = true;
  }

  /** Whether the resolution is done. */
  get ended(): boolean {
    return this.#ended;
  }

  read<Kind extends keyof Reads>(kind: Kind, key: string, live: Reads[Kind]): Reads[Kind] {
    if (this.#ended) return live;
    const id = `${kind} ${key}`;
    let log = this.reads.get(id);
    if (log === undefined) {
      log = { kind, key, runs: [] };
      this.reads.set(id, log);
    }
    const last = log.runs.at(-1);
    // A server's state is the one value that changes in place.
    const same =
      last !== undefined && (isState(live) ? sameState(live, last.value as ServerState) : last.value === live);
    if (same) last.times += 1;
    else if (this.#mayWrite()) log.runs.push({ value: isState(live) ? copyOf(live) : live, times: 1 });
    return live;
  }

  wait<Kind extends keyof Waits>(
    kind: Kind,
    key: string,
    running: Promise<Waits[Kind]> | undefined,
  ): Promise<Waits[Kind]> | undefined {
    if (this.#ended || !this.#mayWrite()) return running;
    const startMs = running === undefined ? undefined : this.#clock.nowMs();
    const own = running !== undefined && this.#own.has(running);
    const waited: Waited = { kind, key, startMs, own, result: undefined };
    this.waits.push(waited);
    const note = (value: unknown): void => {
      if (!this.#ended) waited.result = { endMs: this.#clock.nowMs(), value };
    };
    // A fault of ours (AssertionError) reaches whoever waits.
    if (!own) running?.then(note, () => undefined);
    return running;
  }

  began(work: unknown): void {
    if (typeof work === 'object' && work !== null) this.#own.add(work);
  }

  get #clock(): Clock {
    return this.#engine.clock;
  }

  get #engine(): EngineOptions {
    if (this.#shared === undefined) throw new Error('the recording has not begun');
    return this.#shared.options;
  }

  #mayWrite(): boolean {
    this.#written += 1;
    if (this.#written > RECORDED_MOST) this.complete = false;
    return this.complete;
  }

  #draw(below: number): number {
    const value = this.#engine.random.integer(below);
    if (!this.#ended && this.#mayWrite()) this.drawn.push([below, value]);
    return value;
  }

  async #send(
    request: Parameters<Transport['send']>[0],
    accept: Parameters<Transport['send']>[1],
  ): Promise<TransportOutcome> {
    const { transport } = this.#engine;
    // The budget bounds the sends of a resolution.
    if (this.#ended) return transport.send(request, accept);
    const { server, protocol, query, timeoutMs } = request;
    const startMs = this.#clock.nowMs();
    const exchange: RecordedExchange = {
      server,
      protocol,
      query: query.slice(),
      startMs,
      timeoutMs,
      arrivals: [],
      outcome: undefined,
    };
    this.exchanges.push(exchange);
    const outcome = await transport.send(request, (octets) => {
      const verdict = accept(octets);
      if (!this.#ended && (verdict !== 'ignore' || this.#mayWrite())) {
        exchange.arrivals.push({ atMs: this.#clock.nowMs(), verdict, octets: octets.slice() });
      }
      return verdict;
    });
    if (!this.#ended) {
      const endMs = outcome.kind === 'response' ? startMs + outcome.rttMs : this.#clock.nowMs();
      const { kind } = outcome;
      exchange.outcome = kind === 'unreachable' ? { endMs, kind, detail: outcome.detail } : { endMs, kind };
    }
    return outcome;
  }
}

function isState(value: unknown): value is ServerState {
  return typeof value === 'object' && value !== null && 'smoothedRttMs' in value;
}

function copyOf(state: ServerState): ServerState {
  return { ...state, lame: new Map(state.lame) };
}

function sameState(a: ServerState, b: ServerState): boolean {
  return (
    a.smoothedRttMs === b.smoothedRttMs &&
    a.rttVariationMs === b.rttVariationMs &&
    a.heardAtMs === b.heardAtMs &&
    a.timeouts === b.timeouts &&
    a.timedOutAtMs === b.timedOutAtMs &&
    a.backoffUntilMs === b.backoffUntilMs &&
    a.edns === b.edns &&
    a.ednsUntilMs === b.ednsUntilMs &&
    a.ednsRefusals === b.ednsRefusals &&
    a.cookie === b.cookie &&
    a.cookieUnknownUntilMs === b.cookieUnknownUntilMs &&
    a.lame.size === b.lame.size &&
    [...a.lame].every(([zone, untilMs]) => b.lame.get(zone) === untilMs)
  );
}
