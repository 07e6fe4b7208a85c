// What the two ways of making a socket for a single query have in common.

import type { Clock, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';

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

/** How a socket's use ended. `descriptors`: the system has none left; nothing was sent. */
export type SocketEnd = TransportOutcome | { readonly kind: 'descriptors' };

/** What sockets are made with. */
export interface SocketOptions {
  readonly clock: Clock;
  /** Draws a port. */
  readonly drawPort: () => number;
  readonly bounds: UdpBounds;
}

/** Sockets by one of two ways: `dgram`, or system calls. */
export interface UdpSockets {
  /** Opens a socket, sends, and calls `end` once, when the socket is closed, be it before this returns. */
  exchange(
    request: TransportRequest,
    accept: (octets: Uint8Array) => Verdict,
    timeoutMs: number,
    end: (how: SocketEnd) => void,
  ): void;
  /** Ends what is open, as `timeout`, and frees what the sockets share. */
  close(): void;
}

/** Whether the system has no descriptor left for a socket. */
export function descriptorsSpent(code: string): boolean {
  return code === 'EMFILE' || code === 'ENFILE';
}

/** The short form of a socket's error: its code where it has one. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}
