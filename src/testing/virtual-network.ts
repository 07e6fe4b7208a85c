// A network in memory: a Transport on the virtual clock, with servers, delay, loss, disorder and lies, all from one seed.

import type { Clock, ServerAddress, Transport, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';
import { addressKey } from '../base/ports.ts';
import { SeededRandom } from './seeded-random.ts';

/** What the network does to messages between the resolver and one server. Rates are probabilities, 0..1. */
export interface PathModel {
  /** Round trip in ms: a number, or the least and most of a uniform draw. Default 1. */
  readonly rttMs: number | readonly [least: number, most: number];
  /** Datagrams lost, for each direction. Default 0. */
  readonly lossRate: number;
  /** Datagrams delivered twice. Default 0. */
  readonly duplicateRate: number;
  /** Datagrams held back by up to `reorderMs`, so that later ones overtake them. Default 0. */
  readonly reorderRate: number;
  /** Default 50. */
  readonly reorderMs: number;
  /** Replies that a forged datagram overtakes. Default 0. */
  readonly lieRate: number;
  /** Makes the forged datagram from the query and the genuine reply. Default: random octets of the reply's length. */
  readonly lie: (query: Uint8Array, reply: Uint8Array, random: SeededRandom) => Uint8Array;
}

/** What a server is told of a query beside its octets. */
export interface QueryContext {
  readonly protocol: 'udp' | 'tcp';
  readonly server: ServerAddress;
  /** Sends a reply later, `delayMs` (default 0) after the call; besides or instead of what the handler returns. */
  reply(octets: Uint8Array, delayMs?: number): void;
}

/** A server: what it replies to a query; several messages, or none. It must not throw. */
export type ServerHandler = (
  query: Uint8Array,
  context: QueryContext,
) => Uint8Array | readonly Uint8Array[] | undefined;

/** How an address behaves for one protocol: it answers, swallows everything, or the network says that it is not there. */
export type Reachability = 'served' | 'silent' | 'unreachable';

/** How a server is reached. */
export interface ServeOptions {
  readonly path?: Partial<PathModel>;
  /** Default `served`. */
  readonly udp?: Reachability;
  /** Default `served`; `unreachable` is a refused connection. */
  readonly tcp?: Reachability;
}

/** One send, as it went. Times are of the clock in ms. */
export interface Exchange {
  readonly number: number;
  readonly server: ServerAddress;
  readonly protocol: 'udp' | 'tcp';
  readonly query: Uint8Array;
  readonly startMs: number;
  /** Undefined while it waits. */
  endMs: number | undefined;
  outcome: TransportOutcome | undefined;
  /** Messages that `accept` ignored or found suspect. */
  refused: number;
}

/** What a virtual network is made of. */
export interface VirtualNetworkOptions {
  readonly clock: Clock;
  /** Default: a SeededRandom of seed 1. */
  readonly random?: SeededRandom;
  /** For every server that says nothing else. */
  readonly path?: Partial<PathModel>;
  /** What an address that nobody serves is; default `silent`. */
  readonly unserved?: Exclude<Reachability, 'served'>;
  /** Exchanges kept in {@link VirtualNetwork.exchanges}; default 100,000, later ones are counted only. */
  readonly exchangesMax?: number;
}

/** A path on which nothing goes wrong: the default. */
export const plainPath: PathModel = {
  rttMs: 1,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  reorderMs: 50,
  lieRate: 0,
  lie: (_query, reply, random) => reply.map(() => random.integer(256)),
};

/** Messages that one handler call may send; more are dropped. */
const repliesMax = 64;

interface Served {
  handler: ServerHandler;
  path: PathModel;
  udp: Reachability;
  tcp: Reachability;
}

interface Waiting {
  readonly exchange: Exchange;
  readonly accept: (octets: Uint8Array) => Verdict;
  finish(outcome: TransportOutcome): void;
}

/** A Transport whose servers are functions. Addresses are `ip` (port 53) or `ip@port`. */
export class VirtualNetwork implements Transport {
  /** Every send, in order, up to the bound: the trace of a run. */
  readonly exchanges: readonly Exchange[];
  readonly #exchanges: Exchange[] = [];
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #path: PathModel;
  readonly #unserved: Reachability;
  readonly #exchangesMax: number;
  readonly #servers = new Map<string, Served>();
  readonly #waiting = new Set<Waiting>();
  #sent = 0;
  #fallback: Served | undefined;

  constructor(options: VirtualNetworkOptions) {
    this.exchanges = this.#exchanges;
    this.#clock = options.clock;
    this.#random = options.random ?? new SeededRandom(1);
    this.#path = { ...plainPath, ...options.path };
    this.#unserved = options.unserved ?? 'silent';
    this.#exchangesMax = options.exchangesMax ?? 100_000;
  }

  /** Puts a server at an address, instead of one that was there. */
  serve(address: ServerAddress | string, handler: ServerHandler, options: ServeOptions = {}): void {
    this.#servers.set(keyOf(address), this.#served(handler, options));
  }

  /** Lets one handler answer at every address that has no server of its own. */
  serveOthers(handler: ServerHandler, options: ServeOptions = {}): void {
    this.#fallback = this.#served(handler, options);
  }

  /** Changes how an address is reached, whether or not a server was put there. */
  change(address: ServerAddress | string, options: ServeOptions): void {
    const key = keyOf(address);
    const old = this.#servers.get(key) ?? this.#served(() => undefined, {});
    this.#servers.set(key, {
      handler: old.handler,
      path: { ...old.path, ...options.path },
      udp: options.udp ?? old.udp,
      tcp: options.tcp ?? old.tcp,
    });
  }

  /** Sends so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends that wait for their end. */
  get inFlight(): number {
    return this.#waiting.size;
  }

  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    const exchange: Exchange = {
      number: this.#sent++,
      server: request.server,
      protocol: request.protocol,
      query: request.query.slice(),
      startMs: this.#clock.nowMs(),
      endMs: undefined,
      outcome: undefined,
      refused: 0,
    };
    if (this.#exchanges.length < this.#exchangesMax) this.#exchanges.push(exchange);
    return new Promise((resolve) => {
      const cancelTimeout = this.#clock.after(request.timeoutMs, () => waiting.finish({ kind: 'timeout' }));
      const waiting: Waiting = {
        exchange,
        accept,
        finish: (outcome) => {
          if (!this.#waiting.delete(waiting)) return;
          cancelTimeout();
          exchange.endMs = this.#clock.nowMs();
          exchange.outcome = outcome;
          resolve(outcome);
        },
      };
      this.#waiting.add(waiting);
      this.#dispatch(waiting);
    });
  }

  close(): void {
    for (const waiting of [...this.#waiting]) waiting.finish({ kind: 'timeout' });
  }

  #served(handler: ServerHandler, { path, udp = 'served', tcp = 'served' }: ServeOptions): Served {
    return { handler, path: { ...this.#path, ...path }, udp, tcp };
  }

  #dispatch(waiting: Waiting): void {
    const { server, protocol, query } = waiting.exchange;
    const served = this.#servers.get(addressKey(server)) ?? this.#fallback;
    const path = served?.path ?? this.#path;
    const reachability = served?.[protocol] ?? this.#unserved;
    const rttMs = this.#draw(path.rttMs);
    if (reachability === 'unreachable') {
      // As the real Transport has it: ICMP "port unreachable" and a refused connection are one code.
      this.#clock.after(rttMs, () => waiting.finish({ kind: 'unreachable', detail: 'ECONNREFUSED' }));
      return;
    }
    if (reachability === 'silent' || served === undefined) return;
    if (protocol === 'udp') {
      for (const delayMs of this.#journey(path, rttMs / 2)) {
        this.#clock.after(delayMs, () => this.#arrive(waiting, served, query));
      }
    } else {
      // RFC 7766, 6.2.1: without a connection at hand, one round trip more than UDP.
      this.#clock.after(rttMs * 1.5, () => this.#arrive(waiting, served, query));
    }
  }

  /** A query reaches its server, which may have been changed meanwhile; its replies set off. */
  #arrive(waiting: Waiting, served: Served, query: Uint8Array): void {
    const { server, protocol } = waiting.exchange;
    const { path } = served;
    let replies = 0;
    const reply = (octets: Uint8Array, delayMs = 0): void => {
      if (++replies > repliesMax) return;
      const backMs = delayMs + this.#draw(path.rttMs) / 2;
      if (protocol === 'tcp') {
        this.#clock.after(backMs, () => this.#deliver(waiting, octets));
        return;
      }
      if (path.lieRate > 0 && this.#random.chance(path.lieRate)) {
        const forged = path.lie(query, octets, this.#random);
        this.#clock.after(backMs / 2, () => this.#deliver(waiting, forged));
      }
      for (const arriveMs of this.#journey(path, backMs)) {
        this.#clock.after(arriveMs, () => this.#deliver(waiting, octets));
      }
    };
    const result = served.handler(query.slice(), { protocol, server, reply });
    if (result === undefined) return;
    for (const octets of result instanceof Uint8Array ? [result] : result) reply(octets);
  }

  #deliver(waiting: Waiting, octets: Uint8Array): void {
    if (!this.#waiting.has(waiting)) return;
    const verdict = waiting.accept(octets);
    if (verdict === 'take') {
      const rttMs = this.#clock.nowMs() - waiting.exchange.startMs;
      waiting.finish({ kind: 'response', octets, rttMs });
      return;
    }
    waiting.exchange.refused++;
    if (verdict === 'suspect') waiting.finish({ kind: 'suspect' });
  }

  /** When the copies of one datagram arrive: none if it is lost. */
  #journey(path: PathModel, delayMs: number): number[] {
    const copies = path.duplicateRate > 0 && this.#random.chance(path.duplicateRate) ? 2 : 1;
    const arrivals: number[] = [];
    for (let copy = 0; copy < copies; copy++) {
      if (path.lossRate > 0 && this.#random.chance(path.lossRate)) continue;
      const late = path.reorderRate > 0 && this.#random.chance(path.reorderRate);
      arrivals.push(delayMs + (late ? this.#random.between(0, path.reorderMs) : 0));
    }
    return arrivals;
  }

  #draw(range: number | readonly [number, number]): number {
    return typeof range === 'number' ? range : this.#random.between(range[0], range[1]);
  }
}

/** `192.0.2.1`, `192.0.2.1@5353` or an address value, as the key of the server table. */
function keyOf(address: ServerAddress | string): string {
  if (typeof address !== 'string') return addressKey(address);
  return address.includes('@') ? address : `${address}@53`;
}
