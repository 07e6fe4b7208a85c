// Receives queries over TCP: framing, pipelining, answers out of order, and the limits that keep it open to all.

import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createFrameReader, type FrameReader, frame } from '../base/frames.ts';
import type { Limits } from '../base/limits.ts';
import type { Clock, ServerAddress } from '../base/ports.ts';
import type { ClientClass } from './acl.ts';
import type { FaultLog } from './fault-log.ts';
import type { Handler } from './handle.ts';

/** What serving TCP needs. */
export interface TcpOptions {
  readonly handler: Handler;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly classify: (address: string) => ClientClass;
  readonly reportFault: FaultLog;
}

/** All TCP listeners of a server: they share the limits on connections. */
export interface TcpService {
  /** Binds `address` (port 0: any), or takes over the bound socket `descriptor`. Rejects with the system's error. */
  listen(address: ServerAddress & { readonly descriptor?: number }): Promise<TcpListener>;
  readonly connections: number;
  /** Connections refused since the start: by `tcpConnections`, and by `tcpConnectionsPerClient`. */
  readonly refused: { readonly full: number; readonly perClient: number };
  /** Closes listeners and idle connections; the others close with their last reply. */
  stopAccepting(): void;
  /** Closes what is left. */
  close(): void;
}

/** A bound TCP socket. */
export interface TcpListener {
  readonly address: ServerAddress;
  close(): void;
}

/** One client connection. */
interface Connection {
  readonly socket: Socket;
  readonly from: { readonly address: string; readonly port: number };
  readonly loopback: boolean;
  readonly reader: FrameReader;
  /** Replies awaited. */
  inFlight: number;
  /** When the last whole query came or the last reply was written. */
  activeMs: number;
  /** The client has sent all it will (FIN). */
  ended: boolean;
  paused: boolean;
  draining: boolean;
  cancelIdle: () => void;
}

/** Connections that the kernel holds for us until they are accepted. */
const BACKLOG = 511;
/** The idle time left when all connections are taken, ms; it shrinks towards this from half full on. */
const IDLE_LEAST_MS = 200;
/** A shorter message has no header; on TCP it means that the framing is lost. */
const MESSAGE_OCTETS_LEAST = 12;
const MESSAGE_OCTETS_MAX = 65_535;

