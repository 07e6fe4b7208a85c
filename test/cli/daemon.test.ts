// The verbs for a running daemon, against a daemon that runs: what they print, and how they end.
import { afterEach, describe, expect, test } from 'vitest';
import type { Parts } from '../../src/cli/io.ts';
import { parts as realParts } from '../../src/cli/parts.ts';
import { settingsToYaml } from '../../src/config/show.ts';
import type { ReadSettings } from '../../src/reload.ts';
import { closeRigs, type Rig, rigSettings, startRig, type World } from '../console/rig.ts';
import { askUdp, makeQuery } from '../server/clients.ts';
import { cli, type FakeWorld, type Outcome } from './fake-io.ts';

afterEach(closeRigs);

const { askDaemon, listDaemon } = realParts;
const parts = { askDaemon, listDaemon };

interface Running {
  readonly rig: Rig;
  run(...words: string[]): Promise<Outcome>;
  /** Files that were written. */
  readonly written: ReadonlyMap<string, string>;
  /** What the daemon reads at its next reload. */
  next(read: ReadSettings): void;
}

async function running(servers: World = { address: '192.0.2.1' }): Promise<Running> {
  const settings = rigSettings({ local: { data: ['own.home.arpa. 60 IN TXT "a\\027[2Jb"'] } });
  let read: ReadSettings = { settings, file: '/etc/rw.yaml' };
  const rig = await startRig(settings, servers, { file: '/etc/rw.yaml', readSettings: async () => read });
  const written = new Map<string, string>();
  const world: FakeWorld = { parts, files: { '/etc/rw.yaml': settingsToYaml(settings, true) }, written };
  const run = (...words: string[]) => cli([...words, '--config', '/etc/rw.yaml'], world);
  return {
    rig,
    run,
    written,
    next: (given) => {
      read = given;
    },
  };
}

async function resolved({ rig }: Running, name: string): Promise<void> {
  const [to] = rig.started.bound;
  if (to !== undefined) await askUdp(to, makeQuery({ name }));
}

describe('without a daemon', () => {
  test.each([
    ['status'],
    ['stats'],
    ['reload'],
    ['servers'],
    ['healthcheck'],
    ['cache', 'list'],
    ['cache', 'lookup', 'a.b'],
    ['cache', 'dump'],
    ['cache', 'flush', 'a.b'],
    ['cache', 'flush-zone', '.'],
    ['cache', 'flush-bogus'],
    ['explain', '--server', 'a.b'],
    ['failures', 'list'],
    ['failures', 'show', '1'],
    ['failures', 'export', '1'],
  ])('%s %s says so in one line and ends with 3', async (...words) => {
    const given = words.filter((word) => typeof word === 'string');
    const world = { parts, files: { '/rw.yaml': 'control: /missing/c.sock\nconsole: 127.0.0.1:1\n' } };
    const { code, out, err } = await cli([...given, '-c', '/rw.yaml'], world);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/^rootwalk: no daemon runs here \(\/missing\/c\.sock: there is no socket.*\n$/);
  });

  test('the usual places are named', async () => {
    const { err } = await cli(['status'], { environment: { XDG_RUNTIME_DIR: '/run/user/7' } });
    expect(err).toContain('(/run/rootwalk/control.sock: there is no socket; /run/user/7/rootwalk/control.sock: there');
  });

  test('switched off is told apart', async () => {
    expect(await cli(['status', '-c', 'f'], { files: { f: 'control: false' } })).toMatchObject({
      code: 3,
      err: 'rootwalk: the settings have no control socket (control: false)\n',
    });
  });
});

