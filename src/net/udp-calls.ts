// Sockets for single queries by system calls: half the CPU time of `dgram`, and what has arrived is read in batches.

import type { Verdict } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import { makeSockaddr, portOf, type SystemCalls, sockaddrOctets, type Watch } from '../base/system-calls.ts';
import { descriptorsSpent, errorText, type SocketEnd, type SocketOptions, type UdpSockets } from './udp-sockets.ts';

/** A socket that waits for its reply. */
interface Open {
  readonly accept: (octets: Uint8Array) => Verdict;
  readonly end: (how: SocketEnd) => void;
  readonly sockaddr: Uint8Array;
  readonly sentMs: number;
  datagrams: number;
}

/** The longest datagram. */
const DATAGRAM_OCTETS_MAX = 65_535;
/** Sockets looked at before everything else has its turn: four for each resolution that may begin in one turn (resolver/starts.ts). */
const READABLE_MOST = 64;
/** Server addresses whose octets are remembered; forgotten all at once. */
const SERVERS_MOST = 4096;
const ANY_IPV4 = new Uint8Array(4);
const ANY_IPV6 = new Uint8Array(16);

/** Makes the sockets. */
export function createCallSockets(calls: SystemCalls, { clock, drawPort, bounds }: SocketOptions): UdpSockets {
  /** By descriptor: the system gives the least that is free. */
  const open: (Open | undefined)[] = [];
  let openCount = 0;
  /** By address: nearly all servers have one port. */
  const servers = new Map<string, Uint8Array>();
  const local = { 4: makeSockaddr(ANY_IPV4, 0, false), 6: makeSockaddr(ANY_IPV6, 0, true) };
  const outgoing = new Uint8Array(DATAGRAM_OCTETS_MAX);
  const found = new Int32Array(READABLE_MOST);
  const datagram = Buffer.alloc(DATAGRAM_OCTETS_MAX);
  const from = new Uint8Array(sockaddrOctets);
  /** Tells which sockets can be read; made with the first of them. */
  let poll: { readonly descriptor: number; readonly watch: Watch } | undefined;

  /** A socket, bound to a port that was drawn. Throws the system's error. */
  function openBound(ipv6: boolean): number {
    const descriptor = calls.openSocket(ipv6);
    const address = local[ipv6 ? 6 : 4];
    for (let draw = 1; ; draw += 1) {
      try {
        setPort(address, drawPort());
        calls.bind(descriptor, address);
        return descriptor;
      } catch (error) {
        if (errorText(error) === 'EADDRINUSE' && draw < bounds.portDrawsMax) continue;
        calls.close(descriptor);
        throw error;
      }
    }
  }

  function sockaddrOf(ip: string, port: number): Uint8Array {
    const known = servers.get(ip);
    if (known !== undefined) {
      if (port === portOf(known)) return known;
      return makeSockaddr(parseIp(ip) ?? ANY_IPV4, port, ip.includes(':'));
    }
    if (servers.size >= SERVERS_MOST) servers.clear();
    const made = makeSockaddr(parseIp(ip) ?? ANY_IPV4, port, ip.includes(':'));
    servers.set(ip, made);
    return made;
  }

  function openPoll(): NonNullable<typeof poll> {
    const descriptor = calls.openPoll();
    try {
      const watch = calls.onReadable(descriptor, read);
      watch.hold(false);
      return { descriptor, watch };
    } catch (error) {
      calls.close(descriptor);
      throw error;
    }
  }

  function read(): boolean {
    if (poll === undefined) return false;
    const count = calls.readable(poll.descriptor, found);
    for (let i = 0; i < count; i++) readSocket(found[i] as number);
    return count > 0;
  }

  /** While a reply is awaited the process lives. */
  function hold(alive: boolean): void {
    if (openCount === 0) poll?.watch.hold(alive);
  }

  function readSocket(descriptor: number): void {
    // A socket may have been closed, and its number be another's, since it was found: then there is nothing to read.
    for (;;) {
      const socket = open[descriptor];
      if (socket === undefined) return;
      const octets = calls.receiveFrom(descriptor, datagram, from);
      if (octets < 0) {
        const code = calls.lastError();
        if (code !== 'EAGAIN') socket.end({ kind: 'unreachable', detail: code });
        return;
      }
      // Between bind and connect anybody's datagram could be queued.
      if (!isFrom(socket.sockaddr)) continue;
      socket.datagrams += 1;
      // From the pool of `Buffer`: memory of its own would cost a microsecond. Who keeps much for long makes a copy.
      const copy = Buffer.allocUnsafe(octets);
      datagram.copy(copy, 0, 0, octets);
      const verdict = socket.datagrams > bounds.datagramsMax ? 'suspect' : socket.accept(copy);
      if (verdict === 'take') socket.end({ kind: 'response', octets: copy, rttMs: clock.nowMs() - socket.sentMs });
      else if (verdict === 'suspect') socket.end({ kind: 'suspect' });
    }
  }

  /** Family, port and address; the rest is the kernel's. */
  function isFrom(sockaddr: Uint8Array): boolean {
    const ipv6 = sockaddr.length === sockaddrOctets;
    const end = ipv6 ? 24 : 8;
    for (let i = 2; i < end; i++) if (sockaddr[i] !== from[i] && !(ipv6 && i >= 4 && i < 8)) return false;
    return true;
  }

  return {
    exchange({ server: { ip, port }, query }, accept, timeoutMs, tell): void {
      const ipv6 = ip.includes(':');
      const sockaddr = sockaddrOf(ip, port);
      let descriptor = -1;
      let cancelTimer: (() => void) | undefined;

      function end(how: SocketEnd): void {
        if (descriptor < 0) return;
        if (open[descriptor] !== undefined) openCount -= 1;
        open[descriptor] = undefined;
        hold(false);
        cancelTimer?.();
        // RFC 5452, 9.2: the port is given back at once and no later query uses this socket.
        calls.close(descriptor);
        descriptor = -1;
        tell(how);
      }

      try {
        poll ??= openPoll();
        descriptor = openBound(ipv6);
      } catch (error) {
        const detail = errorText(error);
        tell(descriptorsSpent(detail) ? { kind: 'descriptors' } : { kind: 'unreachable', detail });
        return;
      }
      outgoing.set(query);
      const sent =
        calls.connect(descriptor, sockaddr) &&
        calls.watch(poll.descriptor, descriptor) &&
        calls.send(descriptor, outgoing, query.length);
      if (!sent) {
        end({ kind: 'unreachable', detail: calls.lastError() });
        return;
      }
      hold(true);
      open[descriptor] = { accept, end, sockaddr, sentMs: clock.nowMs(), datagrams: 0 };
      openCount += 1;
      cancelTimer = clock.after(timeoutMs, () => {
        // What has arrived by now is not late: this thread is.
        readSocket(descriptor);
        end({ kind: 'timeout' });
      });
    },
    close(): void {
      for (const socket of open) socket?.end({ kind: 'timeout' });
      poll?.watch.close();
      if (poll !== undefined) calls.close(poll.descriptor);
      poll = undefined;
    },
  };
}

function setPort(sockaddr: Uint8Array, port: number): void {
  sockaddr[2] = port >>> 8;
  sockaddr[3] = port;
}
