// The examples of the RFCs, and zones that BIND and ldns signed: keys, digests and signatures made by others.

import { describe, expect, test } from 'vitest';
import { dsDigest, dsMatches, verifyKeys } from '../../src/dnssec/delegation.ts';
import { runChecks, verifyRRset } from '../../src/dnssec/verify.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { readDs } from '../../src/wire/rdata.ts';
import { TYPE, typeToText } from '../../src/wire/types.ts';
import { at, context, keysOf, rrsetOf, SignedZone } from './data.ts';

interface Vector {
  readonly rfc: string;
  readonly dnskey: string;
  readonly tag: number;
  readonly ds?: string;
  readonly now: string;
  readonly signed: readonly string[];
}

const mail = 'example.com. 3600 IN MX 10 mail.example.com.';

const vectors: readonly Vector[] = [
  {
    rfc: 'RFC 4034, 5.4: SHA-1',
    dnskey: `dskey.example.com. 86400 IN DNSKEY 256 3 5 (AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMz
      NXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==)`,
    tag: 60485,
    ds: '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
    now: '2004-05-01T00:00:00Z',
    signed: [],
  },
  {
    rfc: 'RFC 4509, 2.3: SHA-256',
    dnskey: `dskey.example.com. 86400 IN DNSKEY 256 3 5 (AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMz
      NXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==)`,
    tag: 60485,
    ds: '60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A',
    now: '2004-05-01T00:00:00Z',
    signed: [],
  },
  {
    rfc: 'RFC 4035, B: RSASHA1',
    dnskey: `example. 3600 DNSKEY 256 3 5 (AQOy1bZVvpPqhg4j7EJoM9rI3ZmyEx2OzDBVrZy/lvI5CQePxXHZS4i8dANH4DX3tbHol61ek8EFMcsG
      XxKciJFHyhl94C+NwILQdzsUlSFovBZsyl/NX6yEbtw/xN9ZNcrbYvgjjZ/UVPZIySFNsgEYvh0z2542lzMKR4Dh8uZffQ==)`,
    tag: 38519,
    now: '2004-05-01T00:00:00Z',
    signed: [
      `x.w.example. 3600 MX 1 xx.example.
       x.w.example. 3600 RRSIG MX 5 3 3600 20040509183619 20040409183619 38519 example. (
         Il2WTZ+Bkv+OytBx4LItNW5mjB4RCwhOO8y1XzPHZmZUTVYL7LaA63f6T9ysVBzJRI3KRjAPH3U1qaYnDoN1DrWqmi9RJe4FoObkbcdm7P3I
         kx70ePCoFgRz1Yq+bVVXCvGuAU4xALv3W/Y1jNSlwZ2mSWKHfxFQxPtLj8s32+k=)`,
      `example. 3600 NS ns1.example.
       example. 3600 NS ns2.example.
       example. 3600 RRSIG NS 5 1 3600 20040509183619 20040409183619 38519 example. (
         gl13F00f2U0R+SWiXXLHwsMY+qStYy5k6zfdEuivWc+wd1fmbNCyql0Tk7lHTX6UOxc8AgNf4ISFve8XqF4q+o9qlnqIzmppU3LiNeKT4FZ8
         RO5urFOvoMRTbQxW3U0hXWuggE4g3ZpsHv480HjMeRaZB/FRPGfJPajngcq6Kwg=)`,
      // B.6: made from *.w.example.
      `a.z.w.example. 3600 MX 1 ai.example.
       a.z.w.example. 3600 RRSIG MX 5 2 3600 20040509183619 20040409183619 38519 example. (
         OMK8rAZlepfzLWW75Dxd63jy2wswESzxDKG2f9AMN1CytCd10cYISAxfAdvXSZ7xujKAtPbctvOQ2ofO7AZJ+d01EeeQTVBPq4/6KCWhqe2X
         TjnkVLNvvhnc0u28aoSsG0+4InvkkOHknKxw4kX18MMR34i8lC36SR5xBni8vHI=)`,
    ],
  },
  {
    rfc: 'RFC 5702, 6.1: RSASHA256',
    dnskey: `example.net. 3600 IN DNSKEY 256 3 8 (AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Q
      s8PkxUdp6p/DlUmObdk=)`,
    tag: 9033,
    now: '2020-01-01T00:00:00Z',
    signed: [
      `www.example.net. 3600 IN A 192.0.2.91
       www.example.net. 3600 IN RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. (
         kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==)`,
    ],
  },
  {
    rfc: 'RFC 5702, 6.2: RSASHA512',
    dnskey: `example.net. 3600 IN DNSKEY 256 3 10 (AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/Ay
      hqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL)`,
    tag: 3740,
    now: '2020-01-01T00:00:00Z',
    signed: [
      `www.example.net. 3600 IN A 192.0.2.91
       www.example.net. 3600 IN RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. (
         tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfD
         qfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=)`,
    ],
  },
  {
    rfc: 'RFC 6605, 6.1: ECDSAP256SHA256',
    dnskey: `example.net. 3600 IN DNSKEY 257 3 13 (GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+
      Wi9xMWyQLc8NAA==)`,
    tag: 55648,
    ds: '55648 13 2 B4C8C1FE2E7477127B27115656AD6256F424625BF5C1E2770CE6D6E37DF61D17',
    now: '2010-09-01T00:00:00Z',
    signed: [
      `www.example.net. 3600 IN A 192.0.2.1
       www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. (
         qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==)`,
    ],
  },
  {
    rfc: 'RFC 6605, 6.2: ECDSAP384SHA384, SHA-384',
    dnskey: `example.net. 3600 IN DNSKEY 257 3 14 (xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X
      1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40)`,
    tag: 10771,
    ds: '10771 14 4 72D7B62976CE06438E9C0BF319013CF801F09ECC84B8D7E9495F27E305C6A9B0563A9B5F4D288405C3008A946DF983D6',
    now: '2010-09-01T00:00:00Z',
    signed: [
      `www.example.net. 3600 IN A 192.0.2.1
       www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. (
         /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzu
         sdnI0RSMROxxwGipWcJm)`,
    ],
  },
  {
    rfc: 'RFC 8080, 6.1: ED25519',
    dnskey: 'example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    tag: 3613,
    ds: '3613 15 2 3AA5AB37EFCE57F737FC1627013FEE07BDF241BD10F3B1964AB55C78E79A304B',
    now: '2015-08-10T00:00:00Z',
    signed: [
      `${mail}
       example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. (
         oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==)`,
    ],
  },
  {
    rfc: 'RFC 8080, 6.1: ED25519, the second',
    dnskey: 'example.com. 3600 IN DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=',
    tag: 35217,
    ds: '35217 15 2 401781B934E392DE492EC77AE2E15D70F6575A1C0BC59C5275C04EBE80C6614C',
    now: '2015-08-10T00:00:00Z',
    signed: [
      `${mail}
       example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 35217 example.com. (
         zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==)`,
    ],
  },
  {
    rfc: 'RFC 8080, 6.2: ED448',
    dnskey:
      'example.com. 3600 IN DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA',
    tag: 9713,
    ds: '9713 16 2 6CCF18D5BC5D7FC2FCEB1D59D17321402F2AA8D368048DB93DD811F5CB2B19C7',
    now: '2015-08-10T00:00:00Z',
    signed: [
      `${mail}
       example.com. 3600 IN RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. (
         3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQ
         vE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA)`,
    ],
  },
];

