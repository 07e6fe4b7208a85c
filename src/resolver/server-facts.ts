// What a resolution may know of a server: numbers and switches, read one by one, since the state behind them changes in
// place and a journal is to hold what it was at that moment.

import { cookieOf, type ServerCookie, takesCookies } from '../cache/server-cookies.ts';
import { ednsOf, isBackedOff, isLame, type ServerState, timeoutMs } from '../cache/servers.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';

/** What makes a server be asked only after all others: it was lame for the zone, and one reply decided that. */
const LAMENESS = 1000;

/** Whether any of the servers is worth less than others at `zone`: mostly none is, and then no more need be read. */
export function isAnyShunned(scope: Scope, zone: Name, servers: readonly { readonly state: ServerState }[]): boolean {
  const live = servers.some(({ state }) => livePenalty(scope, zone, state) > 0);
  return scope.read(LOOK.shunned, live, zone);
}

/** How little a server is worth asking for `zone`: 0, 1 while it is silent or its family dead, far more while lame. */
export function penaltyOf(scope: Scope, zone: Name, state: ServerState): number {
  return scope.read(LOOK.penalty, livePenalty(scope, zone, state), zone, state.address);
}

function livePenalty(scope: Scope, zone: Name, state: ServerState): number {
  const nowMs = scope.nowMs();
  const shunned = isBackedOff(state, nowMs) || scope.shared.caches.families.isDead(state.family, nowMs);
  return (shunned ? 1 : 0) + (isLame(state, zone, nowMs) ? LAMENESS : 0);
}

/** The smoothed RTT in whole microseconds; undefined: the server never answered. */
export function rttOf(scope: Scope, { smoothedRttMs, address }: ServerState): number | undefined {
  const live = smoothedRttMs === undefined ? undefined : Math.round(smoothedRttMs * 1000);
  return scope.read(LOOK.rtt, live, ROOT, address);
}

/** Whether it has been silent since it last replied. */
export function hasTimedOut(scope: Scope, { timeouts, address }: ServerState): boolean {
  return scope.read(LOOK.timedOut, timeouts > 0, ROOT, address);
}

/** How long to wait for a reply, whole ms. */
export function timeoutOf(scope: Scope, state: ServerState): number {
  return scope.read(LOOK.timeout, timeoutMs(state, scope.shared.options.limits), ROOT, state.address);
}

/** Whether it is asked with EDNS. */
export function takesEdnsNow(scope: Scope, state: ServerState): boolean {
  return scope.read(LOOK.edns, ednsOf(state, scope.nowMs()) !== 'none', ROOT, state.address);
}

/** Whether it may be sent a cookie. */
export function takesCookiesNow(scope: Scope, state: ServerState, nowMs: number): boolean {
  return scope.read(LOOK.takesCookies, takesCookies(state, nowMs), ROOT, state.address);
}

/** The cookie that goes to it; undefined: one is to be drawn. */
export function cookieNow(scope: Scope, state: ServerState, nowMs: number): ServerCookie | undefined {
  return scope.read(LOOK.cookie, cookieOf(state, nowMs), ROOT, state.address);
}
