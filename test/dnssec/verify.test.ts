// One RRset: each condition that a signature must meet, the order and number of checks, and what is said of a failure.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limitTable, makeLimits } from '../../src/base/limits.ts';
import { type ImportedKeys, readZoneKeys, type ZoneKeys } from '../../src/dnssec/keys.ts';
import { VerifiedSignatures } from '../../src/dnssec/verified.ts';
import {
  type Bogus,
  checkValidity,
  defaultSkew,
  runChecks,
  type SecureRRset,
  type VerifyContext,
  verifyRRset,
} from '../../src/dnssec/verify.ts';
import { type Name, nameFromText } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { EDE, TYPE } from '../../src/wire/types.ts';
import { at, context, rrsetOf, Signer, type SignOptions } from './data.ts';

const now = at('2026-06-01T00:00:00Z');
const signer = new Signer('sub.example.', 13);
const other = new Signer('sub.example.', 13);
const address = rrsetOf('www.sub.example. 3600 IN A 192.0.2.1\nwww.sub.example. 3600 IN A 192.0.2.2');

function verify(
  rrset: RRset,
  keys: ZoneKeys = signer.keys,
  changes: Partial<VerifyContext> = {},
): SecureRRset | Bogus | undefined {
  return runChecks(verifyRRset(rrset, keys, context(now, changes)), 100);
}

/** Checks asked for until the verdict. */
function checksOf(rrset: RRset, keys: ZoneKeys, changes: Partial<VerifyContext> = {}): number {
  let checks = 0;
  const steps = verifyRRset(rrset, keys, context(now, changes));
  while (!steps.next().done) checks++;
  return checks;
}

function keysOf(zone: Name, ...signers: readonly { dnskey: Uint8Array }[]): ZoneKeys {
  return readZoneKeys(
    zone,
    signers.map(({ dnskey }) => dnskey),
  );
}

describe('a signature that held a while ago', () => {
  const verified = new VerifiedSignatures();
  const signed = signer.sign(address);
  const broken = { import: () => ({ fault: 'no key is imported here' }) } as unknown as ImportedKeys;
  verify(signed, signer.keys, { verified });

  test('is not computed again, and counts as a check all the same', () => {
    expect(verify(signed, signer.keys, { verified, imported: broken })).toMatchObject({ kind: 'secure' });
    expect(checksOf(signed, signer.keys, { verified })).toBe(1);
  });

  test('has to be valid now', () => {
    const late = { verified, nowSeconds: now + 10 * 365 * 86_400 };
    expect(verify(signed, signer.keys, late)).toMatchObject({ why: { code: EDE.signatureExpired } });
  });

  test('says nothing of the same signature over other data, or by another key', () => {
    const [first] = signed.rdatas as [Uint8Array];
    const changed = { ...signed, rdatas: [first] };
    expect(verify(changed, signer.keys, { verified })).toMatchObject({ kind: 'bogus' });
    const twin = readZoneKeys(signer.zone, [other.dnskey]).keys.map((key) => ({ ...key, tag: signer.tag }));
    expect(verify(signed, { zone: signer.zone, keys: twin }, { verified })).toMatchObject({ kind: 'bogus' });
  });

  test('is forgotten in time, the one asked for less lately first', () => {
    const few = new VerifiedSignatures({ entriesMax: 8 });
    // Of one pair of places each, as far as the first octet tells.
    const [first, second, third] = ['a', 'b', 'c'].map((last) => `\x01${'x'.repeat(30)}${last}`) as [
      string,
      string,
      string,
    ];
    few.add(first);
    few.add(second);
    expect(few.has(first)).toBe(true);
    few.add(third);
    expect([first, second, third].map((id) => few.has(id))).toEqual([true, false, true]);
  });
});

describe('a signature that meets all conditions', () => {
  test.each([5, 7, 8, 10, 13, 14, 15, 16])('of algorithm %i is secure', (algorithm) => {
    const own = new Signer('sub.example.', algorithm);
    expect(verify(own.sign(address), own.keys)).toMatchObject({ kind: 'secure', closestEncloser: undefined });
  });

  test('by an RSA key of 512 bits, the least, is secure', () => {
    const own = new Signer('sub.example.', 8, { bits: 512 });
    expect(verify(own.sign(address), own.keys)).toMatchObject({ kind: 'secure' });
  });

  test('does so whatever the order of records and the case of names in them', () => {
    const mail = rrsetOf(
      'sub.example. 60 MX 1 a.example.\nsub.example. 60 MX 0 b.example.\nsub.example. 60 MX 0 c.example.',
    );
    const signed = signer.sign(mail);
    const shuffled = rrsetOf(
      'sub.example. 60 MX 0 C.example.\nsub.example. 60 MX 1 A.EXAMPLE.\nsub.example. 60 MX 0 b.example.',
    );
    expect(verify({ ...shuffled, signatures: signed.signatures })).toMatchObject({ kind: 'secure' });
  });

  test('over a wildcard gives the closest encloser', () => {
    const wildcard = signer.sign(rrsetOf('*.sub.example. 300 A 192.0.2.1'));
    const synthesized = { ...wildcard, name: nameFromText('a.b.sub.example.') };
    expect(verify(wildcard)).toMatchObject({ kind: 'secure', closestEncloser: undefined });
    expect(verify(synthesized)).toMatchObject({ kind: 'secure', closestEncloser: nameFromText('sub.example.') });
  });
});

