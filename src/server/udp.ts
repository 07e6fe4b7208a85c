// Receives queries over UDP on one address and sends the replies.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ServerAddress } from '../base/ports.ts';
import type { FaultLog } from './fault-log.ts';
import { type Handler, OUT_OCTETS_LEAST } from './handle.ts';

/** What a UDP listener needs. */
export interface UdpOptions {
  readonly handler: Handler;
  readonly reportFault: FaultLog;
  /** Shares the port with other sockets that allow it: mDNS responders on loopback. */
  readonly reuseAddress: boolean;
}

/** A bound UDP socket. */
export interface UdpListener {
  readonly address: ServerAddress;
  /** Queries that arrive from now on are not answered; replies still awaited are sent. */
  stopAccepting(): void;
  close(): void;
}

/** Wanted for bursts; the kernel caps it silently at its own limit. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;
const SEND_BUFFER_OCTETS = 1024 * 1024;
/** Replies are written to these in turn, because the kernel may take one later when its buffer is full. */
const RING_SIZE = 64;

/**
 * Binds `address` (port 0: any) and answers on it; with a `descriptor`, that socket is taken over as it is bound, and of
 * the address only the family counts. Rejects with the system's error.
 */
export function listenUdp(
  address: ServerAddress & { readonly descriptor?: number },
  options: UdpOptions,
): Promise<UdpListener> {
  const ipv6 = isIPv6(address.ip);
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    reuseAddr: options.reuseAddress,
    // Addresses are literals: sending needs no lookup.
    lookup: (host, _options, callback) => callback(null, host, ipv6 ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const { ip, port, descriptor } = address;
    const where = descriptor === undefined ? { port, address: ip } : { fd: descriptor };
    socket.bind({ ...where, exclusive: true }, () => {
      socket.off('error', reject);
      socket.on('error', (error) => options.reportFault('fault of a UDP socket', error));
      enlargeBuffers(socket);
      const bound = socket.address();
      resolve(serve(socket, { ip: descriptor === undefined ? ip : bound.address, port: bound.port }, options));
    });
  });
}

function serve(socket: Socket, address: ServerAddress, options: UdpOptions): UdpListener {
  const { handler, reportFault } = options;
  let ring = createRing();
  let at = 0;
  let accepting = true;
  let open = true;

  function onMessage(query: Uint8Array, from: RemoteInfo): void {
    if (!accepting) return;
    const out = ring[at] as Uint8Array;
    const handled = handler.handle(query, from, false, out);
    if (typeof handled !== 'number') void sendLater(handled, from);
    else if (handled > 0) {
      socket.send(out, 0, handled, from.port, from.address);
      at += 1;
      if (at === RING_SIZE) turnRing();
    }
  }

  /** Buffers that the kernel has not taken yet are left to it. */
  function turnRing(): void {
    if (socket.getSendQueueCount() > 0) ring = createRing();
    at = 0;
  }

  async function sendLater(reply: Promise<Uint8Array | undefined>, from: RemoteInfo): Promise<void> {
    try {
      const octets = await reply;
      if (octets !== undefined && open) socket.send(octets, from.port, from.address);
    } catch (error) {
      reportFault('fault while sending a reply', error);
    }
  }

  socket.on('message', (query, from) => {
    try {
      onMessage(query, from);
    } catch (error) {
      reportFault('fault while answering over UDP', error);
    }
  });
  return {
    address,
    stopAccepting(): void {
      accepting = false;
    },
    close(): void {
      if (open) socket.close();
      open = false;
    },
  };
}

function createRing(): Uint8Array[] {
  return Array.from({ length: RING_SIZE }, () => new Uint8Array(OUT_OCTETS_LEAST));
}

function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_OCTETS);
    socket.setSendBufferSize(SEND_BUFFER_OCTETS);
  } catch {
    // Some systems refuse instead of capping; the default sizes serve, with more loss in bursts.
  }
}
