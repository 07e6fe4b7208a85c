// TCP to upstream servers over real loopback sockets.
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../src/base/frames.ts';
import type { ServerAddress, TransportRequest } from '../../src/base/ports.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { createTransport, type TransportOptions } from '../../src/net/transport.ts';
import { echoOf, query, type TcpServer, tcpServer, writeFrames } from './servers.ts';

const clock = systemClock();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function transport(tcp: TransportOptions['tcp'] = {}): ReturnType<typeof createTransport> {
  const made = createTransport({ clock, random: systemRandom(), tcp });
  closers.push(() => made.close());
  return made;
}

async function server(answer: (message: Uint8Array, socket: Socket) => void): Promise<TcpServer> {
  const made = await tcpServer(answer);
  closers.push(() => made.close());
  return made;
}

function ask(to: ServerAddress, octets: Uint8Array, timeoutMs = 2000): TransportRequest {
  return { server: to, protocol: 'tcp', query: octets, timeoutMs };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

describe('a TCP send', () => {
  it('brings the reply, however it is cut into segments', async () => {
    const long = new Uint8Array(65_535).fill(7);
    const { address } = await server((_, socket) => {
      const octets = frame(long);
      socket.write(octets.subarray(0, 1));
      clock.after(5, () => socket.write(octets.subarray(1, 5000)));
      clock.after(10, () => socket.write(octets.subarray(5000)));
    });
    const outcome = await transport().send(ask(address, query(1)), () => 'take');
    expect(outcome.kind === 'response' && Buffer.compare(outcome.octets, long)).toBe(0);
  });

  it('keeps the connection for the next query and closes it when idle', async () => {
    const { address, accepted } = await server((message, socket) => writeFrames(socket, message));
    const sender = transport({ idleMs: 40 });
    for (const id of [1, 2, 3]) {
      expect(await sender.send(ask(address, query(id)), echoOf(query(id)))).toMatchObject({ kind: 'response' });
    }
    expect(accepted()).toBe(1);
    expect(sender.stats()).toMatchObject({ tcpOpen: 1, tcpReused: 2 });
    await pause(80);
    expect(sender.stats().tcpOpen).toBe(0);
  });

  it('pipelines on one connection and gives each reply, in any order, to its asker', async () => {
    const held: Uint8Array[] = [];
    const { address, accepted } = await server((message, socket) => {
      held.push(message);
      if (held.length === 5) writeFrames(socket, ...held.reverse());
    });
    const sender = transport();
    const sends = [1, 2, 3, 4, 5].map((id) => sender.send(ask(address, query(id)), echoOf(query(id))));
    const outcomes = await Promise.all(sends);
    expect(outcomes.map((outcome) => outcome.kind === 'response' && outcome.octets[1])).toEqual([1, 2, 3, 4, 5]);
    expect(accepted()).toBe(1);
  });

  it('opens another connection for an ID that is in flight, and when one is full', async () => {
    const { address, accepted } = await server((message, socket) => {
      clock.after(20, () => writeFrames(socket, message));
    });
    const sender = transport({ inFlightMax: 2 });
    const sends = [query(1, 1), query(1, 2), query(2), query(3)].map((octets) =>
      sender.send(ask(address, octets), echoOf(octets)),
    );
    expect((await Promise.all(sends)).map(({ kind }) => kind)).toEqual(Array(4).fill('response'));
    expect(accepted()).toBe(3);
  });

  it('passes over messages that nobody waits for, up to a bound', async () => {
    const { address } = await server((message, socket) => {
      const junk = Array.from({ length: message[5] === 2 ? 20 : 3 }, () => query(99));
      writeFrames(socket, ...junk, message);
    });
    const sender = transport({ unmatchedMax: 10 });
    const notMine = (id: number) => (octets: Uint8Array) =>
      octets[1] === id ? ('take' as const) : ('ignore' as const);
    expect(await sender.send(ask(address, query(1, 1)), notMine(1))).toMatchObject({ kind: 'response' });
    expect(await sender.send(ask(address, query(1, 2)), notMine(1))).toMatchObject({
      kind: 'unreachable',
      detail: 'more than 10 messages without a question',
    });
  });

  it('ends as suspect when a server answers the only query with another ID', async () => {
    const { address } = await server((_, socket) => writeFrames(socket, query(77)));
    expect(await transport().send(ask(address, query(1)), echoOf(query(1)))).toEqual({ kind: 'suspect' });
  });

  it('asks once more when a kept connection was closed under it', async () => {
    const { address, accepted } = await server((message, socket) => {
      if (message[5] === 9) socket.destroy();
      else writeFrames(socket, message);
    });
    const sender = transport();
    await sender.send(ask(address, query(1)), echoOf(query(1)));
    expect(await sender.send(ask(address, query(2, 9)), () => 'take')).toMatchObject({ kind: 'unreachable' });
    expect(accepted()).toBe(2);
  });

  it('serves all in flight at a server that closes after each response', async () => {
    const { address } = await server((message, socket) => socket.end(frame(message)));
    const sender = transport();
    const sends = [1, 2, 3].map((id) => sender.send(ask(address, query(id)), echoOf(query(id))));
    expect((await Promise.all(sends)).map(({ kind }) => kind)).toEqual(Array(3).fill('response'));
  });

  it('bounds a server that sends its reply one octet at a time', async () => {
    const { address } = await server((message, socket) => {
      const octets = frame(message);
      const drip = (at: number): void => {
        if (socket.destroyed || at >= octets.length) return;
        socket.write(octets.subarray(at, at + 1));
        clock.after(20, () => drip(at + 1));
      };
      drip(0);
    });
    const sender = transport();
    expect(await sender.send(ask(address, query(1), 100), () => 'take')).toEqual({ kind: 'timeout' });
    expect(sender.stats().tcpOpen).toBe(0);
  });

  it('gives no further queries to a connection on which a reply is overdue', async () => {
    const { address, accepted } = await server((message, socket) => {
      if (message[5] === 1) writeFrames(socket, message);
    });
    const sender = transport();
    await sender.send(ask(address, query(1)), echoOf(query(1)));
    expect(await sender.send(ask(address, query(2, 9), 30), () => 'take')).toEqual({ kind: 'timeout' });
    expect(await sender.send(ask(address, query(3)), echoOf(query(3)))).toMatchObject({ kind: 'response' });
    expect(accepted()).toBe(2);
  });

  it('is unreachable when nothing listens, or when too many connections are busy', async () => {
    const gone = await tcpServer(() => undefined);
    gone.close();
    expect(await transport().send(ask(gone.address, query(1)), () => 'take')).toEqual({
      kind: 'unreachable',
      detail: 'ECONNREFUSED',
    });
    const silent = await server(() => undefined);
    const other = await server((message, socket) => writeFrames(socket, message));
    const sender = transport({ connectionsMax: 1 });
    const busy = sender.send(ask(silent.address, query(1), 50), () => 'take');
    expect(await sender.send(ask(other.address, query(2)), () => 'take')).toMatchObject({ kind: 'unreachable' });
    await busy;
    expect(await sender.send(ask(other.address, query(2)), () => 'take')).toMatchObject({ kind: 'response' });
  });

  it('closes an idle connection to make room for another server', async () => {
    const first = await server((message, socket) => writeFrames(socket, message));
    const second = await server((message, socket) => writeFrames(socket, message));
    const sender = transport({ connectionsMax: 1 });
    await sender.send(ask(first.address, query(1)), echoOf(query(1)));
    expect(await sender.send(ask(second.address, query(2)), echoOf(query(2)))).toMatchObject({ kind: 'response' });
    expect(sender.stats().tcpOpen).toBe(1);
  });

  it('ends as timeout when the transport closes', async () => {
    const { address } = await server(() => undefined);
    const sender = transport();
    const send = sender.send(ask(address, query(1), 5000), () => 'take');
    await pause(10);
    sender.close();
    expect(await send).toEqual({ kind: 'timeout' });
    expect(sender.stats().tcpOpen).toBe(0);
  });
});
