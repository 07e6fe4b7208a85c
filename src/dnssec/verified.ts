// Remembers which signatures have verified: the NSEC3 of a TLD comes with many a referral, and is checked once.

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { ZoneKey } from './keys.ts';

/** Longer data are rare, and are checked each time rather than digested each time. Octets. */
const dataOctetsMax = 4096;

/** Of a SHA-256 digest. */
const digestWords = 8;
/** Places that a digest may have. */
const ways = 2;

/**
 * Signatures that held, by a SHA-256 digest of all that went into the check: key, signature and data. Whether a signature
 * is valid at the time is no part of that. At most `entriesMax` (a power of two, default 16,384; 32 octets each): each has
 * one of two places, and a new one comes to that which was asked for less lately.
 */
export class VerifiedSignatures {
  readonly #digests: Int32Array;
  readonly #mask: number;

  constructor(options: { readonly entriesMax?: number } = {}) {
    const entriesMax = options.entriesMax ?? 16_384;
    this.#digests = new Int32Array(entriesMax * digestWords);
    this.#mask = entriesMax / ways - 1;
  }

  /** What this check is remembered by; undefined: it is not remembered. */
  idOf(key: ZoneKey, signature: Uint8Array, data: Uint8Array): string | undefined {
    if (data.length > dataOctetsMax) return undefined;
    const { rdata } = key;
    const whole = Buffer.allocUnsafe(4 + rdata.length + signature.length + data.length);
    // Without the lengths other octets could be parted into the same whole.
    whole[0] = rdata.length >>> 8;
    whole[1] = rdata.length;
    whole[2] = signature.length >>> 8;
    whole[3] = signature.length;
    whole.set(rdata, 4);
    whole.set(signature, 4 + rdata.length);
    whole.set(data, 4 + rdata.length + signature.length);
    return hash('sha256', whole, 'binary');
  }

  has(id: string): boolean {
    const at = this.#placesOf(id);
    if (this.#isAt(at, id)) return true;
    if (!this.#isAt(at + digestWords, id)) return false;
    this.add(id);
    return true;
  }

  add(id: string): void {
    const at = this.#placesOf(id);
    this.#digests.copyWithin(at + digestWords, at, at + digestWords);
    for (let word = 0; word < digestWords; word++) this.#digests[at + word] = wordOf(id, word);
  }

  /** Where the first of its places is, that of the one asked for last. */
  #placesOf(id: string): number {
    return (wordOf(id, 0) & this.#mask) * ways * digestWords;
  }

  #isAt(at: number, id: string): boolean {
    for (let word = 0; word < digestWords; word++) if (this.#digests[at + word] !== wordOf(id, word)) return false;
    return true;
  }
}

/** Four of the digest's octets, of which each is a character. */
function wordOf(id: string, word: number): number {
  const at = word * 4;
  return (
    id.charCodeAt(at) | (id.charCodeAt(at + 1) << 8) | (id.charCodeAt(at + 2) << 16) | (id.charCodeAt(at + 3) << 24)
  );
}
