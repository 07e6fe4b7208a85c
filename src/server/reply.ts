// Fits a finished message to the client that asked: ID, flags, case, size, OPT. Works on octets in place.

import type { Clock } from '../base/ports.ts';
import { extendedErrorOption } from '../wire/edns.ts';
import type { ExtendedError } from '../wire/message.ts';
import { RCODE, TYPE } from '../wire/types.ts';
import { COOKIE_OCTETS, type Cookies } from './cookie.ts';
import type { QueryView } from './query.ts';

/** Turns messages and RCODEs into what a client gets. `out` is written from 0; the length is returned. */
export interface Replies {
  /**
   * `out` holds `length` octets of a complete message without OPT whose question is the client's but for case. `out`
   * has room for {@link REPLY_EXTRA_OCTETS} more. `secure`: AD may be set. The first `optionOctets` octets of `options`
   * (of {@link errorOptions}) go into OPT when there is room.
   */
  finish(
    out: Uint8Array,
    length: number,
    query: Uint8Array,
    view: QueryView,
    secure: boolean,
    options: Uint8Array,
    optionOctets: number,
  ): number;
  /** TC with empty sections: the whole does not fit. */
  truncated(out: Uint8Array, query: Uint8Array, view: QueryView): number;
  /** A response without records. `recursed`: the question was taken on, so that RA is set. */
  failed(
    out: Uint8Array,
    query: Uint8Array,
    view: QueryView,
    rcode: number,
    options: Uint8Array,
    recursed: boolean,
  ): number;
}

/** The most that OPT adds: its fixed part, a cookie, and extended errors within {@link OPTION_OCTETS_MAX}. */
export const REPLY_EXTRA_OCTETS = 256;
/** Octets of extended errors in one response; further ones are left out. */
export const OPTION_OCTETS_MAX: number = 200;

const HEADER_OCTETS = 12;
const OPT_OCTETS = 11;
/** RFC 1035, 4.2.1: a client without EDNS takes this much over UDP, and every client does. */
const PLAIN_UDP_OCTETS = 512;
const STREAM_OCTETS = 65_535;
const COOKIE_OPTION = 10;
/** No options. */
export const NO_OPTIONS: Uint8Array = new Uint8Array(0);

