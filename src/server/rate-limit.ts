// Response rate limiting: what one network of clients gets over UDP, since its addresses may be forged.

import type { Clock } from '../base/ports.ts';

/** How much, and for whom. */
export interface RateLimitOptions {
  /** Replies a second to one network, on average. */
  readonly responsesPerSecond: number;
  /** Of the replies that are too many, each so-manieth is TC without records, by which a true client comes by TCP; 0: none. */
  readonly slip: number;
  /** Bits of address that make a network. */
  readonly ipv4Prefix: number;
  readonly ipv6Prefix: number;
}

/** What becomes of a reply over UDP to an address that no cookie proves. */
export type Rated = 'send' | 'truncate' | 'drop';

/** Counts one reply to an address of 4 or 16 octets, and says what becomes of it. */
export type RateLimit = (address: Uint8Array) => Rated;

/** A network that asked for nothing this long may get so many seconds' worth of replies at once: a page has many names. */
const BURST_SECONDS = 5;
/** Networks in each of two halves, 100 octets each; when the young half is full, what nobody asked from since it began is forgotten. */
const NETWORKS_MAX = 25_000;

interface Network {
  /** Replies that it may still get at `atMs`. */
  left: number;
  atMs: number;
  /** Replies that were too many, since one was sent as TC. */
  held: number;
}

/** A rate limit that has counted nothing yet. */
export function createRateLimit(options: RateLimitOptions, clock: Clock): RateLimit {
  const { responsesPerSecond, slip, ipv4Prefix, ipv6Prefix } = options;
  let young = new Map<string, Network>();
  let old = new Map<string, Network>();
  const most = responsesPerSecond * BURST_SECONDS;

  function networkOf(octets: Uint8Array, nowMs: number): Network {
    const key = networkKey(octets, octets.length === 4 ? ipv4Prefix : ipv6Prefix);
    const known = young.get(key);
    if (known !== undefined) return known;
    const network = old.get(key) ?? { left: most, atMs: nowMs, held: 0 };
    if (young.size >= NETWORKS_MAX) {
      old = young;
      young = new Map();
    }
    young.set(key, network);
    return network;
  }

  return (address) => {
    const nowMs = clock.nowMs();
    const network = networkOf(address, nowMs);
    network.left = Math.min(most, network.left + ((nowMs - network.atMs) / 1000) * responsesPerSecond);
    network.atMs = nowMs;
    if (network.left >= 1) {
      network.left -= 1;
      return 'send';
    }
    network.held += 1;
    if (slip === 0 || network.held < slip) return 'drop';
    network.held = 0;
    return 'truncate';
  };
}

/** The first `bits` bits of an address, and of which family it is. */
function networkKey(octets: Uint8Array, bits: number): string {
  let key = octets.length === 4 ? '4' : '6';
  const whole = bits >> 3;
  for (let i = 0; i < whole; i += 1) key += String.fromCharCode(octets[i] as number);
  const rest = bits & 7;
  return rest === 0 ? key : key + String.fromCharCode((octets[whole] as number) & (0xff << (8 - rest)) & 0xff);
}
