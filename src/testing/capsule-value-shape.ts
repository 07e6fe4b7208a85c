// The shapes of what a capsule says was read of the engine's memory.

import { base64, either, list, number, object, oneOf, type Shape, tagged, text, truth, tuple } from './shape.ts';

const moment = either(number, oneOf('never', 'forever'));
const rrset: Shape = object({
  name: text,
  type: text,
  class: number,
  ttl: number,
  rdatas: list(base64),
  signatures: list(base64),
  text: list(text),
});
const why: Shape = object({ code: number, text });
const security = oneOf('unchecked', 'secure', 'insecure', 'bogus', 'indeterminate');
const judged = { security, expiresAtMs: moment, zone: text, proof: list(rrset) };

/** One value of a capsule. */
export const valueShape: Shape = tagged('is', {
  rrset: { fields: { rrset, rank: oneOf(1, 2, 3, 4, 5), ...judged }, optional: { why } },
  denial: {
    fields: { kind: oneOf('nodata', 'nxdomain'), name: text, type: text, ...judged },
    optional: { soa: rrset, why },
  },
  failure: {
    fields: {
      name: text,
      type: text,
      checkingDisabled: truth,
      reason: text,
      extendedErrors: list(why),
      expiresAtMs: moment,
      count: number,
    },
  },
  delegation: {
    fields: {
      zone: text,
      nameServers: list(text),
      source: oneOf('hints', 'priming', 'referral', 'stub', 'forward'),
      expiresAtMs: moment,
      addresses: list(object({ ip: text, port: number })),
      dsExpiresAtMs: moment,
      dsProof: list(rrset),
    },
    optional: { ds: rrset },
  },
  addresses: { fields: { addresses: list(text), expiresAtMs: moment, source: oneOf('glue', 'lookup', 'hints') } },
  glue: { fields: { nameServer: text, family: oneOf(4, 6), addresses: list(text), expiresAtMs: moment } },
  servers: { fields: { addresses: list(tuple(text, text)) } },
  standing: { fields: { rttsUs: list(either(oneOf(null), number)) }, optional: { penalties: list(number) } },
  terms: {
    fields: { timeoutMs: number, edns: truth, cookies: truth },
    optional: { crowded: oneOf('questionsPerServer', 'questionsPerSilentServer') },
  },
  cookie: { fields: { octets: base64, drawnAtMs: number, lapses: number } },
  status: {
    fields: { kind: oneOf('secure', 'insecure', 'bogus', 'inside'), zone: text, expiresAtMs: moment },
    optional: { keys: list(base64), why, anchorEndsAtMs: moment },
  },
  failed: { fields: { reason: text, extendedErrors: list(why) }, optional: { security } },
  range: {
    fields: { kind: oneOf('nsec', 'nsec3', 'soa'), zone: text, rrset, expiresAtMs: moment },
    optional: { ownerHash: text },
  },
  parameters: { fields: { sets: list(object({ iterations: number, salt: base64 })) } },
  host: { fields: { rcode: number, answer: list(rrset), authority: list(rrset) } },
  reply: {
    fields: { kind: oneOf('message', 'timeout', 'unreachable', 'malformed', 'spent') },
    optional: { octets: base64, protocol: oneOf('udp', 'tcp'), detail: text },
  },
  name: { fields: { name: text } },
  flag: { fields: { flag: truth } },
  moment: { fields: { atMs: moment } },
});