describe('RFC examples', () => {
  test.each(vectors)('$rfc', ({ dnskey, tag, ds, now, signed }) => {
    const keys = keysOf(dnskey);
    expect(keys.keys.map((key) => key.tag)).toEqual([tag]);
    const [key] = keys.keys;
    if (key !== undefined && ds !== undefined) {
      const [rdata] = rrsetOf(`${nameToText(keys.zone)} DS ${ds}`).rdatas;
      const fields = readDs(rdata as Uint8Array);
      expect(dsMatches(keys.zone, key, fields)).toBe(true);
      expect(dsMatches(nameFromText('other.'), key, fields)).toBe(false);
    }
    for (const text of signed) {
      const verdict = runChecks(verifyRRset(rrsetOf(text), keys, context(at(now))), 1);
      expect(verdict).toMatchObject({ kind: 'secure', zone: keys.zone, ttl: 3600 });
    }
  });

  test('RFC 4035, B.6: a wildcard is told by the labels field', () => {
    const { dnskey, signed } = vectors[2] as Vector;
    const [plain, , synthesized] = signed.map((text) =>
      runChecks(verifyRRset(rrsetOf(text), keysOf(dnskey), context(at('2004-05-01T00:00:00Z'))), 1),
    );
    expect(plain).toMatchObject({ closestEncloser: undefined });
    expect(synthesized).toMatchObject({ closestEncloser: nameFromText('w.example.') });
  });

  test.each([
    ['rfc4035.zone', '2004-05-01T00:00:00Z', 6],
    ['rfc5155.zone', '2010-01-01T00:00:00Z', 11],
  ] as const)('%s: what the appendices sign is secure', (file, date, count) => {
    const zone = new SignedZone(file, 'example.');
    const signed = zone.rrsets.filter((rrset) => rrset.signatures.length > 0);
    expect(signed).toHaveLength(count);
    for (const rrset of signed) {
      const verdict = runChecks(verifyRRset(rrset, zone.keys, context(at(date))), 1);
      expect(verdict, `${nameToText(rrset.name)} ${typeToText(rrset.type)}`).toMatchObject({ kind: 'secure' });
    }
  });

  test('RFC 5155, A: the key-signing key vouches for the other', () => {
    const zone = new SignedZone('rfc5155.zone', 'example.');
    const dnskeys = zone.rrset('example.', TYPE.DNSKEY);
    const byKey = (tag: number) => {
      const keys = zone.keys.keys.filter((key) => key.tag === tag).map(({ rdata }) => rdata);
      const trust = { zone: zone.zone, ds: [], keys };
      return runChecks(verifyKeys(dnskeys, trust, context(at('2010-01-01T00:00:00Z'))), 1);
    };
    expect(byKey(12708)).toMatchObject({ kind: 'secure', keys: { keys: [{ tag: 40430 }, { tag: 12708 }] } });
    // It did not sign the keys.
    expect(byKey(40430)).toMatchObject({ kind: 'bogus' });
  });

  test('a digest of an unknown type is none', () => {
    expect(dsDigest(nameFromText('example.'), Uint8Array.of(1, 0, 3, 8, 1), 3)).toBeUndefined();
  });
});