describe('TTL (RFC 4035, 5.3.3)', () => {
  test.each([
    ['the RRset', { ttl: 100 }, {}, 100],
    ['the original TTL', {}, { originalTtl: 50 }, 50],
    ['the time to expiry', {}, { expiration: now + 20 }, 20],
    ['the skew that is left after expiry', {}, { expiration: now - 3590, inception: now - 7200 }, 10],
  ] as [string, Partial<RRset>, SignOptions, number][])('is bounded by %s', (_what, changes, options, ttl) => {
    expect(verify({ ...signer.sign(address, options), ...changes })).toMatchObject({ kind: 'secure', ttl });
  });
});

describe('a signature is refused', () => {
  const cases: readonly [what: string, make: () => RRset, code: number, text: RegExp][] = [
    ['that is none', () => address, EDE.rrsigsMissing, /^www\.sub\.example\. A: no signature by sub\.example\.$/],
    ['by an unknown key', () => other.sign(address), EDE.dnskeyMissing, /key \d+\/ECDSAP256SHA256 .* no such key$/],
    [
      'by a zone above',
      () => signer.sign(address, { signer: nameFromText('example.') }),
      EDE.dnssecBogus,
      /is not by sub/,
    ],
    [
      'of a name outside the zone',
      () => signer.sign(rrsetOf('www.example. A 192.0.2.1')),
      EDE.dnssecBogus,
      /does not hold/,
    ],
    ['of another type', () => signer.sign(address, { typeCovered: TYPE.AAAA }), EDE.dnssecBogus, /covers AAAA/],
    ['with more labels than the name', () => signer.sign(address, { labels: 4 }), EDE.dnssecBogus, /more labels/],
    ['with fewer labels than the zone', () => signer.sign(address, { labels: 1 }), EDE.dnssecBogus, /fewer labels/],
    [
      'that counts the asterisk as a label',
      () => signer.sign(rrsetOf('*.sub.example. A 192.0.2.1'), { labels: 3 }),
      EDE.dnssecBogus,
      /more labels/,
    ],
    [
      "of a DS at the zone's own apex",
      () => signer.sign(rrsetOf(`sub.example. DS 1 13 2 ${'00'.repeat(32)}`)),
      EDE.dnssecBogus,
      /by the child/,
    ],
    [
      'that has expired',
      () => signer.sign(address, { expiration: now - 8641 }),
      EDE.signatureExpired,
      /expired 2026-05-31T/,
    ],
    [
      'that is not yet valid',
      () => signer.sign(address, { inception: now + 3601, expiration: now + 7200 }),
      EDE.signatureNotYetValid,
      /only from 2026-06-01T01:00:01Z/,
    ],
    [
      'that expires before it begins',
      () => signer.sign(address, { inception: now, expiration: now - 1 }),
      EDE.signatureExpiredBeforeValid,
      /before it begins/,
    ],
    [
      'over other data',
      () => ({ ...signer.sign(address), rdatas: address.rdatas.slice(1) }),
      EDE.dnssecBogus,
      /not verify/,
    ],
    [
      'that is malformed',
      () => ({ ...address, signatures: [Uint8Array.of(0, 1, 13)] }),
      EDE.dnssecBogus,
      /malformed signature/,
    ],
  ];
  test.each(cases)('%s', (_what, make, code, text) => {
    expect(verify(make())).toMatchObject({ kind: 'bogus', why: { code, text: expect.stringMatching(text) } });
  });

  test.each([
    ['without the zone flag', { flags: 0 }, EDE.noZoneKeyBitSet, /not a zone key/],
    ['that is revoked', { flags: 256 + 128 }, EDE.dnssecBogus, /revoked/],
    ['of another protocol', { protocol: 2 }, EDE.dnssecBogus, /not for DNSSEC/],
  ] as const)('by a key %s', (_what, options, code, text) => {
    const own = new Signer('sub.example.', 13, options);
    const verdict = verify(own.sign(address), own.keys);
    expect(verdict).toMatchObject({ kind: 'bogus', why: { code, text: expect.stringMatching(text) } });
  });

  test('by a key that is too short: as if the key were missing', () => {
    const own = new Signer('sub.example.', 8, { bits: 512 });
    const odd = Uint8Array.from(own.dnskey);
    odd[0] = 1;
    odd[7] = 2; // an even exponent
    const resigned = own.sign(address).signatures[0] as Uint8Array;
    const keys = readZoneKeys(own.zone, [odd]);
    const tag = keys.keys[0]?.tag ?? 0;
    const signature = Uint8Array.from(resigned);
    signature[16] = tag >> 8;
    signature[17] = tag & 0xff;
    const verdict = verify({ ...address, signatures: [signature] }, keys);
    expect(verdict).toMatchObject({ kind: 'bogus', why: { code: EDE.dnskeyMissing } });
    expect(verdict?.kind === 'bogus' && verdict.why.text).toMatch(/unusable: RSA exponent/);
  });

  test('of an algorithm that is not supported', () => {
    const support = { algorithms: new Set([8]), digests: new Set([2]) };
    const verdict = verify(signer.sign(address), signer.keys, { support });
    expect(verdict).toMatchObject({ kind: 'bogus', why: { code: EDE.rrsigsMissing } });
  });

  test('and of several faults the one that comes nearest to a proof is told', () => {
    const expired = signer.sign(address, { expiration: now - 8641 });
    const both = other.sign(expired);
    expect(verify(both)).toMatchObject({ why: { code: EDE.signatureExpired } });
    const bad = signer.sign({ ...address, rdatas: [] }).signatures;
    expect(verify({ ...both, signatures: [...both.signatures, ...bad] })).toMatchObject({
      why: { code: EDE.dnssecBogus, text: expect.stringMatching(/does not verify$/) },
    });
  });
});

