// A server on loopback with a made-up resolver, and little clients that ask it over real sockets.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { createFrameReader, frame } from '../../src/base/frames.ts';
import { type Limits, makeLimits } from '../../src/base/limits.ts';
import type { Clock, Log, LogFields, ServerAddress } from '../../src/base/ports.ts';
import { Answers } from '../../src/cache/answers.ts';
import { systemClock } from '../../src/net/clock.ts';
import type { Resolution, ResolveRequest } from '../../src/resolver/types.ts';
import { createServer, type Server, type ServerOptions } from '../../src/server/server.ts';
import { type Message, parseMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';

/** What the made-up resolver says; undefined of `fromCache`: it must resolve. */
export interface Script {
  readonly fromCache?: (request: ResolveRequest) => Resolution | undefined;
  readonly resolve?: (request: ResolveRequest) => Promise<Resolution> | Resolution;
}

/** A server under test. */
export interface Rig {
  readonly server: Server;
  readonly address: ServerAddress;
  readonly answers: Answers;
  readonly lines: readonly {
    readonly level: string;
    readonly message: string;
    readonly fields?: LogFields | undefined;
  }[];
}

const servers: Server[] = [];

/** Starts a server whose resolver follows `script`. `closeServers` ends it. */
export async function startServer(
  script: Script,
  changes: Partial<Omit<ServerOptions, 'limits'>> & { limits?: Partial<Limits> } = {},
): Promise<Rig> {
  const lines: { level: string; message: string; fields?: LogFields | undefined }[] = [];
  const note = (level: string) => (message: string, fields?: LogFields) => lines.push({ level, message, fields });
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const answers = new Answers({ octetsMax: 1_000_000, seed: [1, 2] });
  const server = createServer({
    resolver: {
      fromCache: script.fromCache ?? (() => undefined),
      resolve: async (request) => (script.resolve ?? (() => answer('192.0.2.1')))(request),
      caches: { answers },
    },
    clock: systemClock(),
    log,
    listen: ['127.0.0.1:0'],
    allow: ['127.0.0.0/8', '::1'],
    ...changes,
    limits: makeLimits(changes.limits),
  });
  servers.push(server);
  const { bound } = await server.start();
  return { server, address: bound[0] as ServerAddress, answers, lines };
}

/** Closes every server started so far. */
export async function closeServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
}

/** An answer of one A RRset for www.example.com with a TTL of 300 s. */
export function answer(ip: string, changes: Partial<Resolution> = {}): Resolution {
  const rdata = Uint8Array.from(ip.split('.').map(Number));
  return resolution({ answer: [rrset('www.example.com', TYPE.A, [rdata])], ...changes });
}

/** A Resolution with nothing in it but `changes`. */
export function resolution(changes: Partial<Resolution>): Resolution {
  return {
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [],
    security: 'insecure',
    extendedErrors: [],
    authoritative: false,
    ttl: 300,
    ...changes,
  };
}

/** An RRset of class IN and TTL 300. */
export function rrset(
  name: string,
  type: number,
  rdatas: readonly Uint8Array[],
  signatures: readonly Uint8Array[] = [],
): RRset {
  return { name: nameFromText(name), type, class: 1, ttl: 300, rdatas, signatures };
}

/** The octets of a query; RD is set unless said otherwise. */
export function makeQuery(
  changes: {
    readonly id?: number;
    readonly name?: string;
    readonly type?: number;
    readonly rd?: boolean;
    readonly cd?: boolean;
    readonly ad?: boolean;
    readonly edns?: { readonly payload?: number; readonly dnssecOk?: boolean; readonly version?: number };
    readonly options?: readonly { readonly code: number; readonly data: Uint8Array }[];
  } = {},
): Uint8Array {
  const { edns, options } = changes;
  const octets = buildQuery({
    id: changes.id ?? 0x1234,
    name: nameFromText(changes.name ?? 'www.example.com'),
    type: changes.type ?? TYPE.A,
    recursionDesired: changes.rd ?? true,
    checkingDisabled: changes.cd ?? false,
    edns:
      edns === undefined && options === undefined
        ? undefined
        : {
            udpPayloadOctets: edns?.payload ?? 1232,
            version: edns?.version ?? 0,
            dnssecOk: edns?.dnssecOk ?? false,
            options: options ?? [],
          },
  });
  if (changes.ad === true) octets[3] = (octets[3] as number) | 0x20;
  return octets;
}

/** A query with letters of QNAME in upper case. */
export function upperCase(query: Uint8Array): Uint8Array {
  return query.map((octet, i) => (i > 12 && octet >= 97 && octet <= 122 && i < query.length - 4 ? octet - 32 : octet));
}

/** Asks over UDP and gives the reply's octets, or undefined when none comes within `waitMs`. */
export function askUdpRaw(to: ServerAddress, query: Uint8Array, waitMs = 2000): Promise<Uint8Array | undefined> {
  const clock = systemClock();
  return new Promise((resolve, reject) => {
    const socket = createSocket(to.ip.includes(':') ? 'udp6' : 'udp4');
    const cancel = clock.after(waitMs, () => {
      socket.close();
      resolve(undefined);
    });
    socket.on('error', reject);
    socket.on('message', (octets) => {
      cancel();
      socket.close();
      resolve(octets);
    });
    socket.send(query, to.port, to.ip);
  });
}

/** Asks over UDP and parses the reply; rejects when none comes. */
export async function askUdp(to: ServerAddress, query: Uint8Array): Promise<Message> {
  const octets = await askUdpRaw(to, query);
  if (octets === undefined) throw new Error('no reply over UDP');
  return parseMessage(octets);
}

/** A TCP client that collects replies. */
export interface TcpClient {
  readonly socket: Socket;
  readonly replies: Uint8Array[];
  send(...queries: readonly Uint8Array[]): void;
  /** Resolves once `count` replies have come, or rejects when the connection ends before. */
  until(count: number): Promise<readonly Message[]>;
  /** Resolves when the connection is closed by the server. */
  readonly closed: Promise<void>;
}

/** Connects to a server. */
export async function connectTcp(to: ServerAddress): Promise<TcpClient> {
  const socket = connect({ host: to.ip, port: to.port, noDelay: true });
  const replies: Uint8Array[] = [];
  const reader = createFrameReader();
  let notify = (): void => undefined;
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      notify();
      resolve();
    });
  });
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    reader.push(chunk);
    for (let message = reader.next(); message !== undefined; message = reader.next()) replies.push(message);
    notify();
  });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  return {
    socket,
    replies,
    closed,
    send: (...queries) => socket.write(Buffer.concat(queries.map(frame))),
    until: async (count) => {
      while (replies.length < count) {
        if (ended) throw new Error(`closed after ${replies.length} replies`);
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      return replies.map((octets) => parseMessage(octets));
    },
  };
}

/** Waits for real milliseconds. */
export function pause(ms: number, clock: Clock = systemClock()): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