describe('with a daemon', () => {
  test('status says how it is', async () => {
    const daemon = await running();
    expect(await daemon.run('status')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^rootwalk [0-9.]+, process [0-9]+, up [0-9]+ s, not ready: no root server has answered yet\nlistening {2}127\.0\.0\.1:[0-9]+\nsettings {3}\/etc\/rw\.yaml\n/,
      ),
    });
    const { out } = await daemon.run('status', '--json');
    expect(JSON.parse(out)).toMatchObject({ pid: process.pid, queries: 0, file: '/etc/rw.yaml' });
  });

  test('a mistake in the file does not hide it', async () => {
    const { rig } = await running();
    const files = { f: `control: ${rig.control}\nalow: []\nlisten: 7\n` };
    expect((await cli(['status', '-c', 'f'], { parts, files })).code).toBe(0);
    expect(await cli(['status', '-c', 'f'], { parts, files: { f: 'alow: []' } })).toMatchObject({
      code: 1,
      err: 'rootwalk: f:1:1 alow: unknown key; did you mean allow?\n',
    });
  });

  test('healthcheck ends with 1 and the reason, then with 0; without a control socket it asks the console', async () => {
    const daemon = await running();
    expect(await daemon.run('healthcheck')).toEqual({
      code: 1,
      out: '',
      err: 'rootwalk: not ready: no root server has answered yet\n',
    });
    await daemon.rig.daemon.prime();
    expect(await daemon.run('healthcheck')).toEqual({ code: 0, out: 'ready\n', err: '' });
    const files = { f: `control: false\nconsole: ${daemon.rig.started.console}\n` };
    expect(await cli(['healthcheck', '-c', 'f'], { parts, files })).toMatchObject({ code: 0, out: 'ready\n' });
  });

  test('stats, servers and cache list tell figures', async () => {
    const daemon = await running();
    await daemon.rig.daemon.prime();
    await resolved(daemon, 'www.example');
    const stats = await daemon.run('stats');
    expect(stats.out).toContain('Queries\n udp  1\n');
    expect(stats.out).toMatch(/Layers\nLAYER +ENTRIES +HITS.*\nanswers \(browser\) +1 +0 +1 /);
    expect(JSON.parse((await daemon.run('stats', '--json')).out)).toMatchObject({
      queries: { udp: 1 },
      upstream: { udp: { response: 2 } },
    });
    expect((await daemon.run('cache', 'list')).out).toMatch(/^LAYER.*\nanswers.*\nhost \(os\).*\nrecords \(resolver\)/);
    expect((await daemon.run('servers')).out).toMatch(
      /^SERVER +RTT +\+- +HEARD +TIMEOUTS +EDNS +TROUBLE\n198\.51\.100\.1@53 +5 ms .* 0 s ago +0 +supported\n$/,
    );
    expect(JSON.parse((await daemon.run('servers', '--json')).out)).toMatchObject([{ rttMs: 5, lame: [] }]);
  });

  test('cache lookup goes through the layers; dump takes their other names; what is printed is escaped', async () => {
    const daemon = await running();
    await daemon.rig.daemon.prime();
    await resolved(daemon, 'www.example');
    expect((await daemon.run('cache', 'lookup', 'www.example')).out.replaceAll(/\b(?:29|30)\d\b/g, 'TTL')).toBe(`\
answers (browser)
 www.example. TTL response A ; insecure, 45 octets
records (resolver)
 www.example. TTL A 192.0.2.1 ; unchecked, answerAA, from .
hierarchy
 . for good delegation a.root. ; hints
 . TTL delegation a.root. ; priming
nothing in host (os)
`);
    const { out } = await daemon.run('cache', 'dump', 'os');
    expect(out).toContain('own.home.arpa. 60 TXT "a\\027[2Jb" ; host\n');
    expect(
      JSON.parse((await daemon.run('cache', 'dump', 'resolver', '--json')).out.split('\n')[0] ?? ''),
    ).toMatchObject({
      layer: 'records',
    });
    expect(await daemon.run('cache', 'dump', 'toString')).toMatchObject({
      code: 1,
      err: 'rootwalk: toString is not a layer; the layers are answers (browser), host (os), records (resolver), hierarchy\n',
    });
  });

  test('explain --server resolves in it, with its caches as they are', async () => {
    const daemon = await running();
    await daemon.rig.daemon.prime();
    const first = await daemon.run('explain', '--server', 'www.example');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^www\.example\. A\n.*1 browser cache \(answers\): miss\n(?:.*\n)*.*198\.51\.100\.1/);
    await resolved(daemon, 'www.example');
    const { asked } = daemon.rig;
    const before = asked.length;
    const again = await daemon.run('explain', '--server', 'www.example', 'A');
    expect(again.out).toMatch(
      /1 browser cache \(answers\): hit, (?:299|300) s left\n(?:.*\n)*.*3 resolver cache \(records\): hit/,
    );
    expect(asked.length).toBe(before);
    const { out } = await daemon.run('explain', '--server', '--json', 'own.home.arpa', 'TXT');
    expect(JSON.parse(out)).toMatchObject({ result: { rcode: 'NOERROR', answer: [{ data: '"a\\027[2Jb"' }] } });
    expect(Object.keys(JSON.parse(out))).toEqual([
      'question',
      'outcome',
      'verdict',
      'events',
      'eventsNotShown',
      'result',
    ]);
  });

  test('explain --server of a failure says who is at fault and ends with 9', async () => {
    const daemon = await running({ address: undefined });
    expect(await daemon.run('explain', '--server', 'a.example')).toMatchObject({
      code: 9,
      out: expect.stringMatching(
        /network is unreachable\n(?:.*\n)*Verdict: our network(?:.*\n)* {2}This machine has no way to any root server/,
      ),
    });
  });

  test('cache flush takes out by name, by zone, and what is bogus', async () => {
    const daemon = await running();
    await daemon.rig.daemon.prime();
    await resolved(daemon, 'www.example');
    expect((await daemon.run('cache', 'flush', 'www.example')).out).toBe(
      'Taken out: 1 of records, 0 of hierarchy; answers was emptied of 1.\n',
    );
    await resolved(daemon, 'www.example');
    expect(JSON.parse((await daemon.run('cache', 'flush-zone', '.', '--json')).out)).toMatchObject({ answers: 1 });
    expect((await daemon.run('cache', 'flush-bogus')).code).toBe(0);
    expect(await daemon.run('cache', 'flush', 'a..b')).toMatchObject({
      code: 1,
      err: 'rootwalk: "a..b" is not a domain name: it has an empty label\n',
    });
  });

  test('reload says what changed; of a bad file, what is wrong, and ends with 1', async () => {
    const { rig, run, next } = await running();
    next({ settings: { ...rig.settings, allow: [], listen: ['127.0.0.1:1'] }, file: '/etc/rw.yaml' });
    expect(await run('reload')).toEqual({
      code: 0,
      out: 'Reloaded /etc/rw.yaml: changed: allow; needs a restart: listen.\n',
      err: '',
    });
    next({ errors: ['/etc/rw.yaml:1:1 alow: unknown key', '/etc/rw.yaml:2:1 b\u001b: unknown key'] });
    expect(await run('reload')).toEqual({
      code: 1,
      out: '',
      err: 'rootwalk: not reloaded: /etc/rw.yaml:1:1 alow: unknown key\nrootwalk: not reloaded: /etc/rw.yaml:2:1 b\\u{1b}: unknown key\n',
    });
    expect(await run('reload', '--json')).toMatchObject({ code: 1, out: expect.stringContaining('"ok": false') });
  });
});

