// Remembers which signatures have verified: the NSEC3 of a TLD comes with many a referral, and is checked once.

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { ZoneKey } from './keys.ts';

/** Longer data are rare, and are checked each time rather than digested each time. Octets. */
const dataOctetsMax = 4096;

/**
 * Signatures that held, by a SHA-256 digest of all that went into the check: key, signature and data. Whether a signature
 * is valid at the time is no part of that. Two generations of at most `entriesMax` each (default 8192; an entry takes
 * about 120 octets): when the younger is full the elder is forgotten, but for what was asked for meanwhile.
 */
export class VerifiedSignatures {
  readonly #entriesMax: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(options: { readonly entriesMax?: number } = {}) {
    this.#entriesMax = options.entriesMax ?? 8192;
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
    if (this.#young.has(id)) return true;
    if (!this.#old.has(id)) return false;
    this.add(id);
    return true;
  }

  add(id: string): void {
    if (this.#young.size >= this.#entriesMax) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(id);
  }
}