describe('one valid signature suffices (RFC 6840, 5.11)', () => {
  test('among those that are not', () => {
    const mixed = signer.sign(other.sign(signer.sign(address, { expiration: now - 86_400 })));
    expect(verify(mixed)).toMatchObject({ kind: 'secure' });
  });

  test('the cheapest algorithm goes first', () => {
    const costly = new Signer('sub.example.', 14);
    const cheap = new Signer('sub.example.', 8);
    const keys = keysOf(signer.zone, costly, cheap);
    const verdict = verify(cheap.sign(costly.sign(address)), keys);
    expect(verdict).toMatchObject({ kind: 'secure', key: { fields: { algorithm: 8 } } });
  });
});

describe('validity by serial arithmetic (RFC 4034, 3.1.5)', () => {
  const year = 365 * 86_400;
  const wrap = 2 ** 32;
  test.each([
    ['inside', 1000, 2000, 1500, 500],
    ['at its very end', 1000, 2000, 2000, 0],
    ['an hour early', 10_000, 20_000, 6400, 13_600],
    ['over an hour early', 10_000, 20_000, 6399, undefined],
    ['an hour late', 10_000, 20_000, 23_599, 1],
    ['over an hour late', 10_000, 20_000, 23_601, undefined],
    ['a tenth of the lifetime late', 0, 100_000, 109_999, 1],
    ['over a day late', 0, 10 * year, 10 * year + 86_401, undefined],
    ['across the wrap of 2^32, before', wrap - 1000, 1000, wrap - 500, 1500],
    ['across the wrap of 2^32, after', wrap - 1000, 1000, wrap + 500, 500],
  ])('%s', (_what, inception, expiration, nowSeconds, expected) => {
    const validity = checkValidity(
      { inception: inception % wrap, expiration: expiration % wrap },
      nowSeconds,
      defaultSkew,
    );
    expect(typeof validity === 'number' ? validity : undefined).toBe(expected);
  });
});

describe('KeyTrap: checks are bounded', () => {
  const { signatureChecksPerRRset, keysPerTag } = makeLimits();

  /** Keys of one tag: pairs of octets swapped leave the sum as it is. */
  function sameTag(count: number): ZoneKeys {
    const rdatas: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const rdata = Uint8Array.from(signer.dnskey);
      rdata[10] = (i >> 8) & 0xff;
      rdata[12] = i & 0xff;
      // Octets at odd places weigh 1, at even ones 256: what is added at one place is taken at another.
      rdata[14] =
        ((signer.dnskey[10] ?? 0) + (signer.dnskey[12] ?? 0) + (signer.dnskey[14] ?? 0) + 512 - (i >> 8) - (i & 0xff)) &
        0xff;
      rdatas.push(rdata);
    }
    const keys = readZoneKeys(signer.zone, rdatas);
    return { zone: keys.zone, keys: keys.keys.map((key) => ({ ...key, tag: signer.tag })) };
  }

  test('many keys of one tag', () => {
    expect(checksOf(signer.sign({ ...address, rdatas: [] }), sameTag(500))).toBe(keysPerTag);
  });

  test('many signatures by many keys of one tag', () => {
    let rrset = address;
    for (let i = 0; i < 20; i++) rrset = signer.sign(rrset, { expiration: now + 100 + i });
    const wrong = { ...rrset, rdatas: address.rdatas.slice(1) };
    expect(checksOf(wrong, sameTag(500))).toBe(signatureChecksPerRRset);
    expect(checksOf(wrong, signer.keys)).toBe(signatureChecksPerRRset);
    expect(checksOf(wrong, signer.keys, { limits: makeLimits({ signaturesPerRRset: 3 }) })).toBe(3);
    expect(limitTable.signaturesPerRRset.value).toBe(8);
  });

  test('a caller that stops is obeyed', () => {
    expect(runChecks(verifyRRset(signer.sign(address), signer.keys, context(now)), 0)).toBeUndefined();
  });

  test('signatures that need no check cost none', () => {
    expect(checksOf(other.sign(signer.sign(address, { expiration: now - 86_400 })), signer.keys)).toBe(0);
  });
});

