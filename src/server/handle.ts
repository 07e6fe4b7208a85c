// One query from octets to octets: judges the header, asks the layer `answers`, then the resolver.

import type { Limits } from '../base/limits.ts';
import { newOctets } from '../base/octets.ts';
import type { Clock } from '../base/ports.ts';
import { CLIENT_COOKIE_OCTETS } from '../cache/server-cookies.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';
import { WireError } from '../wire/error.ts';
import { parseQuestion } from '../wire/message.ts';
import { EDE, RCODE } from '../wire/types.ts';
import { type ClientClass, reservedPort } from './acl.ts';
import { type Cookies, createCookies } from './cookie.ts';
import { CLIENT_LIMITS, countAt, createCounts, type HandlerStats, SECURITY_STATES } from './counts.ts';
import type { FaultLog } from './fault-log.ts';
import { createLateReplies, LATE_MS } from './late-replies.ts';
import { createQueryView, judgeClass, judgeType, type QueryView, SCAN, scanQuery } from './query.ts';
import type { Rated, RateLimit } from './rate-limit.ts';
import { createReplies, errorOptions, NO_OPTIONS, OPTION_OCTETS_MAX, REPLY_EXTRA_OCTETS } from './reply.ts';
import { buildResponse, keepSeconds } from './respond.ts';

/** The part of the layer `answers` that the server uses. `flags`: bit 0 DO, bit 1 CD. */
export interface ServedAnswers {
  find(query: Uint8Array, questionEnd: number, flags: number, nowMs: number): number;
  copy(slot: number, out: Uint8Array, nowMs: number): number;
  copyOptions(slot: number, out: Uint8Array, at: number): number;
  secure(slot: number): boolean;
  put(
    message: Uint8Array,
    questionEnd: number,
    flags: number,
    ttl: number,
    secure: boolean,
    nowMs: number,
    options: Uint8Array,
  ): void;
  /** What was begun under an earlier generation is not put. */
  readonly generation: number;
}

/** The part of the resolver that the server uses. */
export interface ServedResolver {
  fromCache(request: ResolveRequest): Resolution | undefined;
  resolve(request: ResolveRequest): Promise<Resolution>;
  readonly caches: { readonly answers: ServedAnswers };
}

/** Told of each resolution that a client waited for, and for how many milliseconds. */
export type ResolutionMeter = (resolution: Resolution, waitedMs: number) => void;

/** What handling needs. */
export interface HandlerOptions {
  readonly resolver: ServedResolver;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly classify: (address: string) => ClientClass;
  /** 16 octets; undefined: no server cookies. */
  readonly cookieSecret: Uint8Array | undefined;
  /** What limits replies over UDP at the moment; absent or undefined: nothing. */
  readonly rateLimit?: () => RateLimit | undefined;
  readonly meter?: ResolutionMeter | undefined;
  readonly reportFault: FaultLog;
}

/** What becomes of a query: octets written to `out`, 0 for no reply, or the octets later (undefined: no reply). */
export type Handled = number | Promise<Uint8Array | undefined>;

/** Handles queries. It never throws and its promises never reject. */
export interface Handler {
  /**
   * The query is the first `length` octets of `query`. `out` has at least {@link OUT_OCTETS_LEAST} octets over UDP,
   * 65,535 over TCP. Keeps neither `query` nor `from` nor `out`.
   */
  handle(
    query: Uint8Array,
    length: number,
    from: { readonly address: string; readonly port: number },
    overTcp: boolean,
    out: Uint8Array,
  ): Handled;
  stats(): HandlerStats;
}

/** Replies awaited by all clients together: each holds about a kilobyte. */
const REPLIES_MAX = 50_000;

/** Octets that UDP needs of `out`: a message as long as `answers` keeps them, and OPT. */
export const OUT_OCTETS_LEAST: number = 4096 + REPLY_EXTRA_OCTETS;

const SECURE = SECURITY_STATES.indexOf('secure');
const INSECURE = SECURITY_STATES.indexOf('insecure');
const UNCHECKED = SECURITY_STATES.indexOf('unchecked');

const PROHIBITED = errorOptions([{ code: EDE.prohibited, text: '' }]);
const TOO_MANY = errorOptions([{ code: EDE.other, text: 'too many replies awaited by this client' }]);
const FAULT = errorOptions([{ code: EDE.other, text: 'internal error' }]);

