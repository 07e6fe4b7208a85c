// Verbs other than query and explain, and what every verb has in common.
import { describe, expect, test } from 'vitest';
import type { OpenedDaemon, Parts } from '../../src/cli/io.ts';
import type { Settings } from '../../src/config/settings.ts';
import { cli, result, rrset } from './fake-io.ts';

class ListenError extends Error {
  override readonly name = 'ListenError';
}

describe('usage', () => {
  test.each([
    [['serv'], "unknown command 'serv' (Did you mean serve?); see rootwalk --help"],
    [['serve', '--confg', 'x'], "unknown option '--confg' (Did you mean --config?); see rootwalk --help"],
    [['serve', '--config'], "option '-c, --config <file>' argument missing; see rootwalk --help"],
    [['replay'], "missing required argument 'file'; see rootwalk --help"],
    [['\u001b[2J'], "unknown command '\\u{1b}[2J'; see rootwalk --help"],
  ])('%j is refused in one line', async (words, line) => {
    expect(await cli(words)).toEqual({ code: 1, out: '', err: `rootwalk: ${line}\n` });
  });

  test('without a verb help is printed as for a mistake', async () => {
    const { code, out, err } = await cli([]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Usage: rootwalk/);
  });

  test.each(['serve', 'query', 'explain', 'check', 'lab', 'replay'])('%s --help', async (verb) => {
    const { code, out, err } = await cli([verb, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: rootwalk ${verb}`));
  });

  test('--version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });

  test('a fault of our own is not dressed up as usage', async () => {
    await expect(cli(['query', 'a.b'])).rejects.toThrow('no resolver in this test');
  });
});

const unwatched = { control: undefined, console: undefined, warnings: [] };

/** A daemon that starts on one address, and notes what becomes of it. */
function daemon(changes: Partial<OpenedDaemon> = {}): { parts: Partial<Parts>; given: Settings[]; log: string[] } {
  const log: string[] = [];
  const given: Settings[] = [];
  const opened: OpenedDaemon = {
    start: async () => ({
      bound: [
        { ip: '127.0.0.1', port: 5353 },
        { ip: '::1', port: 5353 },
      ],
      skipped: [],
      ...unwatched,
    }),
    reload: async () => ({ ok: true, changed: ['allow'], restart: ['listen'] }),
    prime: async () => result({ answer: [rrset('.', 60, 'NS', 'a.example.')] }),
    close: async () => {
      log.push('closed');
    },
    ...changes,
  };
  const openDaemon: Parts['openDaemon'] = async (settings) => {
    given.push(settings);
    return opened;
  };
  return { parts: { openDaemon }, given, log };
}

/** A signal that comes once the root has been asked. */
function later(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => resolve()))));
}

const unreachable = result({
  rcode: 2,
  failure: 'network',
  extendedErrors: [{ code: 23, text: 'servers of .: 198.41.0.4 timeout' }],
});

describe('serve', () => {
  test('says where it listens, that the root answered, and finishes what is in flight on a signal', async () => {
    const { parts, log } = daemon();
    const { code, out, err } = await cli(['serve'], { parts, stopped: later() });
    expect({ code, err, log }).toEqual({ code: 0, err: '', log: ['closed'] });
    expect(out).toBe(`\
Listening on 127.0.0.1:5353 and [::1]:5353 (UDP, TCP), with the default settings.
Try: dig @127.0.0.1 -p 5353 www.example.com
The root answered: ready.
Stopping: what is in flight is finished first.
`);
  });

  test('asks nobody by itself where a forwarder is asked in place of the root', async () => {
    const prime = () => Promise.reject(new Error('asked'));
    const files = { './rootwalk.yaml': 'zones: [{ zone: ., forward: [192.0.2.1, "192.0.2.2:5300"] }]' };
    const { out } = await cli(['serve'], { files, parts: daemon({ prime }).parts, stopped: later() });
    expect(out).toContain('Questions go to 192.0.2.1 and 192.0.2.2:5300, not to the root: ready.\n');
  });

  test('names addresses that were left out', async () => {
    const { parts } = daemon({ start: async () => ({ bound: [], skipped: ['[::1]:5353: not there'], ...unwatched }) });
    expect((await cli(['serve'], { parts, stopped: later() })).out).toContain(
      'Not listening on [::1]:5353: not there\n',
    );
  });

  test.each([
    [{ hasNetwork: false }, unreachable, 'this machine has no network'],
    [
      {},
      unreachable,
      'port 53 is blocked on the way out, by a firewall or the provider; allow UDP and TCP to port 53, or set a forwarder: zones: [{ zone: ., forward: [ADDRESS] }]',
    ],
    [
      {},
      {
        ...unreachable,
        failure: 'servers-failed' as const,
        extendedErrors: [{ code: 22, text: 'servers of .: 198.41.0.4 timeout, 198.41.0.4 only recurses' }],
      },
      'what answers is not the root: something on the way (a router, the provider) seems to intercept port 53; set a forwarder: zones: [{ zone: ., forward: [ADDRESS] }]',
    ],
    [
      {},
      { ...unreachable, failure: 'bogus' as const, extendedErrors: [{ code: 9, text: '.: no DNSKEY' }] },
      'what answers is not the root: something on the way (a router, the provider) seems to intercept port 53; set a forwarder: zones: [{ zone: ., forward: [ADDRESS] }]',
    ],
    [
      {
        files: {
          './rootwalk.yaml': 'root: { hints: /my.hints }\nupstream: { port: 5300 }',
          '/my.hints': '. 60 NS a.\na. 60 A 192.0.2.1',
        },
      },
      unreachable,
      'the servers of /my.hints (root.hints) are down, or port 5300 is blocked on the way to them',
    ],
  ])('without a root: world %j', async (world, resolution, cause) => {
    const { parts } = daemon({ prime: async () => resolution });
    const { out } = await cli(['serve'], { ...world, parts, stopped: later() });
    const told =
      resolution.failure === 'bogus' ? 'What answered as the root cannot be trusted' : 'No root server answered';
    expect(out).toContain(
      `${told} (${resolution.extendedErrors[0]?.text}). Likely cause: ${cause}. To look closer: rootwalk doctor. To try rootwalk without a network: rootwalk lab\n`,
    );
  });

  test('a taken port is one line, and nothing is left behind', async () => {
    const message = '127.0.0.1:53 (UDP): in use by unbound (pid 7); stop it or choose another port';
    const { parts, log } = daemon({ start: () => Promise.reject(new ListenError(message)) });
    const stopped = new Promise<void>(() => undefined);
    expect(await cli(['serve'], { parts, stopped })).toEqual({ code: 1, out: '', err: `rootwalk: ${message}\n` });
    expect(log).toEqual(['closed']);
  });
});

describe('the configuration file', () => {
  const port = (number: number) => `listen: ["127.0.0.1:${number}"]`;
  const files = {
    '/named': port(1),
    '/environment': port(2),
    './rootwalk.yaml': port(3),
    '/etc/rootwalk/rootwalk.yaml': port(4),
  };
  const rest = { '/etc/rootwalk/rootwalk.yaml': port(4) };
  test.each([
    ['--config before all', ['--config', '/named'], { files, environment: { ROOTWALK_CONFIG: '/environment' } }, 1],
    ['then ROOTWALK_CONFIG', [], { files, environment: { ROOTWALK_CONFIG: '/environment' } }, 2],
    ['then ./rootwalk.yaml', [], { files }, 3],
    ['then /etc', [], { files: rest }, 4],
    ['else the defaults', [], {}, 5353],
  ])('%s', async (_, words, world, expected) => {
    const { parts, given } = daemon();
    await cli(['serve', ...words], { ...world, parts, stopped: later() });
    expect(given[0]?.listen[0]).toBe(`127.0.0.1:${expected}`);
  });

  test.each([
    [['--config', '/none'], {}, '/none: there is no such file'],
    [[], { environment: { ROOTWALK_CONFIG: '/none' } }, '/none: there is no such file (from ROOTWALK_CONFIG)'],
    [['--config', '/x'], { files: { '/x': { code: 'EACCES' } } }, '/x: it may not be read by this user'],
    [
      [],
      { files: { './rootwalk.yaml': { code: 'EISDIR' } } },
      './rootwalk.yaml: it is a folder, not a file; mend it or name another file with --config',
    ],
    [['--config', '/x'], { files: { '/x': 'lissen: []' } }, '/x:1:1 lissen: unknown key; did you mean listen?'],
  ])('%j in %j is one line', async (words, world, line) => {
    const { parts } = daemon();
    expect(await cli(['serve', ...words], { ...world, parts })).toEqual({
      code: 1,
      out: '',
      err: `rootwalk: ${line}\n`,
    });
  });
});

describe('check', () => {
  test('a good file', async () => {
    const files = {
      '/x': 'root: { hints: /hints }\nlocal: { data: ["nas.home.arpa. 300 IN A 192.168.1.2"] }',
      '/hints': '. 3600000 IN NS a.root.\na.root. 3600000 IN A 127.0.0.1\n',
    };
    expect(await cli(['check', '/x'], { files })).toEqual({ code: 0, out: '/x: no errors\n', err: '' });
  });

  test('every error with its place', async () => {
    const files = { '/x': 'listen: []\nallow: [x]\n' };
    const { code, out, err } = await cli(['check', '/x'], { files });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.split('\n').map((line) => line.slice(0, 17))).toEqual(['/x:1:9 listen: ex', '/x:2:9 allow[0]: ', '']);
  });

  test('files that it names, and records', async () => {
    const files = {
      '/x': 'root:\n  hints: /hints\n  trustAnchors: /none\nlocal: { data: ["nas 300 IN A 1.2.3"] }\n',
      '/hints': '. NS a.root.\na.root. A 127.0.0\n',
    };
    const { code, err } = await cli(['check', '/x'], { files });
    expect(code).toBe(1);
    expect(err).toMatch(/^\/x:2:10 root\.hints: \/hints: .*line 2/m);
    expect(err).toMatch(/^\/x:3:17 root\.trustAnchors: \/none: there is no such file$/m);
    expect(err).toMatch(/^\/x:4:17 local\.data\[0\]: /m);
  });

  test('an empty file is an error only where somebody reads it', async () => {
    const root = 'root: { hints: /empty, trustAnchors: /empty }\n';
    const files = {
      '/read': root,
      '/unread': `${root}dnssec: { validate: false }\nzones: [{ zone: ., forward: [10.0.0.1] }]\n`,
      '/empty': '\n',
    };
    const { err } = await cli(['check', '/read'], { files });
    expect(err).toBe(
      '/read:1:16 root.hints: /empty: there is no record in it\n/read:1:38 root.trustAnchors: /empty: there is no record in it\n',
    );
    expect((await cli(['check', '/unread'], { files })).code).toBe(0);
  });

  test('--json', async () => {
    const { code, out } = await cli(['check', '--json', '/x'], { files: { '/x': 'workers: 2' } });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      file: '/x',
      errors: [{ file: '/x', line: 1, column: 10, key: 'workers', message: 'not built yet: only 1 is accepted' }],
    });
  });

  test('no file at all is fine', async () => {
    expect((await cli(['check'])).out).toBe('No configuration file: the defaults are used, and they are fine.\n');
  });
});

describe('lab', () => {
  test('--once closes when the story is told; without it the lab runs until the user leaves or stops it', async () => {
    const log: unknown[] = [];
    const runLab: Parts['runLab'] = async ({ once, listen, write }) => {
      write('story\n');
      log.push(once, listen);
      return {
        closed: once ? new Promise(() => undefined) : Promise.resolve(),
        close: async () => void log.push('closed'),
      };
    };
    const never = new Promise<void>(() => undefined);
    expect(await cli(['lab', '--once'], { parts: { runLab }, stopped: never })).toEqual({
      code: 0,
      out: 'story\n',
      err: '',
    });
    await cli(['lab', '--listen', '127.0.0.1:0', '[::1]:0'], { parts: { runLab }, stopped: never });
    const files = { '/x': 'listen: ["127.0.0.1:7"]' };
    await cli(['lab', '--config', '/x'], { files, parts: { runLab }, stopped: never });
    expect(log).toEqual([
      ...[true, [], 'closed'],
      ...[false, ['127.0.0.1:0', '[::1]:0'], 'closed'],
      ...[false, ['127.0.0.1:7'], 'closed'],
    ]);
  });
});

describe('replay', () => {
  test('reads the files and ends with 1 when one does not play as it says', async () => {
    const replay: Parts['replay'] = async (files) => ({
      passed: files.every(({ text }) => text === 'good'),
      lines: files.map(({ path }) => `played ${path}`),
      json: { files: files.length },
    });
    const world = { files: { a: 'good', b: 'bad' }, parts: { replay } };
    expect(await cli(['replay', 'a'], world)).toEqual({ code: 0, out: 'played a\n', err: '' });
    expect(await cli(['replay', 'a', 'b', '--json'], world)).toEqual({ code: 1, out: '{\n  "files": 2\n}\n', err: '' });
    expect((await cli(['replay', 'c'], world)).err).toBe('rootwalk: c: there is no such file\n');
  });
});
