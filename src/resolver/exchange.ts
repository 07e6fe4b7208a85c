// One question to one server: identifier, case, EDNS, cookie, what counts as its reply, truncation to TCP, EDNS fallback.

import type { Limits } from '../base/limits.ts';
import { addressKey, type TransportOutcome } from '../base/ports.ts';
import { noteCookie, noteLapse } from '../cache/server-cookies.ts';
import { noteRtt, noteTimeout, type ServerState } from '../cache/servers.ts';
import { type Name, nameToText } from '../wire/name.ts';
import type { ServerResponse } from '../wire/response.ts';
import { RCODE, typeToText } from '../wire/types.ts';
import type { EventBody } from './events.ts';
import { withinDeadline } from './failure.ts';
import type { WaitFor } from './journal.ts';
import { cookieIn, judgeReply, type ReplySlot } from './match-reply.ts';
import { afterBadCookie, type Form, firstForm, noteEdnsOutcome, refusesEdns } from './query-form.ts';
import type { Lookup, Scope } from './scope.ts';
import { type Terms, termsOf } from './server-facts.ts';
import type { Running } from './shared.ts';
import { makeQuery } from './upstream-query.ts';

/** How an exchange ended. Everything but `message` means that this server gave nothing usable. */
export type Reply =
  | {
      readonly kind: 'message';
      readonly message: ServerResponse;
      readonly protocol: 'udp' | 'tcp';
      /** What was parsed. */
      readonly octets: Uint8Array;
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'malformed'; readonly detail: string }
  /** The budget allowed no more sends, or not the whole wait: a joiner may ask for itself. */
  | { readonly kind: 'spent' };

/** What is asked of whom. */
export interface ExchangeRequest {
  /** The zone that is asked for. */
  readonly zone: Name;
  readonly server: ServerState;
  readonly name: Name;
  readonly type: number;
  /** RD: set towards forwarders only. */
  readonly recursionDesired: boolean;
  readonly minimised: boolean;
  /** 1 for the first send of a lookup to this server. Later ones are not joined with it, and wait twice as long each. */
  readonly attempt: number;
  /** By what was known of the server when it was chosen. */
  readonly terms: Terms;
  /** Clock.nowMs from which on a response is of no use, however patient the server deserves to be waited for. */
  readonly untilMs: number;
  /** Called before each send after the first: whether the zone may be sent one more. */
  readonly mayRepeat: () => boolean;
}

/**
 * Asks one server one question. Identical questions to one server share an exchange (STYLE: waits run one way);
 * a joiner whose starter ran out of budget asks again, unshared. Never rejects.
 */
export function exchange(scope: Scope, lookup: Lookup, request: ExchangeRequest): Promise<Reply> {
  const { exchanges } = scope.shared;
  const key = exchangeKey(request);
  const running = request.attempt > 1 ? undefined : scope.wait(EXCHANGE, exchanges.get(key), key);
  if (running !== undefined) return join(scope, lookup, request, running);
  const started: Running<Reply> = { work: undefined, by: scope };
  exchanges.set(key, started);
  started.work = conduct(scope, lookup, request, key, started);
  return started.work;
}

/** Waits for an exchange that another question began. */
async function join(scope: Scope, lookup: Lookup, request: ExchangeRequest, running: Promise<Reply>): Promise<Reply> {
  if (scope.observer) sent(scope, lookup, request, 0, { protocol: 'udp', edns: true, why: undefined }, true);
  const reply = await withinDeadline(scope, running);
  if (reply === undefined) return { kind: 'timeout' };
  if (reply.kind !== 'spent') return reply;
  scope.goOn();
  if (remainingMs(scope, request) <= 0) return { kind: 'timeout' };
  // Others may have learnt meanwhile how the server is to be asked. Whether it is crowded was judged when it was chosen.
  return conduct(scope, lookup, { ...request, terms: termsOf(scope, request.server, false) });
}

/** How long this question can still wait, ms. */
function remainingMs(scope: Scope, { untilMs }: ExchangeRequest): number {
  const nowMs = scope.nowMs();
  return Math.min(scope.budget.remainingMs(nowMs), untilMs - nowMs);
}

