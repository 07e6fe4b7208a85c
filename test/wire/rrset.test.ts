import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceRecord } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { rdataOctets, toRecords, toRRsets } from '../../src/wire/rrset.ts';
import { TYPE } from '../../src/wire/types.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';
import { anyRecord } from './arbitrary.ts';

const signature = (covered: string, tag: number): string =>
  `RRSIG ${covered} 13 2 60 20300101000000 20200101000000 ${tag} . AAAA`;

describe('toRRsets', () => {
  it('groups in order, drops duplicates, takes the least TTL and hangs signatures on', () => {
    const records = parseZoneText(
      `
      b 300 A 192.0.2.1
      a 300 A 192.0.2.9
      a 200 ${signature('A', 1)}
      b 100 A 192.0.2.2
      b 300 A 192.0.2.1
      b 300 AAAA ::1
      b CH A \\# 4 C0000201
      a IN 300 ${signature('A', 2)}
      a 300 ${signature('A', 1)}
      a 300 ${signature('MX', 3)}
      c 300 ${signature('MX', 5)}
      c 300 ${signature('RRSIG', 4)}`.replace(/^ +/gm, ''),
    );
    const rrsets = toRRsets(records);
    expect(
      rrsets.map(({ name, type, class: c, ttl, rdatas, signatures }) => [
        name,
        type,
        c,
        ttl,
        rdatas.length,
        signatures.length,
      ]),
    ).toEqual([
      [nameFromText('b'), TYPE.A, 1, 100, 2, 0],
      [nameFromText('a'), TYPE.A, 1, 200, 1, 2],
      [nameFromText('b'), TYPE.AAAA, 1, 300, 1, 0],
      [nameFromText('b'), TYPE.A, 3, 3600, 1, 0],
      [nameFromText('a'), TYPE.RRSIG, 1, 300, 1, 0],
      [nameFromText('c'), TYPE.RRSIG, 1, 300, 2, 0],
    ]);
  });

  it('cuts at its bounds', () => {
    const owner = nameFromText('a');
    const rdata = (i: number): Uint8Array => Uint8Array.of(0, 1, i >> 8, i);
    const records = Array.from({ length: 600 }, (_, i): ResourceRecord => {
      return { name: owner, class: 1, ttl: 1, type: i % 2 === 0 ? TYPE.A : TYPE.RRSIG, rdata: rdata(i >> 1) };
    });
    const [rrset] = toRRsets(records);
    expect([rrset?.rdatas.length, rrset?.signatures.length]).toEqual([256, 8]);
    const [few] = toRRsets([...records, ...records], { rdatas: 20, signatures: 3 });
    expect([few?.rdatas.length, few?.signatures.length]).toEqual([20, 3]);
    expect(new Set(few?.rdatas.map(String)).size).toBe(20);
  });

  it('and toRecords lead back and forth', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        const rrsets = toRRsets(records);
        const flat = rrsets.flatMap((rrset) => toRecords(rrset, { signatures: true }));
        expect(toRRsets(flat)).toEqual(rrsets);
        const distinct = new Set(records.map(({ name, type, class: c, rdata }) => [name, type, c, rdata].join()));
        expect(flat).toHaveLength(distinct.size);
      }),
    );
  });
});

describe('toRecords', () => {
  it('leaves signatures off and sets the TTL when asked to', () => {
    const [rrset] = toRRsets(parseZoneText(`a 300 A 192.0.2.1\na 300 ${signature('A', 1)}`));
    if (rrset === undefined) throw new Error('no RRset');
    expect(toRecords(rrset, { signatures: false, ttl: 5 })).toEqual([
      { name: rrset.name, type: TYPE.A, class: 1, ttl: 5, rdata: Uint8Array.of(192, 0, 2, 1) },
    ]);
    expect(toRecords(rrset, { signatures: true }).map(({ type, ttl }) => [type, ttl])).toEqual([
      [TYPE.A, 300],
      [TYPE.RRSIG, 300],
    ]);
    expect(rdataOctets(rrset)).toBe(4 + 18 + 1 + 3);
  });
});
