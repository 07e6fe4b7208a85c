// A UDP listener by `node:dgram`, which is everywhere: an event and a call for each datagram.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { OUT_OCTETS_LEAST } from './handle.ts';
import {
  sendLater,
  type UdpAddress,
  type UdpListener,
  type UdpOptions,
  WANTED_RECEIVE_OCTETS,
  WANTED_SEND_OCTETS,
} from './udp-listener.ts';

/** Replies are written to these in turn, because the kernel may take one later when its buffer is full. */
const RING_SIZE = 64;

/** Listens there. Rejects with the system's error. */
export async function listenByDgram(address: UdpAddress, options: UdpOptions): Promise<UdpListener> {
  const { ip, port, descriptor } = address;
  const ipv6 = isIPv6(ip);
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    reuseAddr: options.reuseAddress,
    // Addresses are literals: sending needs no lookup.
    lookup: (host, _options, callback) => callback(null, host, ipv6 ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    const where = descriptor === undefined ? { port, address: ip } : { fd: descriptor };
    socket.bind({ ...where, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', (error) => options.reportFault('fault of a UDP socket', error));
  enlargeBuffers(socket);
  const bound = socket.address();
  return serve(socket, { ip: descriptor === undefined ? ip : bound.address, port: bound.port }, options);
}

function serve(socket: Socket, address: UdpListener['address'], { handler, reportFault }: UdpOptions): UdpListener {
  let ring = createRing();
  let at = 0;
  let accepting = true;
  let open = true;

  function onMessage(query: Uint8Array, from: RemoteInfo): void {
    const out = ring[at] as Uint8Array;
    const handled = handler.handle(query, query.length, from, false, out);
    if (typeof handled !== 'number') {
      void sendLater(handled, reportFault, (octets) => send(octets, octets.length, from));
    } else if (handled > 0) {
      send(out, handled, from);
      at += 1;
      if (at === RING_SIZE) turnRing();
    }
  }

  function send(octets: Uint8Array, length: number, from: RemoteInfo): void {
    if (open) socket.send(octets, 0, length, from.port, from.address);
  }

  /** Buffers that the kernel has not taken yet are left to it. */
  function turnRing(): void {
    if (socket.getSendQueueCount() > 0) ring = createRing();
    at = 0;
  }

  socket.on('message', (query, from) => {
    if (!accepting) return;
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

/** What a service manager has made larger stays so: to set it anew would cap it. */
function enlargeBuffers(socket: Socket): void {
  try {
    if (socket.getRecvBufferSize() < WANTED_RECEIVE_OCTETS) socket.setRecvBufferSize(WANTED_RECEIVE_OCTETS);
    if (socket.getSendBufferSize() < WANTED_SEND_OCTETS) socket.setSendBufferSize(WANTED_SEND_OCTETS);
  } catch {
    // Some systems refuse instead of capping; the default sizes serve, with more loss in bursts.
  }
}
