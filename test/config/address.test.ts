// Addresses and names as settings write them.
import { expect, test } from 'vitest';
import { domainNameFault, parseServerAddress, serverAddressToText } from '../../src/config/address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1:53'],
  ['192.0.2.1:5300', '192.0.2.1:5300'],
  ['2001:DB8:0:0:1:0:0:1', '[2001:db8::1:0:0:1]:53'],
  ['[2001:db8:0:1:1:1:1:1]:1', '[2001:db8:0:1:1:1:1:1]:1'],
  ['[::]:53', '[::]:53'],
  ['::ffff:192.0.2.1', '192.0.2.1:53'],
  ['[fe80::1%eth0]:53', '[fe80::1%eth0]:53'],
])('%s is %s', (text, canonical) => {
  const address = parseServerAddress(text, 53);
  expect(address && serverAddressToText(address)).toBe(canonical);
});

test.each([
  '',
  'dns.example',
  '192.0.2',
  '192.0.2.1:65536',
  '192.0.2.1:',
  '[::1',
  '::1]:53',
  '[192.0.2.1]x',
  '1.2.3.4@53',
])('%j is no address', (text) => {
  expect(parseServerAddress(text, 53)).toBeUndefined();
});

test.each([
  ['.', undefined],
  ['example.com.', undefined],
  ['_dns.a\\.b.\\004.example', undefined],
  ['', 'it is empty; the root is "."'],
  ['a..b', 'it has an empty label'],
  ['bücher.example', 'only printable ASCII is taken; write other scripts as xn--…'],
  ['a b', 'it has a space; in a label that is \\032'],
  ['b\\999.x', 'three digits after a backslash are an octet, 000 to 255'],
  [`${'a'.repeat(64)}.example`, 'a label has more than 63 octets'],
  [`${'a.'.repeat(127)}`, undefined],
  [`${'a.'.repeat(128)}`, 'it has more than 255 octets'],
  ['a\\12.b', 'a backslash escapes one character or three digits'],
])('domain name %j: %j', (text, fault) => {
  expect(domainNameFault(text)).toBe(fault);
});
