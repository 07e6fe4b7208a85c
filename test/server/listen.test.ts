// Listen addresses: their form, wildcards, and what is said and done when one cannot be bound.
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pid, platform } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/ports.ts';
import type { SystemCalls } from '../../src/base/system-calls.ts';
import { findSystemCalls } from '../../src/net/system-calls.ts';
import type { Handler } from '../../src/server/handle.ts';
import { expandListen, listenOn, parseListen } from '../../src/server/listen.ts';
import { listenUdp } from '../../src/server/udp.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { RCODE } from '../../src/wire/types.ts';
import {
  answer,
  askUdp,
  closeServers,
  connectTcp,
  makeQuery,
  pause,
  startServer as startAnyServer,
} from './clients.ts';

const closers: (() => void)[] = [];
afterEach(async () => {
  await closeServers();
  for (const close of closers.splice(0)) close();
});

async function heldUdp(port: number, ip: string, reuseAddr = false): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, ip, resolve);
  });
  closers.push(() => socket.close());
  return socket;
}

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:53', { ip: '127.0.0.1', port: 53 }],
    ['[::1]:5353', { ip: '::1', port: 5353 }],
    ['[FE80::1%eth0]:0', { ip: 'fe80::1%eth0', port: 0 }],
  ])('reads %s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each(['', '127.0.0.1', '::1:53', '127.0.0.1:65536', '127.0.0:53', 'localhost:53', '[127.0.0.1]:53', '[]:53'])(
    'refuses %j in words that show the right form',
    (text) => {
      expect(() => parseListen(text)).toThrow(/write 127\.0\.0\.1:53 or \[::1\]:53/);
    },
  );
});

describe('listenOn', () => {
  it('has the UDP port before the TCP port opens, on which probes of readiness wait', async () => {
    const free = await heldUdp(0, '127.0.0.1');
    const { port } = free.address();
    closers.pop();
    await new Promise<void>((resolve) => free.close(() => resolve()));
    const whenTcpOpens: unknown[] = [];
    const tcp = {
      async listen(address: { ip: string; port: number }) {
        whenTcpOpens.push(await heldUdp(address.port, address.ip).catch((error: { code?: string }) => error.code));
        return { address, close: () => undefined };
      },
      connections: 0,
      refused: { full: 0, perClient: 0 },
      stopAccepting: () => undefined,
      close: () => undefined,
    };
    const udp = { handler: { handle: () => 0 }, clock: undefined, reportFault: () => undefined };
    const options = { listen: [`127.0.0.1:${port}`], skipMissing: false, log: silentLog, tcp, udp };
    const bound = await listenOn(options as unknown as Parameters<typeof listenOn>[0]);
    closers.push(() => bound.udp.map((listener) => listener.close()));
    expect(whenTcpOpens).toEqual(['EADDRINUSE']);
  });
});

describe('expandListen', () => {
  const entry = { netmask: '', mac: '', internal: false, cidr: null };
  const interfaces = {
    lo: [
      { ...entry, address: '127.0.0.1', family: 'IPv4' },
      { ...entry, address: '::1', family: 'IPv6', scopeid: 0 },
    ],
    eth0: [
      { ...entry, address: '192.0.2.7', family: 'IPv4' },
      { ...entry, address: 'fe80::7', family: 'IPv6', scopeid: 2 },
    ],
  } as ReturnType<typeof networkInterfaces>;

  it('puts every address of the family in place of a wildcard, each once', () => {
    const expanded = expandListen(['127.0.0.1:53', '0.0.0.0:53', '[::]:54'], interfaces);
    expect(expanded.map(({ address, optional }) => [address.ip, address.port, optional])).toEqual([
      ['127.0.0.1', 53, false],
      ['192.0.2.7', 53, true],
      ['::1', 54, true],
      ['fe80::7%eth0', 54, true],
    ]);
  });
});

const found = findSystemCalls();

/** Each way by which UDP sockets are served has to do the same. */
const ways: [string, SystemCalls | undefined][] = [['dgram alone', undefined]];
if (found.calls !== undefined) ways.push(['batches', found.calls]);

