// Reloads of a running daemon: whole or not at all, caches kept but for what is contradicted, and no query lost.
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServerAddress } from '../src/base/ports.ts';
import { fillSettings } from '../src/config/schema.ts';
import type { LogLevel, Settings } from '../src/config/settings.ts';
import type { ReloadReport } from '../src/console/view.ts';
import type { ReadSettings } from '../src/reload.ts';
import { RCODE } from '../src/wire/types.ts';
import { closeRigs, type Rig, rigSettings, startRig, type World } from './console/rig.ts';
import { askUdp, makeQuery, pause } from './server/clients.ts';

afterEach(closeRigs);

interface Reloadable {
  readonly rig: Rig;
  readonly world: World;
  readonly levels: LogLevel[];
  readonly told: ReloadReport[];
  /** What the file says from now on. */
  write(change: (settings: Settings) => unknown): void;
  /** What reading the file gives from now on. */
  next(read: ReadSettings): void;
  /** The RCODE and the first A record that a client gets. */
  ask(name: string): Promise<string>;
}

async function reloadable(): Promise<Reloadable> {
  const settings = rigSettings();
  const world: World = { address: '192.0.2.1' };
  const levels: LogLevel[] = [];
  const told: ReloadReport[] = [];
  let read: ReadSettings = { settings, file: 'rw.yaml' };
  const rig = await startRig(settings, world, {
    file: 'rw.yaml',
    readSettings: async () => read,
    setLogLevel: (level) => levels.push(level),
    reloaded: (report) => told.push(report),
  });
  return {
    rig,
    world,
    levels,
    told,
    write: (change) => {
      read = { settings: fillSettings(change(settings) as Settings), file: 'rw.yaml' };
    },
    next: (given) => {
      read = given;
    },
    ask: async (name) => {
      const { rcode, answer } = await askUdp(rig.started.bound[0] as ServerAddress, makeQuery({ name }));
      return [rcode, ...(answer[0]?.rdata ?? [])].join(' ');
    },
  };
}