describe('properties', () => {
  const signers = [5, 8, 10, 13, 14, 15, 16].map((algorithm) => new Signer('sub.example.', algorithm));
  const mails = rrsetOf('www.sub.example. 3600 IN MX 10 mail.example.\nwww.sub.example. 3600 IN MX 20 relay.example.');

  function flip(octets: Uint8Array, bit: number): Uint8Array {
    const out = Uint8Array.from(octets);
    const place = (bit >>> 3) % out.length;
    out[place] = (out[place] as number) ^ (1 << (bit & 7));
    return out;
  }

  const arbitrarySigner = fc.constantFrom(...signers);
  const arbitraryBit = fc.nat(1 << 16);

  test('one bit of a signature flipped never verifies', () => {
    fc.assert(
      fc.property(arbitrarySigner, arbitraryBit, (own, bit) => {
        const signed = own.sign(mails);
        const signatures = signed.signatures.map((rdata) => {
          // The case of the signer's name is no part of it: there another bit is taken.
          const place = (bit >>> 3) % rdata.length;
          const inSigner = place >= 18 && place < 18 + own.zone.length;
          return flip(rdata, inSigner && (bit & 7) === 5 ? bit - 1 : bit);
        });
        expect(verify({ ...signed, signatures }, own.keys)?.kind).toBe('bogus');
      }),
      { numRuns: 300 },
    );
  });

  test('one bit of RDATA flipped never verifies', () => {
    fc.assert(
      fc.property(arbitrarySigner, fc.nat(1), arbitraryBit, (own, which, bit) => {
        const signed = own.sign(address);
        const rdatas = signed.rdatas.map((rdata, i) => (i === which ? flip(rdata, bit) : rdata));
        expect(verify({ ...signed, rdatas }, own.keys)?.kind).toBe('bogus');
      }),
      { numRuns: 200 },
    );
  });

  test('another owner, type or class never verifies', () => {
    fc.assert(
      fc.property(arbitrarySigner, fc.domain(), fc.nat(65535), (own, domain, number) => {
        const signed = own.sign(mails);
        const name = nameFromText(`${domain.split('.')[0] ?? 'x'}.sub.example.`);
        if (name !== signed.name) expect(verify({ ...signed, name }, own.keys)?.kind).toBe('bogus');
        if (number !== TYPE.MX) expect(verify({ ...signed, type: number }, own.keys)?.kind).toBe('bogus');
        if (number !== 1) expect(verify({ ...signed, class: number }, own.keys)?.kind).toBe('bogus');
      }),
      { numRuns: 100 },
    );
  });

  test('one bit of the key flipped never verifies, even where the key tag is forged to fit', () => {
    fc.assert(
      fc.property(arbitrarySigner, arbitraryBit, (own, bit) => {
        const [key] = readZoneKeys(own.zone, [flip(own.dnskey, bit)]).keys;
        const flagsOnly = (bit >>> 3) % own.dnskey.length < 4;
        if (key === undefined || flagsOnly) return;
        const keys = { zone: own.zone, keys: [{ ...key, tag: own.tag }] };
        expect(verify(own.sign(mails), keys)?.kind).toBe('bogus');
      }),
      { numRuns: 300 },
    );
  });

  test('arbitrary octets as signature, key and RDATA throw nothing and verify nothing', () => {
    const octets = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(octets, { maxLength: 4 }),
        octets,
        octets,
        fc.nat(65535),
        (signatures, dnskey, rdata, type) => {
          const rrset = { ...address, type, rdatas: [rdata], signatures };
          expect(verify(rrset, readZoneKeys(signer.zone, [dnskey, signer.dnskey]))?.kind).toBe('bogus');
        },
      ),
      { numRuns: 300 },
    );
  });
});
