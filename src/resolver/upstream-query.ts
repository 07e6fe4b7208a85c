// Writes a question to a server: ID, the case of its letters, EDNS, cookie.

import type { ServerCookie } from '../cache/server-cookies.ts';
import type { Name } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { OPTION } from '../wire/types.ts';
import { QUESTION_OFFSET } from './match-reply.ts';
import type { Scope } from './scope.ts';

/** The octets of a query, and its ID. */
export function makeQuery(
  scope: Scope,
  request: { readonly name: Name; readonly type: number; readonly recursionDesired: boolean },
  form: { readonly edns: boolean; readonly cookie: ServerCookie | undefined },
): { query: Uint8Array; id: number } {
  const { upstream } = scope.shared.options;
  const id = scope.random.integer(0x1_0000);
  const options = form.cookie === undefined ? [] : [{ code: OPTION.COOKIE, data: form.cookie.octets }];
  const query = buildQuery({
    id,
    name: request.name,
    type: request.type,
    recursionDesired: request.recursionDesired,
    // RFC 6840, 5.9: a forwarder is to hand over what it has; we validate, or know why not.
    checkingDisabled: request.recursionDesired && scope.shared.trust !== undefined,
    // DO always, whatever the client asked: signatures are kept with their RRset (RFC 4035, 3.2.1).
    edns: form.edns ? { udpPayloadOctets: upstream.udpPayloadOctets, version: 0, dnssecOk: true, options } : undefined,
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
