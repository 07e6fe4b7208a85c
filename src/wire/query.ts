// Writes a query without making a Message of it: the resolver sends many.

import { optOctets, writeOpt } from './edns.ts';
import type { Edns } from './message.ts';
import { type Name, nameOctets } from './name.ts';
import { CLASS } from './types.ts';

/** What to ask; the class is IN. */
export interface QueryOptions {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly edns?: Edns | undefined;
  /** Asked once for each ASCII letter of QNAME, `index` counting from 0: true writes it in upper case (0x20). */
  readonly caseBits?: ((index: number) => boolean) | undefined;
}

/** The octets of a query with one question (and OPT, when `edns` is there). */
export function buildQuery(options: QueryOptions): Uint8Array {
  const { id, name, type, edns } = options;
  const questionEnd = 12 + name.length + 4;
  const octets = new Uint8Array(questionEnd + (edns === undefined ? 0 : optOctets(edns)));
  octets[0] = id >>> 8;
  octets[1] = id;
  octets[2] = options.recursionDesired ? 0x01 : 0;
  octets[3] = options.checkingDisabled ? 0x10 : 0;
  octets[5] = 1;
  octets.set(options.caseBits === undefined ? nameOctets(name) : mixedCase(name, options.caseBits), 12);
  octets[questionEnd - 4] = type >>> 8;
  octets[questionEnd - 3] = type;
  octets[questionEnd - 1] = CLASS.IN;
  if (edns !== undefined) {
    octets[11] = 1;
    writeOpt(octets, questionEnd, edns, 0, edns.options.length);
  }
  return octets;
}

function mixedCase(name: Name, caseBits: (index: number) => boolean): Uint8Array {
  const octets = nameOctets(name);
  let letters = 0;
  for (let at = 0; at < octets.length; ) {
    const end = at + 1 + (octets[at] as number);
    for (at++; at < end; at++) {
      const octet = octets[at] as number;
      if (octet >= 0x61 && octet <= 0x7a && caseBits(letters++)) octets[at] = octet - 0x20;
    }
  }
  return octets;
}
