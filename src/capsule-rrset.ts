// The form of octets and RRsets in capsules.

import { Buffer } from 'node:buffer';
import { nameToText } from './wire/name.ts';
import { rdataToText } from './wire/rdata-text.ts';
import type { RRset } from './wire/rrset.ts';
import { typeToText } from './wire/types.ts';

/** An RRset: octets in base64, and as text. */
export interface CapsuleRRset {
  readonly name: string;
  readonly type: string;
  readonly class: number;
  readonly ttl: number;
  readonly rdatas: readonly string[];
  readonly signatures: readonly string[];
  readonly text: readonly string[];
}

/** An RRset as it is written. */
export function rrsetOut({ name, type, class: rrClass, ttl, rdatas, signatures }: RRset): CapsuleRRset {
  return {
    name: nameToText(name),
    type: typeToText(type),
    class: rrClass,
    ttl,
    rdatas: rdatas.map(base64Of),
    signatures: signatures.map(base64Of),
    text: rdatas.map((rdata) => rdataToText(type, rdata)),
  };
}

/** Octets as base64. */
export function base64Of(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}
