// The lab from end to end on loopback sockets: our resolver against servers that speak through dns-packet.

import { PassThrough } from 'node:stream';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/ports.ts';
import { ask, dataText } from '../../src/lab/ask.ts';
import { type Lab, type LabOptions, runLab } from '../../src/lab/run.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { TYPE, typeFromText } from '../../src/wire/types.ts';

const running: Lab[] = [];

async function start(options: Partial<LabOptions> = {}): Promise<{ lab: Lab; text: () => string }> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const lab = await runLab({ once: false, listen: ['127.0.0.1:0'], log: silentLog, pauseMs: 0, write, ...options });
  running.push(lab);
  return { lab, text: () => text };
}

async function closeAll(): Promise<void> {
  for (const lab of running.splice(0)) await lab.close();
}

const clock = systemClock();
const random = systemRandom();

/** The answer of the lab's resolver: the RCODE, then the records, TTLs left out. */
async function answer(lab: Lab, name: string, type = 'A'): Promise<string[]> {
  const [server] = lab.bound;
  if (server === undefined) throw new Error('not bound');
  const reply = await ask(name, typeFromText(type) ?? 0, { server, timeoutMs: 8000, clock, random });
  if (reply === undefined) return ['no response'];
  return [reply.rcode, ...reply.answers.map((record) => `${record.name} ${record.type} ${dataText(record)}`)];
}

/** The lines of a story with what differs from run to run taken out. */
function steady(text: string): string[] {
  return text
    .replaceAll(/ +\d+(\.\d+)? ms/g, ' _ ms')
    .replaceAll(/\d+ s left/g, '_ s left')
    .replaceAll(/:\d{4,5}\b/g, ':_')
    .replaceAll(/-p \d+/g, '-p _')
    .split('\n');
}

const firstWalk = [
  'A small Internet on this machine. No network used.',
  '',
  'You type www.example.com',
  ' 1 browser cache   answers    miss',
  ' 2 OS cache        host       miss',
  ' 3 resolver cache  records    miss',
  ' 4 root            198.51.100.1   "ask .com" _ ms',
  ' 5 TLD .com        198.51.100.2   "ask example.com" _ ms',
  ' 6 authoritative   198.51.100.3   "192.0.2.1" _ ms',
  ' 7 kept in         hierarchy, records, answers',
  ' 8 website         GET / -> 200 "You found me." _ ms',
  ' _ ms in all',
  '',
  'You type it again',
  ' 1 browser cache   answers    HIT, _ s left _ ms',
];

describe('the walk', () => {
  it('is printed once and the lab is over with --once', async () => {
    const { lab, text } = await start({ once: true });
    await lab.closed;
    expect(steady(text())).toEqual([...firstWalk, '']);
  });

  it('is followed by how to ask, and by serving until it is closed', async () => {
    const { lab, text } = await start();
    expect(steady(text())).toEqual([
      ...firstWalk,
      '',
      'Listening on 127.0.0.1:_ (UDP, TCP). From another terminal:',
      '  dig @127.0.0.1 -p _ www.example.com',
      '  dig @127.0.0.1 -p _ broken.example        # fails on purpose',
      'Serving until it is stopped (Ctrl-C).',
      '',
    ]);
    expect(await answer(lab, 'www.example.com')).toEqual(['NOERROR', 'www.example.com A 192.0.2.1']);
    await lab.close();
    await lab.closed;
  });

  it('moves to another port where the one asked for is taken, and says so', async () => {
    const first = await start();
    const port = first.lab.bound[0]?.port ?? 0;
    const second = await start({ listen: [`127.0.0.1:${port}`] });
    expect(second.lab.bound[0]?.port).toBeGreaterThan(port);
    expect(second.text()).toContain(`Something else holds 127.0.0.1:${port}: another port it is.\n`);
    expect(second.text()).toContain(`dig @127.0.0.1 -p ${second.lab.bound[0]?.port} www.example.com`);
    expect(await answer(second.lab, 'mail.example.com')).toEqual(['NOERROR', 'mail.example.com A 192.0.2.25']);
    await closeAll();
  });

  afterEach(closeAll);
});

