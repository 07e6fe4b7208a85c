// Receives queries over UDP on one address and sends the replies.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import { makeSockaddr, SOCKET_OPTION, type SystemCalls } from '../base/system-calls.ts';
import type { FaultLog } from './fault-log.ts';
import { type Handler, OUT_OCTETS_LEAST } from './handle.ts';
import { BATCH_MOST, UdpBatch } from './udp-batch.ts';

/** What a UDP listener needs. */
export interface UdpOptions {
  readonly handler: Handler;
  readonly reportFault: FaultLog;
  /** Shares the port with other sockets that allow it: mDNS responders on loopback. */
  readonly reuseAddress: boolean;
  /** Where the platform has them, the socket is drained and answered in batches. */
  readonly calls?: SystemCalls | undefined;
}

/** A bound UDP socket. */
export interface UdpListener {
  readonly address: ServerAddress;
  /** Queries that arrive from now on are not answered; replies still awaited are sent. */
  stopAccepting(): void;
  close(): void;
}

/** Wanted for bursts; the kernel caps it silently at its own limit, but for who may administer the network. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;
const SEND_BUFFER_OCTETS = 1024 * 1024;
/** Replies are written to these in turn, because the kernel may take one later when its buffer is full. */
const RING_SIZE = 64;
/** Batches in a row while more arrives: then everything else has its turn. */
const BATCHES_MOST = 8;

/**
 * Binds `address` (port 0: any) and answers on it; with a `descriptor`, that socket is taken over as it is bound, and of
 * the address only the family counts. Rejects with the system's error.
 */
export async function listenUdp(
  address: ServerAddress & { readonly descriptor?: number },
  options: UdpOptions,
): Promise<UdpListener> {
  const { ip, port } = address;
  const ipv6 = isIPv6(ip);
  const { calls } = options;
  // A scoped address is left to dgram, which knows the numbers of interfaces.
  const opened = calls === undefined || ip.includes('%') ? undefined : openSocket(calls, address, options);
  const descriptor = address.descriptor ?? opened;
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
  enlargeBuffers(socket, (option, octets) => {
    if (descriptor !== undefined) calls?.setOption(descriptor, SOCKET_OPTION.socket, option, octets);
  });
  const bound = socket.address();
  const at = { ip: address.descriptor === undefined ? ip : bound.address, port: bound.port };
  const batched = calls === undefined || descriptor === undefined ? undefined : new UdpBatch(calls, descriptor, ipv6);
  return serve(socket, at, batched, options);
}

/** The socket, bound, or the one that is taken over. Throws the system's error. */
function openSocket(
  calls: SystemCalls,
  { ip, port, descriptor }: ServerAddress & { readonly descriptor?: number },
  { reuseAddress }: UdpOptions,
): number {
  const ipv6 = isIPv6(ip);
  const opened = descriptor ?? calls.openSocket(ipv6);
  const { ip: level4, ipv6: level6, ipMtuDiscover, ipv6MtuDiscover, mtuDiscoverOmit } = SOCKET_OPTION;
  if (ipv6) calls.setOption(opened, level6, ipv6MtuDiscover, mtuDiscoverOmit);
  else calls.setOption(opened, level4, ipMtuDiscover, mtuDiscoverOmit);
  if (descriptor !== undefined) return opened;
  if (ipv6) calls.setOption(opened, level6, SOCKET_OPTION.ipv6Only, 1);
  if (reuseAddress) calls.setOption(opened, SOCKET_OPTION.socket, SOCKET_OPTION.reuseAddress, 1);
  try {
    calls.bind(opened, makeSockaddr(parseIp(ip) as Uint8Array, port, ipv6));
  } catch (error) {
    calls.close(opened);
    throw error;
  }
  return opened;
}

function serve(socket: Socket, address: ServerAddress, batch: UdpBatch | undefined, options: UdpOptions): UdpListener {
  const { handler, reportFault } = options;
  let ring = createRing();
  let at = 0;
  let accepting = true;
  let open = true;

  function onMessage(query: Uint8Array, from: RemoteInfo): void {
    const out = ring[at] as Uint8Array;
    const handled = handler.handle(query, query.length, from, false, out);
    if (typeof handled !== 'number') void sendLater(handled, (octets) => send(octets, octets.length, from));
    else if (handled > 0 && send(out, handled, from)) {
      at += 1;
      if (at === RING_SIZE) turnRing();
    }
  }

  /** True: `octets` are in use until they have been sent. */
  function send(octets: Uint8Array, length: number, from: RemoteInfo): boolean {
    if (batch?.sendNow(octets, length, from) === true) return false;
    socket.send(octets, 0, length, from.port, from.address);
    return true;
  }

  /** Buffers that the kernel has not taken yet are left to it. */
  function turnRing(): void {
    if (socket.getSendQueueCount() > 0) ring = createRing();
    at = 0;
  }

  /** Answers what else has arrived. */
  function drain(waiting: UdpBatch): void {
    for (let batches = 0; batches < BATCHES_MOST && accepting && open; batches++) {
      const received = waiting.receive();
      let replies = 0;
      for (let i = 0; i < received; i++) {
        const out = waiting.replies[replies] as Uint8Array;
        const handled = handler.handle(
          waiting.queries[i] as Uint8Array,
          waiting.lengthOf(i),
          waiting.sourceOf(i),
          false,
          out,
        );
        if (typeof handled !== 'number') {
          const to = waiting.sockaddrOf(i);
          void sendLater(handled, (octets) => waiting.sendTo(octets, octets.length, to));
        } else if (handled > 0) {
          waiting.address(replies, i, handled);
          replies += 1;
        }
      }
      waiting.send(replies);
      if (received < BATCH_MOST / 2) return;
    }
  }

  async function sendLater(reply: Promise<Uint8Array | undefined>, send: (octets: Uint8Array) => void): Promise<void> {
    try {
      const octets = await reply;
      if (octets !== undefined && open) send(octets);
    } catch (error) {
      reportFault('fault while sending a reply', error);
    }
  }

  socket.on('message', (query, from) => {
    if (!accepting) return;
    try {
      onMessage(query, from);
      if (batch !== undefined) drain(batch);
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
function enlargeBuffers(socket: Socket, force: (option: number, octets: number) => void): void {
  const { receiveBufferForce, sendBufferForce } = SOCKET_OPTION;
  try {
    if (socket.getRecvBufferSize() < RECEIVE_BUFFER_OCTETS) {
      socket.setRecvBufferSize(RECEIVE_BUFFER_OCTETS);
      force(receiveBufferForce, RECEIVE_BUFFER_OCTETS);
    }
    if (socket.getSendBufferSize() < SEND_BUFFER_OCTETS) {
      socket.setSendBufferSize(SEND_BUFFER_OCTETS);
      force(sendBufferForce, SEND_BUFFER_OCTETS);
    }
  } catch {
    // Some systems refuse instead of capping; the default sizes serve, with more loss in bursts.
  }
}
