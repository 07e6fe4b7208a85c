// Keys: which are usable, how they are kept, and what this platform can verify.

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { algorithmOf, importPublicKey, verifyOctets } from '../../src/dnssec/algorithms.ts';
import { ImportedKeys, keyTag, readZoneKeys, signsZoneData } from '../../src/dnssec/keys.ts';
import { probeSupport } from '../../src/dnssec/support.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { keysOf, Signer } from './data.ts';

/** An RSA public key field with a modulus of `bits` bits. */
function rsaField(bits: number, exponent: readonly number[] = [1, 0, 1]): Uint8Array {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  modulus[0] = 0xff >>> (modulus.length * 8 - bits);
  return Uint8Array.from([exponent.length, ...exponent, ...modulus]);
}

function faultOf(algorithm: number, field: Uint8Array): string | undefined {
  const known = algorithmOf(algorithm);
  if (known === undefined) throw new Error('unknown algorithm');
  return importPublicKey(known, field).fault;
}

describe('probeSupport', () => {
  test('this platform verifies all algorithms and digests', () => {
    const { algorithms, digests } = probeSupport();
    expect([...algorithms]).toEqual([5, 7, 8, 10, 13, 14, 15, 16]);
    expect([...digests]).toEqual([1, 2, 4]);
  });

  test('without SHA-1 signatures the digest type stays (RFC 9905)', () => {
    const { algorithms, digests } = probeSupport({ sha1: 'insecure' });
    expect([...algorithms]).toEqual([8, 10, 13, 14, 15, 16]);
    expect([...digests]).toEqual([1, 2, 4]);
  });
});

describe('importPublicKey', () => {
  test('RSA moduli are bounded below by algorithm and above by 4,096 bits', () => {
    expect([511, 512, 4096, 4097].map((bits) => faultOf(8, rsaField(bits)) === undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([1023, 1024].map((bits) => faultOf(10, rsaField(bits)) === undefined)).toEqual([false, true]);
    expect(faultOf(8, rsaField(511))).toBe('RSA key of 511 bits');
  });

  test.each([[[2]], [[1]], [[0]], [[8, 0, 0, 0, 1]], [[1, 0, 0]]])('RSA exponent %j is refused', (exponent) => {
    expect(faultOf(8, rsaField(1024, exponent))).toMatch(/^RSA exponent/);
  });

  test('RSA exponents have up to 35 bits: zones have been signed with 2^32 + 1', () => {
    expect(faultOf(8, rsaField(1024, [1, 0, 0, 0, 1]))).toBeUndefined();
    expect(faultOf(8, rsaField(1024, [7, 255, 255, 255, 255]))).toBeUndefined();
  });

  test('the exponent length may take three octets, and zeros may lead (RFC 3110, 2)', () => {
    const plain = rsaField(1024);
    expect(faultOf(8, Uint8Array.from([0, 0, ...plain]))).toBeUndefined();
    expect(faultOf(8, Uint8Array.from([5, 0, 0, ...plain.subarray(1)]))).toBeUndefined();
  });

  test.each([
    [8, []],
    [8, [3, 1, 0, 1]],
    [8, [0, 255]],
    [13, new Array(63).fill(1)],
    [13, new Array(64).fill(1)], // not on the curve
    [14, new Array(96).fill(255)],
    [15, new Array(31).fill(1)],
    [16, new Array(58).fill(1)],
  ] as [number, number[]][])('algorithm %i: a malformed key is a fault', (algorithm, octets) => {
    expect(faultOf(algorithm, Uint8Array.from(octets))).toBeTypeOf('string');
  });

  test('a signature of the wrong length is none', () => {
    const algorithm = algorithmOf(13);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    if (algorithm === undefined) throw new Error('no algorithm');
    for (const octets of [0, 63, 65, 72]) {
      expect(verifyOctets(algorithm, publicKey, new Uint8Array(9), new Uint8Array(octets).fill(1))).toBe(false);
    }
  });
});

describe('zone keys', () => {
  test('a key signs zone data with the zone flag, protocol 3 and no REVOKE', () => {
    const flags = [
      [256, 3, true],
      [257, 3, true],
      [1, 3, false],
      [0, 3, false],
      [384, 3, false],
      [256, 2, false],
    ] as const;
    for (const [flag, protocol, usable] of flags) {
      const { keys } = keysOf(`example. DNSKEY ${flag} ${protocol} 8 AwEAAQ==`);
      expect(keys.map(signsZoneData)).toEqual([usable]);
    }
  });

  test('REVOKE changes the key tag by 128 (RFC 5011, 2.1)', () => {
    const { dnskey } = new Signer('example.', 13);
    const revoked = Uint8Array.from(dnskey);
    revoked[1] = (revoked[1] as number) | 0x80;
    expect((keyTag(revoked) - keyTag(dnskey) + 0x10000) % 0xffff).toBe(128 + 1);
  });

  test('the key tag of algorithm 1 comes from the modulus (RFC 4034, B.1)', () => {
    expect(keyTag(Uint8Array.of(1, 0, 3, 1, 9, 9, 0xab, 0xcd, 0xef))).toBe(0xabcd);
  });

  test('RDATA too short to hold a key is passed over', () => {
    expect(readZoneKeys(nameFromText('example.'), [Uint8Array.of(), Uint8Array.of(1, 0, 3, 8)]).keys).toEqual([]);
  });
});

describe('ImportedKeys', () => {
  const keys = [13, 13, 13].flatMap((algorithm) => new Signer('example.', algorithm).keys.keys);

  test('a key is imported once, whatever its flags', () => {
    const imported = new ImportedKeys();
    const first = imported.import(keys[0] as (typeof keys)[0]);
    const ksk = Uint8Array.from((keys[0] as (typeof keys)[0]).rdata);
    ksk[1] = 1;
    const [same] = readZoneKeys(nameFromText('other.'), [ksk]).keys;
    expect(imported.import(same as (typeof keys)[0])).toBe(first);
    expect(imported.size).toBe(1);
  });

  test('unusable keys are remembered too', () => {
    const [bad] = keysOf(`example. DNSKEY 256 3 13 ${Buffer.alloc(64, 1).toString('base64')}`).keys;
    const imported = new ImportedKeys();
    expect(imported.import(bad as (typeof keys)[0])).toBe(imported.import(bad as (typeof keys)[0]));
  });

  test('beyond the bound the least recently used goes', () => {
    const [a, b, c] = keys as [(typeof keys)[0], (typeof keys)[0], (typeof keys)[0]];
    const imported = new ImportedKeys({ entriesMax: 2 });
    const firstA = imported.import(a);
    const firstB = imported.import(b);
    imported.import(a);
    imported.import(c);
    expect(imported.size).toBe(2);
    expect(imported.import(a)).toBe(firstA);
    expect(imported.import(b)).not.toBe(firstB);
  });

  test('an overlong key is not kept', () => {
    const [long] = readZoneKeys(nameFromText('example.'), [Uint8Array.from([1, 0, 3, 8, ...rsaField(8192)])]).keys;
    const imported = new ImportedKeys();
    expect(imported.import(long as (typeof keys)[0]).fault).toBe('RSA key of 8192 bits');
    expect(imported.size).toBe(0);
  });
});
