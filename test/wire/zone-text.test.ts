import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/wire/error.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { parseZoneText, recordToText } from '../../src/wire/zone-text.ts';

const print = (text: string, options?: Parameters<typeof parseZoneText>[1]): string[] =>
  parseZoneText(text, options).map((record) => recordToText(record).replaceAll('\t', ' '));

describe('parseZoneText', () => {
  it('reads a zone', () => {
    const zone = `; a comment
$ORIGIN Example.COM.
$TTL 1h30m
@  IN SOA ns1 host\\.master (
      2024010101 ; serial (not closed here)
      2h 1h 1w 300 )`.replace('2h 1h 1w 300', '7200 3600 604800 300');
    const rest = `
   IN NS ns1
   60 IN NS ns2.example.net.
ns1 A 192.0.2.1
   IN 120 AAAA 2001:db8::1
txt CH TXT "a;b (c" "d"  ; e
   TXT f
$ORIGIN sub
a.b TYPE65280 \\# 2 (AB
  CD)
\\000\\@ 5 CNAME @`;
    expect(print(zone + rest)).toEqual([
      'example.com. 5400 IN SOA ns1.example.com. host\\.master.example.com. 2024010101 7200 3600 604800 300',
      'example.com. 5400 IN NS ns1.example.com.',
      'example.com. 60 IN NS ns2.example.net.',
      'ns1.example.com. 5400 IN A 192.0.2.1',
      'ns1.example.com. 120 IN AAAA 2001:db8::1',
      'txt.example.com. 5400 CH TXT "a;b (c" "d"',
      'txt.example.com. 5400 CH TXT "f"',
      'a.b.sub.example.com. 5400 CH TYPE65280 \\# 2 ABCD',
      '\\000\\@.sub.example.com. 5 CH CNAME sub.example.com.',
    ]);
  });

  it('takes origin and TTL from outside, and has defaults', () => {
    expect(print('www A 192.0.2.1', { origin: nameFromText('test'), ttl: 7 })).toEqual(['www.test. 7 IN A 192.0.2.1']);
    expect(print('www A 192.0.2.1')).toEqual(['www. 3600 IN A 192.0.2.1']);
    expect(print('\r\n\t ; nothing\r\n')).toEqual([]);
    expect(print('. 518400 NS A.ROOT-SERVERS.NET.\r\n')).toEqual(['. 518400 IN NS A.ROOT-SERVERS.NET.']);
  });

  it.each([
    ['a A 192.0.2.1\n\nb A 192.0.2.x', 'line 3: 192.0.2.x is no IPv4 address'],
    [' A 192.0.2.1', 'line 1: a record without an owner, and none before it'],
    ['a A (192.0.2.1\n\n', 'line 3: ( without )'],
    ['a A )', 'line 1: ) without ('],
    ['\na TXT "open\n', 'line 2: cannot read "open\\u000a'],
    ['a IN', 'line 1: the type is missing'],
    ['a NONSUCH x', 'line 1: unknown type NONSUCH'],
    ['$INCLUDE file', 'line 1: $INCLUDE is not supported'],
    ['$TTL', 'line 1: $TTL without a value'],
    ['$TTL 4294967296', 'line 1: not a TTL: 4294967296'],
    ['a 1x A 192.0.2.1', 'line 1: not a TTL: 1x'],
    ['a..b A 192.0.2.1', 'line 1: empty label in name: a..b'],
  ])('says where it stopped: %s', (text, message) => {
    expect(() => parseZoneText(text)).toThrow(new WireError(message));
  });
});
