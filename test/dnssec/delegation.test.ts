// From parent to child: DS and trust anchors, what is supported of them, and the keys they secure.

import { describe, expect, test } from 'vitest';
import { parseTrustAnchors, rootAnchors } from '../../src/dnssec/anchors.ts';
import { dsMatches, type Trust, trustOfDs, usableTrust, verifyKeys } from '../../src/dnssec/delegation.ts';
import { readZoneKeys } from '../../src/dnssec/keys.ts';
import { runChecks, type VerifyContext } from '../../src/dnssec/verify.ts';
import { nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { readDs } from '../../src/wire/rdata.ts';
import { EDE } from '../../src/wire/types.ts';
import { at, context, rrsetOf, Signer, support } from './data.ts';

const now = at('2026-06-01T00:00:00Z');
const zone = nameFromText('sub.example.');
const ksk = new Signer('sub.example.', 13, { flags: 257 });
const zsk = new Signer('sub.example.', 8);

function trust(...ds: readonly Uint8Array[]): Trust {
  return { zone, ds: ds.map(readDs), keys: [] };
}

function verify(dnskeys: ReturnType<Signer['signedKeys']>, anchor: Trust, changes: Partial<VerifyContext> = {}) {
  return runChecks(verifyKeys(dnskeys, anchor, context(now, changes)), 100);
}

/** DS RDATA with some octets changed. */
function changed(ds: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const out = Uint8Array.from(ds);
  for (const [place, octet] of Object.entries(changes)) out[Number(place)] = octet;
  return out;
}

describe('verifyKeys', () => {
  test('all keys are secure once one that the DS names signs them', () => {
    const verdict = verify(ksk.signedKeys([zsk.dnskey]), trust(ksk.ds()));
    expect(verdict).toMatchObject({ kind: 'secure', ttl: 3600 });
    expect(verdict?.kind === 'secure' && verdict.keys.keys.map((key) => key.tag)).toEqual([zsk.tag, ksk.tag]);
  });

  test('a DS for a key to come stands beside (RFC 6840, 5.11)', () => {
    const standby = new Signer('sub.example.', 15);
    expect(verify(ksk.signedKeys([zsk.dnskey]), trust(standby.ds(), ksk.ds()))).toMatchObject({ kind: 'secure' });
  });

  test('a key without the SEP flag may be the one (RFC 4034, 2.1.1)', () => {
    expect(verify(zsk.signedKeys([ksk.dnskey]), trust(zsk.ds()))).toMatchObject({ kind: 'secure' });
  });

  test('a DNSKEY anchor secures the keys', () => {
    const anchor = { zone, ds: [], keys: [ksk.dnskey] };
    expect(verify(ksk.signedKeys([zsk.dnskey]), anchor)).toMatchObject({ kind: 'secure' });
  });

  test('a signature by a key that no DS names is nothing', () => {
    const dnskeys = zsk.signedKeys([ksk.dnskey]);
    expect(verify(dnskeys, trust(ksk.ds()))).toMatchObject({ kind: 'bogus', why: { code: EDE.dnskeyMissing } });
  });

  test.each([
    [
      'the key is not there',
      zsk.signedKeys(),
      trust(ksk.ds()),
      EDE.dnskeyMissing,
      /no DNSKEY matches DS \d+\/ECDSAP256SHA256$/,
    ],
    ['the digest differs', ksk.signedKeys(), trust(changed(ksk.ds(), { 9: 0, 10: 0 })), EDE.dnskeyMissing, /no DNSKEY/],
    ['the digest is cut', ksk.signedKeys(), trust(ksk.ds().subarray(0, 20)), EDE.dnskeyMissing, /no DNSKEY/],
    [
      'the anchor is not there',
      zsk.signedKeys(),
      { zone, ds: [], keys: [ksk.dnskey] },
      EDE.dnskeyMissing,
      /trust anchors$/,
    ],
  ] as const)('bogus when %s', (_what, dnskeys, anchor, code, text) => {
    expect(verify(dnskeys, anchor)).toMatchObject({ kind: 'bogus', why: { code, text: expect.stringMatching(text) } });
  });

  test('bogus when they are the keys of another name, though signed by the zone', () => {
    const below = { ...ksk.signedKeys(), name: nameFromText('x.sub.example.'), signatures: [] };
    expect(verify(ksk.sign(below), trust(ksk.ds()))).toMatchObject({ kind: 'bogus', why: { code: EDE.dnskeyMissing } });
  });

  test.each([
    ['without the zone key flag (RFC 4034, 5.2)', 1, EDE.noZoneKeyBitSet],
    ['revoked (RFC 5011, 2.1)', 257 + 128, EDE.dnskeyMissing],
  ] as const)('bogus when the key is %s', (_what, flags, code) => {
    const own = new Signer('sub.example.', 13, { flags });
    expect(verify(own.signedKeys(), trust(own.ds()))).toMatchObject({ kind: 'bogus', why: { code } });
  });

  test('KeyTrap: a DS is compared with few keys of its tag', () => {
    const wrong = Uint8Array.from({ length: 68 }, () => 7);
    const keys = readZoneKeys(zone, [ksk.dnskey]).keys;
    const before = Array.from({ length: 2 }, (_, i) => changed(wrong, { 0: 1, 1: 1, 2: 3, 3: 13, 4: i }));
    // The tag of a key is what it is; here two others are made to have the same by their last octets.
    const alike = before.map((rdata) => forceTag(rdata, ksk.tag));
    expect(readZoneKeys(zone, alike).keys.map((key) => key.tag)).toEqual([ksk.tag, ksk.tag]);
    expect(dsMatches(zone, keys[0] as (typeof keys)[0], readDs(ksk.ds()))).toBe(true);
    const dnskeys = ksk.signedKeys(alike);
    expect(verify(dnskeys, trust(ksk.ds()))).toMatchObject({ kind: 'bogus' });
    const { limits } = context(now);
    expect(verify(dnskeys, trust(ksk.ds()), { limits: { ...limits, keysPerTag: 3 } })).toMatchObject({
      kind: 'secure',
    });
  });
});

/** DNSKEY RDATA of an even length with its last two octets chosen so that the key tag is `tag`. */
function forceTag(rdata: Uint8Array, tag: number): Uint8Array {
  for (let last = 0; last < 65_536; last++) {
    const made = changed(rdata, { [rdata.length - 2]: last >> 8, [rdata.length - 1]: last & 0xff });
    if (readZoneKeys(zone, [made]).keys[0]?.tag === tag) return made;
  }
  throw new Error('no such key');
}

describe('usableTrust', () => {
  const ds = ksk.ds();
  test.each([
    ['one of them is of a supported algorithm and digest', [changed(ds, { 2: 253 }), ds], undefined],
    ['all algorithms are unknown', [changed(ds, { 2: 253 }), changed(ds, { 2: 1 })], EDE.unsupportedDnskeyAlgorithm],
    ['all digest types are unknown', [changed(ds, { 3: 3 }), changed(ds, { 3: 200 })], EDE.unsupportedDsDigestType],
    [
      'known digests have unknown algorithms only',
      [changed(ds, { 2: 12 }), changed(ds, { 3: 3 })],
      EDE.unsupportedDsDigestType,
    ],
  ] as const)('%s', (_what, list, code) => {
    const verdict = usableTrust(trust(...list), support);
    if (code === undefined) expect(verdict.kind).toBe('usable');
    else
      expect(verdict).toMatchObject({
        kind: 'insecure',
        why: { code, text: expect.stringMatching(/^sub\.example\.: /) },
      });
  });

  test('SHA-1 is ignored beside a better digest (RFC 4509, 3), and only then', () => {
    const sha1 = changed(ds.subarray(0, 24), { 3: 1 });
    const used = (...list: Uint8Array[]) => {
      const verdict = usableTrust(trust(...list), support);
      return verdict.kind === 'usable' ? verdict.trust.ds.map((one) => one.digestType) : [];
    };
    expect(used(sha1, ds)).toEqual([2]);
    expect(used(sha1)).toEqual([1]);
    expect(used(sha1, changed(ds, { 3: 3 }))).toEqual([1]);
    expect(used(sha1, changed(ds, { 2: 253 }))).toEqual([1]);
  });

  test('an algorithm left out by policy makes the zone insecure (RFC 9905)', () => {
    const old = new Signer('sub.example.', 7);
    const without = { ...support, algorithms: new Set([8, 13]) };
    expect(verify(old.signedKeys(), trust(old.ds()))).toMatchObject({ kind: 'secure' });
    expect(verify(old.signedKeys(), trust(old.ds()), { support: without })).toMatchObject({
      kind: 'insecure',
      why: {
        code: EDE.unsupportedDnskeyAlgorithm,
        text: `sub.example.: no DS of a supported algorithm, only RSASHA1-NSEC3-SHA1 (key ${old.tag})`,
      },
    });
  });

  test('DS that cannot be read vouches for nothing', () => {
    const rrset = rrsetOf('sub.example. DS 1 13 2 00');
    const read = trustOfDs({ ...rrset, rdatas: [Uint8Array.of(1, 2), ...rrset.rdatas] });
    expect(read.ds).toHaveLength(1);
    expect(read.zone).toBe(zone);
  });
});

describe('trust anchors', () => {
  test('the root has two built in', () => {
    const [root, ...others] = parseTrustAnchors(rootAnchors);
    expect(others).toEqual([]);
    expect(root?.zone).toBe(ROOT);
    expect(root?.ds.map((ds) => [ds.keyTag, ds.algorithm, ds.digestType, ds.digest.length])).toEqual([
      [20326, 8, 2, 32],
      [38696, 8, 2, 32],
    ]);
  });

  test('the built-in digests are those of KSK-2017 and KSK-2024', () => {
    const { keys } = readZoneKeys(
      ROOT,
      rrsetOf(`. DNSKEY 257 3 8 (AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN
        7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpV
        UDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws
        9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=)
      . DNSKEY 257 3 8 (AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWO
        mOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5o
        UKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z
        9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc=)`).rdatas,
    );
    const [root] = parseTrustAnchors(rootAnchors);
    expect(keys.map((key) => key.tag)).toEqual([20326, 38696]);
    expect(keys.map((key) => root?.ds.map((ds) => dsMatches(ROOT, key, ds)))).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test('DS and DNSKEY lines of several zones, comments between them', () => {
    const text = `; a comment\n. 86400 IN DS 20326 8 2 ${'00'.repeat(32)} ; another
example. DNSKEY 257 3 8 AwEAAQ==\nexample. DNSKEY 385 3 8 AwEAAQ==\n. DS 1 8 2 ${'11'.repeat(32)}\n`;
    const trusts = parseTrustAnchors(text);
    expect(trusts.map((one) => [nameToText(one.zone), one.ds.length, one.keys.length])).toEqual([
      ['.', 2, 0],
      ['example.', 0, 1],
    ]);
  });

  test.each([
    ['nothing', '; empty\n', /no trust anchor/],
    ['only revoked keys', 'example. DNSKEY 385 3 8 AwEAAQ==', /no trust anchor/],
    ['another type', 'example. A 192.0.2.1', /A, not DS or DNSKEY/],
    ['a key that is no zone key', 'example. DNSKEY 1 3 8 AwEAAQ==', /zone key flag/],
    ['what is no record', 'example. DS x', /line 1/],
  ])('%s is an error', (_what, text, message) => {
    expect(() => parseTrustAnchors(text)).toThrow(message);
  });
});
