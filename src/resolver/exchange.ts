// One question to one server: identifier, case, EDNS, what counts as its reply, truncation to TCP, EDNS fallback.

import type { Limits } from '../base/limits.ts';
import { addressKey, type ServerAddress, type TransportOutcome } from '../base/ports.ts';
import { ednsOf, noteEdns, noteNoEdns, noteRtt, noteTimeout, timeoutMs } from '../cache/servers.ts';
import type { Message } from '../wire/message.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { RCODE, typeToText } from '../wire/types.ts';
import type { EventBody } from './events.ts';
import { withinDeadline } from './failure.ts';
import { judgeReply, QUESTION_OFFSET, type ReplySlot } from './match-reply.ts';
import type { Lookup, Scope } from './scope.ts';

/** How an exchange ended. Everything but `message` means that this server gave nothing usable. */
export type Reply =
  | {
      readonly kind: 'message';
      readonly message: Message;
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
  readonly server: ServerAddress;
  readonly name: Name;
  readonly type: number;
  /** RD: set towards forwarders only. */
  readonly recursionDesired: boolean;
  readonly minimised: boolean;
  /** 1 for the first send of a lookup to this server. Later ones are not joined with it, and wait twice as long each. */
  readonly attempt: number;
  /** Called before each send after the first. */
  readonly onRepeat: () => void;
}

/**
 * Asks one server one question. Identical questions to one server share an exchange (STYLE: waits run one way);
 * a joiner whose starter ran out of budget asks again, unshared. Never rejects.
 */
export async function exchange(scope: Scope, lookup: Lookup, request: ExchangeRequest): Promise<Reply> {
  const key = exchangeKey(request);
  const running =
    request.attempt > 1 ? undefined : scope.wait('exchange', scope.shared.exchanges.get(key), () => keyText(request));
  if (running !== undefined) {
    if (scope.observer) sent(scope, lookup, request, 0, 'udp', true, true, undefined);
    const reply = await withinDeadline(scope, running);
    if (reply === undefined) return { kind: 'timeout' };
    if (reply.kind !== 'spent') return reply;
    return converse(scope, lookup, request);
  }
  const started = scope.began(converse(scope, lookup, request));
  scope.shared.exchanges.set(key, started);
  try {
    return await started;
  } finally {
    if (scope.shared.exchanges.get(key) === started) scope.shared.exchanges.delete(key);
  }
}

/** The same for people. */
function keyText({ server, name, type, recursionDesired }: ExchangeRequest): string {
  return `${addressKey(server)} ${nameToText(name)} ${typeToText(type)}${recursionDesired ? ' RD' : ''}`;
}

/** The key under which equal exchanges are joined. */
function exchangeKey({ server, name, type, recursionDesired }: ExchangeRequest): string {
  return `${addressKey(server)} ${recursionDesired ? 1 : 0} ${type} ${name}`;
}

type Why = 'truncated' | 'suspect' | 'no-edns' | 'minimised' | undefined;

/** The sends of one exchange: UDP, then at most once each TCP and plain DNS. */
async function converse(scope: Scope, lookup: Lookup, request: ExchangeRequest): Promise<Reply> {
  const state = scope.seen(scope.server(request.server));
  const first = ednsOf(state, scope.nowMs()) !== 'none';
  let edns = first;
  let protocol: 'udp' | 'tcp' = 'udp';
  let why: Why = request.minimised ? 'minimised' : undefined;
  // At most three sends: UDP, TCP, and one of both again without EDNS.
  for (let sends = 0; sends < 3; sends++) {
    if (sends > 0) request.onRepeat();
    const result = await sendOnce(scope, lookup, request, protocol, edns, why);
    if (result.kind === 'suspect' || (result.kind === 'message' && result.message.truncated)) {
      if (protocol === 'tcp') return { kind: 'malformed', detail: 'truncated or mismatched over TCP' };
      why = result.kind === 'suspect' ? 'suspect' : 'truncated';
      protocol = 'tcp';
      continue;
    }
    if (result.kind !== 'message') return result;
    if (edns && refusesEdns(result.message)) {
      edns = false;
      why = 'no-edns';
      continue;
    }
    noteEdnsOutcome(scope, request.server, first, edns, result.message);
    return result;
  }
  return { kind: 'malformed', detail: 'neither UDP, TCP nor plain DNS gave a whole response' };
}

/** RFC 6891, 7: a server that knows no EDNS answers FORMERR or NOTIMP without OPT; BADVERS to version 0 is as good. */
function refusesEdns(message: Message): boolean {
  if (message.rcode === RCODE.BADVERS) return true;
  return message.edns === undefined && (message.rcode === RCODE.FORMERR || message.rcode === RCODE.NOTIMP);
}

