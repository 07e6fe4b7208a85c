// Zone keys: DNSKEY records with their key tags, which of them may sign, and the cache of imported public keys.

import { Buffer } from 'node:buffer';
import type { Name } from '../wire/name.ts';
import { type Dnskey, readDnskey } from '../wire/rdata.ts';
import { algorithmOf, algorithmToText, type ImportedKey, importPublicKey } from './algorithms.ts';

/** One DNSKEY. */
export interface ZoneKey {
  readonly rdata: Uint8Array;
  readonly fields: Dnskey;
  readonly tag: number;
}

/** The DNSKEYs of one zone, as far as they are known to be the zone's. */
export interface ZoneKeys {
  readonly zone: Name;
  readonly keys: readonly ZoneKey[];
}

/** Flag bits of a DNSKEY; the third, SEP, is a hint and never a condition (RFC 4034, 2.1.1). */
export const zoneKeyFlag = 0x0100; // RFC 4034, 2.1.1
export const revokeFlag = 0x0080; // RFC 5011, 2.1

/** The keys of a DNSKEY RRset; RDATA too short to be a key is left out. */
export function readZoneKeys(zone: Name, rdatas: readonly Uint8Array[]): ZoneKeys {
  const keys: ZoneKey[] = [];
  for (const rdata of rdatas) {
    if (rdata.length > dnskeyFixedOctets) keys.push({ rdata, fields: readDnskey(rdata), tag: keyTag(rdata) });
  }
  return { zone, keys };
}

/** The key tag of DNSKEY RDATA (RFC 4034, B), 0..65535. */
export function keyTag(rdata: Uint8Array): number {
  // RFC 4034, B.1: for RSA/MD5 the tag is part of the modulus.
  if (rdata[3] === 1) return ((rdata[rdata.length - 3] ?? 0) << 8) | (rdata[rdata.length - 2] ?? 0);
  let sum = 0;
  for (let i = 0; i < rdata.length; i++) sum += (i & 1) === 0 ? (rdata[i] as number) << 8 : (rdata[i] as number);
  return (sum + ((sum >>> 16) & 0xffff)) & 0xffff;
}

/** Whether the key may verify the zone's data: zone key (RFC 4034, 2.1.1), protocol 3 (2.1.2), not revoked (RFC 5011, 2.1). */
export function signsZoneData(key: ZoneKey): boolean {
  return (key.fields.flags & (zoneKeyFlag | revokeFlag)) === zoneKeyFlag && key.fields.protocol === 3;
}

/** `20326/RSASHA256`, for messages. */
export function keyToText(key: ZoneKey): string {
  return `${key.tag}/${algorithmToText(key.fields.algorithm)}`;
}

/**
 * Imported public keys, the unusable ones too, so that a key is imported once and not with each check. The least
 * recently used go first beyond `entriesMax` (default 1,000; an entry takes up to about 3 KB).
 */
export class ImportedKeys {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, ImportedKey>();

  constructor(options: { readonly entriesMax?: number } = {}) {
    this.#entriesMax = options.entriesMax ?? 1000;
  }

  /** The key ready for use, or why it is not. */
  import(key: ZoneKey): ImportedKey {
    const algorithm = algorithmOf(key.fields.algorithm);
    if (algorithm === undefined) return { fault: `unknown ${algorithmToText(key.fields.algorithm)}` };
    const id = cacheKey(key);
    const known = this.#entries.get(id);
    if (known !== undefined) {
      this.#entries.delete(id); // to be put back as the latest
      this.#entries.set(id, known);
      return known;
    }
    const imported = importPublicKey(algorithm, key.fields.publicKey);
    // Beyond the longest useful key an entry would cost memory for nothing.
    if (key.rdata.length > rdataOctetsMax) return imported;
    if (this.#entries.size >= this.#entriesMax) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(id, imported);
    return imported;
  }

  /** Keys held. */
  get size(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }
}

const dnskeyFixedOctets = 4;
/** DNSKEY RDATA with a modulus of 4,096 bits and an exponent of 4 octets. */
const rdataOctetsMax = 4 + 5 + 512;

/** Algorithm and public key: the same key under other flags is the same key. */
function cacheKey({ rdata }: ZoneKey): string {
  return Buffer.from(rdata.buffer, rdata.byteOffset + 3, rdata.length - 3).toString('latin1');
}
