// UDP to upstream servers over real loopback sockets.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { execPath, platform } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import type { Random, ServerAddress, TransportRequest } from '../../src/base/ports.ts';
import type { SystemCalls } from '../../src/base/system-calls.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { findSystemCalls } from '../../src/net/system-calls.ts';
import { createTransport, type TransportOptions } from '../../src/net/transport.ts';
import { echoOf, query, udpServer } from './servers.ts';

const clock = systemClock();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const found = findSystemCalls();

/** Each way by which sockets are made has to do the same. */
const ways: [string, SystemCalls | undefined][] = [['dgram', undefined]];
if (found.calls !== undefined) ways.push(['system calls', found.calls]);

async function server(...args: Parameters<typeof udpServer>): Promise<ServerAddress> {
  const made = await udpServer(...args);
  closers.push(() => made.close());
  return made.address;
}

function ask(to: ServerAddress, octets: Uint8Array, timeoutMs = 2000): TransportRequest {
  return { server: to, protocol: 'udp', query: octets, timeoutMs };
}

/** A program that sends 200 queries at once to a server of its own and prints how many ended in each way. */
const manySends = (byCalls: boolean): string => `
  const load = (path) => import(new URL(path, ${JSON.stringify(import.meta.url)}).href);
  const { systemClock } = await load('../../src/net/clock.ts');
  const { systemRandom } = await load('../../src/net/random.ts');
  const { createTransport } = await load('../../src/net/transport.ts');
  const { findSystemCalls } = await load('../../src/net/system-calls.ts');
  const { query, udpServer } = await load('./servers.ts');
  const { calls } = ${byCalls} ? findSystemCalls() : {};
  const server = await udpServer((octets, from, socket) => socket.send(octets, from.port, from.address));
  const transport = createTransport({ clock: systemClock(), random: systemRandom(), calls });
  const kinds = {};
  await Promise.all(Array.from({ length: 200 }, async (_, id) => {
    const request = { server: server.address, protocol: 'udp', query: query(id), timeoutMs: 5000 };
    const { kind } = await transport.send(request, () => 'take');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }));
  server.close();
  console.log(JSON.stringify(kinds));
`;

