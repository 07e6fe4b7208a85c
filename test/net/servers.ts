// Little real servers on loopback for the tests of the transport.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { createFrameReader, frame } from '../../src/base/frames.ts';
import type { ServerAddress, Verdict } from '../../src/base/ports.ts';

/** A query of 20 octets: `id`, then `mark` throughout. */
export function query(id: number, mark = 1): Uint8Array {
  const octets = new Uint8Array(20).fill(mark);
  octets[0] = id >>> 8;
  octets[1] = id;
  return octets;
}

/** Takes octets equal to `asked`, distrusts those with another ID, ignores the rest. */
export function echoOf(asked: Uint8Array): (octets: Uint8Array) => Verdict {
  return (octets) => {
    if (octets[0] !== asked[0] || octets[1] !== asked[1]) return 'suspect';
    return Buffer.compare(octets, asked) === 0 ? 'take' : 'ignore';
  };
}

export interface UdpServer {
  readonly address: ServerAddress;
  readonly socket: UdpSocket;
  close(): void;
}

/** A UDP server that gives each datagram to `answer`. */
export async function udpServer(
  answer: (octets: Uint8Array, from: RemoteInfo, socket: UdpSocket) => void,
  ip = '127.0.0.1',
): Promise<UdpServer> {
  const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (octets, from) => answer(octets, from, socket));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, ip, resolve);
  });
  return { address: { ip, port: socket.address().port }, socket, close: () => socket.close() };
}

export interface TcpServer {
  readonly address: ServerAddress;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  close(): void;
}

/** A TCP server that gives each whole message, and the socket it came by, to `answer`. */
export async function tcpServer(answer: (message: Uint8Array, socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    const reader = createFrameReader();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let message = reader.next(); message !== undefined; message = reader.next()) answer(message, socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: { ip: '127.0.0.1', port },
    accepted: () => accepted,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Writes each message in a frame of its own. */
export function writeFrames(socket: Socket, ...messages: readonly Uint8Array[]): void {
  for (const message of messages) socket.write(frame(message));
}
