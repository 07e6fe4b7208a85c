// `rootwalk setup` on machines made of folders: what it writes, that it asks first, and that nothing is left of it.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { asCliError } from '../../src/cli/io.ts';
import { type SetupFlags, type SetupWorld, setup } from '../../src/cli/setup.ts';
import { cliIo } from './fake-io.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** A machine of these files (`-> target`: a link; ends with a slash: a folder). */
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'rootwalk-setup-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), full);
    else if (!path.endsWith('/')) writeFileSync(full, text);
  }
  return root;
}

/** Every entry below the root: kind, mode, inode of files, and content or target. */
function tree(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, ino } = lstatSync(path);
      const what = entry.isSymbolicLink() ? readlinkSync(path) : entry.isFile() ? readFileSync(path, 'utf8') : '';
      return `${path.slice(root.length)} ${mode.toString(8)} ${entry.isDirectory() ? '' : ino} ${what}`;
    })
    .sort();
}

const world: SetupWorld = {
  platform: 'linux',
  uid: 0,
  trouble: async () => undefined,
  run: async () => undefined,
};
const PORT_53 = 'listen: ["127.0.0.1:53", "[::1]:53"]\n';

async function run(flags: SetupFlags, changes: Partial<SetupWorld> = {}, config = PORT_53) {
  const { io, printed } = cliIo({ files: { './rootwalk.yaml': config } });
  try {
    const code = await setup(io, flags, { ...world, ...changes });
    return { code, ...printed() };
  } catch (error) {
    const told = asCliError(error);
    if (told === undefined) throw error;
    return { code: told.exitCode, ...printed(), err: told.message };
  }
}

const RESOLVED = {
  '/etc/resolv.conf': '-> ../run/systemd/resolve/stub-resolv.conf',
  '/etc/systemd/resolved.conf': '[Resolve]\n',
  '/run/systemd/resolve/stub-resolv.conf': 'nameserver 127.0.0.53\n',
};
const PLAIN = { '/etc/resolv.conf': 'search corp.example\nnameserver 192.168.1.1\n' };
const MANAGED = { ...PLAIN, '/etc/NetworkManager/conf.d/10-mine.conf': '[main]\n' };
const UPLINK = {
  '/etc/resolv.conf': '-> ../run/systemd/resolve/resolv.conf',
  '/etc/systemd/resolved.conf.d/mine.conf': '[Resolve]\n',
  '/run/systemd/resolve/resolv.conf': 'nameserver 192.168.1.1\n',
};
const DROP_IN = '/etc/systemd/resolved.conf.d/rootwalk.conf';