describe.each(ways)('a UDP send by %s', (_, calls) => {
  function transport(changes: Partial<TransportOptions> = {}): ReturnType<typeof createTransport> {
    const made = createTransport({ clock, random: systemRandom(), calls, ...changes });
    closers.push(() => made.close());
    return made;
  }

  const loopback = Object.values(networkInterfaces()).flatMap(
    (entries) => entries?.map(({ address }) => address) ?? [],
  );
  it.each(['127.0.0.1', '::1'].filter((ip) => loopback.includes(ip)))(
    'brings the reply of a server at %s and its RTT',
    async (ip) => {
      const to = await server((octets, from, socket) => socket.send(octets, from.port, from.address), ip);
      const outcome = await transport().send(ask(to, query(1)), echoOf(query(1)));
      expect(outcome).toMatchObject({ kind: 'response' });
      expect(outcome.kind === 'response' && [...outcome.octets]).toEqual([...query(1)]);
      expect(outcome.kind === 'response' && outcome.rttMs).toBeGreaterThan(0);
    },
  );

  it('goes on waiting after datagrams that do not match', async () => {
    const to = await server((octets, from, socket) => {
      socket.send(query(1, 9), from.port, from.address);
      socket.send('x', from.port, from.address);
      socket.send(octets, from.port, from.address);
    });
    const outcome = await transport().send(ask(to, query(1)), (octets) => (octets[5] === 1 ? 'take' : 'ignore'));
    expect(outcome.kind).toBe('response');
  });

  it('never shows the asker a datagram from another address or port', async () => {
    const stranger = createSocket('udp4');
    const otherAddress = createSocket('udp4');
    await new Promise<void>((resolve) => {
      otherAddress.bind(0, '127.0.0.2', resolve);
    });
    closers.push(
      () => stranger.close(),
      () => otherAddress.close(),
    );
    const to = await server((octets, from, socket) => {
      stranger.send(octets, from.port, from.address, () => {
        otherAddress.send(octets, from.port, from.address, () => socket.send('true', from.port, from.address));
      });
    });
    const seen: string[] = [];
    const outcome = await transport().send(ask(to, query(1)), (octets) => {
      seen.push(Buffer.from(octets).toString());
      return 'take';
    });
    expect(outcome.kind).toBe('response');
    expect(seen).toEqual(['true']);
  });

  it('ends as suspect at the first octets that the asker distrusts', async () => {
    const to = await server((octets, from, socket) => {
      socket.send(query(2), from.port, from.address);
      socket.send(octets, from.port, from.address);
    });
    expect(await transport().send(ask(to, query(1)), echoOf(query(1)))).toEqual({ kind: 'suspect' });
  });

  it('ends as suspect under a flood of datagrams that do not match', async () => {
    const to = await server((_, from, socket) => {
      for (let i = 0; i < 20; i += 1) socket.send('junk', from.port, from.address);
    });
    const outcome = await transport({ udp: { datagramsMax: 10 } }).send(ask(to, query(1)), () => 'ignore');
    expect(outcome).toEqual({ kind: 'suspect' });
  });

  it('times out, and a late reply harms nobody', async () => {
    const to = await server((octets, from, socket) => {
      clock.after(60, () => socket.send(octets, from.port, from.address));
    });
    const sender = transport();
    expect(await sender.send(ask(to, query(1), 30), echoOf(query(1)))).toEqual({ kind: 'timeout' });
    expect(await sender.send(ask(to, query(2)), echoOf(query(2)))).toMatchObject({ kind: 'response' });
  });

  it('is unreachable at once when the port is closed', async () => {
    const closed = await udpServer(() => undefined);
    closed.close();
    const outcome = await transport().send(ask(closed.address, query(1)), () => 'take');
    expect(outcome).toEqual({ kind: 'unreachable', detail: 'ECONNREFUSED' });
  });

  it('has a system error as its outcome', async () => {
    // Broadcasting needs a permission that the socket does not ask for.
    const outcome = await transport().send(ask({ ip: '127.255.255.255', port: 53 }, query(1)), () => 'take');
    expect(outcome).toEqual({ kind: 'unreachable', detail: 'EACCES' });
  });

  it('draws each port anew over the whole range, and redraws one that is taken', async () => {
    const ports: number[] = [];
    const to = await server((octets, from, socket) => {
      ports.push(from.port);
      socket.send(octets, from.port, from.address);
    });
    const sender = transport();
    for (let i = 0; i < 400; i += 1) await sender.send(ask(to, query(i)), echoOf(query(i)));
    expect(new Set(ports).size).toBeGreaterThan(390);
    expect(Math.max(...ports) - Math.min(...ports)).toBeGreaterThan(60_000);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(1024);

    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => {
      taken.bind(0, resolve);
    });
    closers.push(() => taken.close());
    const drawn = [taken.address().port - 1024, taken.address().port - 1024, 43_210 - 1024];
    const random: Random = { integer: () => drawn.shift() ?? 0 };
    await transport({ random }).send(ask(to, query(1)), echoOf(query(1)));
    expect(ports.at(-1)).toBe(43_210);
    const stuck: Random = { integer: () => taken.address().port - 1024 };
    const outcome = await transport({ random: stuck }).send(ask(to, query(1)), echoOf(query(1)));
    expect(outcome).toEqual({ kind: 'unreachable', detail: 'EADDRINUSE' });
  });

  it('waits in a bounded queue when too many sockets are open', async () => {
    const to = await server((octets, from, socket) => socket.send(octets, from.port, from.address));
    const sender = transport({ udp: { socketsMax: 2, waitingMax: 3 } });
    const sends = [1, 2, 3, 4, 5, 6].map((id) => sender.send(ask(to, query(id)), echoOf(query(id))));
    expect(sender.stats()).toMatchObject({ udpOpen: 2, udpWaiting: 3 });
    const kinds = (await Promise.all(sends)).map(({ kind }) => kind);
    expect(kinds).toEqual(['response', 'response', 'response', 'response', 'response', 'unreachable']);
    expect(sender.stats()).toMatchObject({ udpOpen: 0, udpWaiting: 0 });
  });

  it('counts the time in the queue against its timeout', async () => {
    const to = await server(() => undefined);
    const sender = transport({ udp: { socketsMax: 1 } });
    const first = sender.send(ask(to, query(1), 150), () => 'take');
    expect(await sender.send(ask(to, query(2), 30), () => 'take')).toEqual({ kind: 'timeout' });
    expect(sender.stats()).toMatchObject({ udpOpen: 1, udpWaiting: 0 });
    await first;
  });

  it.skipIf(platform === 'win32')('waits for a descriptor when the system has no more', () => {
    const command = 'ulimit -n 60 && exec "$0" --input-type=module -e "$1"';
    const said = execFileSync('sh', ['-c', command, execPath, manySends(calls !== undefined)], { encoding: 'utf8' });
    expect(JSON.parse(said)).toEqual({ response: 200 });
  });

  it('ends as timeout when the transport closes, also while waiting', async () => {
    const to = await server(() => undefined);
    const sender = transport({ udp: { socketsMax: 1 } });
    const sends = [1, 2].map((id) => sender.send(ask(to, query(id), 5000), () => 'take'));
    sender.close();
    expect(await Promise.all(sends)).toEqual([{ kind: 'timeout' }, { kind: 'timeout' }]);
    expect(await sender.send(ask(to, query(3)), () => 'take')).toEqual({ kind: 'timeout' });
  });
});

it.skipIf(found.calls === undefined)('leaves no descriptor open where the event loop refuses to watch it', async () => {
  const calls = found.calls as SystemCalls;
  const opened: number[] = [];
  const refusing: SystemCalls = {
    ...calls,
    openPoll: () => {
      opened.push(calls.openPoll());
      return opened.at(-1) as number;
    },
    onReadable: () => {
      throw Object.assign(new Error('no watch'), { code: 'EPERM' });
    },
  };
  const made = createTransport({ clock, random: systemRandom(), calls: refusing });
  closers.push(() => made.close());
  const outcome = await made.send(ask({ ip: '127.0.0.1', port: 9 }, query(1)), () => 'take');
  expect(outcome).toEqual({ kind: 'unreachable', detail: 'EPERM' });
  expect(opened.map((descriptor) => existsSync(`/proc/self/fd/${descriptor}`))).toEqual([false]);
});