function noteEdnsOutcome(scope: Scope, server: ServerAddress, tried: boolean, edns: boolean, message: Message): void {
  const state = scope.server(server);
  if (edns && message.edns !== undefined) noteEdns(state);
  // Only a refusal that a working plain reply confirms counts against EDNS, so a forged FORMERR alone does not.
  if (tried && !edns && (message.rcode === RCODE.NOERROR || message.rcode === RCODE.NXDOMAIN)) {
    noteNoEdns(state, scope.nowMs());
  }
}

async function sendOnce(
  scope: Scope,
  lookup: Lookup,
  request: ExchangeRequest,
  protocol: 'udp' | 'tcp',
  edns: boolean,
  why: Why,
): Promise<Reply | { readonly kind: 'suspect' }> {
  const { options } = scope.shared;
  const { limits } = options;
  const remainingMs = scope.budget.remainingMs(scope.nowMs());
  if (remainingMs <= 0) return { kind: 'timeout' };
  if (!scope.budget.spend('upstreamQueries')) {
    scope.exhaust(lookup, 'upstreamQueries');
    return { kind: 'spent' };
  }
  const state = scope.seen(scope.server(request.server));
  const { query, id } = makeQuery(scope, request, edns);
  const drawn = options.upstream.caseRandomisation;
  const exact = drawn && protocol === 'udp';
  const wait = protocol === 'tcp' ? limits.tcpTimeoutMs : patienceMs(timeoutMs(state, limits), request.attempt, limits);
  const number = scope.observer ? scope.nextExchange() : 0;
  if (scope.observer) sent(scope, lookup, request, number, protocol, edns, false, why);
  const slot: ReplySlot = {};
  const outcome = await scope.transport.send(
    { server: request.server, protocol, query, timeoutMs: Math.min(wait, remainingMs) },
    (octets) => judgeReply(octets, query, id, { drawn, exact }, slot),
  );
  // Cut short by this question's own deadline, it says nothing of the server.
  const cut = outcome.kind === 'timeout' && remainingMs < wait;
  if (!cut) noteOutcome(scope, request.server, protocol, outcome);
  if (scope.observer) received(scope, lookup, request, number, protocol, outcome, slot.message);
  if (cut) return { kind: 'spent' };
  if (outcome.kind !== 'response') return outcome;
  if (slot.message === undefined) return { kind: 'malformed', detail: 'malformed response' };
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

function makeQuery(scope: Scope, request: ExchangeRequest, edns: boolean): { query: Uint8Array; id: number } {
  const { upstream } = scope.shared.options;
  const id = scope.random.integer(0x1_0000);
  const query = buildQuery({
    id,
    name: request.name,
    type: request.type,
    recursionDesired: request.recursionDesired,
    // RFC 6840, 5.9: a forwarder is to hand over what it has; we validate, or know why not.
    checkingDisabled: request.recursionDesired && scope.shared.trust !== undefined,
    // DO always, whatever the client asked: signatures are kept with their RRset (RFC 4035, 3.2.1).
    ...(edns ? { edns: { udpPayloadOctets: upstream.udpPayloadOctets, version: 0, dnssecOk: true, options: [] } } : {}),
  });
  if (upstream.caseRandomisation) randomiseCase(query, scope);
  return { query, id };
}

/** 0x20: flips the case of each letter of QNAME by chance. One draw serves up to 32 letters. */
function randomiseCase(query: Uint8Array, scope: Scope): void {
  let bits = 0;
  let left = 0;
  let offset = QUESTION_OFFSET;
  for (let length = query[offset] as number; length !== 0; length = query[offset] as number) {
    for (let i = offset + 1; i <= offset + length; i++) {
      const octet = query[i] as number;
      if (octet < 0x61 || octet > 0x7a) continue;
      if (left === 0) {
        bits = scope.random.integer(2 ** 32);
        left = 32;
      }
      if ((bits & 1) === 1) query[i] = octet & 0xdf;
      bits >>>= 1;
      left -= 1;
    }
    offset += length + 1;
  }
}

function noteOutcome(scope: Scope, server: ServerAddress, protocol: 'udp' | 'tcp', outcome: TransportOutcome): void {
  const state = scope.server(server);
  const family = server.ip.includes(':') ? 6 : 4;
  const { families } = scope.shared.caches;
  if (outcome.kind === 'response') {
    // TCP time includes connecting: it would make the next UDP wait too long.
    if (protocol === 'udp') noteRtt(state, outcome.rttMs, scope.nowMs());
    families.note(family, true, scope.nowMs());
  } else if (outcome.kind !== 'suspect') {
    noteTimeout(state, scope.nowMs());
    families.note(family, false, scope.nowMs());
  }
}

function sent(
  scope: Scope,
  lookup: Lookup,
  request: ExchangeRequest,
  exchangeNumber: number,
  protocol: 'udp' | 'tcp',
  edns: boolean,
  joined: boolean,
  why: Why,
): void {
  const { server, name, type } = request;
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
  message: Message | undefined,
): void {
  const common = { kind: 'received', exchange: exchangeNumber, server: request.server, protocol } as const;
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
