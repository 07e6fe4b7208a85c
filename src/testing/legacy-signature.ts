// Verifies the signatures of old scenarios: DSA, and RSA with keys too short for any validator of today.

import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { algorithmOf, importPublicKey, verifyOctets } from '../dnssec/algorithms.ts';

/** Whether `signature` over `data` is that of the key; false too for what cannot be read. */
export function verifyLegacy(
  algorithm: number,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm === 3 || algorithm === 6) return verifyDsa(publicKey, data, signature);
  const digest = rsaDigests[algorithm];
  if (digest !== undefined) return verifyRsa(digest, publicKey, data, signature);
  const current = algorithmOf(algorithm);
  const imported = current && importPublicKey(current, publicKey);
  return current !== undefined && imported?.key !== undefined && verifyOctets(current, imported.key, data, signature);
}

const rsaDigests: { readonly [algorithm: number]: string } = { 5: 'sha1', 7: 'sha1', 8: 'sha256', 10: 'sha512' };

/** RFC 3110, 2: exponent length in one octet or three, exponent, modulus. */
function verifyRsa(digest: string, publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const short = (publicKey[0] ?? 0) > 0;
  const exponentOctets = short ? (publicKey[0] ?? 0) : ((publicKey[1] ?? 0) << 8) | (publicKey[2] ?? 0);
  const start = short ? 1 : 3;
  const part = (from: number, to?: number): string => Buffer.from(publicKey.subarray(from, to)).toString('base64url');
  const jwk = { kty: 'RSA', e: part(start, start + exponentOctets), n: part(start + exponentOctets) };
  try {
    return verify(digest, data, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  } catch {
    return false; // a key that is none
  }
}

/** RFC 2536, 2 and 3; the equation of FIPS 186, by hand, since the platform knows no such keys. */
function verifyDsa(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const octets = 64 + 8 * (publicKey[0] ?? 0);
  if (publicKey.length !== 21 + 3 * octets) return false;
  const number = (from: number, length: number, of: Uint8Array = publicKey): bigint =>
    BigInt(`0x${Buffer.from(of.subarray(from, from + length)).toString('hex') || '0'}`);
  const q = number(1, 20);
  const [p, g, y] = [0, 1, 2].map((index) => number(21 + index * octets, octets)) as [bigint, bigint, bigint];
  const pair = dsaPair(signature);
  if (pair === undefined) return false;
  const [r, s] = pair.map((part) => number(0, part.length, part)) as [bigint, bigint];
  if (r <= 0n || r >= q || s <= 0n || s >= q) return false;
  const digest = number(0, 20, createHash('sha1').update(data).digest());
  const w = power(s, q - 2n, q); // the inverse: q is prime
  const v = (power(g, (digest * w) % q, p) * power(y, (r * w) % q, p)) % p;
  return v % q === r;
}

/** RFC 2536, 3: T, R, S; or the DER form that old signers wrote. */
function dsaPair(signature: Uint8Array): [Uint8Array, Uint8Array] | undefined {
  if (signature.length === 41 && signature[0] !== 0x30) return [signature.subarray(1, 21), signature.subarray(21, 41)];
  const rOctets = signature[3] ?? 0;
  const sOctets = signature[5 + rOctets] ?? 0;
  if (signature[0] !== 0x30 || signature.length < 6 + rOctets + sOctets) return undefined;
  return [signature.subarray(4, 4 + rOctets), signature.subarray(6 + rOctets, 6 + rOctets + sOctets)];
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