describe('the resolver of the lab', () => {
  let lab: Lab;
  beforeAll(async () => {
    ({ lab } = await start());
    return closeAll;
  });

  it.each([
    ['a second time from the layer answers', 'www.example.com', 'A', ['www.example.com A 192.0.2.1']],
    ['an alias', 'shop.example.com', 'A', ['shop.example.com CNAME www.example.com', 'www.example.com A 192.0.2.1']],
    [
      'an alias into a zone without glue',
      'store.example.com',
      'A',
      [
        'store.example.com CNAME shop.example.org',
        'shop.example.org CNAME www.example.org',
        'www.example.org A 192.0.2.2',
      ],
    ],
    [
      'a DNAME',
      'www.moved.example.com',
      'A',
      [
        'moved.example.com DNAME example.org',
        'www.moved.example.com CNAME www.example.org',
        'www.example.org A 192.0.2.2',
      ],
    ],
    ['a wildcard', 'any.thing.wild.example.com', 'A', ['any.thing.wild.example.com A 192.0.2.3']],
    ['an empty non-terminal', 'deep.example.com', 'A', []],
    ['a name below empty non-terminals', 'a.b.deep.example.com', 'A', ['a.b.deep.example.com A 192.0.2.3']],
    ['a type that the name has not', 'www.example.com', 'AAAA', []],
    ['a slow server', 'slow.example', 'A', ['slow.example A 192.0.2.3']],
    ['one dead server of two', 'www.half.example', 'A', ['www.half.example A 192.0.2.3']],
    ['a server from before EDNS', 'www.old.example', 'A', ['www.old.example A 192.0.2.3']],
    ['a server with an IPv6 address alone', 'www.six.example', 'A', ['www.six.example A 192.0.2.3']],
    [
      'mail exchangers',
      'example.com',
      'MX',
      ['example.com MX 10 mail.example.com', 'example.com MX 20 mail.example.org'],
    ],
    ['a CAA record', 'example.com', 'CAA', ['example.com CAA 0 issue "ca.example.net"']],
    ['an SRV record', '_http._tcp.example.com', 'SRV', ['_http._tcp.example.com SRV 0 1 80 www.example.com']],
  ])('finds %s', async (_what, name, type, records) => {
    expect(await answer(lab, name, type)).toEqual(['NOERROR', ...records]);
  });

  it('brings by TCP what UDP has no room for', async () => {
    const [server] = lab.bound;
    const reply = server && (await ask('big.example.com', TYPE.TXT, { server, timeoutMs: 8000, clock, random }));
    expect(reply).toMatchObject({ rcode: 'NOERROR', byTcp: true });
    expect(reply?.answers[0] === undefined ? '' : dataText(reply.answers[0])).toContain('"line 24 ');
  });

  it.each([
    ['nosuch.example.com', 'NXDOMAIN'],
    ['www.example.museum', 'NXDOMAIN'],
    ['loop.example', 'SERVFAIL'],
    ['www.chicken.example', 'SERVFAIL'],
    ['broken.example', 'SERVFAIL'],
  ])('says of %s: %s', async (name, rcode) => {
    const [got] = await answer(lab, name);
    expect(got).toBe(rcode);
  });

  it('lowers the TTL as time passes', async () => {
    const [server] = lab.bound;
    if (server === undefined) throw new Error('not bound');
    const ttlNow = async () =>
      (await ask('mail.example.org', TYPE.A, { server, timeoutMs: 8000, clock, random }))?.answers[0]?.ttl ?? 0;
    const first = await ttlNow();
    await new Promise<void>((resolve) => clock.after(1100, resolve));
    expect(await ttlNow()).toBeLessThan(first);
  });
});

