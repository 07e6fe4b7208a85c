// Who may ask: the access list, and what is known of a client by its address.

import { PrefixSet, parseIp } from '../base/prefix.ts';

/** What follows from a client's address. */
export interface ClientClass {
  /** False: answered with REFUSED. */
  readonly allowed: boolean;
  /** Loopback clients are exempt from the limits by address. */
  readonly loopback: boolean;
  /** Whether response rate limiting passes it over: loopback, and who is exempt by the settings. */
  readonly unrated: boolean;
  /** The address as 4 or 16 octets, IPv4-mapped addresses as 4; empty when the text was no address. */
  readonly octets: Uint8Array;
}

/** Addresses whose class is remembered; the memory is emptied when full, so that spoofed sources cannot fill it. */
const REMEMBERED_MAX = 8192;

/** The class of what is no address: nothing is allowed. */
export const NO_ADDRESS: ClientClass = {
  allowed: false,
  loopback: false,
  unrated: false,
  octets: new Uint8Array(0),
};

/**
 * A function from a client's address, as the socket gives it, to its class. `allow` (who may ask) and `unrated` (who is
 * exempt from response rate limiting) hold addresses and prefixes (RangeError for anything else).
 */
export function createAcl(allow: readonly string[], unrated: readonly string[] = []): (address: string) => ClientClass {
  const allowed = new PrefixSet(allow);
  const exempt = new PrefixSet(unrated);
  const loopback = new PrefixSet(['127.0.0.0/8', '::1']);
  const remembered = new Map<string, ClientClass>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const octets = parseIp(address);
    if (octets === undefined) return NO_ADDRESS;
    const local = loopback.has(address);
    const found = { allowed: allowed.has(address), loopback: local, unrated: local || exempt.has(address), octets };
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(address, found);
    return found;
  };
}

/** Echo, discard, daytime, quotd and chargen answer whatever they get: an answer to them may loop (CVE-2024-2169). */
export function reservedPort(port: number): boolean {
  return port === 0 || port === 7 || port === 13 || port === 17 || port === 19;
}
