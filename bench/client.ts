// A DNS client for benches: many questions at once over a few UDP sockets, with TCP for what is truncated.

import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { parseServerAddress } from '../src/config/address.ts';

/** One server's client; counts what it sends and gets over UDP. */
export interface Client {
  /** The reply to `query`, whose ID is replaced, or undefined where none comes within `timeoutMs`. */
  ask(query: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined>;
  /** UDP datagrams sent and received so far, and questions asked over TCP. */
  readonly counts: { readonly sent: number; readonly received: number; readonly tcp: number };
  close(): void;
}

/** Sockets of one client: replies are told apart by ID, so each holds up to 65,536 questions. */
const socketsMax = 8;

/** Opens a client to `server`, an address with port. */
export async function openClient(server: string): Promise<Client> {
  const address = parseServerAddress(server);
  if (address === undefined) throw new Error(`${server}: an address with port is wanted, such as 127.0.0.1:5353`);
  const counts = { sent: 0, received: 0, tcp: 0 };
  const lanes = await Promise.all(
    Array.from({ length: socketsMax }, () => openLane(address.ip, address.port, () => counts.received++)),
  );
  let next = 0;
  return {
    counts,
    ask: async (query, timeoutMs) => {
      const lane = lanes[next++ % lanes.length] as Lane;
      counts.sent++;
      const reply = await lane.ask(query, timeoutMs);
      if (reply === undefined || ((reply[2] as number) & 0x02) === 0) return reply;
      counts.tcp++;
      return askOverTcp(address.ip, address.port, query, timeoutMs);
    },
    close: () => {
      for (const lane of lanes) lane.socket.close();
    },
  };
}

/** One question over a TCP connection of its own. */
export function askOverTcp(
  ip: string,
  port: number,
  query: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, ip);
    let got = Buffer.alloc(0);
    const end = (reply: Uint8Array | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(end, timeoutMs, undefined);
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(undefined));
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) end(got.subarray(2, 2 + got.readUInt16BE(0)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.end(Buffer.concat([length, query]));
  });
}

interface Lane {
  readonly socket: Socket;
  ask(query: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined>;
}

function openLane(ip: string, port: number, received: () => void): Promise<Lane> {
  const socket = createSocket({ type: ip.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
  const waiting = new Map<number, (reply: Uint8Array) => void>();
  let nextId = 1;
  socket.on('message', (reply) => {
    received();
    if (reply.length >= 12) waiting.get(reply.readUInt16BE(0))?.(reply);
  });
  // A refused port comes back as an error on a connected socket; the question then just stays unanswered.
  socket.on('error', () => undefined);
  const ask = (query: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined> => {
    while (waiting.has(nextId)) nextId = (nextId + 1) & 0xffff;
    const id = nextId;
    nextId = (nextId + 1) & 0xffff;
    const octets = Buffer.from(query);
    // What is too short for an ID goes out as it is.
    if (octets.length >= 2) octets.writeUInt16BE(id);
    return new Promise((resolve) => {
      const end = (reply: Uint8Array | undefined): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(reply);
      };
      const timer = setTimeout(end, timeoutMs, undefined);
      waiting.set(id, end);
      socket.send(octets, () => undefined);
    });
  };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, ip, () => {
      socket.off('error', reject);
      resolve({ socket, ask });
    });
  });
}
