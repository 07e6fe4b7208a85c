// Addresses, ports and domain names as settings write them; names are only checked here, `wire/` reads them.

import type { ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';

/**
 * The transport address written as `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`, its IP in
 * canonical form. `defaultPort` undefined: the port must be there. Undefined: not an address. Port 0..65535.
 */
export function parseServerAddress(text: string, defaultPort?: number): ServerAddress | undefined {
  const match = /^\[([^\]]*)\](?::([0-9]{1,5}))?$/.exec(text) ?? /^([0-9.]+)(?::([0-9]{1,5}))?$/.exec(text);
  const ip = match?.[1] ?? text;
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  const octets = parseIp(ip);
  if (octets === undefined || port === undefined || port > 65_535) return undefined;
  const zone = ip.indexOf('%');
  return { ip: canonicalIp(octets) + (zone < 0 ? '' : ip.slice(zone)), port };
}

/** `192.0.2.1:53` or `[2001:db8::1]:53`: the form that {@link parseServerAddress} reads. */
export function serverAddressToText(address: ServerAddress): string {
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

/** Text of an address of 4 or 16 octets; IPv6 as RFC 5952, 4 has it. */
export function canonicalIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((octets[2 * i] as number) << 8) | (octets[2 * i + 1] as number)).toString(16),
  );
  // RFC 5952, 4.2: the longest run of at least two zero groups is written `::`, the first of equals.
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === '0') end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** What is wrong with a domain name in presentation form, or undefined when nothing is. */
export function domainNameFault(text: string): string | undefined {
  if (text === '') return 'it is empty; the root is "."';
  if (text === '.') return undefined;
  if (text.includes(' ')) return 'it has a space; in a label that is \\032';
  if (/[^\x21-\x7e]/.test(text)) return 'only printable ASCII is taken; write other scripts as xn--…';
  if ([...text.matchAll(/\\([0-9]{3})/g)].some(([, digits]) => Number(digits) > 255)) {
    return 'three digits after a backslash are an octet, 000 to 255';
  }
  // An escape (\. or \046) is one octet of a label (RFC 1035, 5.1).
  const labels = text
    .replace(/\.$/, '')
    .replace(/\\[0-9]{3}|\\[^0-9]/g, 'x')
    .split('.');
  if (labels.some((label) => label.includes('\\'))) return 'a backslash escapes one character or three digits';
  if (labels.some((label) => label === '')) return 'it has an empty label';
  if (labels.some((label) => label.length > 63)) return 'a label has more than 63 octets';
  if (labels.reduce((sum, label) => sum + label.length + 1, 1) > 255) return 'it has more than 255 octets';
  return undefined;
}
