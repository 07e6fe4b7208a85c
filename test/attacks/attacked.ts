// An authoritative server on real sockets, and a resolver with the real transport that walks from it.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { createFrameReader, frame } from '../../src/base/frames.ts';
import { makeLimits } from '../../src/base/limits.ts';
import type { ServerAddress } from '../../src/base/ports.ts';
import type { SystemCalls } from '../../src/base/system-calls.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { findSystemCalls } from '../../src/net/system-calls.ts';
import { createTransport } from '../../src/net/transport.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { encode, type Reply } from './world.ts';

/** What is to be closed when the tests end. */
export interface Attacked {
  close(): void;
}

/** A query at the server; `send` sends further octets by the same way. */
export interface RealAsked {
  readonly text: string;
  readonly type: number;
  readonly octets: Uint8Array;
  readonly protocol: 'udp' | 'tcp';
  readonly from: { readonly address: string; readonly port: number };
  send(octets: Uint8Array): void;
}

/** UDP and TCP on one port of 127.0.0.1. */
export async function attackedServer(
  answer: (asked: RealAsked) => Reply | undefined,
): Promise<Attacked & { readonly address: ServerAddress }> {
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const reader = createFrameReader();
    const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let octets = reader.next(); octets !== undefined; octets = reader.next()) {
        hear(octets, 'tcp', from, (reply) => socket.write(frame(reply)));
      }
    });
  });
  const udp = createSocket('udp4');
  udp.on('message', (octets, from: RemoteInfo) => {
    hear(octets, 'udp', from, (reply) => udp.send(reply, from.port, from.address));
  });

  function hear(
    octets: Uint8Array,
    protocol: 'udp' | 'tcp',
    from: RealAsked['from'],
    send: (octets: Uint8Array) => void,
  ): void {
    const question = parseMessage(octets).questions[0];
    if (question === undefined) return;
    const reply = answer({ text: nameToText(question.name), type: question.type, octets, protocol, from, send });
    if (reply !== undefined) send(encode(octets, reply, protocol === 'udp' ? 1232 : 65_535));
  }

  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const bound = tcp.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
  return {
    address: { ip: '127.0.0.1', port },
    close: () => {
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The ways to send a datagram: Node's own, and system calls where this machine has them. */
export const ways: readonly (readonly [string, SystemCalls | undefined])[] = [
  ['by Node.js', undefined],
  ...systemWays(findSystemCalls().calls),
];

function systemWays(calls: SystemCalls | undefined): [string, SystemCalls][] {
  return calls === undefined ? [] : [['by system calls', calls]];
}

/** How a resolver differs from the usual one. */
export interface ResolverOptions {
  readonly caseRandomisation?: boolean;
  readonly udpPayloadOctets?: number;
  readonly calls?: SystemCalls | undefined;
}

/** A resolver with real sockets, clock and chance; the server is its root, or its forwarder for everything. */
export function resolverOf(
  server: ServerAddress,
  role: 'authoritative' | 'forwarder' = 'authoritative',
  { calls, ...upstream }: ResolverOptions = {},
): Attacked & { ask(text: string): Promise<Resolution>; readonly transport: ReturnType<typeof createTransport> } {
  const clock = systemClock();
  const random = systemRandom();
  const transport = createTransport({ clock, random, calls });
  const engine = testEngineOptions({
    transport,
    clock,
    random,
    roots: [{ nameServer: nameFromText('a.root.'), ip: server.ip }],
    upstream: { port: server.port, ipv6: false, caseRandomisation: true, ...upstream },
    zones: role === 'forwarder' ? [{ zone: ROOT, kind: 'forward', servers: [server] }] : [],
  });
  // A busy machine must not look like a silent server.
  const resolver = new Resolver({
    ...engine,
    limits: makeLimits({ firstTimeoutMs: 2000, leastTimeoutMs: 1000, hedgeMs: 2000 }),
  });
  return {
    transport,
    ask: (text) => resolver.resolve({ name: nameFromText(text), type: TYPE.A, checkingDisabled: false }),
    close: () => resolver.close(),
  };
}
