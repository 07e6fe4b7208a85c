import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { newOctets, withOwnOctets } from '../../src/base/octets.ts';

it('new octets are all 0, and nobody else has them, however many are asked for', () => {
  const all: Uint8Array[] = [];
  for (let i = 0; i < 2000; i++) {
    const octets = newOctets((i * 37) % 1500);
    expect(octets.length).toBe((i * 37) % 1500);
    expect(octets.every((octet) => octet === 0)).toBe(true);
    all.push(octets.fill(i & 0xff));
  }
  expect(all.every((octets, i) => octets.every((octet) => octet === (i & 0xff)))).toBe(true);
});

it('what is kept has octets of its own, however deep, and is the same otherwise', () => {
  const key = createPublicKey(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
  const octets = newOctets(100).fill(7);
  const value = {
    rrsets: [{ name: 'a', ttl: 5, rdatas: [octets, octets.subarray(3)] }],
    none: undefined,
    nil: null,
    key,
  };
  const own = withOwnOctets(value);
  expect(own).toEqual(value);
  expect(own.key).toBe(key);
  expect(own.rrsets[0]?.rdatas.map(({ buffer }) => buffer.byteLength)).toEqual([100, 97]);
  octets.fill(8);
  expect(own.rrsets[0]?.rdatas[1]?.[0]).toBe(7);
});
