// Which cookie goes with a question to a server (RFC 7873, RFC 9018).

import { CLIENT_COOKIE_OCTETS, noteDrawn, type ServerCookie } from '../cache/server-cookies.ts';
import type { ServerState } from '../cache/servers.ts';
import type { Scope } from './scope.ts';
import { cookieNow } from './server-facts.ts';

/** The cookie to send, drawn where there is none; undefined: the server is to get none. */
export function cookieFor(scope: Scope, state: ServerState): ServerCookie | undefined {
  if (!scope.shared.options.upstream.cookies) return undefined;
  return cookieKept(scope, state) ?? noteDrawn(state, drawCookie(scope), scope.nowMs());
}

/** The cookie that there is; none that was drawn or given at another place. */
export function cookieKept(scope: Scope, state: ServerState): ServerCookie | undefined {
  const { options, caches } = scope.shared;
  // RFC 9018, 3: once the machine's addresses have changed, cookies of before would tell that it is the same machine.
  caches.servers.askFrom(options.transport.place?.() ?? 0);
  return cookieNow(scope, state, scope.nowMs());
}

/** RFC 9018, 3: 64 bits of chance, for this server alone. */
function drawCookie(scope: Scope): Uint8Array {
  const octets = new Uint8Array(CLIENT_COOKIE_OCTETS);
  const view = new DataView(octets.buffer);
  for (let at = 0; at < CLIENT_COOKIE_OCTETS; at += 4) view.setUint32(at, scope.random.integer(2 ** 32));
  return octets;
}