/** The key under which equal exchanges are joined. */
function exchangeKey({ server, name, type, recursionDesired }: ExchangeRequest): string {
  return `${addressKey(server.address)} ${recursionDesired ? 1 : 0} ${type} ${name}`;
}

/** The same for people. */
function exchangeText(key: string): string {
  const [server = '', recursionDesired, type] = key.split(' ', 3);
  const name = key.slice(`${server} ${recursionDesired} ${type} `.length) as Name;
  return `${server} ${nameToText(name)} ${typeToText(Number(type))}${recursionDesired === '1' ? ' RD' : ''}`;
}

const EXCHANGE: WaitFor<'exchange', string> = {
  kind: 'exchange',
  key: exchangeText,
  kept: (reply) => {
    if (reply.kind !== 'message') return reply;
    const { kind, protocol, octets } = reply;
    return { kind, protocol, octets };
  },
};

/** A reply that matched, or an end without one. `lapsed`: what was suspect is that the server's cookie was not there. */
type Sent = Reply | { readonly kind: 'suspect'; readonly lapsed: boolean };

/**
 * The sends of one exchange: what one reply shows to be wrong with a question is put right once in the next. Counted
 * while it lasts; others may join it then, if it is `started` under `key`.
 */
async function conduct(
  scope: Scope,
  lookup: Lookup,
  request: ExchangeRequest,
  key?: string,
  started?: Running<Reply>,
): Promise<Reply> {
  const { crowds, exchanges } = scope.shared;
  crowds.enter(request.zone, request.server);
  try {
    let form = firstForm(scope, request.server, request.terms, request.minimised);
    let lapsed = false;
    let refused: Form | undefined;
    for (let sends = 0; sends < SENDS_MOST; sends++) {
      if (sends > 0 && !request.mayRepeat()) break;
      const result = await sendOnce(scope, lookup, request, form);
      if (result.kind === 'suspect' || (result.kind === 'message' && result.message.truncated)) {
        if (form.protocol === 'tcp') return { kind: 'malformed', detail: 'truncated or mismatched over TCP' };
        lapsed = result.kind === 'suspect' && result.lapsed;
        const why = result.kind === 'suspect' ? 'suspect' : 'truncated';
        form = { ...form, protocol: 'tcp', cookie: undefined, why };
        continue;
      }
      if (result.kind !== 'message') return result;
      const { message } = result;
      if (message.rcode === RCODE.BADCOOKIE && form.cookie !== undefined) {
        form = afterBadCookie(scope, request.server, form);
        continue;
      }
      if (form.edns && refusesEdns(message)) {
        refused = form;
        form = { ...form, edns: false, cookie: undefined, why: 'no-edns' };
        continue;
      }
      if (lapsed) noteLapse(request.server, scope.nowMs());
      noteEdnsOutcome(scope, request.server, refused, form, message);
      return result;
    }
    return { kind: 'malformed', detail: 'no whole response, however it was asked' };
  } finally {
    crowds.leave(request.zone, request.server);
    if (key !== undefined && exchanges.get(key) === started) exchanges.delete(key);
  }
}

/** UDP, TCP, and one of both again with another cookie or without EDNS. */
const SENDS_MOST = 3;

