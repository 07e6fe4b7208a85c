// What the two ways of listening on UDP have in common.

import type { ServerAddress } from '../base/ports.ts';
import type { SystemCalls } from '../base/system-calls.ts';
import type { FaultLog } from './fault-log.ts';
import type { Handler } from './handle.ts';

/** What a UDP listener needs. */
export interface UdpOptions {
  readonly handler: Handler;
  readonly reportFault: FaultLog;
  /** Shares the port with other sockets that allow it: mDNS responders on loopback. */
  readonly reuseAddress: boolean;
  /** Where the platform has them, queries are received and answered in batches. */
  readonly calls?: SystemCalls | undefined;
}

/** Where to listen: the address to bind (port 0: any), or a socket that is bound, of which only the family counts. */
export interface UdpAddress extends ServerAddress {
  readonly descriptor?: number;
}

/** A bound UDP socket. */
export interface UdpListener {
  readonly address: ServerAddress;
  /** Queries that arrive from now on are not answered; replies still awaited are sent. */
  stopAccepting(): void;
  close(): void;
}

/** What the kernel is asked to hold, octets, for bursts; it caps that silently, but for who may administer the network. */
export const WANTED_RECEIVE_OCTETS: number = 4 * 1024 * 1024;
export const WANTED_SEND_OCTETS: number = 1024 * 1024;

/** Sends a reply once it is there. */
export async function sendLater(
  reply: Promise<Uint8Array | undefined>,
  reportFault: FaultLog,
  send: (octets: Uint8Array) => void,
): Promise<void> {
  try {
    const octets = await reply;
    if (octets !== undefined) send(octets);
  } catch (error) {
    reportFault('fault while sending a reply', error);
  }
}
