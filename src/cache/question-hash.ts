// A keyed hash of the question of a message, over its octets as they stand, ASCII case folded.

/** Two uniform 32-bit integers drawn anew by each process. */
export type HashKey = readonly [number, number];

/** Octet -> octet with ASCII upper case lowered. Lengths of labels (0..63) stay as they are. */
export const folded: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => (i >= 65 && i <= 90 ? i + 32 : i));

/** Where the QNAME of a message starts: RFC 1035, 4.1.1. */
export const questionStart = 12;

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein), 32 bits, of QNAME folded, QTYPE, QCLASS and `flags`. Keyed, since names are
 * chosen by strangers: with a weaker mix one finds names that collide under any key. `questionEnd` is the offset after
 * QCLASS, at most the length of the message. Allocates nothing.
 */
export function hashQuestion(message: Uint8Array, questionEnd: number, flags: number, key: HashKey): number {
  const nameEnd = questionEnd - 4;
  const nameOctets = nameEnd - questionStart;
  const words = nameOctets >> 2;
  let v0 = key[0] | 0;
  let v1 = key[1] | 0;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  let at = questionStart;
  // The words of the name; its rest with its length; type and class; flags; and three rounds to finish.
  for (let pass = 0; pass < words + 6; pass++) {
    let word = 0;
    if (pass < words) {
      word =
        octet(message, at) |
        (octet(message, at + 1) << 8) |
        (octet(message, at + 2) << 16) |
        (octet(message, at + 3) << 24);
      at += 4;
    } else if (pass === words) {
      word = nameOctets << 24;
      for (let shift = 0; at < nameEnd; shift += 8) word |= octet(message, at++) << shift;
    } else if (pass === words + 1) {
      // Not folded: types 65 and 97 are two types.
      word = (sixteenBits(message, nameEnd) << 16) | sixteenBits(message, nameEnd + 2);
    } else if (pass === words + 2) {
      word = flags;
    } else if (pass === words + 3) {
      v2 ^= 0xff;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}

/** Whether the question of `message` is that at `start` of `kept`: both end at `questionEnd` of their messages. */
export function sameQuestion(kept: Uint8Array, start: number, message: Uint8Array, questionEnd: number): boolean {
  const nameEnd = questionEnd - 4;
  for (let i = questionStart; i < nameEnd; i++) {
    const a = kept[start + i];
    const b = message[i];
    if (a !== b && folded[a ?? 0] !== folded[b ?? 0]) return false;
  }
  for (let i = nameEnd; i < questionEnd; i++) if (kept[start + i] !== message[i]) return false;
  return true;
}

function octet(message: Uint8Array, at: number): number {
  return folded[message[at] ?? 0] ?? 0;
}

function sixteenBits(message: Uint8Array, at: number): number {
  return ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
}