async function sendOnce(scope: Scope, lookup: Lookup, request: ExchangeRequest, form: Form): Promise<Sent> {
  const { limits, meter, upstream } = scope.shared.options;
  const leftMs = remainingMs(scope, request);
  if (leftMs <= 0) return { kind: 'timeout' };
  if (!scope.budget.spend('upstreamQueries')) {
    scope.exhaust(lookup, 'upstreamQueries');
    return { kind: 'spent' };
  }
  const { protocol, cookie } = form;
  const { query, id } = makeQuery(scope, request, form);
  const tcp = protocol === 'tcp';
  const ownMs = tcp ? limits.tcpTimeoutMs : request.terms.timeoutMs;
  const wait = tcp ? ownMs : patienceMs(ownMs, request.attempt, limits);
  const number = scope.observer ? scope.nextExchange() : 0;
  if (scope.observer) sent(scope, lookup, request, number, form, false);
  const bounds = { rdatas: limits.rdatasPerRRset, signatures: limits.signaturesPerRRset };
  const slot: ReplySlot = {};
  const going = { server: request.server.address, protocol, query, timeoutMs: Math.min(wait, leftMs) };
  const { journal } = scope;
  const sending = journal?.sending(going) ?? 0;
  meter?.sent(protocol);
  const outcome = await scope.transport.send(going, (octets) => {
    const verdict = judgeReply(octets, query, id, { exact: upstream.caseRandomisation && !tcp, cookie, bounds }, slot);
    journal?.arrived(sending, octets, verdict);
    return verdict;
  });
  scope.goOn();
  journal?.sendEnded(sending, outcome);
  meter?.ended(protocol, outcome);
  // Cut shorter than the server's own timeout by what this question can wait, it says nothing of the server.
  const cut = outcome.kind === 'timeout' && leftMs < Math.min(wait, ownMs);
  if (!cut) noteOutcome(scope, request.server, protocol, outcome);
  if (scope.observer) received(scope, lookup, request, number, protocol, outcome, slot.message);
  if (cut) return { kind: 'spent' };
  if (outcome.kind === 'suspect') return { kind: 'suspect', lapsed: slot.lapsed === true };
  if (outcome.kind !== 'response') return outcome;
  if (slot.message === undefined) return { kind: 'malformed', detail: 'malformed response' };
  if (cookie !== undefined && !slot.message.truncated) {
    noteCookie(request.server, cookie, cookieIn(slot.message), scope.nowMs());
  }
  return { kind: 'message', message: slot.message, protocol, octets: slot.octets ?? outcome.octets };
}

/**
 * A late reply is still a reply: the wait goes on past the moment at which another server is asked (ask.ts), and is
 * doubled with each attempt (RFC 6298, 5.5).
 */
function patienceMs(expectedMs: number, attempt: number, { mostTimeoutMs }: Limits): number {
  return Math.min((2 * expectedMs + PATIENCE_MS) * 2 ** (attempt - 1), mostTimeoutMs);
}

const PATIENCE_MS = 400;

function noteOutcome(scope: Scope, state: ServerState, protocol: 'udp' | 'tcp', outcome: TransportOutcome): void {
  if (outcome.kind === 'suspect') return;
  const nowMs = scope.nowMs();
  scope.shared.caches.families.note(state.family, outcome.kind === 'response', nowMs);
  if (outcome.kind !== 'response') noteTimeout(state, nowMs);
  // TCP time includes connecting: it would make the next UDP wait too long.
  else if (protocol === 'udp') noteRtt(state, outcome.rttMs, nowMs);
}

function sent(
  scope: Scope,
  lookup: Lookup,
  request: ExchangeRequest,
  exchangeNumber: number,
  { protocol, edns, why }: Pick<Form, 'protocol' | 'edns' | 'why'>,
  joined: boolean,
): void {
  const { name, type } = request;
  const server = request.server.address;
  const body: EventBody = { kind: 'sent', exchange: exchangeNumber, server, protocol, name, type, edns, joined };
  scope.emit(lookup, why === undefined ? body : { ...body, why });
}

function received(
  scope: Scope,
  lookup: Lookup,
  request: ExchangeRequest,
  exchangeNumber: number,
  protocol: 'udp' | 'tcp',
  outcome: TransportOutcome,
  message: ServerResponse | undefined,
): void {
  const common = { kind: 'received', exchange: exchangeNumber, server: request.server.address, protocol } as const;
  if (outcome.kind !== 'response') {
    const detail = outcome.kind === 'unreachable' ? { detail: outcome.detail } : {};
    scope.emit(lookup, { ...common, outcome: outcome.kind, ...detail });
  } else if (message === undefined) {
    scope.emit(lookup, { ...common, outcome: 'malformed', rttMs: outcome.rttMs, octets: outcome.octets.length });
  } else {
    const { rttMs, octets } = outcome;
    scope.emit(lookup, { ...common, outcome: 'response', rttMs, rcode: message.rcode, octets: octets.length });
  }
}
