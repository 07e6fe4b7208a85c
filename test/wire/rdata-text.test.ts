import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/wire/error.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { rdataFromText, rdataToText } from '../../src/wire/rdata-text.ts';
import {
  classToText,
  EDE,
  edeToText,
  opcodeToText,
  rcodeToText,
  TYPE,
  typeFromText,
  typeToText,
} from '../../src/wire/types.ts';
import { samples } from './samples.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe('presentation form', () => {
  it.each(samples.map(([type, text]) => ({ type, text })))('$type $text', ({ type, text }) => {
    expect(rdataToText(TYPE[type], rdataFromText(TYPE[type], text))).toBe(text);
  });

  it('tells all RDATA of all types apart: octets lead to text and back', () => {
    const types = fc.oneof(fc.constantFrom(...Object.values(TYPE)), fc.nat(0xffff));
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 60 }), (type, rdata) => {
        expect(rdataFromText(type, rdataToText(type, rdata))).toEqual(rdata);
      }),
      { numRuns: 2000 },
    );
  });

  it('does so for RDATA that is nearly well-formed', () => {
    const nearly = fc
      .tuple(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
        fc.integer({ min: -2, max: 2 }),
      )
      .map(([[type, text], changes, more]) => {
        const rdata = [...rdataFromText(TYPE[type], text), 0, 0];
        for (const [at, octet] of changes) rdata[at % rdata.length] = octet;
        return { type: TYPE[type], rdata: Uint8Array.from(rdata.slice(0, rdata.length - 2 + more)) };
      });
    fc.assert(
      fc.property(nearly, ({ type, rdata }) => {
        expect(rdataFromText(type, rdataToText(type, rdata))).toEqual(rdata);
      }),
      { numRuns: 3000 },
    );
  });

  it.each<[keyof typeof TYPE, string, string]>([
    ['A', 'abc', '\\# 3 616263'],
    ['NS', '\xc0\x0c', '\\# 2 C00C'],
    ['TXT', '\x05abc', '\\# 4 05616263'],
    ['TXT', '', '\\# 0'],
    ['MX', '\0\x01\0x', '\\# 4 00010078'],
    ['NSEC', '\0\0\x02\x40\0', '\\# 5 0000024000'], // a bitmap with a zero octet to spare
    ['SVCB', '\0\x01\0\0\x03\0\x02\0\x50\0\x01\0\x03\x02h2', `\\# 16 00010000030002005000010003026832`], // keys not in order
    ['LOC', '\x01\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0\0', '\\# 16 01121613800000008000000000000000'], // version 1
    ['CAA', '\0\x01-x', '\\# 4 00012D78'],
    ['NULL', 'ab', '\\# 2 6162'],
  ])('falls back to the generic form: %s', (type, rdata, text) => {
    expect(rdataToText(TYPE[type], octets(rdata))).toBe(text);
  });

  it('prints times past 2038 and at the ends', () => {
    const times = '20380119031408 19700101000000';
    const text = `A 8 2 60 ${times} 1 . AAAA`;
    expect(rdataToText(TYPE.RRSIG, rdataFromText(TYPE.RRSIG, text))).toBe(text);
    const seconds = rdataFromText(TYPE.RRSIG, 'A 8 2 60 2147483648 0 1 . AAAA');
    expect(seconds).toEqual(rdataFromText(TYPE.RRSIG, text));
  });
});

