// UDP to upstream servers: each query has a socket of its own, connected, on a port drawn by the CSPRNG (RFC 5452, 9.2).

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { nextTick } from 'node:process';
import type { Clock, Random, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';

/** Bounds of the UDP side. */
export interface UdpBounds {
  /** Sockets open at once. Default 4096: a descriptor each, and Node raises the soft limit to the hard one. */
  readonly socketsMax: number;
  /** Sends that wait for a socket. Default 16,384; further ones end as `unreachable`. */
  readonly waitingMax: number;
  /** Ports drawn for one query before giving up. Default 16. */
  readonly portDrawsMax: number;
  /** Datagrams looked at in one wait. Default 10,000: a flood of forgeries ends as `suspect`, so TCP is asked. */
  readonly datagramsMax: number;
}

const DEFAULTS: UdpBounds = { socketsMax: 4096, waitingMax: 16_384, portDrawsMax: 16, datagramsMax: 10_000 };

/** Ports are drawn from PORT_LEAST..65535: RFC 6056, 3.2 asks for the whole range above the well-known ones. */
const PORT_LEAST = 1024;

/** After the system refused a descriptor, how long no more sockets are opened than there were, ms. */
const LEARNED_MS = 1000;

/** The UDP half of the transport. */
export interface UdpSender {
  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome>;
  close(): void;
  stats(): { readonly udpOpen: number; readonly udpWaiting: number };
}

/** A send that has no socket yet. */
interface Waiting {
  readonly start: () => void;
  readonly abandon: () => void;
}

/** Makes the UDP half of the transport. */
export function createUdpSender(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly udp?: Partial<UdpBounds>;
}): UdpSender {
  const { clock, random } = options;
  const bounds = { ...DEFAULTS, ...options.udp };
  const open = new Set<(outcome: TransportOutcome) => void>();
  const waiting = new Set<Waiting>();
  // What the system has shown to be its limit, for a while.
  let learned = { sockets: bounds.socketsMax, untilMs: 0 };

  function send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    return new Promise((resolve) => {
      if (open.size < socketsMax()) exchange(request, accept, request.timeoutMs, resolve);
      else wait(request, accept, request.timeoutMs, resolve);
    });
  }

  function socketsMax(): number {
    return clock.nowMs() < learned.untilMs ? learned.sockets : bounds.socketsMax;
  }

  /** The time spent in the queue counts against the send's timeout. */
  function wait(
    request: TransportRequest,
    accept: (octets: Uint8Array) => Verdict,
    timeoutMs: number,
    resolve: (outcome: TransportOutcome) => void,
  ): void {
    if (waiting.size >= bounds.waitingMax) {
      resolve({ kind: 'unreachable', detail: `more than ${bounds.waitingMax} sends wait for a socket` });
      return;
    }
    const sinceMs = clock.nowMs();
    const abandon = (): void => {
      waiting.delete(entry);
      cancel();
      resolve({ kind: 'timeout' });
    };
    const start = (): void => {
      waiting.delete(entry);
      cancel();
      exchange(request, accept, Math.max(1, timeoutMs - (clock.nowMs() - sinceMs)), resolve);
    };
    const entry: Waiting = { start, abandon };
    const cancel = clock.after(timeoutMs, abandon);
    waiting.add(entry);
  }

  function exchange(
    request: TransportRequest,
    accept: (octets: Uint8Array) => Verdict,
    timeoutMs: number,
    resolve: (outcome: TransportOutcome) => void,
  ): void {
    const { ip, port } = request.server;
    const ipv6 = isIPv6(ip);
    let cancelTimer: (() => void) | undefined;
    let binding = true;
    let bindError: Error | undefined;
    let ended = false;
    let datagrams = 0;
    let sentMs = 0;
    // A lookup that calls back at once keeps bind, connect and send synchronous: addresses are literals here.
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, lookup: literalLookup });

    function end(outcome: TransportOutcome): void {
      if (ended) return;
      ended = true;
      open.delete(end);
      cancelTimer?.();
      // RFC 5452, 9.2: the port is given back at once and no later query uses this socket.
      socket.close();
      resolve(outcome);
      startWaiting();
    }

    function onError(error: Error): void {
      if (binding) bindError = error;
      else end({ kind: 'unreachable', detail: errorText(error) });
    }

    function onMessage(octets: Uint8Array, from: { readonly address: string; readonly port: number }): void {
      if (ended) return;
      // Between bind and connect anybody's datagram could be queued. A scoped address is not compared as text.
      if (from.port !== port || (from.address !== ip && !from.address.includes('%'))) return;
      datagrams += 1;
      const verdict = datagrams > bounds.datagramsMax ? 'suspect' : accept(octets);
      if (verdict === 'take') end({ kind: 'response', octets, rttMs: clock.nowMs() - sentMs });
      else if (verdict === 'suspect') end({ kind: 'suspect' });
    }

    open.add(end);
    socket.on('error', onError);
    try {
      for (let draw = 0; draw < bounds.portDrawsMax; draw += 1) {
        bindError = undefined;
        // `exclusive`: never shared through the primary of a cluster.
        socket.bind({ port: PORT_LEAST + random.integer(65_536 - PORT_LEAST), exclusive: true });
        if (!portTaken(bindError)) break;
      }
      binding = false;
      if (descriptorsSpent(bindError) && open.size > 1) {
        // No fault of the server: this send waits until another gives its socket back.
        ended = true;
        open.delete(end);
        socket.close();
        learned = { sockets: open.size, untilMs: clock.nowMs() + LEARNED_MS };
        wait(request, accept, timeoutMs, resolve);
        return;
      }
      if (bindError !== undefined) {
        end({ kind: 'unreachable', detail: errorText(bindError) });
        return;
      }
      socket.on('message', onMessage);
      socket.connect(port, ip);
      sentMs = clock.nowMs();
      socket.send(request.query);
      cancelTimer = clock.after(timeoutMs, () => end({ kind: 'timeout' }));
    } catch (error) {
      // After a failed connect `send` throws; the connect's own error, which says more, comes first in this tick.
      nextTick(() => end({ kind: 'unreachable', detail: errorText(error) }));
    }
  }

  function startWaiting(): void {
    for (const next of waiting) {
      if (open.size >= socketsMax()) return;
      next.start();
    }
  }

  return {
    send,
    close(): void {
      for (const entry of waiting) entry.abandon();
      for (const end of open) end({ kind: 'timeout' });
    },
    stats: () => ({ udpOpen: open.size, udpWaiting: waiting.size }),
  };
}

/** What `dgram` calls in place of `dns.lookup`. */
function literalLookup(
  host: string,
  family: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, host, family === 6 ? 6 : 4);
}

function descriptorsSpent(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}

function portTaken(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && error.code === 'EADDRINUSE';
}

/** The short form of a socket's error: its code where it has one. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}