describe('failures', () => {
  const escaped = 'a\\027[2Jb.example';

  test('list names what failed; show plays it and says who is at fault; export writes a capsule that plays', async () => {
    const world: World = { address: undefined };
    const daemon = await running(world);
    expect((await daemon.run('failures', 'list')).out).toBe('Nothing has failed since the start.\n');
    await resolved(daemon, escaped);
    world.address = '192.0.2.1';
    const { out } = await daemon.run('failures', 'list');
    expect(out).toMatch(
      /^ID {2}LAST +TIMES {2}QUESTION +REASON +WHY\n 1 {2}20[-0-9]+ [:0-9]+ +1 {2}a\\027\[2jb\.example\. A {2}network {2}servers of \.: 198\.51\.100\.1 ENETUNREACH.*\n$/,
    );
    const shown = await daemon.run('failures', 'show', '1');
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(
      /^Failure 1: a\\027\[2jb\.example\. A failed at 20[-0-9]+ [:0-9]+ UTC\.\n\na\\027\[2jb\.example\. A\n/,
    );
    expect(shown.out).toContain('\nVerdict: ');
    expect(shown.out).toContain('network is unreachable');
    const exported = await daemon.run('failures', 'export', '1', '-o', 'f.json');
    expect(exported.out).toMatch(/^f\.json: \d+ exchanges; rootwalk replay --explain f\.json plays it\n$/);
    const capsule = daemon.written.get('f.json') ?? '';
    expect(
      (await cli(['replay', 'f.json'], { parts: { replay: realParts.replay }, files: { 'f.json': capsule } })).out,
    ).toMatch(/^passed {2}f\.json\n1 passed/);
    expect(JSON.parse((await daemon.run('failures', 'export', '1')).out)).toEqual(JSON.parse(capsule));
  });

  test('in JSON, one value a line; show has the explanation', async () => {
    const daemon = await running({ address: undefined });
    await resolved(daemon, 'a.example');
    const [line = ''] = (await daemon.run('failures', 'list', '--json')).out.split('\n');
    const report = JSON.parse(line);
    expect(report).toMatchObject({ id: 1, name: 'a.example.', type: 'A', reason: 'network', times: 1, complete: true });
    const shown = JSON.parse((await daemon.run('failures', 'show', '1', '--json')).out);
    expect(shown).toMatchObject(report);
    expect(shown.explanation.join('\n')).toContain('Verdict: ');
  });

  test('a number that is none, or not kept, is told in a line', async () => {
    const daemon = await running();
    expect(await daemon.run('failures', 'show', '7')).toMatchObject({
      code: 1,
      err: 'rootwalk: failure 7 is not kept (any more); rootwalk failures list shows those that are\n',
    });
    expect(await daemon.run('failures', 'export', 'x')).toMatchObject({
      code: 1,
      err: 'rootwalk: x is no number of a failure; rootwalk failures list shows them\n',
    });
  });
});

describe('config show', () => {
  const files = { f: 'hosts: false\ncache: { maxOctets: 64MiB }\n' };
  test.each([
    [['--diff'], 'cache:\n  maxOctets: 64MiB\nhosts: false\n'],
    [['--diff', '--json'], '{\n  "cache": {\n    "maxOctets": "64MiB"\n  },\n  "hosts": false\n}\n'],
    [[], expect.stringMatching(/^listen:\n {2}- 127\.0\.0\.1:5353\n(?:.*\n)*hosts: false\n/)],
    [['--defaults'], expect.stringMatching(/^listen:\n(?:.*\n)*hosts: \/etc\/hosts\n/)],
  ])('%j', async (flags, out) => {
    expect(await cli(['config', 'show', '-c', 'f', ...flags], { files })).toEqual({ code: 0, out, err: '' });
  });

  test('of the defaults or the differences, not of both', async () => {
    expect(await cli(['config', 'show', '--defaults', '--diff'], {})).toEqual({
      code: 1,
      out: '',
      err: 'rootwalk: config show: --defaults or --diff, not both\n',
    });
  });

  test('shows nothing of a bad file but its faults', async () => {
    const bad = { f: 'local: { data: ["a.b. IN A x"] }' };
    expect(await cli(['config', 'show', '-c', 'f'], { files: bad })).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^rootwalk: f:1:17 local\.data\[0\]: /),
    });
  });
});

