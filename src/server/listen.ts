// Listen addresses: reads them, expands wildcards, binds TCP and UDP, and says what to do when that fails.

import { networkInterfaces } from 'node:os';
import type { Log, ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import { portHolder } from './port-holder.ts';
import type { TcpListener, TcpService } from './tcp.ts';
import { listenUdp } from './udp.ts';
import type { UdpListener, UdpOptions } from './udp-listener.ts';

/** An address that cannot be listened on; `message` is one line that says where, why and how to mend it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** What is bound, and what was left out with the reason. */
export interface Bound {
  readonly udp: readonly UdpListener[];
  readonly tcp: readonly TcpListener[];
  readonly addresses: readonly ServerAddress[];
  readonly skipped: readonly { readonly address: ServerAddress; readonly why: string }[];
}

/** What binding needs. */
export interface ListenOptions {
  /** `addr:port` or `[addr]:port`; `0.0.0.0` and `::` stand for every address that the machine has now. */
  readonly listen: readonly string[];
  /** Addresses that the machine lacks are skipped with a warning: for defaults, which must work anywhere. */
  readonly skipMissing: boolean;
  readonly log: Log;
  readonly tcp: TcpService;
  readonly udp: Omit<UdpOptions, 'reuseAddress'>;
}

/** Addresses listened on, wildcards expanded. */
const ADDRESSES_MAX = 256;
/** Where mDNS responders are (RFC 6762, 5). */
const MDNS_PORT = 5353;
/** Tries to find one port that is free for UDP and TCP alike, when any will do. */
const ANY_PORT_TRIES = 10;

/** Binds all addresses. Rejects with {@link ListenError}, with nothing left bound by this call. */
export async function listenOn(options: ListenOptions): Promise<Bound> {
  const udp: UdpListener[] = [];
  const tcp: TcpListener[] = [];
  const skipped: { address: ServerAddress; why: string }[] = [];
  try {
    for (const { address, optional } of expandListen(options.listen)) {
      try {
        const pair = await bindBoth(address, options);
        udp.push(pair.udp);
        tcp.push(pair.tcp);
      } catch (error) {
        const code = codeOf(error);
        const missing = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
        if (!missing || !(optional || options.skipMissing)) throw error;
        const why = 'this machine does not have the address';
        skipped.push({ address, why });
        options.log.warn('listen address skipped', { address: addressText(address), why });
      }
    }
    if (udp.length === 0) throw new ListenError('none of the listen addresses is there: see `listen` in the settings');
  } catch (error) {
    for (const listener of [...udp, ...tcp]) listener.close();
    throw error;
  }
  return { udp, tcp, addresses: udp.map((listener) => listener.address), skipped };
}

/** Reads the text of one listen address; throws {@link ListenError}. */
export function parseListen(text: string): ServerAddress {
  const match = /^(?:\[([^\]]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  const ip = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (
    ip === undefined ||
    parseIp(ip) === undefined ||
    !(port <= 65_535) ||
    (match?.[1] !== undefined && !ip.includes(':'))
  ) {
    throw new ListenError(`listen: ${text} is not address:port; write 127.0.0.1:53 or [::1]:53`);
  }
  return { ip: ip.toLowerCase(), port };
}

/** The addresses to bind, each once. `optional`: it comes from a wildcard, so that it may have gone since. */
export function expandListen(
  texts: readonly string[],
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): { readonly address: ServerAddress; readonly optional: boolean }[] {
  const found = new Map<string, { address: ServerAddress; optional: boolean }>();
  for (const text of texts) {
    const address = parseListen(text);
    const octets = parseIp(address.ip) as Uint8Array;
    if (octets.some((octet) => octet !== 0)) {
      found.set(addressText(address), { address, optional: false });
      continue;
    }
    // One socket per address: the reply then leaves from the address that was asked.
    for (const [device, entries] of Object.entries(interfaces)) {
      for (const entry of entries ?? []) {
        if ((entry.family === 'IPv6') !== (octets.length === 16)) continue;
        // A link-local address means nothing without its interface (RFC 4007, 11).
        const scope = entry.family === 'IPv6' && entry.scopeid > 0 ? `%${device}` : '';
        const expanded = { ip: entry.address + scope, port: address.port };
        const key = addressText(expanded);
        if (!found.has(key)) found.set(key, { address: expanded, optional: true });
      }
    }
  }
  if (found.size > ADDRESSES_MAX) throw new ListenError(`listen: more than ${ADDRESSES_MAX} addresses`);
  return [...found.values()];
}

async function bindBoth(
  address: ServerAddress,
  options: ListenOptions,
): Promise<{ udp: UdpListener; tcp: TcpListener }> {
  if (address.port !== 0 && address.port !== MDNS_PORT) {
    // UDP first: whoever finds the TCP port open, as probes of readiness do, may ask by UDP at once.
    const udp = await bindUdp(address, options);
    try {
      return { udp, tcp: await options.tcp.listen(address).catch((error: unknown) => refuse(error, address, 'tcp')) };
    } catch (error) {
      udp.close();
      throw error;
    }
  }
  for (let tries = 1; ; tries += 1) {
    // TCP first: it is never shared, so it proves that no second instance holds a UDP port that may be shared.
    const tcp = await options.tcp.listen(address).catch((error: unknown) => refuse(error, address, 'tcp'));
    try {
      return { tcp, udp: await bindUdp({ ip: address.ip, port: tcp.address.port }, options) };
    } catch (error) {
      tcp.close();
      // Port 0: TCP was given one that UDP does not have.
      if (address.port !== 0 || codeOf(error) !== 'EADDRINUSE' || tries >= ANY_PORT_TRIES) throw error;
    }
  }
}

async function bindUdp(address: ServerAddress, options: ListenOptions): Promise<UdpListener> {
  try {
    return await listenUdp(address, { ...options.udp, reuseAddress: false });
  } catch (error) {
    const shared = address.port === MDNS_PORT && codeOf(error) === 'EADDRINUSE' && isLoopback(address.ip);
    if (!shared) return refuse(error, address, 'udp');
  }
  // An mDNS responder holds the wildcard address; on loopback the more exact address gets the queries.
  return listenUdp(address, { ...options.udp, reuseAddress: true }).catch((error: unknown) =>
    refuse(error, address, 'udp'),
  );
}

/** Throws what a person can act on; errors that the caller judges keep their `code`. */
async function refuse(error: unknown, address: ServerAddress, protocol: 'udp' | 'tcp'): Promise<never> {
  const code = codeOf(error);
  const where = `${addressText(address)} (${protocol.toUpperCase()})`;
  let why = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') {
    const holder = (await portHolder(protocol, address)) ?? 'another process';
    why = `held by ${holder}; stop it, or choose another port with \`listen\``;
  } else if (code === 'EACCES') {
    why = `no permission; ports below 1024 need root or CAP_NET_BIND_SERVICE, or choose a higher port with \`listen\``;
  } else if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') {
    why = 'this machine does not have the address; mend `listen`';
  }
  throw Object.assign(new ListenError(`cannot listen on ${where}: ${why}`, { cause: error }), { code });
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `192.0.2.1:53` or `[2001:db8::1]:53`. */
function addressText(address: ServerAddress): string {
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}
