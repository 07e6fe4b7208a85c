// Sockets for single queries by `dgram`: always there.

import { createSocket } from 'node:dgram';
import { nextTick } from 'node:process';
import { descriptorsSpent, errorText, type SocketEnd, type SocketOptions, type UdpSockets } from './udp-sockets.ts';

/** Makes the sockets. */
export function createDgramSockets({ clock, drawPort, bounds }: SocketOptions): UdpSockets {
  /** The ends of what is open. */
  const open = new Set<(how: SocketEnd) => void>();
  return {
    exchange({ server: { ip, port }, query }, accept, timeoutMs, tell): void {
      const ipv6 = ip.includes(':');
      let cancelTimer: (() => void) | undefined;
      let binding = true;
      let bindError: Error | undefined;
      let ended = false;
      let datagrams = 0;
      let sentMs = 0;
      // A lookup that calls back at once keeps bind, connect and send synchronous: addresses are literals here.
      const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, lookup: literalLookup });

      function end(how: SocketEnd): void {
        if (ended) return;
        ended = true;
        open.delete(end);
        cancelTimer?.();
        // RFC 5452, 9.2: the port is given back at once and no later query uses this socket.
        socket.close();
        tell(how);
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
          socket.bind({ port: drawPort(), exclusive: true });
          if (bindError === undefined || errorText(bindError) !== 'EADDRINUSE') break;
        }
        binding = false;
        if (bindError !== undefined) {
          const detail = errorText(bindError);
          end(descriptorsSpent(detail) ? { kind: 'descriptors' } : { kind: 'unreachable', detail });
          return;
        }
        socket.on('message', onMessage);
        socket.connect(port, ip);
        sentMs = clock.nowMs();
        socket.send(query);
        cancelTimer = clock.after(timeoutMs, () => end({ kind: 'timeout' }));
      } catch (error) {
        // After a failed connect `send` throws; the connect's own error, which says more, comes first in this tick.
        nextTick(() => end({ kind: 'unreachable', detail: errorText(error) }));
      }
    },
    close(): void {
      for (const end of open) end({ kind: 'timeout' });
    },
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
