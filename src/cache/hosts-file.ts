// Step 2 of the notes: reads the text of a hosts file.

import { WireError } from '../wire/error.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { rdataFromText } from '../wire/rdata-text.ts';
import { TYPE } from '../wire/types.ts';

/** What a hosts file says. */
export interface HostsFile {
  /** RDATA of A (4 octets) and AAAA (16 octets), in the order of the file; equal addresses share one array. */
  readonly addresses: ReadonlyMap<Name, readonly Uint8Array[]>;
  /** From the name under in-addr.arpa or ip6.arpa to the first name that the file gives the address. */
  readonly reverse: ReadonlyMap<Name, Name>;
  /** Lines and names that were left out: neither address nor name, or beyond the bounds. */
  readonly skipped: number;
}

/** Names read of one file; lists of blocked names have some hundred thousands, at about 350 octets each. */
const namesMax = 1_000_000;
/** Addresses kept of one name. */
const addressesPerNameMax = 64;

/**
 * Reads `address name...` lines (hosts(5)); `#` begins a comment. Nothing in it is an error: what cannot be understood,
 * such as an address with a scope, is counted and left out.
 */
export function parseHostsFile(text: string): HostsFile {
  const addresses = new Map<Name, Uint8Array[]>();
  const reverse = new Map<Name, Name>();
  const shared = new Map<string, Uint8Array | undefined>();
  let skipped = 0;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n|\r/)) {
    const [ip, ...names] = (line.split('#', 1)[0] ?? '').split(/[ \t]+/).filter((word) => word !== '');
    if (ip === undefined) continue;
    if (!shared.has(ip)) shared.set(ip, addressRdata(ip));
    const rdata = shared.get(ip);
    if (rdata === undefined) {
      skipped++;
      continue;
    }
    for (const word of names) {
      const name = nameOrUndefined(word);
      if (name === undefined || !add(addresses, name, rdata)) {
        skipped++;
        continue;
      }
      const reversed = reverseName(rdata);
      if (!reverse.has(reversed)) reverse.set(reversed, name);
    }
  }
  return { addresses, reverse, skipped };
}

/** The name under in-addr.arpa (RFC 1035, 3.5) or ip6.arpa (RFC 3596, 2.5) of an A or AAAA RDATA. */
export function reverseName(rdata: Uint8Array): Name {
  const labels: string[] = [];
  for (const octet of rdata) {
    if (rdata.length === 4) labels.unshift(String(octet));
    else labels.unshift((octet & 15).toString(16), (octet >> 4).toString(16));
  }
  return nameFromText(`${labels.join('.')}.${rdata.length === 4 ? 'in-addr' : 'ip6'}.arpa.`);
}

function add(addresses: Map<Name, Uint8Array[]>, name: Name, rdata: Uint8Array): boolean {
  const known = addresses.get(name);
  if (known === undefined) {
    if (addresses.size >= namesMax) return false;
    addresses.set(name, [rdata]);
    return true;
  }
  if (known.includes(rdata)) return true;
  if (known.length >= addressesPerNameMax) return false;
  known.push(rdata);
  return true;
}

function addressRdata(ip: string): Uint8Array | undefined {
  return orUndefined(() => rdataFromText(ip.includes(':') ? TYPE.AAAA : TYPE.A, ip));
}

function nameOrUndefined(text: string): Name | undefined {
  return orUndefined(() => nameFromText(text));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
