// TCP to upstream servers: one kept connection per server, pipelined, replies in any order (RFC 7766, 6.2).

import { connect as connectSocket, type Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import { createFrameReader, type FrameReader, frame } from '../base/frames.ts';
import {
  addressKey,
  type Clock,
  type ServerAddress,
  type TransportOutcome,
  type TransportRequest,
  type Verdict,
} from '../base/ports.ts';
import { errorText } from './udp-sockets.ts';

/** Bounds of the TCP side. */
export interface TcpBounds {
  /** Connections open at once, to all servers; with all of them busy a send ends as `unreachable`. Default 500. */
  readonly connectionsMax: number;
  /** Queries in flight on one connection; further ones open another. Default 100. */
  readonly inFlightMax: number;
  /** How long a connection is kept for the next query, ms. Default 5000. */
  readonly idleMs: number;
  /** Messages nobody waits for, on one connection, before it is closed. Default 100. */
  readonly unmatchedMax: number;
  /** Octets written and not yet taken by the kernel, on one connection, before another is opened. Default 65,536. */
  readonly backlogOctetsMax: number;
}

const DEFAULTS: TcpBounds = {
  connectionsMax: 500,
  inFlightMax: 100,
  idleMs: 5000,
  unmatchedMax: 100,
  backlogOctetsMax: 65_536,
};

/** The TCP half of the transport. */
export interface TcpPool {
  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome>;
  close(): void;
  stats(): { readonly tcpOpen: number; readonly tcpReused: number };
}

/** One send in progress. */
interface Waiter {
  readonly request: TransportRequest;
  readonly accept: (octets: Uint8Array) => Verdict;
  readonly resolve: (outcome: TransportOutcome) => void;
  readonly id: number;
  readonly sinceMs: number;
  cancelTimer: () => void;
  connection: Connection | undefined;
  retried: boolean;
  ended: boolean;
}

/** One connection. `waiters` is keyed by message ID; `pooled`: new queries may use it. */
interface Connection {
  readonly key: string;
  readonly socket: Socket;
  readonly reader: FrameReader;
  readonly waiters: Map<number, Waiter>;
  pooled: boolean;
  answered: boolean;
  unmatched: number;
  error: string | undefined;
  cancelIdle: (() => void) | undefined;
}

/** Makes the TCP half of the transport. */
export function createTcpPool(options: { readonly clock: Clock; readonly tcp?: Partial<TcpBounds> }): TcpPool {
  const { clock } = options;
  const bounds = { ...DEFAULTS, ...options.tcp };
  const open = new Set<Connection>();
  const pool = new LRUCache<string, Connection>({
    max: bounds.connectionsMax,
    // Evicted, replaced or deleted: it serves those who wait on it and then closes.
    dispose: (connection) => {
      connection.pooled = false;
      if (connection.waiters.size === 0) discard(connection);
    },
  });
  let reused = 0;

  function send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    return new Promise((resolve) => {
      const id = ((request.query[0] ?? 0) << 8) | (request.query[1] ?? 0);
      const waiter: Waiter = {
        request,
        accept,
        resolve,
        id,
        sinceMs: clock.nowMs(),
        cancelTimer: clock.after(request.timeoutMs, () => expire(waiter)),
        connection: undefined,
        retried: false,
        ended: false,
      };
      const key = addressKey(request.server);
      const kept = pool.get(key);
      if (kept !== undefined && usable(kept, id)) {
        if (kept.answered) reused += 1;
        enlist(waiter, kept);
        return;
      }
      const fresh = openConnection(key, request.server);
      if (fresh === undefined) {
        finish(waiter, { kind: 'unreachable', detail: `more than ${bounds.connectionsMax} TCP connections` });
        return;
      }
      fresh.pooled = true;
      pool.set(key, fresh);
      enlist(waiter, fresh);
    });
  }

  /** RFC 7766, 6.2.1: message IDs in flight on one connection differ; a query whose ID is taken goes elsewhere. */
  function usable(connection: Connection, id: number): boolean {
    return (
      connection.pooled &&
      !connection.socket.destroyed &&
      connection.waiters.size < bounds.inFlightMax &&
      !connection.waiters.has(id) &&
      connection.socket.writableLength < bounds.backlogOctetsMax
    );
  }

  function enlist(waiter: Waiter, connection: Connection): void {
    waiter.connection = connection;
    connection.waiters.set(waiter.id, waiter);
    connection.cancelIdle?.();
    connection.cancelIdle = undefined;
    connection.socket.ref();
    // RFC 7766, 8: length and message in one write, so that they share a segment.
    connection.socket.write(frame(waiter.request.query));
  }

  function openConnection(key: string, server: ServerAddress): Connection | undefined {
    if (open.size >= bounds.connectionsMax) closeLeastRecentIdle();
    if (open.size >= bounds.connectionsMax) return undefined;
    const socket = connectSocket({ host: server.ip, port: server.port, noDelay: true, autoSelectFamily: false });
    const connection: Connection = {
      key,
      socket,
      reader: createFrameReader(),
      waiters: new Map(),
      pooled: false,
      answered: false,
      unmatched: 0,
      error: undefined,
      cancelIdle: undefined,
    };
    open.add(connection);
    socket.on('data', (chunk: Uint8Array) => {
      connection.reader.push(chunk);
      for (;;) {
        const message = connection.socket.destroyed ? undefined : connection.reader.next();
        if (message === undefined) return;
        deliver(connection, message);
      }
    });
    socket.on('error', (error) => {
      connection.error = errorText(error);
    });
    socket.on('close', () => fail(connection));
    return connection;
  }

  function closeLeastRecentIdle(): void {
    for (const connection of pool.rvalues()) {
      if (connection === undefined || connection.waiters.size > 0) continue;
      pool.delete(connection.key);
      return;
    }
  }

  /** The waiter with the message's ID judges first. What a stranger to the message calls suspect is not: it is pipelined. */
  function deliver(connection: Connection, message: Uint8Array): void {
    connection.answered = true;
    const owner = connection.waiters.get(((message[0] ?? 0) << 8) | (message[1] ?? 0));
    if (owner !== undefined && settle(owner, message, true)) return;
    const alone = connection.waiters.size === 1 && connection.unmatched === 0 && connection.pooled;
    for (const waiter of connection.waiters.values()) {
      if (waiter !== owner && settle(waiter, message, alone)) return;
    }
    connection.unmatched += 1;
    if (connection.unmatched > bounds.unmatchedMax) {
      connection.error = `more than ${bounds.unmatchedMax} messages without a question`;
      discard(connection);
    }
  }

  function settle(waiter: Waiter, message: Uint8Array, mayDistrust: boolean): boolean {
    const verdict = waiter.accept(message);
    if (verdict === 'take') {
      finish(waiter, { kind: 'response', octets: message, rttMs: clock.nowMs() - waiter.sinceMs });
      return true;
    }
    if (verdict === 'suspect' && mayDistrust) {
      finish(waiter, { kind: 'suspect' });
      return true;
    }
    return false;
  }

  /** A connection on which a reply was overdue gets no further queries: its peer may be gone. */
  function expire(waiter: Waiter): void {
    const connection = waiter.connection;
    if (connection?.pooled) pool.delete(connection.key);
    finish(waiter, { kind: 'timeout' });
  }

  function finish(waiter: Waiter, outcome: TransportOutcome): void {
    if (waiter.ended) return;
    waiter.ended = true;
    waiter.cancelTimer();
    const connection = waiter.connection;
    if (connection !== undefined) {
      connection.waiters.delete(waiter.id);
      if (connection.waiters.size === 0) rest(connection);
    }
    waiter.resolve(outcome);
  }

  function rest(connection: Connection): void {
    if (!connection.pooled) {
      discard(connection);
      return;
    }
    connection.socket.unref();
    connection.cancelIdle = clock.after(bounds.idleMs, () => {
      if (connection.pooled) pool.delete(connection.key);
    });
  }

  /** Closes at once; `fail` then tells those who still wait. */
  function discard(connection: Connection): void {
    connection.cancelIdle?.();
    connection.cancelIdle = undefined;
    open.delete(connection);
    connection.socket.destroy();
  }

  /** RFC 7766, 6.2.4: a server may close a kept connection whenever it likes, so those in flight are sent once more. */
  function fail(connection: Connection): void {
    discard(connection);
    if (connection.pooled) pool.delete(connection.key);
    const detail = connection.error ?? 'connection closed';
    const waiters = [...connection.waiters.values()];
    connection.waiters.clear();
    for (const waiter of waiters) {
      waiter.connection = undefined;
      const again =
        connection.answered && connection.unmatched <= bounds.unmatchedMax && !waiter.retried && !waiter.ended
          ? openConnection(connection.key, waiter.request.server)
          : undefined;
      if (again === undefined) finish(waiter, { kind: 'unreachable', detail });
      else {
        // A connection of its own: some servers close after each response.
        waiter.retried = true;
        enlist(waiter, again);
      }
    }
  }

  return {
    send,
    close(): void {
      for (const connection of [...open]) {
        for (const waiter of [...connection.waiters.values()]) finish(waiter, { kind: 'timeout' });
        if (connection.pooled) pool.delete(connection.key);
        discard(connection);
      }
    },
    stats: () => ({ tcpOpen: open.size, tcpReused: reused }),
  };
}