describe('serve', () => {
  test('a reload, by SIGHUP too, is told in its output; a default that cannot be had is a warning', async () => {
    let registered = (_run: () => void): void => undefined;
    const hangup = new Promise<() => void>((resolve) => {
      registered = resolve;
    });
    const reports = [
      { ok: true as const, file: 'rw.yaml', changed: [], restart: ['control'] },
      { ok: false as const, errors: ['rw.yaml:1:1 x: unknown key'] },
    ];
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const openDaemon: Parts['openDaemon'] = async (_settings, _log, { reloaded }) => ({
      start: async () => ({
        bound: [],
        skipped: [],
        control: '/run/c.sock',
        console: '127.0.0.1:8053',
        warnings: ['no console on 127.0.0.1:8053: the port is taken'],
      }),
      prime: () => new Promise<never>(() => undefined),
      reload: async () => {
        const report = reports.shift() ?? { ok: false as const, errors: [] };
        reloaded(report);
        return report;
      },
      close: async () => undefined,
    });
    const ended = cli(['serve'], {
      parts: { openDaemon },
      stopped,
      hangup: registered,
    });
    const run = await hangup;
    run();
    run();
    await new Promise((resolve) => setImmediate(resolve));
    stop();
    const { code, out, err } = await ended;
    expect(code).toBe(0);
    expect(out).toContain('Control socket: /run/c.sock\nMetrics and health: http://127.0.0.1:8053/metrics');
    expect(out).toContain('Reloaded rw.yaml: nothing took effect; needs a restart: control.\n');
    expect(err.split('\n').sort()).toEqual([
      '',
      'rootwalk: no console on 127.0.0.1:8053: the port is taken',
      'rootwalk: not reloaded: rw.yaml:1:1 x: unknown key',
    ]);
  });
});
