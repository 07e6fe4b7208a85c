// The console over real sockets: who may ask what, how it is refused, and what it says of a daemon at work.
import { chmodSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServerAddress } from '../../src/base/ports.ts';
import { askDaemon, listDaemon } from '../../src/console/client.ts';
import { openControlSocket } from '../../src/control-socket.ts';
import type { CacheEntry } from '../../src/resolver/inspect.ts';
import { askUdp, makeQuery, pause } from '../server/clients.ts';
import { closeRigs, type Rig, rigSettings, startRig } from './rig.ts';

afterEach(closeRigs);

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** A request over the console, or over the control socket with `socketPath`. */
function get(rig: Rig, path: string, changes: object = {}, body?: string | Buffer): Promise<Got> {
  const [host, port] = String(rig.started.console).split(':');
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, agent: false, ...changes }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function bound(rig: Rig): ServerAddress {
  return rig.started.bound[0] as ServerAddress;
}

async function entries(rig: Rig, query: string): Promise<CacheEntry[]> {
  const found: CacheEntry[] = [];
  for await (const entry of listDaemon({ socketPath: rig.control }, `/api/entries?${query}`)) {
    found.push(entry as CacheEntry);
  }
  return found;
}

describe('over TCP', () => {
  test('health, readiness and figures are there to read, and no origin is let in', async () => {
    const rig = await startRig();
    await rig.daemon.prime();
    for (const path of ['/health', '/ready', '/metrics', '/api/status', '/api/stats']) {
      const { status, headers } = await get(rig, path, { headers: { Origin: 'https://evil.example' } });
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    }
  });

  test.each([
    ['a name that was bent to this machine', '/metrics', { headers: { Host: 'evil.example' } }, 403],
    ['no name', '/metrics', { setHost: false }, 400],
    ['a name that begins like ours', '/metrics', { headers: { Host: '127.0.0.1.evil.example' } }, 403],
    ['what is cached', '/api/entries', {}, 403],
    ['whose servers were asked', '/api/servers', {}, 403],
    ['a change', '/api/reload', { method: 'POST' }, 405],
    ['a preflight', '/metrics', { method: 'OPTIONS' }, 405],
    ['a path that is none', '/../etc/passwd', {}, 404],
    ['a path of every object', '/constructor', {}, 404],
    ['a header without end', '/metrics', { headers: { Long: 'x'.repeat(10_000) } }, 431],
  ])('%s is refused', async (_, path, changes, status) => {
    const rig = await startRig();
    expect((await get(rig, path, changes)).status).toBe(status);
  });

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:8053'])('the host %s is this machine', async (Host) => {
    const rig = await startRig();
    expect((await get(rig, '/health', { headers: { Host } })).status).toBe(200);
  });

  test('connections beyond 32 are refused, and those that say nothing do not keep a daemon from ending', async () => {
    const rig = await startRig();
    const [host, port] = String(rig.started.console).split(':');
    const sockets = Array.from({ length: 40 }, () => connect({ host: String(host), port: Number(port) }));
    for (const socket of sockets) socket.on('error', () => socket.destroy());
    await pause(200);
    expect(sockets.filter(({ closed }) => !closed).length).toBe(32);
    await closeRigs();
    await pause(50);
    expect(sockets.filter(({ closed }) => !closed)).toEqual([]);
  });
});