describe.each(ways)('a server that uses %s', (_, calls) => {
  const startServer: typeof startAnyServer = (script, changes) => startAnyServer(script, { ...changes, calls });

  it('listens on UDP and TCP of every address, with one port where any will do', async () => {
    const { address, server } = await startServer({}, { listen: ['127.0.0.1:0', '127.0.0.2:0'] });
    expect(address.port).toBeGreaterThan(0);
    await askUdp(address, makeQuery());
    const client = await connectTcp(address);
    client.send(makeQuery());
    await client.until(1);
    expect(server.stats().queries).toBe(2);
  });

  it('loses by a fault of ours the query that met it, and none that came with it', async () => {
    const faults: unknown[] = [];
    const handle: Handler['handle'] = (query, length, _from, _overTcp, out) => {
      if (query[0] === 1) throw new Error('a fault');
      out.set(query.subarray(0, length));
      return length;
    };
    const reportFault = (_what: string, fault: unknown): number => faults.push(fault);
    const options = { handler: { handle } as Handler, reportFault, reuseAddress: false, calls };
    const listener = await listenUdp({ ip: '127.0.0.1', port: 0 }, options);
    closers.push(() => listener.close());
    const client = await heldUdp(0, '127.0.0.1');
    const replies: number[] = [];
    const two = new Promise<void>((resolve) => {
      client.on('message', ([first = 0]) => {
        if (replies.push(first) === 2) resolve();
      });
    });
    for (const octet of [0, 1, 2]) client.send(Uint8Array.of(octet), listener.address.port, '127.0.0.1');
    await two;
    expect(replies.sort()).toEqual([0, 2]);
    expect(faults).toEqual([new Error('a fault')]);
  });

  const ipv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === '::1'));
  it.skipIf(!ipv6)('listens on IPv6 too', async () => {
    const { address } = await startServer({}, { listen: ['[::1]:0'] });
    expect(await askUdp(address, makeQuery())).toMatchObject({ rcode: 0 });
    const client = await connectTcp(address);
    client.send(makeQuery());
    await client.until(1);
  });

  it('answers from the address that was asked behind a wildcard', async () => {
    const wild = await startServer({}, { listen: ['0.0.0.0:0'] });
    // The client's socket is not connected, so a reply from elsewhere would be taken too: the address is compared.
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    const from = new Promise<string>((resolve) => {
      socket.on('message', (_, remote) => resolve(remote.address));
    });
    socket.send(makeQuery(), wild.address.port, wild.address.ip);
    expect(await from).toBe(wild.address.ip);
  });

  it('skips defaults that the machine lacks with a warning, and others it refuses', async () => {
    const missing = ['127.0.0.1:0', '192.0.2.1:0'];
    const { lines, address } = await startServer({}, { listen: missing, skipMissing: true });
    expect(address.ip).toBe('127.0.0.1');
    expect(lines).toMatchObject([{ level: 'warn', fields: { address: '192.0.2.1:0' } }]);
    await expect(startServer({}, { listen: missing })).rejects.toThrow(
      /^cannot listen on 192\.0\.2\.1:0 \(TCP\): this machine does not have the address/,
    );
    await expect(startServer({}, { listen: ['192.0.2.1:0'], skipMissing: true })).rejects.toThrow(/none of the listen/);
  });

  it('says who holds a port, and leaves nothing bound', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve);
    });
    closers.push(() => holder.close());
    const { port } = holder.address() as { port: number };
    const who = platform === 'linux' ? `pid ${pid}\\)` : 'another process';
    const listen = [`127.0.0.2:${port}`, `127.0.0.1:${port}`];
    await expect(startServer({}, { listen })).rejects.toThrow(
      new RegExp(
        `^cannot listen on 127\\.0\\.0\\.1:${port} \\(TCP\\): held by .*${who}.*; stop it, or choose another port`,
      ),
    );
    await heldUdp(port, '127.0.0.2');
  });

  it('refuses a UDP port that is held, TCP being free', async () => {
    const { port } = (await heldUdp(0, '127.0.0.1')).address();
    await expect(startServer({}, { listen: [`127.0.0.1:${port}`] })).rejects.toThrow(/\(UDP\): held by/);
    const client = await connectTcp({ ip: '127.0.0.1', port });
    await client.closed;
  });

  it('shares UDP port 5353 on loopback with an mDNS responder, and with nobody over TCP', async () => {
    // An address of its own in 127.0.0.0/8: whoever runs this may have a resolver on 127.0.0.1 port 5353.
    await heldUdp(5353, '127.53.53.1', true);
    const { address } = await startServer({}, { listen: ['127.53.53.1:5353'] });
    expect(await askUdp(address, makeQuery())).toMatchObject({ rcode: 0 });
    await expect(startServer({}, { listen: ['127.53.53.1:5353'] })).rejects.toThrow(/\(TCP\): held by/);
  });

  it('answers each of a burst from many addresses and ports with its own reply, some later', async () => {
    const { address, server } = await startServer({
      fromCache: ({ name }) => (nameToText(name).startsWith('late') ? undefined : answer('192.0.2.1')),
      resolve: async () => {
        await pause(5);
        return answer('192.0.2.2');
      },
    });
    const clients = Array.from({ length: 60 }, () => createSocket('udp4'));
    closers.push(...clients.map((client) => () => client.close()));
    const got = clients.map(() => new Map<number, number>());
    const bindings = clients.map(async (client, i) => {
      await new Promise<void>((resolve) => client.bind(0, `127.0.0.${10 + (i % 7)}`, resolve));
      client.on('message', (octets) => {
        const { id, answer: records } = parseMessage(octets);
        got[i]?.set(id, records[0]?.rdata[3] ?? 0);
      });
    });
    await Promise.all(bindings);
    const late = (n: number): boolean => n % 5 === 0;
    for (let n = 0; n < 10; n++) {
      for (const [i, client] of clients.entries()) {
        const name = late(n) ? `late${n}.example.com` : `n${n}.example.com`;
        client.send(makeQuery({ id: 100 * i + n, name }), address.port, address.ip);
      }
    }
    for (let waits = 0; waits < 100 && got.some((replies) => replies.size < 10); waits++) await pause(20);
    for (const [i, replies] of got.entries()) {
      const wanted = Array.from({ length: 10 }, (_, n) => [100 * i + n, late(n) ? 2 : 1]);
      expect(new Map([...replies].sort(([a], [b]) => a - b))).toEqual(new Map(wanted as [number, number][]));
    }
    expect(server.stats().queries).toBe(600);
  });

  it('takes what is no query amid a burst for what it is', async () => {
    const { address, server } = await startServer({});
    const client = createSocket('udp4');
    closers.push(() => client.close());
    const rcodes: number[] = [];
    client.on('message', (octets) => rcodes.push((octets[3] ?? 0) & 15));
    const sent = [new Uint8Array(0), new Uint8Array(11), new Uint8Array(5000).fill(1), makeQuery().subarray(0, 20)];
    for (let i = 0; i < 40; i++) client.send([...sent, makeQuery()][i % 5] as Uint8Array, address.port, address.ip);
    for (let waits = 0; waits < 100 && server.stats().queries < 40; waits++) await pause(20);
    await pause(20);
    expect(rcodes.filter((rcode) => rcode === RCODE.NOERROR)).toHaveLength(8);
    expect(rcodes.filter((rcode) => rcode === RCODE.FORMERR)).toHaveLength(16);
  });
});