describe('the prompt', () => {
  async function typed(...typedLines: string[]): Promise<string[]> {
    const input = new PassThrough();
    const { lab, text } = await start({ input });
    input.end(typedLines.map((line) => `${line}\n`).join(''));
    await lab.closed;
    return steady(text()).slice(firstWalk.length + 5);
  }

  it('tells the walk of each name, and the end of the input ends the lab', async () => {
    expect(await typed('shop.example.com', 'nosuch.example.com', 'nosuch.example.com')).toEqual([
      '> ',
      'You type shop.example.com',
      ' 1 browser cache   answers    miss',
      ' 2 OS cache        host       miss',
      ' 3 resolver cache  records    miss',
      ' 4 root            hierarchy  HIT, knows example.com',
      ' 5 TLD .com        hierarchy  HIT, knows example.com',
      ' 6 authoritative   198.51.100.3   "see www.example.com" _ ms',
      '   shop.example.com is another name for www.example.com',
      ' 3 resolver cache  records    HIT, _ s left',
      ' 7 kept in         records, answers',
      ' 8 website         GET / -> 200 "You found me." _ ms',
      ' _ ms in all',
      '',
      '> ',
      'You type nosuch.example.com',
      ' 1 browser cache   answers    miss',
      ' 2 OS cache        host       miss',
      ' 3 resolver cache  records    miss',
      ' 4 root            hierarchy  HIT, knows example.com',
      ' 5 TLD .com        hierarchy  HIT, knows example.com',
      ' 6 authoritative   198.51.100.3   "no such name" _ ms',
      ' 7 kept in         records, answers',
      ' 8 you get         "nosuch.example.com does not exist"',
      ' _ ms in all',
      '',
      '> ',
      'You type nosuch.example.com',
      ' 1 browser cache   answers    HIT, _ s left _ ms',
      ' 8 you get         "nosuch.example.com does not exist"',
      '',
      '> ',
      '',
    ]);
  });

  it('tells why nothing came of a name', async () => {
    const told = (await typed('loop.example', 'quit', 'www.example.com')).join('\n');
    expect(told).toContain('   loop.example is another name for pool.example\n');
    expect(told).toContain(' 8 you get         SERVFAIL: the names lead back to themselves, round and round\n');
    expect(told).not.toContain('You type www.example.com');
  });

  it('shows what became of each server of a broken zone', async () => {
    const told = await typed('broken.example');
    expect(told.filter((line) => line.includes('203.0.113.66'))).not.toEqual([]);
    expect(told.some((line) => line.startsWith(' 6 authoritative   203.0.113.66   no answer'))).toBe(true);
    expect(told.some((line) => line.startsWith(' 6 authoritative   203.0.113.67   "I refuse"'))).toBe(true);
  });

  it('shows where the address of a name server had to be found first', async () => {
    const told = (await typed('www.example.org')).join('\n');
    expect(told).toContain(
      [
        ' 4 root            198.51.100.1   "ask .org" _ ms',
        ' 5 TLD .org        198.51.100.5   "ask example.org" _ ms',
        '   first, the address of ns2.example.net (A):',
        '   4 root            198.51.100.1   "ask .net" _ ms',
        '   5 TLD .net        198.51.100.4   "ask example.net" _ ms',
        '   6 authoritative   203.0.113.1    "203.0.113.2" _ ms',
        ' 6 authoritative   203.0.113.2    "192.0.2.2" _ ms',
      ].join('\n'),
    );
  });

  it('takes nonsense kindly', async () => {
    const told = await typed('', 'a..b', 'example.com NONSENSE', 'help', 'EXIT');
    expect(told.join('\n')).toContain('"a..b" is not a name');
    expect(told.join('\n')).toContain('"NONSENSE" is not a type of record');
    expect(told.join('\n')).toContain('quit or Ctrl-D ends the lab.');
  });
});
