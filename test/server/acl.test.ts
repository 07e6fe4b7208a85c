// Access lists: prefixes of both families, and IPv4 addresses written as IPv6.
import { describe, expect, it } from 'vitest';
import { createAcl } from '../../src/server/acl.ts';

describe('createAcl', () => {
  const classify = createAcl(['10.0.0.0/8', '192.0.2.1', '2001:db8::/33', '::1', '127.0.0.0/8']);

  it.each([
    ['10.255.0.1', true, false],
    ['11.0.0.1', false, false],
    ['192.0.2.1', true, false],
    ['192.0.2.2', false, false],
    ['::ffff:10.0.0.1', true, false],
    ['::ffff:127.0.0.9', true, true],
    ['2001:db8:7fff::1', true, false],
    ['2001:db8:8000::1', false, false],
    ['::1', true, true],
    ['fe80::1%eth0', false, false],
    ['not an address', false, false],
  ])('%s: allowed %s, loopback %s', (address, allowed, loopback) => {
    // Twice: the second time it is remembered.
    for (let i = 0; i < 2; i += 1) expect(classify(address)).toMatchObject({ allowed, loopback });
  });

  it('goes on telling addresses apart after more than it remembers', () => {
    for (let i = 0; i < 20_000; i += 1) classify(`11.0.${i >> 8}.${i & 255}`);
    expect(classify('10.0.0.1').allowed).toBe(true);
    expect(classify('11.0.0.1').allowed).toBe(false);
  });

  it('allows nobody with an empty list and refuses what is no prefix', () => {
    expect(createAcl([])('127.0.0.1').allowed).toBe(false);
    expect(() => createAcl(['10.0.0.0/33'])).toThrow(RangeError);
  });
});
