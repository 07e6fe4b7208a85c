import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/wire/error.ts';
import { nameFromText } from '../../src/wire/name.ts';
import {
  bitmapHas,
  bitmapTypes,
  nameInRdata,
  readBitmap,
  readDnskey,
  readDs,
  readNsec,
  readNsec3,
  readRrsig,
  readSoa,
} from '../../src/wire/rdata.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import { TYPE } from '../../src/wire/types.ts';

const from = (type: keyof typeof TYPE, text: string): Uint8Array => rdataFromText(TYPE[type], text);

describe('typed readers', () => {
  it('read every field', () => {
    expect(readSoa(from('SOA', 'Ns. Host. 1 2 3 4 4294967295'))).toEqual({
      mname: nameFromText('ns'),
      rname: nameFromText('host'),
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 0xffffffff,
    });
    expect(readRrsig(from('RRSIG', 'DNSKEY 13 2 4294967295 4294967294 1577836800 65535 Example. AQID'))).toEqual({
      typeCovered: 48,
      algorithm: 13,
      labels: 2,
      originalTtl: 0xffffffff,
      expiration: 0xfffffffe,
      inception: 1577836800,
      keyTag: 65535,
      signer: nameFromText('example'),
      signature: Uint8Array.of(1, 2, 3),
      signatureOffset: 27,
    });
    expect(readDnskey(from('DNSKEY', '257 3 8 AQID'))).toEqual({
      flags: 257,
      protocol: 3,
      algorithm: 8,
      publicKey: Uint8Array.of(1, 2, 3),
    });
    expect(readDs(from('DS', '65535 8 2 AABB'))).toEqual({
      keyTag: 65535,
      algorithm: 8,
      digestType: 2,
      digest: Uint8Array.of(0xaa, 0xbb),
    });
    const nsec = readNsec(from('NSEC', '\\000.Example. A CAA TYPE65535'));
    expect([nsec.next, bitmapTypes(nsec.types)]).toEqual([nameFromText('\\000.example'), [1, 257, 65535]]);
    expect(readNsec3(from('NSEC3', '1 1 65535 AABB 04 A'))).toEqual({
      hashAlgorithm: 1,
      flags: 1,
      iterations: 65535,
      salt: Uint8Array.of(0xaa, 0xbb),
      nextHashed: Uint8Array.of(1),
      types: Uint8Array.of(0, 1, 0x40),
    });
  });

  it('find the name in RDATA that ends with one', () => {
    expect(nameInRdata(from('NS', 'A.b.'))).toBe(nameFromText('a.b'));
    expect(nameInRdata(from('MX', '1 A.b.'), 2)).toBe(nameFromText('a.b'));
    expect(nameInRdata(from('SRV', '1 1 1 A.b.'), 6)).toBe(nameFromText('a.b'));
    expect(() => nameInRdata(Uint8Array.of(0, 0))).toThrow(WireError);
  });

  it('throw WireError at every cut', () => {
    const readers = {
      SOA: readSoa,
      RRSIG: readRrsig,
      DNSKEY: readDnskey,
      DS: readDs,
      NSEC3: readNsec3,
      NSEC: readNsec,
    };
    const texts = {
      SOA: 'ns. host. 1 2 3 4 5',
      RRSIG: 'A 13 2 1 1 1 1 example. ""',
      DNSKEY: '257 3 8 ""',
      DS: '1 8 2 ""',
      NSEC3: '1 1 1 AABB 04 A',
      NSEC: 'example. A',
    };
    for (const type of Object.keys(readers) as (keyof typeof readers)[]) {
      const rdata = from(type, texts[type]);
      expect(() => readers[type](rdata)).not.toThrow();
      // RFC 4034, 4.1.2: an NSEC or NSEC3 without its bitmap is whole, but not one with half of it.
      const bitmapAt = type.startsWith('NSEC') ? rdata.length - 3 : -1;
      for (let length = 0; length < rdata.length; length++) {
        if (length !== bitmapAt)
          expect(() => readers[type](rdata.subarray(0, length)), `${type} ${length}`).toThrow(WireError);
      }
    }
  });
});

describe('type bitmaps', () => {
  it('answer for each type', () => {
    const types = readBitmap(from('NSEC', '. A NS CAA TYPE65535'), 1);
    expect([1, 2, 3, 6, 9, 256, 257, 258, 1000, 65534, 65535].map((type) => bitmapHas(types, type))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
    expect(bitmapHas(new Uint8Array(), 1)).toBe(false);
  });

  it.each([
    ['windows out of order', [1, 1, 1, 0, 1, 1]],
    ['a window twice', [0, 1, 1, 0, 1, 1]],
    ['a window of 0 octets', [0, 0]],
    ['a window of 33 octets', [0, 33, ...new Array<number>(33).fill(1)]],
    ['a window cut off', [0, 2, 1]],
    ['a header cut off', [0]],
  ])('refuse %s', (_what, octets) => {
    expect(() => readBitmap(Uint8Array.from(octets), 0)).toThrow(WireError);
  });
});
