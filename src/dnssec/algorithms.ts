// The signature algorithms and digests of DNSSEC, laid over node:crypto: importing a public key, verifying octets.

import { Buffer } from 'node:buffer';
import { createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

/** One DNSSEC signature algorithm (RFC 9904). */
export interface Algorithm {
  readonly number: number;
  /** The registry's mnemonic. */
  readonly mnemonic: string;
  readonly kind: 'rsa' | 'ecdsa' | 'eddsa';
  /** The digest that node:crypto applies; null where the signature scheme has its own. */
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  /** JWK name of the curve; empty for RSA. */
  readonly curve: string;
  /** Octets of a public key and of a signature; 0: as long as the modulus. */
  readonly keyOctets: number;
  readonly signatureOctets: number;
  /** Bits of the least modulus; 0 for curves. */
  readonly modulusBitsLeast: number;
  /** Rank by the cost of one verification, cheapest first, SHA-1 after all that are as cheap. */
  readonly cost: number;
}

/** Bits of the longest RSA modulus (RFC 3110, 2): cost grows with the square. */
export const modulusBitsMax = 4096;
/**
 * Bits of the longest public exponent: a long one makes a verification as dear as a signature. Zones have been signed
 * with 2^32 + 1 (33 bits), which BIND's key generator once offered; BIND's own bound is 35.
 */
const exponentBitsMax = 35;

function rsa(
  number: number,
  mnemonic: string,
  digest: 'sha1' | 'sha256' | 'sha512',
  modulusBitsLeast: number,
): Algorithm {
  const cost = digest === 'sha1' ? 1 : 0;
  return { number, mnemonic, kind: 'rsa', digest, curve: '', keyOctets: 0, signatureOctets: 0, modulusBitsLeast, cost };
}

function curve(
  number: number,
  mnemonic: string,
  kind: 'ecdsa' | 'eddsa',
  digest: 'sha256' | 'sha384' | null,
  name: string,
  octets: readonly [key: number, signature: number],
  cost: number,
): Algorithm {
  const [keyOctets, signatureOctets] = octets;
  return { number, mnemonic, kind, digest, curve: name, keyOctets, signatureOctets, modulusBitsLeast: 0, cost };
}

const TABLE: readonly Algorithm[] = [
  rsa(5, 'RSASHA1', 'sha1', 512), // RFC 3110
  rsa(7, 'RSASHA1-NSEC3-SHA1', 'sha1', 512), // RFC 5155, 2
  rsa(8, 'RSASHA256', 'sha256', 512), // RFC 5702, 2.1
  rsa(10, 'RSASHA512', 'sha512', 1024), // RFC 5702, 2.2
  curve(13, 'ECDSAP256SHA256', 'ecdsa', 'sha256', 'P-256', [64, 64], 2), // RFC 6605, 4
  curve(14, 'ECDSAP384SHA384', 'ecdsa', 'sha384', 'P-384', [96, 96], 4),
  curve(15, 'ED25519', 'eddsa', null, 'Ed25519', [32, 64], 2), // RFC 8080, 3 and 4
  curve(16, 'ED448', 'eddsa', null, 'Ed448', [57, 114], 3),
];

const byNumber: ReadonlyMap<number, Algorithm> = new Map(TABLE.map((algorithm) => [algorithm.number, algorithm]));

/** Every algorithm that this code knows; which of them the platform verifies is found by `probeSupport()`. */
export const algorithms: readonly Algorithm[] = TABLE;

/** The algorithm of that number; undefined when unknown. */
export function algorithmOf(number: number): Algorithm | undefined {
  return byNumber.get(number);
}

/** `mnemonic` or the bare number, for messages. */
export function algorithmToText(number: number): string {
  return byNumber.get(number)?.mnemonic ?? `algorithm ${number}`;
}

/** A public key made ready, or why it cannot be used. */
export type ImportedKey =
  | { readonly key: KeyObject; readonly fault?: undefined }
  | { readonly key?: undefined; readonly fault: string };

/**
 * Makes the public key field of a DNSKEY ready for {@link verifyOctets}. A key that is malformed, off its curve, or
 * beyond the bounds for RSA (a modulus below the algorithm's least or above 4,096 bits; an exponent even, 1, or longer
 * than 35 bits) gives a `fault`: it counts as missing.
 */
export function importPublicKey(algorithm: Algorithm, publicKey: Uint8Array): ImportedKey {
  const jwk = algorithm.kind === 'rsa' ? rsaJwk(algorithm, publicKey) : curveJwk(algorithm, publicKey);
  if (typeof jwk === 'string') return { fault: jwk };
  try {
    return { key: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch (error) {
    return { fault: `malformed ${algorithm.mnemonic} key (${error instanceof Error ? error.message : 'refused'})` };
  }
}

/** Whether `signature` over `data` is `key`'s; false too for a signature of the wrong length or that the platform refuses. */
export function verifyOctets(algorithm: Algorithm, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm.signatureOctets > 0 && signature.length !== algorithm.signatureOctets) return false;
  try {
    return verify(algorithm.digest, data, key, algorithm.kind === 'ecdsa' ? derSignature(signature) : signature);
  } catch {
    return false; // a platform that forbids the digest or the key: as good as no signature
  }
}

/**
 * ECDSA's r and s, which DNSSEC puts one behind the other (RFC 6605, 4), as a DER sequence of two integers (RFC 3279,
 * 2.2.3): the platform takes either, and the latter 30 us sooner. At most 2 x 48 octets, so that each length is one octet.
 */
function derSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const der = Buffer.allocUnsafe(signature.length + 8);
  let at = 2;
  for (let start = 0; start < signature.length; start += half) {
    let from = start;
    while (from < start + half - 1 && signature[from] === 0) from++;
    const sign = (signature[from] as number) >= 0x80 ? 1 : 0;
    const octets = start + half - from;
    der[at] = 0x02;
    der[at + 1] = octets + sign;
    der[at + 2] = 0; // where the number would look negative; else its own first octet takes this place
    at += 2 + sign;
    for (let i = 0; i < octets; i++) der[at++] = signature[from + i] as number;
  }
  der[0] = 0x30;
  der[1] = at - 2;
  return der.subarray(0, at);
}

/** The digest types of DS records (RFC 9904, 3.2): node:crypto's name and octets by number. */
export const dsDigests: ReadonlyMap<number, { readonly digest: string; readonly octets: number }> = new Map([
  [1, { digest: 'sha1', octets: 20 }], // RFC 4034, A.2
  [2, { digest: 'sha256', octets: 32 }], // RFC 4509
  [4, { digest: 'sha384', octets: 48 }], // RFC 6605, 2
]);

/** The digest of `data` by DS digest type `type`; undefined when the type is unknown or the platform refuses. */
export function digestOctets(type: number, data: Uint8Array): Uint8Array | undefined {
  const entry = dsDigests.get(type);
  if (entry === undefined) return undefined;
  try {
    return hash(entry.digest, data, 'buffer');
  } catch {
    return undefined; // forbidden by the platform: as an unknown type
  }
}

/** RFC 3110, 2: exponent length in one octet, or in two after a zero; exponent; modulus. */
function rsaJwk(algorithm: Algorithm, octets: Uint8Array): JsonWebKey | string {
  let start = 1;
  let length = octets[0] ?? 0;
  if (length === 0) {
    start = 3;
    length = ((octets[1] ?? 0) << 8) | (octets[2] ?? 0);
  }
  const exponent = withoutLeadingZeros(octets.subarray(start, start + length));
  const modulus = withoutLeadingZeros(octets.subarray(start + length));
  if (length === 0 || modulus.length === 0) return 'malformed RSA key';
  const bits = bitsOf(modulus);
  if (bits < algorithm.modulusBitsLeast || bits > modulusBitsMax) return `RSA key of ${bits} bits`;
  if (bitsOf(exponent) > exponentBitsMax) return `RSA exponent of ${bitsOf(exponent)} bits`;
  const last = exponent[exponent.length - 1];
  // With exponent 1 anyone can make a signature; an even one has no private counterpart.
  if (last === undefined || last % 2 === 0 || (exponent.length === 1 && last === 1))
    return 'RSA exponent even or below 3';
  return { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) };
}

function curveJwk(algorithm: Algorithm, octets: Uint8Array): JsonWebKey | string {
  if (octets.length !== algorithm.keyOctets) return `${algorithm.mnemonic} key of ${octets.length} octets`;
  if (algorithm.kind === 'eddsa') return { kty: 'OKP', crv: algorithm.curve, x: base64url(octets) };
  const half = octets.length / 2;
  const x = base64url(octets.subarray(0, half));
  return { kty: 'EC', crv: algorithm.curve, x, y: base64url(octets.subarray(half)) };
}

/** Bits of a number without leading zero octets. */
function bitsOf(octets: Uint8Array): number {
  return octets.length * 8 - (Math.clz32(octets[0] ?? 0) - 24);
}

function withoutLeadingZeros(octets: Uint8Array): Uint8Array {
  let start = 0;
  while (start < octets.length && octets[start] === 0) start++;
  return octets.subarray(start);
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url');
}