/** Makes the handler that all listeners share. */
export function createHandler(settings: HandlerOptions): Handler {
  const { resolver, clock, limits, classify, rateLimit, meter, reportFault } = settings;
  const { answers } = resolver.caches;
  const cookies: Cookies | undefined =
    settings.cookieSecret === undefined ? undefined : createCookies(settings.cookieSecret);
  const replies = createReplies({ clock, udpPayloadOctets: limits.udpPayloadOctets, cookies });
  const lateReplies = createLateReplies(clock);
  // Overwritten by each packet: a hit builds nothing.
  const view = createQueryView();
  const options = new Uint8Array(OPTION_OCTETS_MAX);
  const awaitedBy = new Map<string, number>();
  const count = createCounts();

  function judge(
    query: Uint8Array,
    queryOctets: number,
    from: { readonly address: string; readonly port: number },
    overTcp: boolean,
    out: Uint8Array,
  ): Handled {
    if (reservedPort(from.port)) return drop();
    const form = look(query, queryOctets, from.address, overTcp);
    if (form === SCAN.drop) return drop();
    const { client } = view;
    const rate = overTcp || client.unrated ? undefined : rateLimit?.();
    const rated = rate === undefined || isProven(query) ? 'send' : rate(client.octets);
    if (rated !== 'send') return limited(query, out, form === SCAN.proceed ? rated : 'drop');
    if (form >= 0) return reject(query, out, form, NO_OPTIONS);
    if (!client.allowed) return reject(query, out, RCODE.REFUSED, PROHIBITED);
    // RFC 6891, 6.1.3.
    if (view.edns && view.version > 0) return reject(query, out, RCODE.BADVERS, NO_OPTIONS);
    if (form === SCAN.cookieOnly) return cookieOnly(query, out);
    const verdict = judgeClass(view.class) === SCAN.proceed ? judgeType(view.type) : RCODE.REFUSED;
    if (verdict !== SCAN.proceed) return reject(query, out, verdict, NO_OPTIONS);
    const nowMs = clock.nowMs();
    const slot = answers.find(query, view.questionEnd, layerFlags(view), nowMs);
    if (slot < 0) return miss(query.subarray(0, queryOctets), from, out);
    const length = answers.copy(slot, out, nowMs);
    count.fromAnswers += 1;
    const secure = answers.secure(slot);
    countAt(count.rcodes, (out[3] as number) & 15);
    countAt(count.security, secure ? SECURE : view.checkingDisabled ? UNCHECKED : INSECURE);
    // Longer than `out` less OPT: it cannot go over UDP, and over TCP `out` is large enough.
    if (length < 0 || length > out.length - REPLY_EXTRA_OCTETS) return replies.truncated(out, query, view);
    const optionOctets = view.edns ? Math.max(answers.copyOptions(slot, options, 0), 0) : 0;
    return replies.finish(out, length, query, view, secure, options, optionOctets);
  }

  /** Reads the query into the view; what it comes to is as `scanQuery` says. */
  function look(query: Uint8Array, queryOctets: number, address: string, overTcp: boolean): number {
    view.client = classify(address);
    view.overTcp = overTcp;
    return scanQuery(query, queryOctets, view);
  }

  function drop(): number {
    count.dropped += 1;
    return 0;
  }

  /** Without a word of why: over UDP the source may be forged, and it costs octets. */
  function limited(query: Uint8Array, out: Uint8Array, rated: Exclude<Rated, 'send'>): number {
    countAt(count.limited, CLIENT_LIMITS.indexOf('rateLimit'));
    return rated === 'drop' ? drop() : replies.truncated(out, query, view);
  }

  /** RFC 7873, 5.4: the client asks for a server cookie, or whether the one that it has still holds. */
  function cookieOnly(query: Uint8Array, out: Uint8Array): number {
    if (cookies === undefined) return reject(query, out, RCODE.FORMERR, NO_OPTIONS);
    const holds = view.cookieOctets === CLIENT_COOKIE_OCTETS || isProven(query);
    return fail(query, out, holds ? RCODE.NOERROR : RCODE.BADCOOKIE, NO_OPTIONS);
  }

  /** For what is no query that this client may ask. */
  function reject(query: Uint8Array, out: Uint8Array, rcode: number, options: Uint8Array): number {
    return fail(query, out, rcode, options, false);
  }

  function fail(query: Uint8Array, out: Uint8Array, rcode: number, options: Uint8Array, recursed = true): number {
    count.judged += 1;
    countAt(count.rcodes, rcode);
    return replies.failed(out, query, view, rcode, options, recursed);
  }

  function miss(query: Uint8Array, from: { readonly address: string }, out: Uint8Array): Handled {
    const { name } = parseQuestion(query).question;
    const request = { name, type: view.type, checkingDisabled: view.checkingDisabled };
    const cached = resolver.fromCache(request);
    if (cached !== undefined) {
      count.fromCache += 1;
      return respond(cached, request, query, answers.generation, out).length;
    }
    // Without RD the client asks for what is known here, and nothing is.
    if (!view.recursionDesired) return fail(query, out, RCODE.REFUSED, NO_OPTIONS);
    const awaited = awaitedBy.get(from.address) ?? 0;
    const full = count.awaited >= REPLIES_MAX;
    if (full || (awaited >= limits.repliesPerClient && !view.client.loopback)) {
      countAt(count.limited, CLIENT_LIMITS.indexOf(full ? 'replies' : 'repliesPerClient'));
      // Over UDP the source may be forged: it is not told.
      return view.overTcp ? fail(query, out, RCODE.SERVFAIL, TOO_MANY) : drop();
    }
    // The octets may be a window into a shared buffer.
    const kept = newOctets(query.length);
    kept.set(query);
    return wait(request, kept, from.address, view.overTcp);
  }

  async function wait(
    request: ResolveRequest,
    query: Uint8Array,
    address: string,
    overTcp: boolean,
  ): Promise<Uint8Array | undefined> {
    const sinceMs = clock.nowMs();
    const { generation } = answers;
    count.awaited += 1;
    awaitedBy.set(address, (awaitedBy.get(address) ?? 0) + 1);
    try {
      const resolution = await resolver.resolve(request);
      count.resolved += 1;
      const waitedMs = clock.nowMs() - sinceMs;
      meter?.(resolution, waitedMs);
      // The view has served other packets meanwhile: what waits is its octets alone.
      look(query, query.length, address, overTcp);
      if (waitedMs > LATE_MS && !mayBeLate(query, address)) {
        countAt(count.limited, CLIENT_LIMITS.indexOf('lateReplies'));
        drop();
        return undefined;
      }
      const { out, length } = respond(resolution, request, query, generation, undefined);
      return out.subarray(0, length);
    } catch (error) {
      reportFault('fault while resolving', error);
      countAt(count.rcodes, RCODE.SERVFAIL);
      look(query, query.length, address, overTcp);
      const out = new Uint8Array(query.length + REPLY_EXTRA_OCTETS);
      return out.subarray(0, replies.failed(out, query, view, RCODE.SERVFAIL, FAULT, true));
    } finally {
      count.awaited -= 1;
      const left = (awaitedBy.get(address) ?? 1) - 1;
      if (left > 0) awaitedBy.set(address, left);
      else awaitedBy.delete(address);
    }
  }

  function mayBeLate(query: Uint8Array, address: string): boolean {
    if (view.overTcp || view.client.loopback) return true;
    return isProven(query) || lateReplies(address);
  }

  /** Whether a cookie shows that the client gets what is sent to its address. */
  function isProven(query: Uint8Array): boolean {
    const { cookieAt, cookieOctets, client } = view;
    if (cookies === undefined || cookieAt === 0) return false;
    return cookies.verify(query, cookieAt, cookieOctets, client.octets, clock.wallSeconds());
  }

  /** Builds the message, keeps it for the next who asks, and fits it to this client: within `out`, or new octets. */
  function respond(
    resolution: Resolution,
    request: ResolveRequest,
    query: Uint8Array,
    generation: number,
    out: Uint8Array | undefined,
  ): { readonly out: Uint8Array; readonly length: number } {
    const message = buildResponse(resolution, { ...request, dnssecOk: view.dnssecOk });
    const errors = errorOptions(resolution.extendedErrors);
    const secure = resolution.security === 'secure';
    countAt(count.rcodes, resolution.rcode);
    countAt(count.security, SECURITY_STATES.indexOf(resolution.security));
    const seconds = keepSeconds(resolution);
    if (seconds > 0 && generation === answers.generation) {
      answers.put(message, view.questionEnd, layerFlags(view), seconds, secure, clock.nowMs(), errors);
    }
    const octets = out ?? newOctets(message.length + REPLY_EXTRA_OCTETS);
    if (message.length > octets.length - REPLY_EXTRA_OCTETS) {
      return { out: octets, length: replies.truncated(octets, query, view) };
    }
    octets.set(message);
    return { out: octets, length: replies.finish(octets, message.length, query, view, secure, errors, errors.length) };
  }

  return {
    handle(query, length, from, overTcp, out): Handled {
      count.queries += 1;
      if (overTcp) count.queriesOverTcp += 1;
      try {
        return judge(query, length, from, overTcp, out);
      } catch (error) {
        if (!(error instanceof WireError)) reportFault('fault while handling a query', error);
        return reject(query, out, error instanceof WireError ? RCODE.FORMERR : RCODE.SERVFAIL, NO_OPTIONS);
      }
    },
    stats: () => ({ ...count }),
  };
}

function layerFlags(view: QueryView): number {
  return (view.dnssecOk ? 1 : 0) | (view.checkingDisabled ? 2 : 0);
}
