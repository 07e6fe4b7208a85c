// Server cookies that prove a UDP client's address (RFC 7873, made interoperable by RFC 9018).

import { assert } from '../base/assert.ts';

/** Makes and checks server cookies; `ip` has 4 or 16 octets, times are Unix seconds. */
export interface Cookies {
  /** Writes client cookie (8 octets at `clientAt` of `query`) and a fresh server cookie (16 octets) at `at`. */
  write(out: Uint8Array, at: number, query: Uint8Array, clientAt: number, ip: Uint8Array, nowSeconds: number): void;
  /** Whether the option's data of `octets` octets at `at` of `query` holds a server cookie that we gave this address. */
  verify(query: Uint8Array, at: number, octets: number, ip: Uint8Array, nowSeconds: number): boolean;
}

/** Octets of the option's data in a response: client cookie and server cookie. */
export const COOKIE_OCTETS = 24;
/** Octets of the secret. */
export const COOKIE_SECRET_OCTETS = 16;

/** RFC 9018, 4.3: cookies older than an hour or more than five minutes ahead of the clock are not taken. */
const AGE_SECONDS_MAX = 3600;
const AHEAD_SECONDS_MAX = 300;

/** Cookies under one secret of 16 octets, which resolvers that share an address share. */
export function createCookies(secret: Uint8Array): Cookies {
  assert(secret.length === COOKIE_SECRET_OCTETS, 'a cookie secret has 16 octets');
  const sipHash = createSipHash(secret);
  // Client cookie, version, reserved, timestamp, address: RFC 9018, 4.4.
  const input = new Uint8Array(8 + 8 + 16);
  const hash = new Uint8Array(8);
  const fresh = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

  function hashOf(query: Uint8Array, clientAt: number, head: Uint8Array, headAt: number, ip: Uint8Array): void {
    for (let i = 0; i < 8; i += 1) {
      input[i] = query[clientAt + i] as number;
      input[8 + i] = head[headAt + i] as number;
    }
    input.set(ip, 16);
    sipHash(input, 16 + ip.length, hash);
  }

  return {
    write(out, at, query, clientAt, ip, nowSeconds): void {
      writeUint32(fresh, 4, nowSeconds);
      hashOf(query, clientAt, fresh, 0, ip);
      for (let i = 0; i < 8; i += 1) {
        out[at + i] = query[clientAt + i] as number;
        out[at + 8 + i] = fresh[i] as number;
        out[at + 16 + i] = hash[i] as number;
      }
    },
    verify(query, at, octets, ip, nowSeconds): boolean {
      if (octets !== COOKIE_OCTETS || query[at + 8] !== 1) return false;
      // RFC 1982: the difference is taken modulo 2^32.
      const ageSeconds = (nowSeconds - readUint32(query, at + 12)) | 0;
      if (ageSeconds > AGE_SECONDS_MAX || ageSeconds < -AHEAD_SECONDS_MAX) return false;
      hashOf(query, at, query, at + 8, ip);
      let difference = 0;
      for (let i = 0; i < 8; i += 1) difference |= (hash[i] as number) ^ (query[at + 16 + i] as number);
      return difference === 0;
    },
  };
}

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of 16 octets: hashes the first `length` octets of `input`
 * into the 8 octets of `out`. 64-bit words are pairs of 32-bit ones, low word first.
 */
export function createSipHash(key: Uint8Array): (input: Uint8Array, length: number, out: Uint8Array) => void {
  const k = new Uint32Array(4);
  for (let i = 0; i < 4; i += 1) k[i] = littleEndian(key, i * 4);
  const v = new Uint32Array(8);

  function compress(low: number, high: number): void {
    v[6] = (v[6] as number) ^ low;
    v[7] = (v[7] as number) ^ high;
    sipRound(v);
    sipRound(v);
    v[0] = (v[0] as number) ^ low;
    v[1] = (v[1] as number) ^ high;
  }

  return (input, length, out) => {
    for (let i = 0; i < 8; i += 1) v[i] = (INITIAL[i] as number) ^ (k[i & 3] as number);
    const whole = length & ~7;
    for (let at = 0; at < whole; at += 8) compress(littleEndian(input, at), littleEndian(input, at + 4));
    let low = 0;
    let high = (length & 255) << 24;
    for (let i = 0; i < (length & 7); i += 1) {
      const octet = input[whole + i] as number;
      if (i < 4) low |= octet << (8 * i);
      else high |= octet << (8 * (i - 4));
    }
    compress(low, high);
    v[4] = (v[4] as number) ^ 0xff;
    for (let i = 0; i < 4; i += 1) sipRound(v);
    for (let half = 0; half < 2; half += 1) {
      const word = (v[half] as number) ^ (v[2 + half] as number) ^ (v[4 + half] as number) ^ (v[6 + half] as number);
      for (let i = 0; i < 4; i += 1) out[half * 4 + i] = word >>> (8 * i);
    }
  };
}

/** "somepseudorandomlygeneratedbytes" as four little-endian 64-bit words. */
const INITIAL: readonly number[] = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

/** One round over v0..v3, which lie at 0, 2, 4 and 6 of `v`. */
function sipRound(v: Uint32Array): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  swap(v, 0);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  swap(v, 4);
}

function add(v: Uint32Array, to: number, from: number): void {
  const low = (v[to] as number) + (v[from] as number);
  v[to] = low;
  v[to + 1] = (v[to + 1] as number) + (v[from + 1] as number) + (low > 0xffff_ffff ? 1 : 0);
}

function xor(v: Uint32Array, to: number, from: number): void {
  v[to] = (v[to] as number) ^ (v[from] as number);
  v[to + 1] = (v[to + 1] as number) ^ (v[from + 1] as number);
}

/** Rotates left by `bits`, 1..31. */
function rotate(v: Uint32Array, at: number, bits: number): void {
  const low = v[at] as number;
  const high = v[at + 1] as number;
  v[at] = (low << bits) | (high >>> (32 - bits));
  v[at + 1] = (high << bits) | (low >>> (32 - bits));
}

/** Rotates left by 32 bits. */
function swap(v: Uint32Array, at: number): void {
  const low = v[at] as number;
  v[at] = v[at + 1] as number;
  v[at + 1] = low;
}

function littleEndian(octets: Uint8Array, at: number): number {
  return (
    (octets[at] as number) |
    ((octets[at + 1] as number) << 8) |
    ((octets[at + 2] as number) << 16) |
    ((octets[at + 3] as number) << 24)
  );
}

function readUint32(octets: Uint8Array, at: number): number {
  return (
    (((octets[at] as number) << 24) |
      ((octets[at + 1] as number) << 16) |
      ((octets[at + 2] as number) << 8) |
      (octets[at + 3] as number)) >>>
    0
  );
}

function writeUint32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}