const now = at('2026-06-01T00:00:00Z');

describe('zones that other software signed', () => {
  test.each(['nsec.zone', 'nsec3.zone', 'optout.zone', 'ldns.zone'])('%s: every signed RRset is secure', (file) => {
    const signed = new SignedZone(file, 'example.');
    const all = signed.rrsets.filter((rrset) => rrset.signatures.length > 0);
    expect(all.length).toBeGreaterThan(30);
    for (const rrset of all) {
      const verdict = runChecks(verifyRRset(rrset, signed.keys, context(now)), 1);
      expect(verdict, `${nameToText(rrset.name)} ${typeToText(rrset.type)}`).toMatchObject({ kind: 'secure' });
    }
  });

  test('all.zone: signatures of seven algorithms verify, each by its own key', () => {
    const signed = new SignedZone('all.zone', 'example.');
    for (const rrset of signed.rrsets) {
      for (const signature of rrset.signatures) {
        const verdict = runChecks(verifyRRset({ ...rrset, signatures: [signature] }, signed.keys, context(now)), 1);
        expect(verdict, `${typeToText(rrset.type)} ${signature[2]}`).toMatchObject({
          kind: 'secure',
          key: { fields: { algorithm: signature[2] } },
        });
      }
    }
    expect(signed.rrset('example.', TYPE.SOA).signatures).toHaveLength(7);
  });
});
