// What the tests of dnssec/ share: records from text, the context of a check, zones signed on the spot.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { makeLimits } from '../../src/base/limits.ts';
import { algorithmOf } from '../../src/dnssec/algorithms.ts';
import { canonicalRdatas, signedData, signedLabels } from '../../src/dnssec/canonical.ts';
import { ImportedKeys, keyTag, readZoneKeys, type ZoneKeys } from '../../src/dnssec/keys.ts';
import { probeSupport, type Support } from '../../src/dnssec/support.ts';
import { VerifiedSignatures } from '../../src/dnssec/verified.ts';
import { defaultSkew, runChecks, type SecureRRset, type VerifyContext, verifyRRset } from '../../src/dnssec/verify.ts';
import { labelCount, type Name, nameFromText, nameOctets, nameToText } from '../../src/wire/name.ts';
import { readRrsig } from '../../src/wire/rdata.ts';
import { type RRset, toRRsets } from '../../src/wire/rrset.ts';
import { CLASS, TYPE, typeToText } from '../../src/wire/types.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';

export const support: Support = probeSupport();

/** Seconds since 1970. */
export function at(date: string): number {
  return Date.parse(date) / 1000;
}

export function context(nowSeconds: number, changes: Partial<VerifyContext> = {}): VerifyContext {
  return {
    support,
    imported: new ImportedKeys(),
    verified: new VerifiedSignatures(),
    limits: makeLimits(),
    nowSeconds,
    skew: defaultSkew,
    ...changes,
  };
}

/** Indentation means nothing here: each record names its owner. */
export function rrsetsOf(text: string): RRset[] {
  return toRRsets(parseZoneText(text.replace(/^ +/gm, ''), { origin: nameFromText('.'), ttl: 3600 }));
}

/** The one RRset that `text` holds. */
export function rrsetOf(text: string): RRset {
  const [rrset, ...others] = rrsetsOf(text);
  if (rrset === undefined || others.length > 0) throw new Error('one RRset is needed');
  return rrset;
}

export function keysOf(text: string): ZoneKeys {
  const rrset = rrsetOf(text);
  return readZoneKeys(rrset.name, rrset.rdatas);
}

/** Without a key or a check: as if `zone` had signed it. */
export function secureOf(zone: string, rrset: RRset, changes: Partial<SecureRRset> = {}): SecureRRset {
  const [key] = keysOf(`${zone} DNSKEY 256 3 8 AwEAAQ==`).keys;
  if (key === undefined) throw new Error('no key');
  return {
    kind: 'secure',
    rrset,
    zone: nameFromText(zone),
    ttl: rrset.ttl,
    closestEncloser: undefined,
    key,
    ...changes,
  };
}

/** A fixture zone that other software signed, its RRsets by owner and type. */
export class SignedZone {
  readonly zone: Name;
  readonly rrsets: readonly RRset[];
  readonly keys: ZoneKeys;

  constructor(file: string, origin: string) {
    this.zone = nameFromText(origin);
    this.rrsets = rrsetsOf(readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'latin1'));
    const dnskeys = this.rrset(origin, TYPE.DNSKEY);
    this.keys = readZoneKeys(dnskeys.name, dnskeys.rdatas);
  }

  rrset(owner: string, type: number): RRset {
    const name = nameFromText(owner);
    const found = this.rrsets.find((rrset) => rrset.name === name && rrset.type === type);
    if (found === undefined) throw new Error(`no ${owner} ${typeToText(type)}`);
    return found;
  }

  /** Every NSEC and NSEC3 RRset, verified. */
  denials(nowSeconds: number): SecureRRset[] {
    const secures: SecureRRset[] = [];
    for (const rrset of this.rrsets) {
      if (rrset.type !== TYPE.NSEC && rrset.type !== TYPE.NSEC3) continue;
      const verdict = runChecks(verifyRRset(rrset, this.keys, context(nowSeconds)), 1);
      if (verdict?.kind !== 'secure') throw new Error(`${nameToText(rrset.name)} is not secure`);
      secures.push(verdict);
    }
    return secures;
  }
}

export interface SignOptions {
  readonly inception?: number;
  readonly expiration?: number;
  readonly labels?: number;
  readonly originalTtl?: number;
  readonly signer?: Name;
  readonly typeCovered?: number;
}

