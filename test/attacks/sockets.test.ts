// Clients that hold TCP connections without a use, or ask without reading, on real sockets.
import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { frame } from '../../src/base/frames.ts';
import type { ServerAddress } from '../../src/base/ports.ts';
import { systemClock } from '../../src/net/clock.ts';
import { TYPE } from '../../src/wire/types.ts';
import {
  answer,
  askUdp,
  closeServers,
  connectTcp,
  makeQuery,
  pause,
  type Rig,
  resolution,
  rrset,
  startServer,
} from '../server/clients.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';

const clock = systemClock();
const sockets: Socket[] = [];

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await closeServers();
});

/** Connections that send the first octets of a query and then nothing. */
async function slowloris({ server, address: to }: Rig, count: number, kept = count): Promise<Socket[]> {
  const half = frame(makeQuery()).subarray(0, 9);
  const opened = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect({ host: to.ip, port: to.port });
          sockets.push(socket);
          socket.on('error', () => socket.destroy());
          socket.once('connect', () => {
            socket.write(half);
            resolve(socket);
          });
          socket.once('close', () => resolve(socket));
        }),
    ),
  );
  // Accepting goes on after connecting: at most two seconds.
  for (let i = 0; i < 200 && server.stats().tcpConnections < kept; i++) await pause(10);
  return opened;
}

/** The best of three: a busy machine is not the server's fault. */
async function timeOfNewClient(to: ServerAddress): Promise<number> {
  const times = [];
  for (let i = 0; i < 3; i++) times.push(await timeOfOne(to));
  return Math.min(...times);
}

async function timeOfOne(to: ServerAddress): Promise<number> {
  const startMs = clock.nowMs();
  const client = await connectTcp(to);
  sockets.push(client.socket);
  client.send(makeQuery());
  await client.until(1);
  return clock.nowMs() - startMs;
}

describe('200 idle TCP connections', () => {
  it('do not keep a new client out', async () => {
    const rig = await startServer({ fromCache: () => answer('192.0.2.1') });
    await slowloris(rig, 200);
    expect(rig.server.stats().tcpConnections).toBeGreaterThanOrEqual(200);
    atMost(
      'slowloris',
      'time of a new client beside 200 idle connections',
      await timeOfNewClient(rig.address),
      100,
      'ms',
    );
  });

  it('nor when they fill every place', async () => {
    const rig = await startServer({ fromCache: () => answer('192.0.2.1') }, { limits: { tcpConnections: 100 } });
    await slowloris(rig, 200, 100);
    atMost('slowloris', 'connections kept, limit 100', rig.server.stats().tcpConnections, 100);
    atMost(
      'slowloris',
      'time of a new client when all places are taken',
      await timeOfNewClient(rig.address),
      100,
      'ms',
    );
    const free = await startServer({ fromCache: () => answer('192.0.2.1') });
    await slowloris(free, 200);
    withoutLimit('slowloris', 'connections kept', free.server.stats().tcpConnections, 100);
  });

  it('end after the idle time although octets trickle in', async () => {
    const rig = await startServer({ fromCache: () => answer('192.0.2.1') }, { limits: { tcpIdleMs: 300 } });
    const opened = await slowloris(rig, 20);
    // An octet each 100 ms for as long as anybody is there: three seconds at most.
    for (let i = 0; i < 30 && rig.server.stats().tcpConnections > 0; i++) {
      for (const socket of opened) if (!socket.destroyed) socket.write(Uint8Array.of(0));
      await pause(100);
    }
    exactly('slowloris', 'trickling connections left after the idle time', rig.server.stats().tcpConnections, 0);
  });
});

describe('a client that asks and does not read', () => {
  it('costs no memory and no time of others', async () => {
    const big = resolution({
      answer: [
        rrset(
          'www.example.com',
          TYPE.TXT,
          Array.from({ length: 120 }, (_, i) => Uint8Array.from([250, ...new Array<number>(250).fill(i)])),
        ),
      ],
    });
    const rig = await startServer({ fromCache: (request) => (request.type === TYPE.TXT ? big : answer('192.0.2.1')) });
    const before = process.memoryUsage().rss;
    const greedy = connect({ host: rig.address.ip, port: rig.address.port });
    sockets.push(greedy);
    greedy.on('error', () => greedy.destroy());
    greedy.pause();
    const query = frame(makeQuery({ type: TYPE.TXT }));
    const many = Buffer.concat(Array.from({ length: 5000 }, () => query));
    // 150 MB of replies, were they all made.
    greedy.write(many);
    await pause(300);
    const startMs = clock.nowMs();
    const reply = await askUdp(rig.address, makeQuery());
    atMost('pipelining', 'time of a UDP client meanwhile', clock.nowMs() - startMs, 1000, 'ms');
    expect(reply.answer).toHaveLength(1);
    atMost('pipelining', 'growth of memory', (process.memoryUsage().rss - before) / 2 ** 20, 64, 'MB');
    expect(rig.server.stats().queries).toBeLessThan(5000);
  });

  it('has so many queries in flight', async () => {
    const inFlight = async (limit: number): Promise<number> => {
      const rig = await startServer(
        { resolve: () => new Promise(() => undefined) },
        { limits: { tcpInFlight: limit } },
      );
      const client = await connectTcp(rig.address);
      sockets.push(client.socket);
      client.send(...Array.from({ length: 500 }, (_, id) => makeQuery({ id, name: `n${id}.example.com` })));
      await pause(100);
      return rig.server.stats().awaited;
    };
    atMost('pipelining', 'queries in flight on one connection, of 500', await inFlight(100), 100);
    withoutLimit('pipelining', 'queries in flight on one connection', await inFlight(10_000), 100);
  });
});
