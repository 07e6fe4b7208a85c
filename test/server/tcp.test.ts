// Serving over real TCP connections on loopback: framing, pipelining, order, limits, the end.
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../src/base/frames.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import {
  answer,
  askUdp,
  closeServers,
  connectTcp,
  makeQuery,
  pause,
  resolution,
  rrset,
  startServer,
} from './clients.ts';

afterEach(closeServers);

/** A resolver that answers each name when `release(label)` is called; false: nobody has asked for it yet. */
function gated(): { resolve: (request: { name: string }) => Promise<Resolution>; release: (label: string) => boolean } {
  const waiting = new Map<string, () => void>();
  return {
    resolve: ({ name }) =>
      new Promise((done) => {
        waiting.set(name.slice(1, 1 + name.charCodeAt(0)), () => done(answer('192.0.2.1')));
      }),
    release: (label) => {
      waiting.get(label)?.();
      return waiting.delete(label);
    },
  };
}

describe('a TCP connection', () => {
  it('answers query after query, whole ones and those that come octet by octet', async () => {
    const { address } = await startServer({});
    const client = await connectTcp(address);
    client.send(makeQuery({ id: 1 }));
    await client.until(1);
    for (const octet of frame(makeQuery({ id: 2 }))) {
      client.socket.write(Uint8Array.of(octet));
      await pause(1);
    }
    const replies = await client.until(2);
    expect(replies.map(({ id, rcode }) => [id, rcode])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('gives each reply as soon as it is there, out of order', async () => {
    const { resolve, release } = gated();
    const { address, server } = await startServer({ resolve });
    const client = await connectTcp(address);
    client.send(...['a', 'b', 'c'].map((label, i) => makeQuery({ id: i, name: `${label}.example.com` })));
    while (server.stats().awaited < 3) await pause(1);
    for (const [i, label] of ['c', 'a', 'b'].entries()) {
      release(label);
      await client.until(i + 1);
    }
    expect((await client.until(3)).map(({ id }) => id)).toEqual([2, 0, 1]);
  });

  it('carries answers of any length, without TC', async () => {
    const texts = Array.from({ length: 200 }, (_, i) => new Uint8Array(201).fill(i).fill(200, 0, 1));
    const { address } = await startServer({
      resolve: () => resolution({ answer: [rrset('www.example.com', TYPE.TXT, texts)] }),
    });
    expect(await askUdp(address, makeQuery({ type: TYPE.TXT }))).toMatchObject({ truncated: true });
    const client = await connectTcp(address);
    client.send(makeQuery({ type: TYPE.TXT }));
    const [reply] = await client.until(1);
    expect(reply).toMatchObject({ truncated: false });
    expect(reply?.answer).toHaveLength(200);
  });

  it('says TC even here when 65,535 octets do not hold the answer', async () => {
    const texts = Array.from({ length: 254 }, (_, i) => new Uint8Array(256).fill(i).fill(255, 0, 1));
    const { address } = await startServer({
      resolve: () => resolution({ answer: [rrset('www.example.com', TYPE.TXT, texts)] }),
    });
    const client = await connectTcp(address);
    client.send(makeQuery({ type: TYPE.TXT }));
    expect(await client.until(1)).toMatchObject([{ truncated: true }]);
  });

  it('answers what was asked before the client closed its side, then closes', async () => {
    const { resolve, release } = gated();
    const { address, server } = await startServer({ resolve });
    const client = await connectTcp(address);
    client.send(makeQuery({ name: 'a.example.com' }));
    client.socket.end();
    while (server.stats().awaited < 1) await pause(1);
    release('a');
    await client.until(1);
    await client.closed;
  });

  it('is closed for a message without a header, and gets no reply to a response', async () => {
    const { address } = await startServer({});
    const client = await connectTcp(address);
    const response = makeQuery();
    response[2] = 0x81;
    client.send(response, makeQuery({ id: 5 }));
    expect((await client.until(1))[0]?.id).toBe(5);
    client.send(new Uint8Array(3));
    await client.closed;
    expect(client.replies).toHaveLength(1);
  });

  it('has a bounded number of queries in flight; the rest is read later', async () => {
    const { resolve, release } = gated();
    const { address, server } = await startServer({ resolve }, { limits: { tcpInFlight: 2 } });
    const client = await connectTcp(address);
    client.send(...['a', 'b', 'c'].map((label) => makeQuery({ name: `${label}.example.com` })));
    await pause(50);
    expect(server.stats().awaited).toBe(2);
    release('a');
    release('b');
    while (!release('c')) await pause(1);
    await client.until(3);
  });

  it('is not read from while its replies back up', async () => {
    const big = Array.from({ length: 15 }, () => new Uint8Array(256).fill(255));
    const { address, server } = await startServer({
      fromCache: () => resolution({ answer: [rrset('www.example.com', TYPE.TXT, big)] }),
    });
    const socket = connect({ host: address.ip, port: address.port });
    socket.pause();
    const query = Buffer.concat(Array.from({ length: 500 }, () => frame(makeQuery({ type: TYPE.TXT }))));
    for (let i = 0; i < 100; i += 1) socket.write(query);
    let before = -1;
    while (server.stats().queries !== before) {
      before = server.stats().queries;
      await pause(100);
    }
    // 50,000 queries would be 200 MB of replies; what the kernel's buffers take is a small part.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(10_000);
    expect(await askUdp(address, makeQuery())).toMatchObject({ rcode: 0 });
    socket.destroy();
  });
});

describe('the limits on connections', () => {
  it('close an idle connection, also one that drips a query or does not read', async () => {
    const { address, server } = await startServer({}, { limits: { tcpIdleMs: 100 } });
    const idle = await connectTcp(address);
    const dripping = await connectTcp(address);
    let dripped = 0;
    void (async () => {
      for (const octet of frame(makeQuery())) {
        await pause(20);
        if (dripping.socket.destroyed) return;
        dripping.socket.write(Uint8Array.of(octet));
        dripped += 1;
      }
    })();
    await Promise.all([idle.closed, dripping.closed]);
    expect(dripped).toBeLessThan(20);
    while (server.stats().tcpConnections > 0) await pause(1);
  });

  it('make room for a new client by closing the longest idle one', async () => {
    const { address, server } = await startServer({}, { limits: { tcpConnections: 3 } });
    const first = await connectTcp(address);
    const others = [await connectTcp(address), await connectTcp(address)];
    for (const client of others) client.send(makeQuery());
    await Promise.all(others.map((client) => client.until(1)));
    const late = await connectTcp(address);
    late.send(makeQuery());
    await late.until(1);
    await first.closed;
    expect(server.stats().tcpConnections).toBe(3);
  });

  it('shorten the idle time when most are taken', async () => {
    const { address } = await startServer({}, { limits: { tcpConnections: 4, tcpIdleMs: 5000 } });
    const clients = [];
    for (let i = 0; i < 4; i += 1) clients.push(await connectTcp(address));
    // With all four taken 200 ms are left; as they close, the others get longer.
    await clients[3]?.closed;
  });

  it('refuse a new client when every connection waits for a reply', async () => {
    const { resolve, release } = gated();
    const { address, server } = await startServer({ resolve }, { limits: { tcpConnections: 1 } });
    const busy = await connectTcp(address);
    busy.send(makeQuery({ name: 'a.example.com' }));
    while (server.stats().awaited < 1) await pause(1);
    await (await connectTcp(address)).closed;
    expect(server.stats().tcpRefused).toEqual({ full: 1, perClient: 0 });
    release('a');
    await busy.until(1);
  });
});

describe('a closing server', () => {
  it('finishes what is in flight over UDP and TCP, takes nothing new, and is gone', async () => {
    const { resolve, release } = gated();
    const { address, server } = await startServer({ resolve });
    const client = await connectTcp(address);
    const idle = await connectTcp(address);
    client.send(makeQuery({ id: 1, name: 'a.example.com' }));
    const overUdp = askUdp(address, makeQuery({ id: 2, name: 'b.example.com' }));
    while (server.stats().awaited < 2) await pause(1);
    const closing = server.close(2000);
    await idle.closed;
    release('a');
    release('b');
    expect((await overUdp).rcode).toBe(RCODE.NOERROR);
    expect((await client.until(1))[0]?.id).toBe(1);
    await closing;
    await client.closed;
    expect(server.stats()).toMatchObject({ awaited: 0, tcpConnections: 0 });
    await (await connectTcp(address)).closed;
  });

  it('waits no longer than its grace', async () => {
    const { resolve } = gated();
    const { address, server } = await startServer({ resolve });
    const client = await connectTcp(address);
    client.send(makeQuery({ name: 'a.example.com' }));
    while (server.stats().awaited < 1) await pause(1);
    await server.close(50);
    await client.closed;
    expect(client.replies).toHaveLength(0);
  });
});