describe('rootwalk setup', () => {
  it.each([
    ['systemd-resolved', RESOLVED, PORT_53],
    ['systemd-resolved without its stub', UPLINK, PORT_53],
    ['systemd-resolved whose stub is in the way', RESOLVED, 'listen: ["127.0.0.1:53", "127.0.0.53:53"]\n'],
    ['NetworkManager', MANAGED, PORT_53],
    ['NetworkManager without a folder of drop-ins', { ...PLAIN, '/etc/NetworkManager/': '' }, PORT_53],
    ['a plain resolv.conf', PLAIN, PORT_53],
    ['a resolv.conf that leads nowhere', { '/etc/resolv.conf': '-> /nowhere/resolv.conf' }, PORT_53],
    ['no resolv.conf', { '/etc/': '' }, PORT_53],
  ])('leaves every file and link of a machine with %s as it was', async (_, files, config) => {
    const root = machine(files);
    const before = tree(root);
    expect(await run({ root, apply: true }, {}, config)).toMatchObject({ code: 0, err: '' });
    const applied = tree(root);
    expect(applied).not.toEqual(before);
    expect((await run({ root, apply: true }, {}, config)).out).not.toMatch(/written/);
    expect(tree(root)).toEqual(applied);
    expect((await run({ root, undo: true }, {}, config)).code).toBe(0);
    expect(tree(root)).toEqual(before);
    expect((await run({ root, undo: true }, {}, config)).out).not.toMatch(/taken back/);
    expect(tree(root)).toEqual(before);
  });

  it('keeps mode and content of what it replaces', async () => {
    const root = machine(PLAIN);
    chmodSync(join(root, '/etc/resolv.conf'), 0o640);
    const before = tree(root);
    await run({ root, apply: true });
    expect(readFileSync(join(root, '/etc/resolv.conf'), 'utf8')).toMatch(
      /^# Written by rootwalk.*\nnameserver 127\.0\.0\.1\noptions edns0 trust-ad\nsearch corp\.example\n$/,
    );
    await run({ root, undo: true });
    expect(tree(root)).toEqual(before);
  });

  it('gives systemd-resolved all names, at any port, and leaves the link alone', async () => {
    const root = machine(RESOLVED);
    await run({ root, apply: true }, {}, 'listen: ["127.0.0.1:5353"]\n');
    expect(readFileSync(root + DROP_IN, 'utf8')).toMatch(
      /^\[Resolve\]\nDNS=127\.0\.0\.1:5353\n(?:.*\n)*Domains=~\.\n/m,
    );
    expect(readFileSync(root + DROP_IN, 'utf8')).not.toMatch(/DNSStubListener/);
    expect(readlinkSync(`${root}/etc/resolv.conf`)).toBe('../run/systemd/resolve/stub-resolv.conf');
  });

  it('ends the stub where rootwalk has its port', async () => {
    const root = machine(RESOLVED);
    await run({ root, apply: true }, {}, 'listen: ["0.0.0.0:53"]\n');
    expect(readFileSync(root + DROP_IN, 'utf8')).toMatch(/^DNSStubListener=no$/m);
    expect(readFileSync(`${root}/etc/resolv.conf`, 'utf8')).toMatch(/^nameserver 127\.0\.0\.1$/m);
  });

  it('changes nothing when rootwalk does not answer', async () => {
    const root = machine(PLAIN);
    const before = tree(root);
    const { code, err } = await run({ root, apply: true }, { trouble: async () => 'timeout' });
    expect([code, err]).toEqual([1, expect.stringMatching(/no rootwalk answers at 127\.0\.0\.1:53 \(timeout\)/)]);
    expect(tree(root)).toEqual(before);
  });

  it('changes nothing when one of the files cannot be written', async () => {
    const root = machine({ ...UPLINK, [`${DROP_IN}/`]: '', '/etc/NetworkManager/conf.d/': '' });
    const before = tree(root);
    const { code, err } = await run({ root, apply: true });
    expect([code, err]).toEqual([1, expect.stringMatching(/rootwalk\.conf.*nothing was changed/)]);
    expect(tree(root)).toEqual(before);
  });

  it('leaves a resolv.conf that was changed since, and says where the old one is', async () => {
    const root = machine(PLAIN);
    await run({ root, apply: true });
    rmSync(`${root}/etc/resolv.conf`);
    writeFileSync(`${root}/etc/resolv.conf`, 'nameserver 192.168.7.7\n');
    const { code, err } = await run({ root, undo: true });
    expect([code, err]).toEqual([1, expect.stringMatching(/changed since.*resolv\.conf\.before-rootwalk/)]);
    expect(readFileSync(`${root}/etc/resolv.conf`, 'utf8')).toBe('nameserver 192.168.7.7\n');
  });

  it('asks for port 53 where programs ask nothing else', async () => {
    const { code, err } = await run({ root: machine(PLAIN) }, {}, 'listen: ["127.0.0.1:5353"]\n');
    expect([code, err]).toEqual([1, expect.stringMatching(/port 53, the only one that programs ask/)]);
  });

  it('refuses politely without privileges, before anything else', async () => {
    expect(await run({ apply: true }, { uid: 1000 })).toMatchObject({
      code: 1,
      err: 'changing this machine takes root; try: sudo rootwalk setup --apply',
    });
  });

  it('only prints on macOS', async () => {
    expect((await run({}, { platform: 'darwin' })).out).toMatch(/networksetup -setdnsservers Wi-Fi 127\.0\.0\.1/);
    expect((await run({ apply: true }, { platform: 'darwin' })).code).toBe(1);
  });

  it('prints the plan and changes nothing when not told to', async () => {
    const root = machine(MANAGED);
    const before = tree(root);
    const { code, out } = await run({ root });
    expect(code).toBe(0);
    expect(out).toMatch(/write \/etc\/NetworkManager\/conf\.d\/rootwalk\.conf\n(?: {4}.*\n)+ {4}dns=none/);
    expect(out).toMatch(/run systemctl reload NetworkManager/);
    expect(tree(root)).toEqual(before);
  });
});
