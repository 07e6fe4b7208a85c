// Keys that take the place of old ones when a scenario is signed anew.

import { Buffer } from 'node:buffer';
import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { keyTag } from '../dnssec/keys.ts';
import { type Name, nameOctets } from '../wire/name.ts';

/** Different old algorithms become different new ones: DSA 15, RSA with SHA-1 13, RSA with SHA-2 14. */
const replacements: { readonly [old: number]: number } = { 3: 15, 6: 15, 5: 13, 7: 13, 8: 14, 10: 14, 13: 13, 14: 14 };

/** The DER of an Ed25519 private key (RFC 8410, 7) up to its 32 octets. */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The algorithm that takes an old one's place; undefined: it is left as it is. */
export function replacementAlgorithm(old: number): number | undefined {
  return replacements[old];
}

/** A key made from the owner and the RDATA of an old DNSKEY: the same each time. Its flags are the old ones. */
export class SigningKey {
  readonly algorithm: number;
  readonly dnskey: Uint8Array;
  readonly tag: number;
  readonly #key: KeyObject;

  constructor(owner: Name, old: Uint8Array) {
    this.algorithm = replacements[old[3] ?? 0] ?? 15;
    const digest = createHash('sha512').update(nameOctets(owner)).update(old).digest();
    const made = this.algorithm === 15 ? makeEd25519(digest) : makeEcdsa(this.algorithm, digest);
    this.#key = made.key;
    this.dnskey = Uint8Array.from([...old.subarray(0, 3), this.algorithm, ...made.publicKey]);
    this.tag = keyTag(this.dnskey);
  }

  /** The signature field of an RRSIG. */
  sign(data: Uint8Array): Uint8Array {
    if (this.algorithm === 15) return sign(null, data, this.#key);
    const digest = this.algorithm === 13 ? 'sha256' : 'sha384';
    return sign(digest, data, { key: this.#key, dsaEncoding: 'ieee-p1363' });
  }
}

interface Made {
  readonly key: KeyObject;
  readonly publicKey: Uint8Array;
}

function makeEd25519(seed: Buffer): Made {
  const der = Buffer.concat([ed25519Head, seed.subarray(0, 32)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { key, publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32) };
}

function makeEcdsa(algorithm: number, seed: Buffer): Made {
  const [curve, crv, octets] = algorithm === 13 ? ['prime256v1', 'P-256', 32] : ['secp384r1', 'P-384', 48];
  const ecdh = createECDH(curve as string);
  // Below the order of either curve, since the first octet is small.
  const secret = Buffer.from(seed.subarray(0, octets as number));
  secret[0] = 1;
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey().subarray(1);
  const [x, y] = [point.subarray(0, octets as number), point.subarray(octets as number)];
  const jwk = {
    kty: 'EC',
    crv,
    x: x.toString('base64url'),
    y: y.toString('base64url'),
    d: secret.toString('base64url'),
  };
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey: point };
}