describe('the control socket', () => {
  test('is its owner’s alone, and gone at the end', async () => {
    const rig = await startRig();
    expect(statSync(rig.control).mode & 0o777).toBe(0o600);
    await rig.daemon.close();
    expect(existsSync(rig.control)).toBe(false);
  });

  test('takes the place of one that a killed daemon left, never that of a live one or of a file', async () => {
    const left = await startRig();
    await expect(startRig(left.settings)).rejects.toThrow(/^no control socket: .*another rootwalk answers there/);
    await left.daemon.close();
    const stale = await listenAndVanish(left.control);
    await startRig(left.settings);
    await closeRigs();
    stale.close();
    const settings = rigSettings();
    writeFileSync(String(settings.control), '');
    await expect(startRig(settings)).rejects.toThrow('something that is no socket is there');
  });

  test('is made at the second place where the first cannot be had, its folder too', async () => {
    const folder = dirname(String(rigSettings().control));
    const places = [join(folder, 'missing/deep/c.sock'), join(folder, 'made/c.sock')];
    const listener = { port: undefined, close: () => undefined };
    expect((await openControlSocket(places, async () => listener)).path).toBe(places[1]);
    await expect(openControlSocket(places.slice(0, 1), async () => listener)).rejects.toThrow(
      `no control socket: ${places[0]}: its folder is missing; set \`control\` to another path, or to false`,
    );
  });

  test.each([
    ['a body over 64 KiB', '/api/flush', Buffer.alloc(70_000, 32), 413],
    [
      'a body over 64 KiB that does not say so',
      '/api/flush',
      Buffer.alloc(70_000, 32),
      413,
      { 'Transfer-Encoding': 'chunked' },
    ],
    ['a body that is not JSON', '/api/flush', '{', 400],
    ['a flush of nothing', '/api/flush', '{}', 400],
    ['a flush of a name that is none', '/api/flush', '{"name":"a..b"}', 400],
    ['a flush of a number', '/api/flush', '{"zone":7}', 400],
    ['a question without a name', '/api/explain', '{}', 400],
    ['a zone transfer', '/api/explain', '{"name":"a.b","type":"AXFR"}', 400],
  ])('refuses %s', async (_, path, body, status, headers: object = {}) => {
    const rig = await startRig();
    const got = await get(rig, path, { socketPath: rig.control, method: 'POST', headers }, body);
    expect({ status: got.status, error: typeof JSON.parse(got.text).error }).toEqual({ status, error: 'string' });
  });

  test.each([
    [{ name: 'www.example', zone: 'example' }],
    [{ name: 'www.example', bogus: true }],
    [{ zone: 'example', bogus: true }],
  ])('refuses %j, which is more than one flush', async (body) => {
    const rig = await startRig();
    expect(await askDaemon({ socketPath: rig.control }, 'POST', '/api/flush', body)).toEqual({
      status: 400,
      json: { error: 'a flush takes one of name, zone and bogus; send a request for each' },
    });
  });

  test('refuses a layer that is none', async () => {
    const rig = await startRig();
    expect(await askDaemon({ socketPath: rig.control }, 'GET', '/api/entries?layer=toString')).toEqual({
      status: 400,
      json: { error: 'the layers are answers, host, records, hierarchy' },
    });
  });
});

describe('defaults that cannot be had', () => {
  test('are a warning, where what was chosen is an error', async () => {
    const settings = { ...rigSettings(), console: '127.0.0.1:8053' };
    // Whoever has it, the second of these does not.
    await startRig({ ...settings, control: false });
    const rig = await startRig({ ...settings, control: false });
    expect(rig.started).toMatchObject({
      console: undefined,
      warnings: [expect.stringMatching(/^no console on 127\.0\.0\.1:8053: the port is taken; set `console`/)],
    });
    const taken = createHttpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    await expect(startRig({ ...settings, console: `127.0.0.1:${port}` })).rejects.toThrow('the port is taken');
    expect(existsSync(String(settings.control))).toBe(false);
    taken.close();
  });

  test('off means off', async () => {
    const rig = await startRig(rigSettings({ control: false, console: false }));
    expect(rig.started).toMatchObject({ control: undefined, console: undefined, warnings: [] });
  });
});

