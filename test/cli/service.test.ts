// Running as a service: sockets that are handed over, and the rights that are given up.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ordinaryUser } from '../../src/cli/drop-privileges.ts';
import { inheritedSockets } from '../../src/cli/service-manager.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/cli/main.ts');
const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const remove of leftovers.splice(0)) await remove();
});

describe('inheritedSockets()', () => {
  it.each([
    ['none', {}, 0],
    ['two of ours', { LISTEN_FDS: '2', LISTEN_PID: '7' }, 2],
    ["another process's", { LISTEN_FDS: '2', LISTEN_PID: '8' }, 0],
    ['nobody says whose', { LISTEN_FDS: '2' }, 0],
  ])('%s', (_, environment, wanted) => {
    expect(inheritedSockets(environment, 7)).toBe(wanted);
  });

  it('refuses what is no number', () => {
    expect(() => inheritedSockets({ LISTEN_FDS: 'two', LISTEN_PID: '7' }, 7)).toThrow(/LISTEN_FDS/);
  });
});

describe('ordinaryUser()', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n';
  it.each([
    ['who called sudo', { SUDO_UID: '1000', SUDO_GID: '100', SUDO_USER: 'ann' }, passwd, ['ann', 1000, 100]],
    ['root called sudo', { SUDO_UID: '0', SUDO_GID: '0' }, passwd, ['nobody', 65_534, 65_533]],
    ['a user of its own', {}, `${passwd}rootwalk:x:990:989::/:/bin/false\n`, ['rootwalk', 990, 989]],
    ['nobody', {}, passwd, ['nobody', 65_534, 65_533]],
    ['a user of its own that is root', {}, 'rootwalk:x:0:0::/:/bin/false\n', undefined],
  ] as const)('%s', (_, environment, text, wanted) => {
    const found = ordinaryUser(environment, text);
    expect(found && [found.name, found.uid, found.gid]).toEqual(wanted);
  });
});

describe.skipIf(process.platform !== 'linux')('a daemon under socket activation', () => {
  it('answers on the sockets that it was handed and binds none of `listen`', { timeout: 30_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rootwalk-service-'));
    leftovers.push(() => rm(folder, { recursive: true, force: true }));
    const config = join(folder, 'rootwalk.yaml');
    // An address that the machine lacks: binding it would fail.
    await writeFile(
      config,
      `listen: ["192.0.2.254:53"]\nconsole: false\ncontrol: false\nroot: { hints: ${config}.hints }\n`,
    );
    await writeFile(`${config}.hints`, '. 3600000 NS a.root.\na.root. 3600000 A 127.0.0.1\n');
    const launcher = spawn(process.execPath, [
      join(ROOT, 'test/e2e/hand-over.ts'),
      ...['127.0.0.1', '0', process.execPath, MAIN, 'serve', '--config', config],
    ]);
    leftovers.push(() => launcher.kill());
    const said = await new Promise<string>((resolve, reject) => {
      let text = '';
      const collect = (chunk: Buffer): void => {
        text += chunk.toString();
        if (text.includes('Try: ')) resolve(text);
      };
      launcher.stdout.on('data', collect);
      launcher.stderr.on('data', collect);
      launcher.on('exit', () => reject(new Error(text)));
    });
    expect(said).toMatch(/^Listening on 127\.0\.0\.1:[1-9][0-9]* \(UDP, TCP\)/m);
    launcher.kill('SIGTERM');
    const [code] = await new Promise<unknown[]>((resolve) => launcher.once('exit', (...ended) => resolve(ended)));
    expect(code).toBe(0);
  });

  it('refuses to start when what was handed over is no socket', { timeout: 30_000 }, async () => {
    const run = promisify(execFile)('sh', [
      '-c',
      `exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"`,
      ...['sh', process.execPath, MAIN, 'serve'],
    ]);
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/LISTEN_FDS: descriptor 3/) });
  });
});
