// Keys that are published, revoked and taken away, and what a zone says with them.

import { keyTag } from '../../src/dnssec/keys.ts';
import { ROOT } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { CLASS, TYPE } from '../../src/wire/types.ts';
import { Signer, type SignOptions } from './data.ts';

export const DAY = 86_400;
/** As the root has it. Seconds. */
export const KEYS_TTL: number = 2 * DAY;

/** A key as it is published: with or without REVOKE. */
export interface KeyForm {
  /** RDATA of the DNSKEY. */
  readonly published: Uint8Array;
  sign(rrset: RRset, options: SignOptions): RRset;
}

/** A key-signing key of the root. */
export class RollingKey extends Signer implements KeyForm {
  #revoked = false;

  constructor() {
    super('.', 15, { flags: 257 });
  }

  get published(): Uint8Array {
    const rdata = Uint8Array.from(this.dnskey);
    if (this.#revoked) rdata[1] = (rdata[1] ?? 0) | 0x80;
    return rdata;
  }

  /** RFC 5011, 2.1: another with the flag, because it is in the RDATA. */
  override get tag(): number {
    return keyTag(this.published);
  }

  /** The same key with REVOKE set. */
  get revoked(): KeyForm {
    const within = <T>(run: () => T): T => {
      this.#revoked = true;
      const result = run();
      this.#revoked = false;
      return result;
    };
    return {
      published: within(() => this.published),
      sign: (rrset, options) => within(() => this.sign(rrset, options)),
    };
  }
}

/** `rrset` signed by each of the keys, from a day ago to two weeks ahead. */
export function signedBy(rrset: RRset, signers: readonly KeyForm[], nowSeconds: number): RRset {
  const times = { inception: nowSeconds - DAY, expiration: nowSeconds + 14 * DAY };
  return signers.reduce((signed, key) => key.sign(signed, times), { ...rrset, signatures: [] } as RRset);
}

/** The DNSKEY RRset of the root. */
export function keySet(
  keys: readonly KeyForm[],
  signers: readonly KeyForm[],
  nowSeconds: number,
  ttl: number = KEYS_TTL,
): RRset {
  const rdatas = keys.map((key) => key.published);
  return signedBy({ name: ROOT, type: TYPE.DNSKEY, class: CLASS.IN, ttl, rdatas, signatures: [] }, signers, nowSeconds);
}