describe('what it says', () => {
  test('unready until the root was heard, with the reason; ready from then on', async () => {
    const world: { address: string | undefined } = { address: undefined };
    const rig = await startRig(rigSettings(), world);
    expect(await get(rig, '/ready')).toMatchObject({ status: 503, text: expect.stringContaining('no root server') });
    await rig.daemon.prime();
    const { text } = await get(rig, '/ready');
    expect(JSON.parse(text)).toEqual({ ready: false, reasons: [expect.stringContaining('ENETUNREACH')] });
    world.address = '192.0.2.1';
    // RFC 9520, 3.2: the failure is kept for 5 s, unless it is taken out.
    await askDaemon({ socketPath: rig.control }, 'POST', '/api/flush', { name: '.' });
    await rig.daemon.prime();
    expect(await get(rig, '/ready')).toMatchObject({ status: 200 });
    world.address = undefined;
    expect(await get(rig, '/ready')).toMatchObject({ status: 200 });
  });

  test('metrics are in form, count what happened, and name no name', async () => {
    const rig = await startRig();
    await rig.daemon.prime();
    for (const _ of 'abc') await askUdp(bound(rig), makeQuery({ name: 'secret.example' }));
    await askUdp(bound(rig), makeQuery({ name: 'secret.example', type: 255 + 1, cd: true }));
    await askUdp(bound(rig), makeQuery({ name: 'localhost' }));
    await askUdp(bound(rig), makeQuery({ edns: { version: 1 } }));
    const { text, headers } = await get(rig, '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(faultsOfMetrics(text)).toEqual([]);
    expect(text).not.toMatch(/secret|192\.0\.2|198\.51/);
    for (const line of [
      'rootwalk_queries_total{transport="udp"} 6',
      'rootwalk_handled_total{by="answers"} 2',
      'rootwalk_handled_total{by="host_records"} 1',
      'rootwalk_handled_total{by="resolution"} 2',
      'rootwalk_handled_total{by="server"} 1',
      'rootwalk_responses_total{rcode="NOERROR"} 5',
      'rootwalk_responses_total{rcode="BADVERS"} 1',
      'rootwalk_cache_hits_total{layer="answers"} 2',
      'rootwalk_resolution_seconds_count 2',
      'rootwalk_upstream_rtt_seconds_bucket{transport="udp",le="0.0025"} 0',
      'rootwalk_upstream_rtt_seconds_bucket{transport="udp",le="0.005"} 3',
      'rootwalk_upstream_outcomes_total{transport="udp",outcome="response"} 3',
      'rootwalk_ready 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('each layer can be listed, looked up and flushed, by its own name and that of the notes', async () => {
    const rig = await startRig(rigSettings({ local: { data: ['\\027own.home.arpa. 60 IN A 192.0.2.9'] } }));
    await rig.daemon.prime();
    await askUdp(bound(rig), makeQuery({ name: 'www.example' }));
    await askUdp(bound(rig), makeQuery({ name: 'mail.example' }));
    expect(await entries(rig, 'layer=browser')).toMatchObject([
      { layer: 'answers', kind: 'response', name: 'www.example.', type: 'A', security: 'insecure' },
      { layer: 'answers', name: 'mail.example.' },
    ]);
    expect(await entries(rig, 'layer=os')).toContainEqual({
      layer: 'host',
      kind: 'rrset',
      name: '\\027own.home.arpa.',
      type: 'A',
      ttl: 60,
      data: ['192.0.2.9'],
    });
    expect(await entries(rig, 'layer=resolver&name=WWW.example.')).toMatchObject([
      { layer: 'records', kind: 'rrset', name: 'www.example.', data: ['192.0.2.1'], note: 'answerAA, from .' },
    ]);
    expect((await entries(rig, 'name=www.example')).map(({ layer, name }) => `${layer} ${name}`)).toEqual([
      'answers www.example.',
      'records www.example.',
      'hierarchy .',
      'hierarchy .',
    ]);
    const at = { socketPath: rig.control };
    expect((await askDaemon(at, 'POST', '/api/flush', { name: 'www.example' })).json).toEqual({
      records: 1,
      hierarchy: 0,
      answers: 2,
    });
    expect(await entries(rig, 'name=www.example&layer=records')).toEqual([]);
    expect((await askDaemon(at, 'POST', '/api/flush', { zone: 'example' })).json).toMatchObject({ records: 1 });
    const before = rig.asked.length;
    await askUdp(bound(rig), makeQuery({ name: 'www.example' }));
    expect(rig.asked.length).toBe(before + 1);
  });

  test('a long list comes whole while the caches change', async () => {
    const rig = await startRig();
    await rig.daemon.prime();
    const { answers } = rig.daemon.resolver.caches;
    for (let i = 0; i < 5000; i++) {
      const query = makeQuery({ name: `n${i}.example` });
      answers.put(query, query.length, 0, 300, false, 1e9);
    }
    let count = 0;
    for await (const _ of listDaemon({ socketPath: rig.control }, '/api/entries?layer=answers')) {
      count += 1;
      if (count === 300) answers.clear();
    }
    expect(count).toBeGreaterThan(299);
    expect(count).toBeLessThan(5000);
  });
});

/** What `promtool check metrics` would say, in short. */
function faultsOfMetrics(text: string): string[] {
  const faults: string[] = [];
  const types = new Map<string, string>();
  const seen = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const told = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (told?.[1] === 'TYPE') types.set(String(told[2]), String(told[3]));
    if (told !== null) continue;
    const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*\})? [0-9.e+-]+$/.exec(line);
    if (sample === null || seen.has(line.replace(/ [^ ]+$/, ''))) faults.push(line);
    seen.add(line.replace(/ [^ ]+$/, ''));
    const family = String(sample?.[1]).replace(/_(?:bucket|sum|count)$/, '');
    const type = types.get(family) ?? types.get(String(sample?.[1]));
    if (type === undefined || (type === 'counter') !== family.endsWith('_total')) faults.push(line);
  }
  return faults;
}

/** A socket file that nobody answers on. */
async function listenAndVanish(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  // A socket of this name that is closed by the system, not by Node.js, stays behind as a file.
  renameSync(`${path}.live`, path);
  chmodSync(path, 0o600);
  await new Promise((resolve) => server.close(resolve));
  return server;
}