describe('reading text', () => {
  it('takes what other programs print', () => {
    const same = (type: keyof typeof TYPE, one: string, other: string): void => {
      expect(rdataFromText(TYPE[type], one)).toEqual(rdataFromText(TYPE[type], other));
    };
    same('TXT', 'plain "two words" es\\"c\\065ped', '"plain" "two words" "es\\"cAped"');
    same('TXT', '"\\228 and ä"', '"\\228 and \\195\\164"');
    same('DS', '370 13 2 ( BE74 ; comment\n 3599 )', '370 13 2 be743599');
    same('NSEC3', '1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A', '1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR TYPE1');
    same('HTTPS', '1 . port="443" alpn=h2,h3', '1 . alpn="h2,h3" key3="\\001\\187"');
    same('SVCB', '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"', '1 . alpn=f\\\\\\092oo\\092,bar,h2'); // RFC 9460, D.2
    same('LOC', '52 22 N 4 E 0 1 2 3', '52 22 0.000 N 4 0 0.000 E 0.00m 1m 2m 3m');
    same('LOC', '52 N 4 E 0', '52 0 0.000 N 4 0 0.000 E 0.00m 1m 10000m 10m');
    same('AAAA', '2001:DB8::192.0.2.1', '2001:db8:0:0:0:0:c000:201');
    same('CERT', '1 12345 8 AAAA', 'PKIX 12345 RSASHA256 AAAA');
    same('A', '\\# 4 C000 0201', '192.0.2.1');
    same('EUI48', '00-00-5E-00-53-2A', '00-00-5e-00-53-2a');
  });

  it('ends relative names in the origin, when there is one', () => {
    const origin = nameFromText('example.com');
    const full = rdataFromText(TYPE.MX, '1 Mail.example.com.');
    expect(rdataFromText(TYPE.MX, '1 Mail', origin)).toEqual(full);
    expect(rdataFromText(TYPE.MX, '1 Mail.example.com')).toEqual(full);
    expect(rdataFromText(TYPE.NS, '@', origin)).toEqual(rdataFromText(TYPE.NS, 'example.com.'));
    expect(rdataFromText(TYPE.NS, 'a\\.', origin)).toEqual(rdataFromText(TYPE.NS, 'a\\..example.com.'));
    expect(rdataFromText(TYPE.NS, 'a\\\\.', origin)).toEqual(rdataFromText(TYPE.NS, 'a\\\\.'));
  });

  it.each<[keyof typeof TYPE, string]>([
    ['A', ''],
    ['A', '1.2.3'],
    ['A', '1.2.3.256'],
    ['A', '01.2.3.4'],
    ['A', '::1'],
    ['A', '1.2.3.4 5'],
    ['AAAA', '1.2.3.4'],
    ['AAAA', '1:2:3:4:5:6:7'],
    ['AAAA', '1:2:3:4:5:6:7:8:9'],
    ['AAAA', '1::2::3'],
    ['AAAA', '1:2:3:4:5:6:7::8'],
    ['AAAA', '12345::'],
    ['AAAA', ':::'],
    ['MX', '65536 a.'],
    ['MX', '-1 a.'],
    ['MX', '1'],
    ['TXT', ''],
    ['TXT', 'x'.repeat(256)],
    ['TXT', '"open'],
    ['DS', '1 1 1 ABC'],
    ['DS', '1 1 1 XY'],
    ['DNSKEY', '256 3 8 A'],
    ['DNSKEY', '256 3 8 AA=A'],
    ['NSEC', 'a. A NONSUCH'],
    ['NSEC3', '1 0 0 ABC 00 A'],
    ['RRSIG', 'A 8 2 60 20201301000000 0 1 . AAAA'],
    ['RRSIG', 'A 8 2 60 21070101000000 0 1 . AAAA'],
    ['RRSIG', 'A 8 2 60 4294967296 0 1 . AAAA'],
    ['SVCB', '1 . port=65536'],
    ['SVCB', '1 . port'],
    ['SVCB', '1 . alpn=a alpn=b'],
    ['SVCB', '1 . no-default-alpn=x'],
    ['SVCB', '1 . key65536=x'],
    ['SVCB', '1 . alpn=a,,b'],
    ['LOC', '91 N 0 E 0'],
    ['LOC', '9 60 N 0 E 0'],
    ['LOC', '9 N 0 X 0'],
    ['APL', '1:1.2.3.4/33'],
    ['APL', '3:1.2.3.4/3'],
    ['IPSECKEY', '1 4 2 1.2.3.4 AAAA'],
    ['IPSECKEY', '1 4 2 nothing AAAA'],
    ['CAA', '0 is-sue "x"'],
    ['TSIG', 'a. 1 1 3 AAECAw== 1 NOERROR 0'],
    ['A', '\\# 4 C00002'],
    ['A', '\\# 65536 00'],
    ['NULL', 'abc'],
    ['EUI48', '00-00-5e-00-53'],
  ])('refuses %s %s', (type, text) => {
    expect(() => rdataFromText(TYPE[type], text)).toThrow(WireError);
  });
});

describe('codes', () => {
  it('have mnemonics or numbers', () => {
    expect([rcodeToText(3), rcodeToText(23), rcodeToText(4000)]).toEqual(['NXDOMAIN', 'BADCOOKIE', 'RCODE4000']);
    expect([opcodeToText(0), opcodeToText(15), classToText(1), classToText(7)]).toEqual([
      'QUERY',
      'OPCODE15',
      'IN',
      'CLASS7',
    ]);
    // Each info-code has the text of its name.
    const plain = (text: string): string => text.replace(/[^a-z0-9]/gi, '').toLowerCase();
    for (const [key, code] of Object.entries(EDE))
      expect(plain(edeToText(code))).toBe(key === 'other' ? 'othererror' : plain(key));
    expect(edeToText(65000)).toBe('EDE65000');
  });
});

describe('types', () => {
  it('have mnemonics or numbers, both ways', () => {
    expect([typeToText(1), typeToText(65), typeToText(65280), typeToText(32769)]).toEqual([
      'A',
      'HTTPS',
      'TYPE65280',
      'DLV',
    ]);
    expect(['aaaa', 'TYPE28', 'type65280', 'nsap-ptr'].map(typeFromText)).toEqual([28, 28, 65280, 23]);
    expect(['', 'TYPE', 'TYPE65536', 'TYPE1x', '__proto__', 'constructor'].map(typeFromText)).toEqual(
      new Array(6).fill(undefined),
    );
  });
});