/** Makes the TCP side of a server. */
export function createTcpService(options: TcpOptions): TcpService {
  const { handler, clock, limits, classify, reportFault } = options;
  const listeners = new Set<Server>();
  // In order of last activity as far as idleness was checked; the first idle one is the longest idle, nearly.
  const connections = new Set<Connection>();
  const perClient = new Map<string, number>();
  const out = new Uint8Array(MESSAGE_OCTETS_MAX);
  const refused = { full: 0, perClient: 0 };
  let accepting = true;

  function onConnection(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // Both are gone when the client has already left.
    if (remoteAddress === undefined || remotePort === undefined || !accepting) {
      socket.destroy();
      return;
    }
    const { loopback } = classify(remoteAddress);
    const before = perClient.get(remoteAddress) ?? 0;
    if (connections.size >= limits.tcpConnections) closeLongestIdle();
    const full = connections.size >= limits.tcpConnections;
    if (full || (before >= limits.tcpConnectionsPerClient && !loopback)) {
      refused[full ? 'full' : 'perClient'] += 1;
      socket.destroy();
      return;
    }
    perClient.set(remoteAddress, before + 1);
    const connection: Connection = {
      socket,
      from: { address: remoteAddress, port: remotePort },
      loopback,
      reader: createFrameReader(),
      inFlight: 0,
      activeMs: clock.nowMs(),
      ended: false,
      paused: false,
      draining: false,
      cancelIdle: () => undefined,
    };
    connections.add(connection);
    watchIdle(connection);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => {
      connection.reader.push(chunk);
      drain(connection);
    });
    socket.on('drain', () => drain(connection));
    socket.on('end', () => {
      connection.ended = true;
      endIfDone(connection);
    });
    // A reset by the client is no fault of ours, and 'close' follows it.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => forget(connection));
  }

  /** Handles what has been read, until replies back up or too many are awaited; then nothing more is read. */
  function drain(connection: Connection): void {
    // Writing may call back here at once.
    if (connection.draining || connection.socket.destroyed) return;
    connection.draining = true;
    connection.socket.cork();
    try {
      let more = mayRead(connection);
      while (more) {
        const query = connection.reader.next();
        if (query === undefined) break;
        if (!answer(connection, query)) return;
        more = mayRead(connection);
      }
      if (more) resume(connection);
      else pause(connection);
    } catch (error) {
      reportFault('fault while answering over TCP', error);
      connection.socket.destroy();
    } finally {
      connection.draining = false;
      connection.socket.uncork();
    }
    endIfDone(connection);
  }

  function mayRead(connection: Connection): boolean {
    return connection.inFlight < limits.tcpInFlight && !connection.socket.writableNeedDrain;
  }

  function pause(connection: Connection): void {
    if (!connection.paused) connection.socket.pause();
    connection.paused = true;
  }

  function resume(connection: Connection): void {
    if (connection.paused) connection.socket.resume();
    connection.paused = false;
  }

  /** False: the connection was given up. */
  function answer(connection: Connection, query: Uint8Array): boolean {
    if (query.length < MESSAGE_OCTETS_LEAST) {
      connection.socket.destroy();
      return false;
    }
    connection.activeMs = clock.nowMs();
    const handled = handler.handle(query, query.length, connection.from, true, out);
    if (typeof handled !== 'number') {
      connection.inFlight += 1;
      void answerLater(connection, handled);
    } else if (handled > 0) connection.socket.write(frame(out.subarray(0, handled)));
    return true;
  }

  /** RFC 7766, 6.2.1.1: each reply goes out as soon as it is there, in whatever order. */
  async function answerLater(connection: Connection, reply: Promise<Uint8Array | undefined>): Promise<void> {
    try {
      const octets = await reply;
      if (octets !== undefined && connection.socket.writable) connection.socket.write(frame(octets));
    } catch (error) {
      reportFault('fault while sending a reply', error);
    }
    connection.inFlight -= 1;
    connection.activeMs = clock.nowMs();
    drain(connection);
  }

  function endIfDone(connection: Connection): void {
    const done = connection.inFlight === 0 && !connection.paused;
    if (done && (connection.ended || !accepting)) connection.socket.end();
  }

  /**
   * RFC 7766, 6.2.3: idle connections are closed. Octets of an unfinished query are no activity, nor is a client that
   * does not read: whoever makes no progress is idle.
   */
  function watchIdle(connection: Connection): void {
    const leftMs = connection.activeMs + idleMs() - clock.nowMs();
    connection.cancelIdle = clock.after(Math.max(leftMs, 1), () => {
      if (connection.inFlight === 0 && clock.nowMs() >= connection.activeMs + idleMs()) connection.socket.destroy();
      else if (connection.inFlight === 0) watchIdle(connection);
      else {
        // A reply is awaited, and its time is bounded: looked at again after a whole idle time.
        connection.activeMs = clock.nowMs();
        watchIdle(connection);
      }
    });
  }

  function idleMs(): number {
    const half = limits.tcpConnections / 2;
    const over = Math.max(0, connections.size - half) / half;
    return Math.max(Math.min(IDLE_LEAST_MS, limits.tcpIdleMs), limits.tcpIdleMs * (1 - over));
  }

  function closeLongestIdle(): void {
    let longest: Connection | undefined;
    for (const connection of connections) {
      if (connection.inFlight > 0) continue;
      if (longest === undefined || connection.activeMs < longest.activeMs) longest = connection;
    }
    if (longest === undefined) return;
    longest.socket.destroy();
    forget(longest);
  }

  function forget(connection: Connection): void {
    if (!connections.delete(connection)) return;
    connection.cancelIdle();
    const { address } = connection.from;
    const left = (perClient.get(address) ?? 1) - 1;
    if (left > 0) perClient.set(address, left);
    else perClient.delete(address);
  }

  return {
    listen(address): Promise<TcpListener> {
      // Half-open: a client may close its side and still wait for replies (RFC 7766, 6.2.4).
      const server = createServer({ allowHalfOpen: true }, onConnection);
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        const { ip, port, descriptor } = address;
        const where = descriptor === undefined ? { host: ip, port, ipv6Only: isIPv6(ip) } : { fd: descriptor };
        server.listen({ ...where, backlog: BACKLOG, exclusive: true }, () => {
          server.off('error', reject);
          server.on('error', (error) => reportFault('fault of a TCP listener', error));
          listeners.add(server);
          const bound = server.address();
          const found = typeof bound === 'object' && bound !== null ? bound : { address: ip, port };
          resolve({
            address: { ip: descriptor === undefined ? ip : found.address, port: found.port },
            close: () => {
              listeners.delete(server);
              server.close();
            },
          });
        });
      });
    },
    get connections(): number {
      return connections.size;
    },
    refused,
    stopAccepting(): void {
      accepting = false;
      for (const server of listeners) server.close();
      listeners.clear();
      for (const connection of connections) endIfDone(connection);
    },
    close(): void {
      for (const connection of connections) connection.socket.destroy();
    },
  };
}