/** `udpPayloadOctets`: the most sent over UDP and what OPT announces. Without `cookies` the option is passed over. */
export function createReplies(options: {
  readonly clock: Clock;
  readonly udpPayloadOctets: number;
  readonly cookies: Cookies | undefined;
}): Replies {
  const { clock, udpPayloadOctets, cookies } = options;

  function octetsMax(view: QueryView): number {
    if (view.overTcp) return STREAM_OCTETS;
    if (!view.edns) return PLAIN_UDP_OCTETS;
    return Math.min(Math.max(view.payloadOctets, PLAIN_UDP_OCTETS), udpPayloadOctets);
  }

  function optOctets(view: QueryView): number {
    if (!view.edns) return 0;
    return OPT_OCTETS + (cookies !== undefined && view.cookieAt > 0 ? 4 + COOKIE_OCTETS : 0);
  }

  /** Adds OPT behind `length` octets, with the options if they fit into `max`. */
  function addOpt(
    out: Uint8Array,
    length: number,
    query: Uint8Array,
    view: QueryView,
    rcode: number,
    options: Uint8Array,
    optionOctets: number,
    max: number,
  ): number {
    if (!view.edns) return length;
    out[11] = (out[11] as number) + 1;
    out[length] = 0;
    writeUint16(out, length + 1, TYPE.OPT);
    writeUint16(out, length + 3, udpPayloadOctets);
    out[length + 5] = rcode >>> 4;
    out[length + 6] = 0;
    // RFC 3225, 3: DO is copied.
    out[length + 7] = view.dnssecOk ? 0x80 : 0;
    out[length + 8] = 0;
    let at = length + OPT_OCTETS;
    if (cookies !== undefined && view.cookieAt > 0) {
      writeUint16(out, at, COOKIE_OPTION);
      writeUint16(out, at + 2, COOKIE_OCTETS);
      cookies.write(out, at + 4, query, view.cookieAt, view.client.octets, clock.wallSeconds());
      at += 4 + COOKIE_OCTETS;
    }
    if (optionOctets > 0 && at + optionOctets <= max) {
      for (let i = 0; i < optionOctets; i += 1) out[at + i] = options[i] as number;
      at += optionOctets;
    }
    writeUint16(out, length + 9, at - length - OPT_OCTETS);
    return at;
  }

  function finish(
    out: Uint8Array,
    length: number,
    query: Uint8Array,
    view: QueryView,
    secure: boolean,
    options: Uint8Array,
    optionOctets: number,
  ): number {
    const max = octetsMax(view);
    const whole = length + optOctets(view);
    // ANY over UDP is the favourite of reflection attacks: what exceeds 512 octets must be fetched by TCP (RFC 8482, 4.4).
    if (whole > max || (view.type === TYPE.ANY && !view.overTcp && whole > PLAIN_UDP_OCTETS)) {
      return truncated(out, query, view);
    }
    const questionEnd = view.questionEnd;
    out[0] = query[0] as number;
    out[1] = query[1] as number;
    // AA, and TC of a message that fits into no stream, are the message's own.
    out[2] = ((out[2] as number) & 0x06) | 0x80 | ((query[2] as number) & 0x01);
    // RFC 6840, 5.7: AD only to those who show by DO or AD that they understand it.
    const authentic = secure && (view.dnssecOk || view.authenticData) ? 0x20 : 0;
    out[3] = ((out[3] as number) & 0x0f) | 0x80 | ((query[3] as number) & 0x10) | authentic;
    for (let i = HEADER_OCTETS; i < questionEnd; i += 1) out[i] = query[i] as number;
    return addOpt(out, length, query, view, (out[3] as number) & 0x0f, options, optionOctets, max);
  }

  function truncated(out: Uint8Array, query: Uint8Array, view: QueryView): number {
    const length = failed(out, query, view, RCODE.NOERROR, NO_OPTIONS, true);
    out[2] = (out[2] as number) | 0x02;
    return length;
  }

  function failed(
    out: Uint8Array,
    query: Uint8Array,
    view: QueryView,
    rcode: number,
    options: Uint8Array,
    recursed: boolean,
  ): number {
    const length = Math.max(view.questionEnd, HEADER_OCTETS);
    for (let i = 0; i < length; i += 1) out[i] = query[i] as number;
    // Opcode, RD and CD are the client's (RFC 1035, 4.1.1).
    out[2] = 0x80 | ((query[2] as number) & 0x79);
    // RA says that recursion is available: it is not to who is refused, nor for what is no query (as Unbound and BIND).
    out[3] = (recursed ? 0x80 : 0) | ((query[3] as number) & 0x10) | (rcode & 0x0f);
    for (let i = 4; i < HEADER_OCTETS; i += 1) out[i] = 0;
    if (view.questionEnd > 0) out[5] = 1;
    return addOpt(out, length, query, view, rcode, options, options.length, octetsMax(view));
  }

  return { finish, truncated, failed };
}

/** Extended errors as options of OPT, at most {@link OPTION_OCTETS_MAX} octets of them. */
export function errorOptions(errors: readonly ExtendedError[]): Uint8Array {
  if (errors.length === 0) return NO_OPTIONS;
  const out = new Uint8Array(OPTION_OCTETS_MAX);
  let at = 0;
  for (const error of errors) {
    let { code, data } = extendedErrorOption(error);
    // The info-code says more than the text: without room for both, the text goes.
    if (at + 4 + data.length > out.length) ({ code, data } = extendedErrorOption({ code: error.code, text: '' }));
    if (at + 4 + data.length > out.length) break;
    writeUint16(out, at, code);
    writeUint16(out, at + 2, data.length);
    out.set(data, at + 4);
    at += 4 + data.length;
  }
  return out.subarray(0, at);
}

function writeUint16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}
