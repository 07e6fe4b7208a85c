// The text of a rollover's state: what is written is read again, and anything else is refused with its line.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rolloverFromText, rolloverToText } from '../../src/dnssec/rollover-text.ts';
import type { TrustPoint } from '../../src/dnssec/trust-point.ts';
import { WireError } from '../../src/wire/error.ts';
import { nameFromText, ROOT } from '../../src/wire/name.ts';
import { at } from './data.ts';
import { DAY, RollingKey } from './rolling.ts';

const now = at('2026-06-01T00:00:00Z');
const [a, b] = [new RollingKey(), new RollingKey()];
const plain = { since: now, seen: undefined, until: undefined, signers: [] };
const points: TrustPoint[] = [
  {
    zone: ROOT,
    refreshed: now + 5,
    anchors: [
      { ...plain, type: 'DS', rdata: a.ds(), state: 'Valid' },
      {
        type: 'DNSKEY',
        rdata: b.dnskey,
        state: 'AddPend',
        since: now,
        seen: now + DAY,
        until: now + 30 * DAY,
        signers: [1, 65_535],
      },
      { ...plain, type: 'DNSKEY', rdata: a.dnskey, state: 'Revoked', seen: now },
    ],
  },
  { zone: nameFromText('odd\\;na\\032me.example.'), refreshed: undefined, anchors: [] },
];
const text = rolloverToText(points, now);

test('what is written is read again', () => {
  expect(rolloverFromText(text)).toEqual(points);
  expect(rolloverFromText(text.replaceAll('\n', '\r\n'))).toEqual(points);
});

test('a line tells a person what it is about', () => {
  const dates = 'since=2026-06-01T00:00:00Z seen=2026-06-02T00:00:00Z until=2026-07-01T00:00:00Z';
  const key = Buffer.from(b.dnskey.subarray(4)).toString('base64');
  expect(text.split('\n')).toContain(`key . AddPend tag=${b.tag} ${dates} signers=1,65535 DNSKEY 257 3 15 ${key}`);
});

test('no beginning of it passes for the whole', () => {
  for (let length = 0; length < text.length - 1; length++) {
    expect(() => rolloverFromText(text.slice(0, length)), `${length}`).toThrow(WireError);
  }
});

describe('refused', () => {
  const head = 'rootwalk-trust-anchors 1\n';
  const ds = `DS ${a.tag} 15 2 ${Buffer.from(a.ds().subarray(4)).toString('hex')}`;
  const valid = `key . Valid tag=${a.tag} since=2026-06-01T00:00:00Z`;
  test.each([
    ['', 'cut short: the end is missing'],
    ['. 86400 IN DNSKEY 257 3 8 AwEAAQ==', 'line 1: not a trust anchor state: rootwalk-trust-anchors is missing'],
    ['rootwalk-trust-anchors 2', 'line 1: version 2 is not known, only 1'],
    [`${head}zone .\nzone .\nend 0`, 'line 3: zone . is there twice'],
    [`${head}zone .\nend 0\nzone com.`, 'line 4: text after the end'],
    [`${head}zone .\nend 1`, 'line 3: not the end of 0 keys'],
    [`${head}${valid} ${ds}\nend 1`, 'line 2: a key of a zone that has no line above'],
    [`${head}zone .\nanchor .`, 'line 3: neither key, zone nor end'],
    [`${head}zone .\nkey . Good ${ds}`, 'line 3: the state is none'],
    [`${head}zone .\n${valid} A 192.0.2.1`, 'line 3: neither DNSKEY nor DS'],
    [`${head}zone .\n${valid} later=now ${ds}`, 'line 3: a field that does not belong there'],
    [`${head}zone .\n${valid} seen=yesterday ${ds}`, 'line 3: seen is no time such as 2026-06-01T00:00:00Z'],
    [`${head}zone .\nkey . Valid tag=${a.tag} ${ds}`, 'line 3: since is missing'],
    [`${head}zone .\n${valid.replace('Valid', 'AddPend')} ${ds}`, 'line 3: until is for AddPend, and needed there'],
    [`${head}zone .\n${valid} signers=1,x ${ds}`, 'line 3: signers are no key tags'],
    [`${head}zone .\n${valid.replace(`${a.tag}`, '7')} ${ds}`, `line 3: the key tag is ${a.tag}`],
    [`${head}zone .\n${valid} DNSKEY 385 3 15 AAAA`, 'line 3: keys are written without REVOKE'],
  ])('%j', (wrong, message) => {
    expect(() => rolloverFromText(wrong)).toThrow(new WireError(message));
  });

  test('a text of very many lines', () => {
    expect(() => rolloverFromText(`${head}${'\n'.repeat(10_001)}`)).toThrow('more than 10000 lines');
  });

  test('a key of which an octet was changed', () => {
    const key = Buffer.from(b.dnskey.subarray(4));
    const changed = Uint8Array.from(key);
    changed[9] = (changed[9] ?? 0) ^ 4;
    const other = text.replace(key.toString('base64'), Buffer.from(changed).toString('base64'));
    expect(() => rolloverFromText(other)).toThrow(/the key tag is/);
  });

  test('whatever else, in words and never with another error', () => {
    const mutation = fc.tuple(fc.nat(text.length), fc.nat(30), fc.string({ unit: 'binary', maxLength: 20 }));
    fc.assert(
      fc.property(mutation, ([from, length, put]) => {
        try {
          rolloverFromText(text.slice(0, from) + put + text.slice(from + length));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