describe('a reload', () => {
  test('names what changed and what has to wait, and is in effect at once', async () => {
    const { rig, write, ask, levels } = await reloadable();
    write((settings) => ({
      ...settings,
      listen: ['127.0.0.1:1'],
      allow: ['10.0.0.0/8'],
      local: { ...settings.local, data: ['own.home.arpa. 60 IN A 192.0.2.9'] },
      log: { ...settings.log, level: 'error' },
    }));
    expect(await rig.daemon.reload()).toEqual({
      ok: true,
      file: 'rw.yaml',
      changed: ['allow', 'local.data', 'log.level'],
      restart: ['listen'],
    });
    expect(levels).toEqual(['error']);
    expect(await ask('own.home.arpa')).toBe(`${RCODE.REFUSED}`);
    write((settings) => settings);
    expect(await rig.daemon.reload()).toMatchObject({ changed: ['allow', 'local.data', 'log.level'], restart: [] });
    expect(await ask('www.example')).toBe('0 192 0 2 1');
  });

  test('of a bad file changes nothing and says what is wrong with it', async () => {
    const { rig, next, ask, told } = await reloadable();
    const errors = ['rw.yaml:1:1 alow: unknown key; did you mean allow?'];
    next({ errors });
    expect(await rig.daemon.reload()).toEqual({ ok: false, errors });
    expect(told).toEqual([{ ok: false, errors }]);
    expect(await ask('www.example')).toBe('0 192 0 2 1');
  });

  test.each([
    [
      'a file that is missing',
      { root: { hints: null, trustAnchors: '/missing' }, dnssec: { validate: true } },
      /^root\.trustAnchors \/missing: /,
    ],
    ['a record that is none', { local: { data: ['a.b IN A'] } }, /^line 1: /],
  ])('of a file that names %s changes nothing', async (_, changes, error) => {
    const { rig, write, ask } = await reloadable();
    await ask('www.example');
    const asked = rig.asked.length;
    write((settings) => ({ ...settings, allow: [], ...changes }));
    expect(await rig.daemon.reload()).toEqual({ ok: false, errors: [expect.stringMatching(error)] });
    expect(await ask('www.example')).toBe('0 192 0 2 1');
    expect(rig.asked.length).toBe(asked);
  });

  test('keeps the caches', async () => {
    const { rig, write, ask, world } = await reloadable();
    await ask('www.example');
    world.address = '192.0.2.2';
    write((settings) => ({ ...settings, allow: ['127.0.0.1'], cache: { ...settings.cache, maxTtl: 3600 } }));
    const asked = rig.asked.length;
    await rig.daemon.reload();
    expect(await ask('www.example')).toBe('0 192 0 2 1');
    expect(rig.asked.length).toBe(asked);
  });

  test('that gives a zone other servers, or exempts it from validation, forgets that zone alone', async () => {
    const { rig, write, ask, world } = await reloadable();
    await ask('www.example');
    await ask('www.other');
    world.address = '192.0.2.2';
    write((settings) => ({ ...settings, zones: [{ zone: 'example', stub: ['198.51.100.2'] }] }));
    await rig.daemon.reload();
    expect(await ask('www.example')).toBe('0 192 0 2 2');
    expect(await ask('www.other')).toBe('0 192 0 2 1');
    world.address = '192.0.2.3';
    write((settings) => ({ ...settings, dnssec: { ...settings.dnssec, negativeTrustAnchors: [{ zone: 'other' }] } }));
    await rig.daemon.reload();
    // The stub is gone as well.
    expect(await ask('www.example')).toBe('0 192 0 2 3');
    expect(await ask('www.other')).toBe('0 192 0 2 3');
  });

  test('that changes what is trusted forgets all data', async () => {
    const { rig, write, ask } = await reloadable();
    await ask('www.example');
    write((settings) => ({ ...settings, dnssec: { ...settings.dnssec, validate: true } }));
    expect(await rig.daemon.reload()).toMatchObject({ changed: ['dnssec.validate'] });
    // Nothing here is signed, and the root should be.
    expect(await ask('www.example')).toBe(`${RCODE.SERVFAIL}`);
    write((settings) => settings);
    await rig.daemon.reload();
    expect(await ask('www.example')).toBe('0 192 0 2 1');
  });

  test('lets what is in progress end as it began, and keeps nothing of it that is contradicted', async () => {
    const { rig, write, ask, world } = await reloadable();
    await rig.daemon.prime();
    let open = (): void => undefined;
    world.gate = new Promise((resolve) => {
      open = resolve;
    });
    const early = ask('www.example');
    await until(() => rig.asked.includes('www.example. 1'));
    delete world.gate;
    // One that contradicts nothing, then one that does.
    write((settings) => ({ ...settings, allow: ['127.0.0.1'] }));
    await rig.daemon.reload();
    write((settings) => ({ ...settings, zones: [{ zone: 'example', stub: ['198.51.100.2'] }] }));
    await rig.daemon.reload();
    open();
    expect(await early).toBe('0 192 0 2 1');
    world.address = '192.0.2.2';
    expect(await ask('www.example')).toBe('0 192 0 2 2');
  });

  test('reads another hosts file, and follows that one', async () => {
    const { rig, write, ask } = await reloadable();
    const file = join(dirname(rig.control), 'hosts');
    writeFileSync(file, '192.0.2.7 printer.home.arpa\n');
    write((settings) => ({ ...settings, hosts: file }));
    expect(await rig.daemon.reload()).toMatchObject({ changed: ['hosts'] });
    expect(await ask('printer.home.arpa')).toBe('0 192 0 2 7');
    writeFileSync(file, '192.0.2.88 printer.home.arpa\n');
    await until(async () => (await ask('printer.home.arpa')) === '0 192 0 2 88');
  });

  test('asked for while one is under way is another one', async () => {
    const { rig, write } = await reloadable();
    const first = rig.daemon.reload();
    write((settings) => ({ ...settings, allow: ['127.0.0.1'] }));
    const [second, third] = [rig.daemon.reload(), rig.daemon.reload()];
    expect(second).toBe(third);
    await first;
    expect(await second).toMatchObject({ ok: true });
    write((settings) => settings);
    expect(await rig.daemon.reload()).toMatchObject({ changed: ['allow'] });
  });

  test('and 40 of them under load lose no query', async () => {
    const { rig, write } = await reloadable();
    await rig.daemon.prime();
    const load = startLoad(rig.started.bound[0] as ServerAddress);
    for (let i = 0; i < 40; i++) {
      write((settings) => ({
        ...settings,
        local: { ...settings.local, data: [`n${i}.home.arpa. 60 IN A 192.0.2.9`] },
        zones: i % 3 === 0 ? [{ zone: 'example', stub: ['198.51.100.2'] }] : [],
        dnssec: { ...settings.dnssec, negativeTrustAnchors: i % 2 === 0 ? [{ zone: 'half.example' }] : [] },
      }));
      await rig.daemon.reload();
      load.burst(50);
      // The client shares our thread: more replies than its socket's buffer takes would be lost to it, not by us.
      await until(() => load.sent() - load.answered() < 100);
    }
    await until(() => load.answered() === load.sent());
    expect(load.rcodes()).toEqual([RCODE.NOERROR]);
  });
});

/** A client that sends queries, some of them for names that are cached, and counts the answers. */
function startLoad(to: ServerAddress): {
  burst(count: number): void;
  sent(): number;
  answered(): number;
  rcodes(): number[];
} {
  const socket = createSocket('udp4');
  const answered = new Set<number>();
  const rcodes = new Set<number>();
  let id = 0;
  socket.on('message', (octets) => {
    answered.add(octets.readUInt16BE(0));
    rcodes.add((octets[3] ?? 0) & 15);
    if (answered.size === id) socket.unref();
  });
  return {
    burst(count) {
      for (let i = 0; i < count; i++) {
        id += 1;
        socket.send(makeQuery({ id, name: `n${id % 3 === 0 ? id : id % 10}.example` }), to.port, to.ip);
      }
    },
    sent: () => id,
    answered: () => answered.size,
    rcodes: () => [...rcodes],
  };
}

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await met()) return;
    await pause(10);
  }
  throw new Error('it did not happen');
}
