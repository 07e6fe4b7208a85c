// Canonical form: names in RDATA, order, and the owner that a signature covers.

import { describe, expect, test } from 'vitest';
import {
  canonicalOrder,
  canonicalRdata,
  canonicalRdatas,
  signedData,
  signedLabels,
} from '../../src/dnssec/canonical.ts';
import { compareNames, nameFromText, nameOctets, nameToText } from '../../src/wire/name.ts';
import { readRrsig } from '../../src/wire/rdata.ts';
import { TYPE, typeFromText } from '../../src/wire/types.ts';
import { rrsetOf } from './data.ts';

/** Upper-cases ASCII letters, leaving length octets alone: none here is a letter's. */
function upper(rdata: Uint8Array): Uint8Array {
  return rdata.map((octet) => (octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet));
}

describe('canonicalRdata', () => {
  const lowered = [
    'NS ns.x.',
    'CNAME c.x.',
    'SOA m.x. r.x. 1 2 3 4 5',
    'PTR p.x.',
    'MX 10 m.x.',
    'RP m.x. t.x.',
    'AFSDB 1 a.x.',
    'RT 10 r.x.',
    'PX 10 m.x. x.x.',
    'SRV 1 2 3 s.x.',
    'KX 1 k.x.',
    'DNAME d.x.',
    'MINFO r.x. e.x.',
  ];
  test.each(lowered)('lower-cases the names of %s (RFC 4034, 6.2)', (text) => {
    const { type, rdatas } = rrsetOf(`x. 1 IN ${text}`);
    const [rdata] = rdatas as [Uint8Array];
    expect(canonicalRdata(type, upper(rdata))).toEqual(rdata);
  });

  test('NAPTR: the name is lower-cased, the strings are not', () => {
    const [mixed] = rrsetOf('x. 1 IN NAPTR 1 2 "U" "E2U+SIP" "!A!B!" Replace.X.').rdatas as [Uint8Array];
    const [expected] = rrsetOf('x. 1 IN NAPTR 1 2 "U" "E2U+SIP" "!A!B!" replace.x.').rdatas as [Uint8Array];
    expect(canonicalRdata(TYPE.NAPTR, mixed)).toEqual(expected);
  });

  const signer = [...new Uint8Array(18), 1, 0x41, 0];
  test.each([
    ['RRSIG', signer, 19],
    ['SIG', signer, 19],
    ['NXT', [1, 0x41, 0, 0x41], 1],
    ['MD', [1, 0x41, 0], 1],
    ['MF', [1, 0x41, 0], 1],
    ['MB', [1, 0x41, 0], 1],
    ['MG', [1, 0x41, 0], 1],
    ['MR', [1, 0x41, 0], 1],
    ['A6', [120, 0x41, 1, 0x41, 0], 3],
  ] as [string, number[], number][])('lower-cases the name of %s and nothing else', (type, octets, place) => {
    const rdata = Uint8Array.from([...octets, 0x5a]);
    const lowered = Uint8Array.from(rdata);
    lowered[place] = 0x61;
    expect(canonicalRdata(typeFromText(type) ?? 0, rdata)).toEqual(lowered);
  });

  const kept = [
    'NSEC N.X. A RRSIG',
    'HINFO "CPU" "OS"',
    'HTTPS 1 S.X.',
    'TXT "Text"',
    'CAA 0 issue "CA.X"',
    'TYPE65280 \\# 2 4142',
  ];
  test.each(kept)('leaves %s as it is (RFC 6840, 5.1; RFC 3597, 7)', (text) => {
    const { type, rdatas } = rrsetOf(`x. 1 IN ${text}`);
    const [rdata] = rdatas as [Uint8Array];
    expect(canonicalRdata(type, rdata)).toBe(rdata);
  });

  test.each(['MX', 'SOA', 'NAPTR', 'A6', 'SRV'])('%s that does not hold its form is left alone', (type) => {
    const number = typeFromText(type) ?? 0;
    for (const octets of [[0x41], [1, 0x41, 63, 0x42], [0, 10, 5, 0x41], [0, 0, 0, 0, 200, 0x41]]) {
      const rdata = Uint8Array.from(octets);
      expect([...canonicalRdata(number, rdata)]).toEqual(octets);
    }
  });
});

test('RDATA is ordered as octets, a prefix before what it begins, duplicates once (RFC 4034, 6.3)', () => {
  const octets = [[2], [1, 2], [1], [255], [1], [1, 0], []].map((list) => Uint8Array.from(list));
  expect(canonicalOrder(octets).map((rdata) => [...rdata])).toEqual([[], [1], [1, 0], [1, 2], [2], [255]]);
});

test('RDATA that differs only in the case of names is one record', () => {
  const { rdatas } = rrsetOf('x. 1 IN MX 1 A.x.\nx. 1 IN MX 1 a.x.');
  expect(rdatas).toHaveLength(2);
  expect(canonicalRdatas(TYPE.MX, rdatas)).toHaveLength(1);
});

test('names are ordered as in RFC 4034, 6.1', () => {
  const texts = ['example.', 'a.example.', 'yljkjljk.a.example.', 'Z.a.example.', 'zABC.a.EXAMPLE.', 'z.example.'];
  const names = [...texts, '\\001.z.example.', '*.z.example.', '\\200.z.example.'].map(nameFromText);
  expect([...names].reverse().sort(compareNames).map(nameToText)).toEqual(names.map(nameToText));
});

describe('the owner that is signed (RFC 4035, 5.3.2)', () => {
  const cases: readonly [owner: string, labels: number, signed: string][] = [
    ['a.b.example.', 3, 'a.b.example.'],
    ['a.b.example.', 1, '*.example.'],
    ['*.b.example.', 2, '*.b.example.'],
    ['*.b.example.', 1, '*.example.'],
    ['a.', 0, '*.'],
  ];
  test.each(cases)('%s with %i labels is %s', (owner, labels, signed) => {
    const rrset = rrsetOf(`${owner} 300 IN A 192.0.2.1`);
    const rdata = new Uint8Array(19);
    rdata[3] = labels;
    rdata[7] = 200;
    const data = signedData(rrset, rrset.rdatas, readRrsig(rdata), rdata);
    const name = nameOctets(nameFromText(signed));
    expect([...data.subarray(19, 19 + name.length)]).toEqual([...name]);
    // Type, class, the original TTL and not the received one, length.
    expect([...data.subarray(19 + name.length)]).toEqual([0, 1, 0, 1, 0, 0, 0, 200, 0, 4, 192, 0, 2, 1]);
  });

  test('a leading asterisk is not counted', () => {
    expect(['*.b.example.', 'b.example.', '.'].map((text) => signedLabels(nameFromText(text)))).toEqual([2, 2, 0]);
  });
});