/** A zone key made for one test, and signatures by it; `fixed`: of Ed25519 (15), both the same each time. */
export class Signer {
  readonly zone: Name;
  readonly dnskey: Uint8Array;
  readonly #algorithm: number;
  readonly #private: KeyObject;

  constructor(
    zone: string,
    algorithm: number,
    options: { flags?: number; protocol?: number; bits?: number; fixed?: boolean } = {},
  ) {
    this.zone = nameFromText(zone);
    this.#algorithm = algorithm;
    const pair = options.fixed === true ? fixedKey(zone) : generateKey(algorithm, options.bits ?? 1024);
    this.#private = pair.privateKey;
    const head = [(options.flags ?? 256) >> 8, (options.flags ?? 256) & 0xff, options.protocol ?? 3, algorithm];
    this.dnskey = Uint8Array.from([...head, ...publicKeyField(pair.publicKey)]);
  }

  get keys(): ZoneKeys {
    return readZoneKeys(this.zone, [this.dnskey]);
  }

  get tag(): number {
    return keyTag(this.dnskey);
  }

  /** `rrset` with one signature more. */
  sign(rrset: RRset, options: SignOptions = {}): RRset {
    const now = at('2026-06-01T00:00:00Z');
    const signer = nameOctets(options.signer ?? this.zone);
    const head = new Uint8Array(18);
    const view = new DataView(head.buffer);
    view.setUint16(0, options.typeCovered ?? rrset.type);
    view.setUint8(2, this.#algorithm);
    view.setUint8(3, options.labels ?? signedLabels(rrset.name));
    view.setUint32(4, options.originalTtl ?? rrset.ttl);
    view.setUint32(8, options.expiration ?? now + 86_400);
    view.setUint32(12, options.inception ?? now - 86_400);
    view.setUint16(16, this.tag);
    const unsigned = Uint8Array.from([...head, ...signer]);
    // A label count that cannot be is signed over the name as it is: the checks must stop it, not the signature.
    const rrsig = readRrsig(unsigned);
    const usable = rrsig.labels <= labelCount(rrset.name) ? rrsig : { ...rrsig, labels: labelCount(rrset.name) };
    const data = signedData(rrset, canonicalRdatas(rrset.type, rrset.rdatas), usable, unsigned);
    const signature = this.#signOctets(data);
    return { ...rrset, signatures: [...rrset.signatures, Uint8Array.from([...unsigned, ...signature])] };
  }

  /** The DNSKEY RRset with this key and `others`, signed by it. */
  signedKeys(others: readonly Uint8Array[] = []): RRset {
    const rdatas = [...others, this.dnskey];
    return this.sign({ name: this.zone, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, rdatas, signatures: [] });
  }

  /** DS RDATA of the key with a SHA-256 digest. */
  ds(): Uint8Array {
    const digest = createHash('sha256').update(nameOctets(this.zone)).update(this.dnskey).digest();
    return Uint8Array.from([this.tag >> 8, this.tag & 0xff, this.#algorithm, 2, ...digest]);
  }

  #signOctets(data: Uint8Array): Uint8Array {
    const algorithm = algorithmOf(this.#algorithm);
    if (algorithm?.kind !== 'ecdsa') return sign(algorithm?.digest ?? null, data, this.#private);
    return sign(algorithm.digest, data, { key: this.#private, dsaEncoding: 'ieee-p1363' });
  }
}

/** PKCS #8 (RFC 8410, 7) but for the 32 octets of the key. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

function fixedKey(zone: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const secret = createHash('sha256').update(zone).digest();
  const key = Buffer.concat([ED25519_HEAD, secret]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function generateKey(algorithm: number, bits: number): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 15:
      return generateKeyPairSync('ed25519');
    case 16:
      return generateKeyPairSync('ed448');
    default:
      return generateKeyPairSync('rsa', { modulusLength: bits });
  }
}

function publicKeyField(key: KeyObject): Uint8Array {
  const { kty, n = '', e = '', x = '', y = '' } = key.export({ format: 'jwk' });
  if (kty !== 'RSA') return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const exponent = Buffer.from(e, 'base64url');
  return Buffer.concat([Uint8Array.of(exponent.length), exponent, Buffer.from(n, 'base64url')]);
}
