// DNS cookies towards servers (RFC 7873, RFC 9018): what proves a reply to come from the server that was asked.

import type { ServerState } from './servers.ts';

/** The cookie that goes to one server. Never changed in place. */
export interface ServerCookie {
  /** The data of the option: our 8 octets, and the 8 to 32 that the server gave, once it has. */
  readonly octets: Uint8Array;
  /** When ours were drawn (Clock.nowMs). */
  readonly drawnAtMs: number;
  /** Replies in a row with no cookie or a wrong one, which TCP bore out. */
  readonly lapses: number;
}

/** Octets of a client cookie (RFC 7873, 4). */
export const CLIENT_COOKIE_OCTETS = 8;
/** The option's data with a server cookie. */
const WITH_SERVER_LEAST = 16;
const WITH_SERVER_MOST = 40;

/** RFC 9018, 3: no need to change it often, but not kept for ever. */
const DRAWN_FOR_MS = 86_400_000;
/** RFC 9018, 3: who knows no cookies is not sent one for five minutes, and then a new one. */
const UNKNOWN_FOR_MS = 300_000;
/** Lapses in a row after which the server counts as knowing none: some of the machines behind its address do not. */
const LAPSES_MOST = 3;

/** The cookie to send to a server; undefined: it is to get none, or one is to be drawn. */
export function cookieOf({ cookie }: ServerState, nowMs: number): ServerCookie | undefined {
  return cookie !== undefined && nowMs - cookie.drawnAtMs < DRAWN_FOR_MS ? cookie : undefined;
}

/** Whether the server may be sent a cookie at all, as far as is known now. */
export function takesCookies(state: ServerState, nowMs: number): boolean {
  return state.cookieUnknownUntilMs <= nowMs;
}

/** Takes eight octets, drawn by chance, as ours for this server. */
export function noteDrawn(state: ServerState, octets: Uint8Array, nowMs: number): ServerCookie {
  const cookie = { octets, drawnAtMs: nowMs, lapses: 0 };
  state.cookie = cookie;
  return cookie;
}

/** Whether a reply with this COOKIE option (undefined: none) may be the server's: RFC 7873, 5.3. */
export function bearsOut(sent: ServerCookie, option: Uint8Array | undefined): boolean {
  // Who gave a server cookie gives one with each reply.
  if (!isWhole(option)) return sent.octets.length === CLIENT_COOKIE_OCTETS;
  for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) if (option[i] !== sent.octets[i]) return false;
  return true;
}

/** The server replied to `sent` with this COOKIE option, which bears it out. */
export function noteCookie(
  state: ServerState,
  sent: ServerCookie,
  option: Uint8Array | undefined,
  nowMs: number,
): void {
  const { cookie } = state;
  // Since then another was drawn, or this one was given up.
  if (cookie === undefined || !startsAlike(cookie.octets, sent.octets)) return;
  if (isWhole(option)) state.cookie = { ...cookie, octets: option, lapses: 0 };
  else if (cookie.octets.length === CLIENT_COOKIE_OCTETS) noteNoCookies(state, nowMs);
}

/** A reply lacked the cookie, or had a wrong one, and TCP showed the server to answer all the same. */
export function noteLapse(state: ServerState, nowMs: number): void {
  const { cookie } = state;
  if (cookie === undefined) return;
  if (cookie.lapses + 1 >= LAPSES_MOST) noteNoCookies(state, nowMs);
  else state.cookie = { ...cookie, lapses: cookie.lapses + 1 };
}

/** The server knows no cookies, or refuses a question that has one. */
export function noteNoCookies(state: ServerState, nowMs: number): void {
  state.cookie = undefined;
  state.cookieUnknownUntilMs = nowMs + UNKNOWN_FOR_MS;
}

function isWhole(option: Uint8Array | undefined): option is Uint8Array {
  return option !== undefined && option.length >= WITH_SERVER_LEAST && option.length <= WITH_SERVER_MOST;
}

function startsAlike(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) if (a[i] !== b[i]) return false;
  return true;
}
