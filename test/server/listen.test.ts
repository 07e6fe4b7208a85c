// Listen addresses: their form, wildcards, and what is said and done when one cannot be bound.
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pid, platform } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/ports.ts';
import { expandListen, listenOn, parseListen } from '../../src/server/listen.ts';
import { askUdp, closeServers, connectTcp, makeQuery, startServer } from './clients.ts';

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

describe('a server', () => {
  it('listens on UDP and TCP of every address, with one port where any will do', async () => {
    const { address, server } = await startServer({}, { listen: ['127.0.0.1:0', '127.0.0.2:0'] });
    expect(address.port).toBeGreaterThan(0);
    await askUdp(address, makeQuery());
    const client = await connectTcp(address);
    client.send(makeQuery());
    await client.until(1);
    expect(server.stats().queries).toBe(2);
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
});
