// What a resolution may know of servers, read as copies: the state behind them changes in place, and a journal is to hold
// what it was at that moment.

import { cookieOf, type ServerCookie, takesCookies } from '../cache/server-cookies.ts';
import { ednsOf, isBackedOff, isLame, type ServerState, timeoutMs } from '../cache/servers.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';

/** What makes a server be asked only after all others: it was lame for the zone, and one reply decided that. */
const LAMENESS = 1000;

/** What is known of servers of a zone when one of them is to be asked; lists in the order of the servers. */
export interface Standing {
  /** How little each is worth: 0, 1 while it is silent or its family dead, far more while lame. Undefined: 0 each, as mostly. */
  readonly penalties: readonly number[] | undefined;
  /** The smoothed RTT in whole microseconds; undefined: the server never answered. */
  readonly rttsUs: readonly (number | undefined)[];
}

/** On what terms a server is asked now. */
export interface Terms {
  /** The bound that forbids one more question to it. */
  readonly crowded: 'questionsPerServer' | 'questionsPerSilentServer' | undefined;
  /** How long to wait for a reply, whole ms. */
  readonly timeoutMs: number;
  /** Whether it is asked with EDNS, and whether it may be sent a cookie then. */
  readonly edns: boolean;
  readonly cookies: boolean;
}

/** What is known of each of `servers` for `zone`. */
export function standingOf(scope: Scope, zone: Name, servers: readonly { readonly state: ServerState }[]): Standing {
  const rttsUs: (number | undefined)[] = [];
  let anyShunned = false;
  for (const { state } of servers) {
    const { smoothedRttMs } = state;
    rttsUs.push(smoothedRttMs === undefined ? undefined : Math.round(smoothedRttMs * 1000));
    anyShunned ||= penaltyOf(scope, zone, state) > 0;
  }
  const penalties = anyShunned ? servers.map(({ state }) => penaltyOf(scope, zone, state)) : undefined;
  return scope.read(LOOK.standing, { penalties, rttsUs }, zone);
}

function penaltyOf(scope: Scope, zone: Name, state: ServerState): number {
  const nowMs = scope.nowMs();
  const shunned = isBackedOff(state, nowMs) || scope.shared.caches.families.isDead(state.family, nowMs);
  return (shunned ? 1 : 0) + (isLame(state, zone, nowMs) ? LAMENESS : 0);
}

/** The terms; `configured`: whether the operator chose the server. */
export function termsOf(scope: Scope, state: ServerState, configured: boolean): Terms {
  const { limits } = scope.shared.options;
  const nowMs = scope.nowMs();
  const silent = isBackedOff(state, nowMs);
  const most = silent ? limits.questionsPerSilentServer : limits.questionsPerServer;
  const full = state.inFlight >= most && (silent || !configured);
  const terms: Terms = {
    crowded: full ? (silent ? 'questionsPerSilentServer' : 'questionsPerServer') : undefined,
    timeoutMs: timeoutMs(state, limits),
    edns: ednsOf(state, nowMs) !== 'none',
    cookies: takesCookies(state, nowMs),
  };
  return scope.read(LOOK.terms, terms, ROOT, state.address);
}

/** Whether it has been silent since it last replied. */
export function hasTimedOut(scope: Scope, { timeouts, address }: ServerState): boolean {
  return scope.read(LOOK.timedOut, timeouts > 0, ROOT, address);
}

/** The cookie that goes to it; undefined: one is to be drawn. */
export function cookieNow(scope: Scope, state: ServerState, nowMs: number): ServerCookie | undefined {
  return scope.read(LOOK.cookie, cookieOf(state, nowMs), ROOT, state.address);
}
