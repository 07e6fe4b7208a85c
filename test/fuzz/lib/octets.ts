// Octets of a fuzz run: changed by chance, shown, and counted as a corpus.

import { createHash } from 'node:crypto';
import type { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { WireError } from '../../../src/wire/error.ts';

/** Whether `body` ends well; false on WireError; anything else is thrown on. */
export function accepts(body: () => void): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** Changes one octet, a bit of it, or moves some. */
export function change(octets: Uint8Array, random: SeededRandom): void {
  const at = random.integer(octets.length);
  const kind = random.integer(5);
  if (kind === 0) octets[at] = random.integer(256);
  else if (kind === 1) octets[at] = (octets[at] as number) ^ (1 << random.integer(8));
  else if (kind === 2) octets[at] = [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff][random.integer(7)] as number;
  else if (kind === 3) octets.set([0xc0, random.integer(256)].slice(0, octets.length - at), at);
  else octets.copyWithin(at, random.integer(octets.length), octets.length - random.integer(4));
}

/** Octets for the message of a fault. */
export function hex(octets: Uint8Array): string {
  return `${octets.length} octets ${Buffer.from(octets).toString('hex').slice(0, 4000)}`;
}

/** How large a corpus is, and its digest. */
export function corpusText(what: string, corpus: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  let octets = 0;
  for (const one of corpus) {
    hash.update(one);
    octets += one.length;
  }
  return `corpus of ${corpus.length} ${what}, ${octets} octets, sha256 ${hash.digest('hex').slice(0, 16)}`;
}
