// The addresses that a record tells a client to connect to.

import { WireError } from './error.ts';
import { RdataInput } from './rdata-fields.ts';
import { TYPE } from './types.ts';

/** Whether records of this type hold addresses for clients. */
export function holdsAddresses(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA || type === TYPE.HTTPS || type === TYPE.SVCB;
}

/** The addresses in RDATA of such a type, 4 or 16 octets each: its own, or the hints of RFC 9460, 7.3. Malformed: none. */
export function addressesInRdata(type: number, rdata: Uint8Array): Uint8Array[] {
  if (type === TYPE.A || type === TYPE.AAAA) return [rdata];
  try {
    return hints(new RdataInput(rdata));
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

const IPV4_HINT = 4;
const IPV6_HINT = 6;

function hints(input: RdataInput): Uint8Array[] {
  const addresses: Uint8Array[] = [];
  input.number(2);
  input.name();
  while (input.left > 0) {
    const key = input.number(2);
    const value = new RdataInput(input.take(input.number(2)));
    if (key !== IPV4_HINT && key !== IPV6_HINT) continue;
    while (value.left > 0) addresses.push(value.take(key === IPV4_HINT ? 4 : 16));
  }
  return addresses;
}
