// Whether octets that arrived are the reply to a question: identifier, question, case, form, cookie.

import { newOctets } from '../base/octets.ts';
import type { Verdict } from '../base/ports.ts';
import { bearsOut, type ServerCookie } from '../cache/server-cookies.ts';
import { WireError } from '../wire/error.ts';
import { parseResponse, type ServerResponse, truncatedResponse } from '../wire/response.ts';
import type { RRsetBounds } from '../wire/rrset.ts';
import { OPCODE, OPTION, RCODE } from '../wire/types.ts';

/** Where QNAME begins in a message (RFC 1035, 4.1.1). */
export const QUESTION_OFFSET = 12;

/** Where the reply is put: as it was read, and the octets that were read. */
export interface ReplySlot {
  message?: ServerResponse;
  octets?: Uint8Array;
  /** All was right but the cookie. */
  lapsed?: boolean;
}

/**
 * Whether octets from the right address and port are the reply to `query`. What does not match is passed over and
 * the wait goes on; a wrong identifier, a wrong case, a wrong cookie or a body that cannot be read smells of forgery: TCP
 * decides. `exact`: the case of QNAME (0x20) must come back; `cookie`: what was sent as one; `bounds`: how much of an
 * RRset is kept.
 */
export function judgeReply(
  octets: Uint8Array,
  query: Uint8Array,
  id: number,
  {
    exact,
    cookie,
    bounds,
  }: {
    readonly exact: boolean;
    readonly cookie: ServerCookie | undefined;
    readonly bounds: RRsetBounds;
  },
  slot: ReplySlot,
): Verdict {
  if (octets.length < QUESTION_OFFSET) return 'ignore';
  const flags = octets[2] as number;
  if ((flags & 0x80) === 0 || ((flags >> 3) & 15) !== OPCODE.QUERY) return 'ignore';
  // RFC 5452, 9.2: identifier and question must match.
  if (((octets[0] as number) << 8) + (octets[1] as number) !== id) return 'suspect';
  const questions = ((octets[4] as number) << 8) + (octets[5] as number);
  if (questions !== 0) {
    const match = questions === 1 ? questionMatch(octets, query) : 'different';
    if (match === 'different') return 'ignore';
    if (match === 'case' && exact) return 'suspect';
  } else if (!mayLackQuestion(octets)) {
    return 'ignore';
  }
  if ((flags & 0x02) !== 0) {
    // RFC 2181, 9: a truncated response is asked again by TCP; its body is not read.
    slot.message = truncatedResponse(octets);
    return 'take';
  }
  try {
    // A copy: the octets are the transport's.
    const plain = newOctets(octets.length);
    plain.set(octets);
    if (questions !== 0) foldQuestion(plain, query);
    const message = parseResponse(plain, bounds);
    if (cookie !== undefined && !bearsOut(cookie, cookieIn(message))) {
      slot.lapsed = true;
      return 'suspect';
    }
    slot.message = message;
    slot.octets = plain;
    return 'take';
  } catch (error) {
    if (error instanceof WireError) return 'suspect';
    throw error;
  }
}

/** The data of a message's COOKIE option; of several the first counts (RFC 7873, 5.2). */
export function cookieIn(message: ServerResponse): Uint8Array | undefined {
  return message.edns?.options.find(({ code }) => code === OPTION.COOKIE)?.data;
}

/** Puts QNAME in lower case: names that point into it are not to carry the case that we drew. */
function foldQuestion(plain: Uint8Array, query: Uint8Array): void {
  for (let at = QUESTION_OFFSET; query[at] !== 0; at += 1 + (query[at] as number)) {
    const end = at + (query[at] as number);
    for (let i = at + 1; i <= end; i++) plain[i] = fold(plain[i] as number);
  }
}

/** Servers that cannot read EDNS may send back a bare header with FORMERR or NOTIMP. */
function mayLackQuestion(octets: Uint8Array): boolean {
  const rcode = (octets[3] as number) & 15;
  return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP;
}

function questionMatch(octets: Uint8Array, query: Uint8Array): 'same' | 'case' | 'different' {
  let offset = QUESTION_OFFSET;
  let same = true;
  for (let length = query[offset] as number; ; length = query[offset] as number) {
    if (octets[offset] !== length) return 'different';
    for (let i = offset + 1; i <= offset + length; i++) {
      const want = query[i] as number;
      const got = octets[i];
      if (got === want) continue;
      if (got === undefined || fold(got) !== fold(want)) return 'different';
      same = false;
    }
    offset += length + 1;
    if (length === 0) break;
  }
  // QTYPE and QCLASS.
  for (let i = offset; i < offset + 4; i++) if (octets[i] !== query[i]) return 'different';
  return same ? 'same' : 'case';
}

function fold(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
