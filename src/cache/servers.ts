// Steps 4 to 6 of the notes: how each server has behaved, its RTT, its EDNS support and the zones it is lame for.

import type { Limits } from '../base/limits.ts';
import { addressKey, type ServerAddress } from '../base/ports.ts';
import type { PrefixSet } from '../base/prefix.ts';
import type { Name } from '../wire/name.ts';
import type { LayerStats } from './entry.ts';
import { SegmentedMap } from './segmented.ts';
import type { ServerCookie } from './server-cookies.ts';

/** What is known of one server. Changed only by the functions here and of server-cookies.ts; times are of `Clock.nowMs`. */
export interface ServerState {
  readonly address: ServerAddress;
  readonly family: 4 | 6;
  /** Whether it lies in a set of prefixes, as {@link isIn} found last. */
  placed: { readonly prefixes: PrefixSet; readonly within: boolean } | undefined;
  /** Questions on their way to it now. */
  inFlight: number;
  /** Smoothed RTT in ms (RFC 6298, 2), begun anew after 15 minutes of silence; undefined: it never answered. */
  smoothedRttMs: number | undefined;
  /** RTT variation in ms. */
  rttVariationMs: number;
  /** When a reply last arrived; -Infinity: never. */
  heardAtMs: number;
  /** Timeouts since the last reply; those of one burst count as one. */
  timeouts: number;
  /** When the last of `timeouts` was counted. */
  timedOutAtMs: number;
  /** Until then it is asked only if there is no other. */
  backoffUntilMs: number;
  /** Whether it understands EDNS; read it with {@link ednsOf}. */
  edns: 'unknown' | 'supported' | 'none';
  /** When `none` is forgotten. */
  ednsUntilMs: number;
  /** Times in a row that it refused EDNS and answered without. */
  ednsRefusals: number;
  /** What it is sent as a cookie; undefined: none yet. */
  cookie: ServerCookie | undefined;
  /** Until then it is sent none: it knew none. */
  cookieUnknownUntilMs: number;
  /** Zones that it does not serve, and until when that is believed. */
  readonly lame: Map<Name, number>;
}

