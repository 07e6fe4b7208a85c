import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { anyName } from './arbitrary.ts';

describe('buildQuery', () => {
  it('says what was asked for and no more', () => {
    const edns = {
      udpPayloadOctets: 1232,
      version: 0,
      dnssecOk: true,
      options: [{ code: 10, data: Uint8Array.of(1, 2) }],
    };
    fc.assert(
      fc.property(anyName, fc.nat(0xffff), fc.boolean(), fc.boolean(), fc.boolean(), (name, id, rd, cd, withEdns) => {
        const options = { id, name, type: 28, recursionDesired: rd, checkingDisabled: cd };
        expect(parseMessage(buildQuery(withEdns ? { ...options, edns } : options))).toEqual({
          id,
          response: false,
          opcode: 0,
          authoritative: false,
          truncated: false,
          recursionDesired: rd,
          recursionAvailable: false,
          authenticData: false,
          checkingDisabled: cd,
          rcode: 0,
          questions: [{ name, type: 28, class: 1 }],
          answer: [],
          authority: [],
          additional: [],
          edns: withEdns ? edns : undefined,
        });
      }),
    );
  });

  it('mixes the case of letters alone', () => {
    const asked: number[] = [];
    const caseBits = (index: number): boolean => {
      asked.push(index);
      return index % 2 === 0;
    };
    // A label of 97 `a`s would have a length octet that looks like a letter; 63 is the most, and `1` is no letter.
    const name = nameFromText('ab1-[z\\224.xy');
    const octets = buildQuery({ id: 0, name, type: 1, recursionDesired: false, checkingDisabled: false, caseBits });
    expect(String.fromCharCode(...octets.subarray(12, -4))).toBe('\x07Ab1-[Z\xe0\x02xY\0');
    expect(asked).toEqual([0, 1, 2, 3, 4]);
  });
});
