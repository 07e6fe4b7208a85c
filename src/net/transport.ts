// The real Transport: a fresh connected socket per UDP query, pooled connections for TCP.

import type { Clock, Random, Transport, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';
import type { SystemCalls } from '../base/system-calls.ts';
import { createPlace } from './place.ts';
import { createTcpPool, type TcpBounds } from './tcp.ts';
import { createUdpSender } from './udp.ts';
import type { UdpBounds } from './udp-sockets.ts';

/** What the transport is made of. Bounds left out take their defaults. */
export interface TransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly udp?: Partial<UdpBounds>;
  readonly tcp?: Partial<TcpBounds>;
  /** Where the platform has them, UDP goes by them. */
  readonly calls?: SystemCalls | undefined;
}

/** How busy the transport is. */
export interface TransportStats {
  /** UDP sockets open, and sends waiting for one. */
  readonly udpOpen: number;
  readonly udpWaiting: number;
  /** TCP connections open, idle ones included. */
  readonly tcpOpen: number;
  /** TCP queries sent on a connection that had served before. */
  readonly tcpReused: number;
}

/** A Transport on real sockets. */
export interface SystemTransport extends Transport {
  stats(): TransportStats;
}

/** The longest query, RFC 1035, 4.2.2: the length prefix has 16 bits. */
const QUERY_OCTETS_MAX = 65_535;

/** Makes the transport. It opens nothing until the first send; errors of sockets are outcomes, never exceptions. */
export function createTransport(options: TransportOptions): SystemTransport {
  const udp = createUdpSender(options);
  const tcp = createTcpPool(options);
  const place = createPlace(options.clock);
  let closed = false;
  return {
    send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
      if (closed) return Promise.resolve({ kind: 'timeout' });
      if (request.query.length > QUERY_OCTETS_MAX) {
        return Promise.resolve({ kind: 'unreachable', detail: 'query over 65535 octets' });
      }
      return request.protocol === 'udp' ? udp.send(request, accept) : tcp.send(request, accept);
    },
    place,
    close(): void {
      closed = true;
      udp.close();
      tcp.close();
    },
    stats: () => ({ ...udp.stats(), ...tcp.stats() }),
  };
}
