// The library as a Node program uses it, against the lab.

import { request } from 'node:http';
import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver, type LibraryResolver, type LookupOptions } from '../src/index.ts';
import { type SmallInternet, startInternet } from '../src/lab/internet.ts';
import { systemClock } from '../src/net/clock.ts';
import { systemRandom } from '../src/net/random.ts';
import { createTransport } from '../src/net/transport.ts';

const clock = systemClock();
let internet: SmallInternet;
let resolver: LibraryResolver;

function open(): LibraryResolver {
  const transport = internet.reach(createTransport({ clock, random: systemRandom() }));
  return createResolver({ transport, rootHints: internet.hints, hosts: false, dnssec: { validate: false } });
}

beforeAll(async () => {
  internet = await startInternet({ clock });
  resolver = open();
});

afterAll(async () => {
  await resolver.close();
  await internet.close();
});

describe('resolve()', () => {
  it('gives an answer with its records, TTL and the steps that led to it', async () => {
    const result = await resolver.resolve('www.example.com');
    expect(result).toMatchObject({ kind: 'answer', security: 'indeterminate', ttl: 300, extendedErrors: [] });
    expect(result.records).toMatchObject([{ name: 'www.example.com.', type: 'A', ttl: 300, data: '192.0.2.1' }]);
    const asked = result.events.flatMap((event) => (event.kind === 'sent' ? [event.server.ip] : []));
    expect(asked).toContain('198.51.100.3');
  });

  it('gives alias links first', async () => {
    const { records } = await resolver.resolve('store.example.com', 'A');
    expect(records.map(({ type, data }) => `${type} ${data}`)).toEqual([
      'CNAME shop.example.org.',
      'CNAME www.example.org.',
      'A 192.0.2.2',
    ]);
  });

  it.each([
    ['www.example.com', 'AAAA', 'nodata'],
    ['nosuch.example.com', 'A', 'nxdomain'],
  ])('holds %s %s for a result: %s', async (name, type, kind) => {
    expect(await resolver.resolve(name, type)).toMatchObject({ kind, records: [] });
  });

  it('gives a failure with its reason', async () => {
    expect(await resolver.resolve('loop.example')).toMatchObject({ kind: 'failure', failure: 'loop' });
    const broken = await resolver.resolve('broken.example');
    expect(broken).toMatchObject({ kind: 'failure', failure: 'servers-failed' });
    expect(broken.extendedErrors.length).toBeGreaterThan(0);
  });

  it('rejects for what is no name or no type', async () => {
    await expect(resolver.resolve('a..b')).rejects.toMatchObject({ name: 'QuestionError', code: 'EBADNAME' });
    await expect(resolver.resolve('example.com', 'NONSENSE')).rejects.toThrow('NONSENSE');
  });

  it('shows every event to an observer', async () => {
    const kinds = new Set<string>();
    await resolver.resolve('mail.example.org', 'A', { observer: (event) => kinds.add(event.kind) });
    expect([...kinds]).toEqual(expect.arrayContaining(['question', 'layer', 'sent', 'received', 'classified', 'done']));
  });
});

describe('lookup()', () => {
  function looked(name: string, options: LookupOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      resolver.lookup(name, options, (error, address, family) => {
        if (error) reject(error);
        else resolve(family === undefined ? address : [address, family]);
      });
    });
  }

  it('gives one address, or all of them, as dns.lookup does', async () => {
    expect(await looked('www.example.com')).toEqual(['192.0.2.1', 4]);
    expect(await looked('six.example.com', { family: 6 })).toEqual(['2001:db8::80', 6]);
    expect(await looked('www.example.com', { all: true })).toEqual([{ address: '192.0.2.1', family: 4 }]);
    expect(await looked('192.0.2.9')).toEqual(['192.0.2.9', 4]);
  });

  it('fails with the codes of dns.lookup', async () => {
    await expect(looked('nosuch.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    await expect(looked('loop.example')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it('serves http.request({ lookup })', async () => {
    const page = internet.page('192.0.2.1');
    if (page === undefined) throw new Error('the lab has no page');
    const asked: string[] = [];
    // The lab's addresses lead to 127.0.0.1; in the real Internet `lookup: resolver.lookup` is all there is to it.
    const lookup: LookupFunction = (host, options, done) => {
      resolver.lookup(host, { all: true }, (error, found) => {
        const addresses = Array.isArray(found) ? found : [];
        asked.push(...addresses.map(({ address }) => `${host} ${address}`));
        const local = addresses.map(({ address }) => internet.page(address)?.ip ?? address);
        if (error) done(error, '');
        else if (options.all)
          done(
            null,
            local.map((address) => ({ address, family: 4 })),
          );
        else done(null, local[0] ?? '', 4);
      });
    };
    const text = await new Promise<string>((resolve, reject) => {
      request({ host: 'shop.example.com', port: page.port, path: '/', lookup, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
      })
        .on('error', reject)
        .end();
    });
    expect(text).toBe('200 You found me.\n');
    expect(asked).toEqual(['shop.example.com 192.0.2.1']);
  });

  it('may be passed on its own', async () => {
    const { lookup } = resolver;
    expect(await new Promise((resolve) => lookup('localhost', 4, (_error, address) => resolve(address)))).toBe(
      '127.0.0.1',
    );
  });
});

describe('the methods of dns.promises.Resolver', () => {
  it('give what Node gives', async () => {
    expect(await resolver.resolve4('www.example.com')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve4('www.example.com', { ttl: true })).toEqual([
      { address: '192.0.2.1', ttl: expect.any(Number) },
    ]);
    expect(await resolver.resolve6('six.example.com')).toEqual(['2001:db8::80']);
    expect(await resolver.resolveMx('example.com')).toEqual([
      { priority: 10, exchange: 'mail.example.com' },
      { priority: 20, exchange: 'mail.example.org' },
    ]);
    expect(await resolver.resolveTxt('example.com')).toEqual([['v=spf1 mx -all']]);
    expect((await resolver.resolveTxt('big.example.com'))[0]).toHaveLength(24);
    expect(await resolver.resolveCname('shop.example.com')).toEqual(['www.example.com']);
    expect(await resolver.resolveNs('example.com')).toEqual(['ns.example.com']);
    expect(await resolver.resolveCaa('example.com')).toEqual([{ critical: 0, issue: 'ca.example.net' }]);
    expect(await resolver.resolveSrv('_http._tcp.example.com')).toEqual([
      { priority: 0, weight: 1, port: 80, name: 'www.example.com' },
    ]);
    expect(await resolver.resolveSoa('example.com')).toMatchObject({
      nsname: 'ns.example.com',
      hostmaster: 'hostmaster.example.com',
      minttl: 60,
    });
    expect(await resolver.reverse('127.0.0.1')).toEqual(['localhost']);
  });

  it('fail with the codes of Node', async () => {
    await expect(resolver.resolve4('nosuch.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve6('www.example.com')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('loop.example')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });
});

describe('close()', () => {
  it('ends what is in progress, and what comes after fails with a reason', async () => {
    const short = open();
    const waiting = short.resolve('slow.example');
    await short.close();
    expect(await waiting).toMatchObject({ kind: 'failure' });
    expect(await short.resolve('www.example.com')).toMatchObject({ kind: 'failure', failure: 'closed' });
    await short.close();
  });

  it('leaves other resolvers alone', async () => {
    const short = open();
    expect(await short.resolve('www.example.com')).toMatchObject({ kind: 'answer' });
    await short.close();
    expect(await resolver.resolve('mail.example.com')).toMatchObject({ kind: 'answer' });
  });
});
