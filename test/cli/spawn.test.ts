// The command line as a process: exit codes, standard streams, signals. Loopback only.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'rootwalk-cli-'));
const compiled = join(folder, 'compiled');
afterAll(() => rmSync(folder, { recursive: true }));

/** A configuration whose root is a closed port of this machine. */
function config(name: string, changes: object = {}): string {
  const hints = join(folder, 'root.hints');
  writeFileSync(hints, '. 3600000 IN NS a.root.\na.root. 3600000 IN A 127.0.0.1\n');
  const settings = {
    listen: ['127.0.0.1:0'],
    root: { hints },
    upstream: { port: 9, ipv6: false, deny: [] },
    hosts: false,
    control: false,
    console: false,
    ...changes,
  };
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...words: string[]): ChildProcess {
  return node(main, ...words);
}

function node(...words: string[]): ChildProcess {
  return spawn(process.execPath, words, { cwd: folder, env: { PATH: process.env['PATH'], CACHE_DIRECTORY: compiled } });
}

/** The output of a process that ended; `at` in its output, `act` is called, once. */
function end(child: ChildProcess, at?: RegExp, act: (out: string) => void = () => undefined): Promise<Ended> {
  let acted = false;
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
    if (acted || at?.test(out) !== true) return;
    acted = true;
    act(out);
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

describe.concurrent('as a process', () => {
  test('no object has a __proto__, as with --disable-proto=delete', async () => {
    const told = "process.on('exit', () => console.log('__proto__' in {}))";
    const { code, out } = await end(node('--import', `data:text/javascript,${told}`, main, '--version'));
    expect({ code, last: out.trim().split('\n').at(-1) }).toEqual({ code: 0, last: 'false' });
  });

  test('what Node compiled is kept for the next start', async () => {
    await end(start('--version'));
    expect(readdirSync(compiled)).toEqual([expect.stringContaining(process.version)]);
  });

  test('a mistake is one line and ends with 1', async () => {
    expect(await end(start('query', 'a..b'))).toEqual({
      code: 1,
      out: '',
      err: 'rootwalk: "a..b" is not a domain name: it has an empty label\n',
    });
  });

  test('a bad configuration is told by line and column, and ends with 1', async () => {
    const file = config('bad.json', { cach: {} });
    const { code, out, err } = await end(start('serve', '--config', file));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^rootwalk: \/.*bad\.json:1:\d+ cach: unknown key; did you mean cache\?\n$/);
  });

  test('no answer ends with 9, says why in one line, and names no fault of our own', async () => {
    const { code, out, err } = await end(start('query', '--config', config('query.json'), 'www.example.com'));
    expect(code).toBe(9);
    expect(out).toContain('status: SERVFAIL');
    expect(err).toMatch(/^rootwalk: no answer for www\.example\.com\. A \(SERVFAIL\): .*\n$/);
  });

  test('serve starts without a root, says so, and ends with 0 on SIGTERM', async () => {
    const child = start('serve', '--config', config('serve.json'));
    const { code, out } = await end(child, /No root server/, () => child.kill('SIGTERM'));
    expect(code).toBe(0);
    expect(out).toMatch(/^Listening on 127\.0\.0\.1:\d+ \(UDP, TCP\), as \/.*serve\.json says\.\n/);
    expect(out).toMatch(/Likely cause: .* rootwalk lab\n/);
    expect(out).toMatch(/Stopping: what is in flight is finished first\.\n$/);
  });

  test('SIGINT ends it too, while the root is still being asked', async () => {
    const child = start('serve', '--config', config('interrupted.json'));
    expect((await end(child, /Listening/, () => child.kill('SIGINT'))).code).toBe(0);
  });

  test.runIf(process.platform === 'linux')('the thread that answers goes before the helper threads of V8', async () => {
    const child = start('serve', '--config', config('threads.json'));
    const tasks = `/proc/${child.pid}/task`;
    const steps = new Map<string, Set<number>>();
    await end(child, /Listening/, () => {
      for (const task of readdirSync(tasks)) {
        const name = readFileSync(`${tasks}/${task}/comm`, 'latin1').trim();
        steps.set(name, (steps.get(name) ?? new Set()).add(getPriority(Number(task)) - getPriority()));
      }
      child.kill('SIGTERM');
    });
    expect(steps.get('V8Worker')).toEqual(new Set([5]));
    expect(steps.get('MainThread')).toEqual(new Set([0]));
  });

  test('a reader that went away does not bring serve down', async () => {
    const child = start('serve', '--config', config('closed.json'));
    // What it has to say from then on, of the root and of its end, nobody reads.
    const { code } = await end(child, /Listening/, () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill('SIGTERM');
    });
    expect(code).toBe(0);
  });

  test('the lab tells its walk without a network and ends', async () => {
    const { code, out, err } = await end(start('lab', '--once', '--listen', '127.0.0.1:0'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/You type www\.example\.com\n.*GET \/ -> 200 .*You type it again\n[^\n]*HIT/s);
  });

  test('a taken port is one line', async () => {
    const first = start('serve', '--config', config('first.json'));
    let second: Promise<Ended> | undefined;
    await end(first, /Listening/, (text) => {
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(text) ?? [];
      second = end(start('serve', '--config', config('second.json', { listen: [`127.0.0.1:${port}`] })));
      second.then(() => first.kill('SIGTERM')).catch(() => undefined);
    });
    const ended = await second;
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended?.err).toMatch(/^rootwalk: [^\n]*127\.0\.0\.1:\d+[^\n]*\n$/);
  });
});
