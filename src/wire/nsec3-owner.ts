// The owner names of NSEC3: a hash in base32 before the zone (RFC 5155, 3).

import { labelsOf, type Name, prependLabel } from './name.ts';

/** RFC 4648, 7, in lower case and without padding. */
const digits = '0123456789abcdefghijklmnopqrstuv';
/** Of a SHA-1 hash, which takes 20 octets. */
const hashDigits = 32;

/** The hash in the first label: 20 characters, each an octet; undefined if it is none. */
export function hashOfOwner(owner: Name): string | undefined {
  const label = labelsOf(owner)[0] ?? '';
  if (label.length !== hashDigits) return undefined;
  let octets = '';
  let bits = 0;
  let held = 0;
  for (const character of label) {
    const value = digits.indexOf(character);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    octets += String.fromCharCode((bits >>> held) & 0xff);
  }
  return octets;
}

/** The reverse of {@link hashOfOwner}; undefined if the zone's name leaves no room for it. */
export function ownerOfHash(hash: string, zone: Name): Name | undefined {
  let label = '';
  let bits = 0;
  let held = 0;
  for (const character of hash) {
    bits = ((bits << 8) | character.charCodeAt(0)) & 0xfff;
    for (held += 8; held >= 5; held -= 5) label += digits[(bits >>> (held - 5)) & 31];
  }
  return prependLabel(label, zone);
}
