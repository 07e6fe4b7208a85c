// How a question goes out, and what replies show to be wrong with that: EDNS, cookies, the protocol.

import { CLIENT_COOKIE_OCTETS, noteNoCookies, type ServerCookie } from '../cache/server-cookies.ts';
import { noteEdns, noteNoEdns, type ServerState } from '../cache/servers.ts';
import type { ServerResponse } from '../wire/response.ts';
import { RCODE } from '../wire/types.ts';
import type { EventBody } from './events.ts';
import type { Scope } from './scope.ts';
import type { Terms } from './server-facts.ts';
import { cookieFor, cookieKept } from './upstream-cookie.ts';

/** How a question goes out. */
export interface Form {
  readonly protocol: 'udp' | 'tcp';
  readonly edns: boolean;
  /** Within EDNS over UDP. Over TCP the connection proves more. */
  readonly cookie: ServerCookie | undefined;
  readonly why: Extract<EventBody, { kind: 'sent' }>['why'];
}

/** The form to begin with: UDP, and EDNS with a cookie unless this server is known not to take them. */
export function firstForm(scope: Scope, server: ServerState, { edns, cookies }: Terms, minimised: boolean): Form {
  const cookie = edns && cookies ? cookieFor(scope, server) : undefined;
  return { protocol: 'udp', edns, cookie, why: minimised ? 'minimised' : undefined };
}

/** RFC 7873, 5.3: asked once more with the cookie that came with the refusal, and then by TCP. */
export function afterBadCookie(scope: Scope, server: ServerState, form: Form): Form {
  const cookie = form.why === 'bad-cookie' ? undefined : cookieKept(scope, server);
  const given = cookie !== undefined && cookie.octets.length > CLIENT_COOKIE_OCTETS;
  return given
    ? { ...form, cookie, why: 'bad-cookie' }
    : { ...form, protocol: 'tcp', cookie: undefined, why: 'bad-cookie' };
}

/** RFC 6891, 7: a server that knows no EDNS answers FORMERR or NOTIMP without OPT; BADVERS to version 0 is as good. */
export function refusesEdns(message: ServerResponse): boolean {
  if (message.rcode === RCODE.BADVERS) return true;
  return message.edns === undefined && (message.rcode === RCODE.FORMERR || message.rcode === RCODE.NOTIMP);
}

/** Keeps what the exchange has shown of the server: that it knows EDNS, or does not, or takes no cookies. */
export function noteEdnsOutcome(
  scope: Scope,
  state: ServerState,
  refused: Form | undefined,
  { edns }: Form,
  message: ServerResponse,
): void {
  const nowMs = scope.nowMs();
  if (edns && message.edns !== undefined) noteEdns(state);
  // Only a refusal that a working plain reply confirms counts, so that a forged FORMERR alone does not.
  if (refused === undefined || (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN)) return;
  // What was refused may have been the cookie, though RFC 6891, 6.1.2 has unknown options passed over.
  if (refused.cookie === undefined) noteNoEdns(state, nowMs);
  else noteNoCookies(state, nowMs);
}
