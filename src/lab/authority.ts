// An authoritative server of the lab on loopback sockets: UDP and TCP, each with a port of its own.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createFrameReader, frame } from '../base/frames.ts';
import type { Clock, ServerAddress } from '../base/ports.ts';
import { type Authority, respond } from './respond.ts';

/** A running server: where its sockets are. */
export interface RunningAuthority {
  readonly udp: ServerAddress;
  readonly tcp: ServerAddress;
  /** Closes both sockets and every connection. */
  close(): Promise<void>;
}

/** What a server needs besides its zones. `delayMs`: waits this long before each response. */
export interface AuthorityOptions {
  readonly clock: Clock;
  readonly delayMs: number;
}

const loopback = '127.0.0.1';
const connectionsMost = 100;

/** Starts a server on ephemeral ports of 127.0.0.1; rejects with the error of the socket that could not be bound. */
export async function startAuthority(authority: Authority, options: AuthorityOptions): Promise<RunningAuthority> {
  const answer = (query: Uint8Array, protocol: 'udp' | 'tcp', send: (response: Buffer) => void): void => {
    const response = respond(authority, query, protocol);
    if (response === undefined) return;
    if (options.delayMs === 0) send(response);
    else options.clock.after(options.delayMs, () => send(response));
  };
  const closers = [await startUdp(answer), await startTcp(answer)] as const;
  return {
    udp: closers[0].address,
    tcp: closers[1].address,
    close: async () => {
      await Promise.all(closers.map((closer) => closer.close()));
    },
  };
}

type Answer = (query: Uint8Array, protocol: 'udp' | 'tcp', send: (response: Buffer) => void) => void;
type Listener = { readonly address: ServerAddress; close(): Promise<void> };

async function startUdp(answer: Answer): Promise<Listener> {
  const socket = createSocket('udp4');
  let open = true;
  socket.on('message', (query, from) => {
    answer(query, 'udp', (response) => {
      // A delayed response may come after the close; a failed send is a lost datagram, as on any network.
      if (open) socket.send(response, from.port, from.address, () => undefined);
    });
  });
  socket.bind(0, loopback);
  await once(socket, 'listening');
  // A reply to a port that is closed by now is reported here (ICMP); it is the asker's affair.
  socket.on('error', () => undefined);
  const close = async (): Promise<void> => {
    open = false;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
  return { address: { ip: loopback, port: socket.address().port }, close };
}

async function startTcp(answer: Answer): Promise<Listener> {
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    // A connection that breaks is closed by Node; nothing is left to do.
    connection.on('error', () => undefined);
    const reader = createFrameReader();
    connection.on('data', (chunk) => {
      reader.push(chunk);
      // RFC 7766, 6.2.1.1: several queries may follow one another.
      for (let query = reader.next(); query !== undefined; query = reader.next()) {
        answer(query, 'tcp', (response) => {
          if (connection.writable) connection.write(frame(response));
        });
      }
    });
  });
  server.maxConnections = connectionsMost;
  server.listen(0, loopback);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const connection of connections) connection.destroy();
    await closed;
  };
  return { address: { ip: loopback, port: (server.address() as AddressInfo).port }, close };
}
