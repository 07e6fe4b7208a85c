// Finds the TTL fields of a finished response, and ages them.

import { TYPE } from '../wire/types.ts';
import { questionStart } from './question-hash.ts';

/** Takes `age` seconds, 1 or more, from the TTL field at `at`; it stops at 0. */
export function ageTtl(message: Uint8Array, at: number, age: number): void {
  const ttl =
    (message[at] ?? 0) * 0x1000000 +
    (((message[at + 1] ?? 0) << 16) | ((message[at + 2] ?? 0) << 8) | (message[at + 3] ?? 0));
  const left = ttl > age ? ttl - age : 0;
  message[at] = left >>> 24;
  message[at + 1] = left >>> 16;
  message[at + 2] = left >>> 8;
  message[at + 3] = left;
}

/**
 * Writes the offsets of all TTL fields to `into`; returns how many, or -1 if the message is malformed, its question is
 * compressed or does not end at `questionEnd`, or there are more fields than `into` takes.
 */
export function findTtls(message: Uint8Array, questionEnd: number, into: Uint16Array): number {
  const count = (at: number): number => ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
  const records = count(6) + count(8) + count(10);
  let at = questionStart;
  for (let octet = message[at++] ?? 0; octet !== 0; octet = message[at++] ?? 0) {
    if (octet > 63) return -1;
    at += octet;
  }
  if (at + 4 !== questionEnd) return -1;
  at = questionEnd;
  let found = 0;
  for (let record = 0; record < records; record++) {
    for (let octet = message[at++] ?? 0; octet !== 0; octet = message[at++] ?? 0) {
      if (octet < 0xc0) at += octet;
      else {
        at++;
        break;
      }
    }
    if (at + 10 > message.length || found >= into.length) return -1;
    // The TTL field of OPT is not a TTL: RFC 6891, 6.1.3.
    if (count(at) !== TYPE.OPT) into[found++] = at + 4;
    at += 10 + count(at + 8);
  }
  return at === message.length ? found : -1;
}
