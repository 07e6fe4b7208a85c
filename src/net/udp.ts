// UDP to upstream servers: each query has a socket of its own, connected, on a port drawn by the CSPRNG (RFC 5452, 9.2).

import type { Clock, Random, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';
import type { SystemCalls } from '../base/system-calls.ts';
import { createCallSockets } from './udp-calls.ts';
import { createDgramSockets } from './udp-dgram.ts';
import type { SocketOptions, UdpBounds } from './udp-sockets.ts';

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

/** Makes the UDP half of the transport; by system calls where they are given. */
export function createUdpSender(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly udp?: Partial<UdpBounds>;
  readonly calls?: SystemCalls | undefined;
}): UdpSender {
  const { clock, random, calls } = options;
  const bounds = { ...DEFAULTS, ...options.udp };
  const drawPort = (): number => PORT_LEAST + random.integer(65_536 - PORT_LEAST);
  const made: SocketOptions = { clock, drawPort, bounds };
  const byDgram = createDgramSockets(made);
  const byCalls = calls === undefined ? byDgram : createCallSockets(calls, made);
  const waiting = new Set<Waiting>();
  let open = 0;
  // What the system has shown to be its limit, for a while.
  let learned = { sockets: bounds.socketsMax, untilMs: 0 };

  function send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    return new Promise((resolve) => {
      if (open < socketsMax()) exchange(request, accept, request.timeoutMs, resolve);
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
    open += 1;
    // Of a scoped address dgram alone knows the number of the interface.
    const sockets = request.server.ip.includes('%') ? byDgram : byCalls;
    sockets.exchange(request, accept, timeoutMs, (how) => {
      open -= 1;
      if (how.kind !== 'descriptors') {
        resolve(how);
        startWaiting();
      } else if (open > 0) {
        // No fault of the server: this send waits until another gives its socket back.
        learned = { sockets: open, untilMs: clock.nowMs() + LEARNED_MS };
        wait(request, accept, timeoutMs, resolve);
      } else {
        resolve({ kind: 'unreachable', detail: 'EMFILE' });
      }
    });
  }

  function startWaiting(): void {
    for (const next of waiting) {
      if (open >= socketsMax()) return;
      next.start();
    }
  }

  return {
    send,
    close(): void {
      for (const entry of waiting) entry.abandon();
      byDgram.close();
      byCalls.close();
    },
    stats: () => ({ udpOpen: open, udpWaiting: waiting.size }),
  };
}
