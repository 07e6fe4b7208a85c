// Reads a client's query where it lies: header, question and OPT, without building anything.

import { CLASS, OPCODE, RCODE, TYPE } from '../wire/types.ts';
import { type ClientClass, NO_ADDRESS } from './acl.ts';

/** What a query's octets say. One object serves for packet after packet, so that a hit allocates nothing. */
export interface QueryView {
  /** Offset just behind the question; 0 while no question was read. */
  questionEnd: number;
  type: number;
  class: number;
  recursionDesired: boolean;
  checkingDisabled: boolean;
  /** AD in the query: the client understands AD in the response (RFC 6840, 5.7). */
  authenticData: boolean;
  /** An OPT record was there; the rest is meaningful only then. */
  edns: boolean;
  version: number;
  dnssecOk: boolean;
  /** Octets of UDP payload the client takes, as it says. */
  payloadOctets: number;
  /** Offset of the COOKIE option's data, 0 when there is none, and its length. */
  cookieAt: number;
  cookieOctets: number;
  /** Who asks, and how; filled in by the handler. */
  client: ClientClass;
  overTcp: boolean;
}

/** What becomes of a query by its form alone: no reply, go on, nothing but a cookie, or an RCODE (0 or more) to answer with. */
export const SCAN = { cookieOnly: -3, drop: -2, proceed: -1 } as const;

const HEADER_OCTETS = 12;
const NAME_OCTETS_MAX = 255;
const OPT_FIXED_OCTETS = 11;
const COOKIE_OPTION = 10;

/** An empty view. */
export function createQueryView(): QueryView {
  return {
    questionEnd: 0,
    type: 0,
    class: 0,
    recursionDesired: false,
    checkingDisabled: false,
    authenticData: false,
    edns: false,
    version: 0,
    dnssecOk: false,
    payloadOctets: 512,
    cookieAt: 0,
    cookieOctets: 0,
    client: NO_ADDRESS,
    overTcp: false,
  };
}

/** Fills `view` from the first `end` octets of `query` and judges their form; a fault leaves what was read before it. */
export function scanQuery(query: Uint8Array, end: number, view: QueryView): number {
  view.questionEnd = 0;
  view.edns = false;
  view.dnssecOk = false;
  view.cookieAt = 0;
  if (end < HEADER_OCTETS) return SCAN.drop;
  const flags = u16(query, 2);
  // A response is never answered: two servers would answer each other for ever.
  if ((flags & 0x8000) !== 0) return SCAN.drop;
  view.recursionDesired = (flags & 0x0100) !== 0;
  view.authenticData = (flags & 0x0020) !== 0;
  view.checkingDisabled = (flags & 0x0010) !== 0;
  if (((flags >>> 11) & 15) !== OPCODE.QUERY) return RCODE.NOTIMP;
  // TC and records in the answer or authority section have no meaning in a query; Unbound refuses them likewise.
  if ((flags & 0x0200) !== 0) return RCODE.FORMERR;
  const questions = u16(query, 4);
  if (questions > 1 || u16(query, 6) !== 0 || u16(query, 8) !== 0) return RCODE.FORMERR;
  if (questions === 1 && !scanQuestion(query, end, view)) return RCODE.FORMERR;
  const additional = u16(query, 10);
  if (additional > 0 && !scanOpt(query, view.questionEnd || HEADER_OCTETS, end, view)) return RCODE.FORMERR;
  if (additional > 1) return RCODE.FORMERR;
  if (questions === 1) return SCAN.proceed;
  // RFC 7873, 5.4: the question may be missing where there is a cookie.
  return view.cookieAt > 0 ? SCAN.cookieOnly : RCODE.FORMERR;
}

function scanQuestion(query: Uint8Array, end: number, view: QueryView): boolean {
  let at = HEADER_OCTETS;
  for (;;) {
    if (at >= end) return false;
    const length = query[at] as number;
    at += 1;
    if (length === 0) break;
    // Nothing precedes the question that a compression pointer could point to.
    if (length > 63) return false;
    at += length;
    if (at - HEADER_OCTETS >= NAME_OCTETS_MAX) return false;
  }
  if (at + 4 > end) return false;
  view.type = u16(query, at);
  view.class = u16(query, at + 2);
  view.questionEnd = at + 4;
  return true;
}

/** The OPT record at `at` (RFC 6891, 6.1.2). Unknown options are passed over, however many: nothing is kept of them. */
function scanOpt(query: Uint8Array, at: number, octets: number, view: QueryView): boolean {
  if (at + OPT_FIXED_OCTETS > octets || query[at] !== 0 || u16(query, at + 1) !== TYPE.OPT) return false;
  const end = at + OPT_FIXED_OCTETS + u16(query, at + 9);
  if (end > octets) return false;
  view.edns = true;
  view.payloadOctets = u16(query, at + 3);
  view.version = query[at + 6] as number;
  view.dnssecOk = (u16(query, at + 7) & 0x8000) !== 0;
  let option = at + OPT_FIXED_OCTETS;
  while (option < end) {
    if (option + 4 > end) return false;
    const octets = u16(query, option + 2);
    if (option + 4 + octets > end) return false;
    if (u16(query, option) === COOKIE_OPTION && view.cookieAt === 0) {
      // RFC 7873, 5.2.2: a client cookie of 8 octets, then none or 8 to 32 of a server cookie.
      if (octets !== 8 && (octets < 16 || octets > 40)) return false;
      view.cookieAt = option + 4;
      view.cookieOctets = octets;
    }
    option += 4 + octets;
  }
  return true;
}

/** What a resolver answers to a type that cannot be resolved: RCODE, or SCAN.proceed. The same as Unbound. */
export function judgeType(type: number): number {
  if (type === TYPE.AXFR || type === TYPE.IXFR) return RCODE.REFUSED;
  // OPT, and the meta-types and QTYPEs of RFC 6895, 3.1 but ANY: they exist in no zone.
  if (type === TYPE.OPT || (type >= 128 && type <= 254)) return RCODE.FORMERR;
  return SCAN.proceed;
}

/** What a resolver answers to a class: only IN is served; CH (`version.bind`) tells strangers nothing. */
export function judgeClass(klass: number): number {
  return klass === CLASS.IN ? SCAN.proceed : RCODE.REFUSED;
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}