/** The states of servers; bounded, and an address seen once does not put out those in use. */
export class Servers {
  readonly #states: SegmentedMap<ServerState>;
  #place = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: { readonly entriesMax: number }) {
    this.#states = new SegmentedMap(options.entriesMax);
  }

  /** The state of a server, made on first sight. */
  of({ ip, port }: ServerAddress): ServerState {
    return this.at(ip, port);
  }

  /** The same, by the parts of its address. */
  at(ip: string, port: number): ServerState {
    const key = keyOf(ip, port);
    const known = this.#states.get(key);
    if (known !== undefined) {
      this.#hits++;
      return known;
    }
    this.#misses++;
    const state = newState(ip, port);
    this.#states.set(key, state);
    return state;
  }

  /** From where servers are asked from now on (Transport.place): from elsewhere, no cookie is used again (RFC 9018, 3). */
  askFrom(place: number): void {
    if (place === this.#place) return;
    this.#place = place;
    for (const state of this.dump()) state.cookie = undefined;
  }

  /** Forgets one server; false if it was not known. */
  flush(address: ServerAddress): boolean {
    return this.#states.delete(keyOf(address.ip, address.port));
  }

  /** Forgets all servers. */
  clear(): void {
    this.#states.clear();
  }

  /** The figures of this layer; octets by the typical footprint of one state. */
  stats(): LayerStats {
    const { size, sizeMax, evictions } = this.#states;
    const octets = size * stateOctets;
    const most = sizeMax * stateOctets;
    return { hits: this.#hits, misses: this.#misses, entries: size, octets, octetsMax: most, evictions };
  }

  /** All servers known. */
  *dump(): Generator<ServerState> {
    for (const [, state] of this.#states.entries()) yield state;
  }
}

/** Nearly all servers have one port: their keys are made no longer for the others' sake. */
function keyOf(ip: string, port: number): string {
  return port === USUAL_PORT ? ip : addressKey({ ip, port });
}

const USUAL_PORT = 53;

/** Octets that a typical server's state takes, its place in the map, its address and its key included. */
export const stateOctets = 1500;

/** Zones remembered as lame for one server. */
const lameZonesMax = 8;
/** How long a server is believed to be lame for a zone: one response decides, so not long. */
const lameForMs = 300_000;
/** How long a server is believed to lack EDNS. */
const noEdnsForMs = 600_000;
/** Refusals of EDNS in a row, each followed by a reply without it, until it is left off: one can be forged. */
const ednsRefusalsMost = 3;
/** RTTs older than this say nothing; Unbound keeps them for 15 minutes too. */
const forgottenAfterMs = 900_000;
/** Timeouts closer together than this are one loss: many questions were on the way at once. */
const sameLossMs = 200;
/** Timeouts in a row from which on a server is left alone for a while. */
const timeoutsToBackOff = 3;
const backoffFirstMs = 1000;
const backoffMostMs = 60_000;
/** RFC 6298, 2: the clock granularity G, the least that 4 * RTTVAR adds. */
const granularityMs = 10;

/** Whether the server's address lies in one of the prefixes; found out once for each set. */
export function isIn(prefixes: PrefixSet, state: ServerState): boolean {
  if (state.placed?.prefixes !== prefixes) state.placed = { prefixes, within: prefixes.has(state.address.ip) };
  return state.placed.within;
}

/** A reply arrived after `rttMs`: whatever it says, the server lives. */
export function noteRtt(state: ServerState, rttMs: number, nowMs: number): void {
  const old = nowMs - state.heardAtMs < forgottenAfterMs ? state.smoothedRttMs : undefined;
  if (old === undefined) {
    // RFC 6298, 2.2.
    state.smoothedRttMs = rttMs;
    state.rttVariationMs = rttMs / 2;
  } else {
    // RFC 6298, 2.3.
    state.rttVariationMs = 0.75 * state.rttVariationMs + 0.25 * Math.abs(old - rttMs);
    state.smoothedRttMs = 0.875 * old + 0.125 * rttMs;
  }
  state.heardAtMs = nowMs;
  state.timeouts = 0;
  state.backoffUntilMs = -Infinity;
}

/** Nothing arrived in time, or the network said that the server cannot be reached. */
export function noteTimeout(state: ServerState, nowMs: number): void {
  if (nowMs - state.timedOutAtMs < sameLossMs) return;
  state.timedOutAtMs = nowMs;
  state.timeouts++;
  if (state.timeouts < timeoutsToBackOff) return;
  const doublings = Math.min(state.timeouts - timeoutsToBackOff, 16);
  state.backoffUntilMs = nowMs + Math.min(backoffFirstMs * 2 ** doublings, backoffMostMs);
}

/** Whether the server is left alone for now; it may still be asked when there is no other. */
export function isBackedOff(state: ServerState, nowMs: number): boolean {
  return state.backoffUntilMs > nowMs;
}

/** How long to wait for a reply, whole ms: RFC 6298, 2.3 and 5.5, within `leastTimeoutMs`..`mostTimeoutMs`. */
export function timeoutMs(state: ServerState, limits: Limits): number {
  const { smoothedRttMs, rttVariationMs, timeouts } = state;
  const first =
    smoothedRttMs === undefined ? limits.firstTimeoutMs : smoothedRttMs + Math.max(granularityMs, 4 * rttVariationMs);
  const doubled = Math.max(first, limits.leastTimeoutMs) * 2 ** Math.min(timeouts, 16);
  return Math.ceil(Math.min(doubled, limits.mostTimeoutMs));
}

/** The server answered for `zone` in a way that shows that it does not serve it. */
export function noteLame(state: ServerState, zone: Name, nowMs: number): void {
  state.lame.delete(zone);
  if (state.lame.size >= lameZonesMax) {
    const oldest = state.lame.keys().next();
    if (!oldest.done) state.lame.delete(oldest.value);
  }
  state.lame.set(zone, nowMs + lameForMs);
}

/** Whether the server is believed not to serve `zone`. */
export function isLame(state: ServerState, zone: Name, nowMs: number): boolean {
  // Nearly all are lame for none, and each candidate is asked about with each choice.
  const untilMs = state.lame.size === 0 ? undefined : state.lame.get(zone);
  return untilMs !== undefined && untilMs > nowMs;
}

/** The server refused a question with EDNS and then answered the same one without it. */
export function noteNoEdns(state: ServerState, nowMs: number): void {
  state.ednsRefusals++;
  if (state.ednsRefusals < ednsRefusalsMost) return;
  state.ednsRefusals = 0;
  state.edns = 'none';
  state.ednsUntilMs = nowMs + noEdnsForMs;
}

/** The server sent a reply with an OPT record. */
export function noteEdns(state: ServerState): void {
  state.edns = 'supported';
  state.ednsRefusals = 0;
}

/** Whether the server understands EDNS, as far as is known now; `none` is forgotten after ten minutes. */
export function ednsOf(state: ServerState, nowMs: number): ServerState['edns'] {
  return state.edns === 'none' && state.ednsUntilMs <= nowMs ? 'unknown' : state.edns;
}

/**
 * Whether IPv4 and IPv6 work at all on this machine: a family by which nothing came back for a while, though much was
 * sent, is avoided and tried again later.
 */
export class FamilyHealth {
  readonly #families: { readonly 4: Family; readonly 6: Family } = { 4: newFamily(), 6: newFamily() };

  /** A send by `family` brought a reply (`ok`), or timed out or could not be sent. */
  note(family: 4 | 6, ok: boolean, nowMs: number): void {
    const state = this.#families[family];
    if (ok) {
      state.failures = 0;
      state.deaths = 0;
      state.deadUntilMs = -Infinity;
      state.okAtMs = nowMs;
      return;
    }
    state.failures++;
    if (state.failures < failuresToDie || nowMs - state.okAtMs < aliveForMs || nowMs < state.deadUntilMs) return;
    state.deadUntilMs = nowMs + Math.min(deadFirstMs * 2 ** Math.min(state.deaths, 16), deadMostMs);
    state.deaths++;
  }

  /** Whether `family` is to be avoided. When its time is up, the next failure is enough to avoid it again. */
  isDead(family: 4 | 6, nowMs: number): boolean {
    return this.#families[family].deadUntilMs > nowMs;
  }
}

interface Family {
  failures: number;
  deaths: number;
  okAtMs: number;
  deadUntilMs: number;
}

/** Failures in a row, over all servers, that make a family dead. */
const failuresToDie = 8;
/** A reply within this time says that the family works, whatever fails. */
const aliveForMs = 10_000;
const deadFirstMs = 60_000;
const deadMostMs = 600_000;

function newFamily(): Family {
  return { failures: 0, deaths: 0, okAtMs: -Infinity, deadUntilMs: -Infinity };
}

function newState(ip: string, port: number): ServerState {
  return {
    address: { ip, port },
    family: ip.includes(':') ? 6 : 4,
    placed: undefined,
    inFlight: 0,
    smoothedRttMs: undefined,
    rttVariationMs: 0,
    heardAtMs: -Infinity,
    timeouts: 0,
    timedOutAtMs: -Infinity,
    backoffUntilMs: -Infinity,
    edns: 'unknown',
    ednsUntilMs: -Infinity,
    ednsRefusals: 0,
    cookie: undefined,
    cookieUnknownUntilMs: -Infinity,
    lame: new Map(),
  };
}
