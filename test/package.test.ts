// Holds what a user installs: few dependencies, all locked, none that runs code on install, and a clear word where Node.js is too old.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface Manifest {
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const own = JSON.parse(read('package.json')) as Manifest;
const node = JSON.parse(read('tools/node/package.json')) as Manifest;
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
const installed = Object.entries(packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const namesWhere = (test: (locked: Locked) => boolean): string[] =>
  installed.filter(([, locked]) => test(locked)).map(([path]) => nameOf(path));

describe('the dependencies', () => {
  it('are at most eight at run time', () => {
    expect(Object.keys(own.dependencies).length).toBeLessThanOrEqual(8);
  });

  it('are pinned', () => {
    const versions = [own.dependencies, own.devDependencies, node.optionalDependencies].flatMap(Object.values);
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('run no code when they are installed', () => {
    // Not a dependency: who wants it installs it. Its script builds what the packages for each platform bring built.
    expect(namesWhere(({ hasInstallScript }) => hasInstallScript === true)).toEqual(['koffi']);
    expect(Object.keys(own.dependencies)).not.toContain('koffi');
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });

  it('are locked by their integrity, to no one registry', () => {
    expect(namesWhere(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([]);
    expect(namesWhere(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  it('are locked for every platform that they name', () => {
    const names = new Set(namesWhere(() => true));
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  });

  it('have their licences listed', () => {
    const shipped = installed.filter(([, { dev }]) => dev !== true).map(([path]) => path);
    const tools = Object.keys(own.devDependencies).map((name) => `node_modules/${name}`);
    const rows = [...shipped, ...tools].map((path) => `| ${nameOf(path)} | ${packages[path]?.license ?? 'none'} |`);
    const page = read('LICENCES.md');
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

it('the package holds what its README.md links to', () => {
  const linked = [...read('README.md').matchAll(/\]\((?!\w+:)([\w./-]+)/g)].map(([, path]) => `${path}`);
  const packed = (path: string) => own.files.some((entry) => path === entry || path.startsWith(`${entry}/`));
  expect(linked).toContain('docs/operations.md');
  expect(linked.filter((path) => !packed(path))).toEqual([]);
});

describe('the Node.js of the npm scripts', () => {
  it('is what runs this test', () => {
    expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24);
  });

  it('is left alone on Linux without glibc, where its binary would not start', () => {
    // The packages do not say so themselves: npm reads it from the lockfile, where it was added by hand.
    const linux = installed.filter(([path]) => nameOf(path).startsWith('node-linux-'));
    expect(linux.map(([, { libc }]) => libc)).toEqual([['glibc'], ['glibc']]);
  });
});

describe('an old Node.js', () => {
  const OLD = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });";
  const ELSEWHERE = "Object.defineProperty(process, 'platform', { value: 'plan9' });";
  const inOneLine = /^rootwalk needs Node\.js 24 or newer, and this is v[^\n]* https:\/\/nodejs\.org\/[^\n]*\n$/;

  it('hands the npm scripts over to the one that was installed', () => {
    const { stdout } = run(['-e', `${OLD} require('./tools/node/run.cjs')`, '', '-p', '"ran on " + process.version']);
    expect(stdout).toMatch(/^ran on v2[4-9]\.\d+\.\d+\n$/);
  });

  it('tells the npm scripts which one is needed where none was', () => {
    const { stderr, status } = run(['-e', `${OLD} ${ELSEWHERE} require('./tools/node/run.cjs')`]);
    expect(stderr).toMatch(inOneLine);
    expect(status).toBe(1);
  });

  it('is told which one is needed by the command', () => {
    const { stderr, status } = run(['--input-type=module', '-e', `${OLD} await import('./src/cli/main.ts')`]);
    expect(stderr).toMatch(inOneLine);
    expect(status).toBe(1);
  });

  it('reads nothing but the entry before it is told', () => {
    // A static import would be loaded, and refused for its syntax, before the first line runs.
    expect(read('src/cli/main.ts')).not.toMatch(/^\s*(?:import|export)\s[^(]*\bfrom\b/m);
  });
});

describe('the launcher of the npm scripts', () => {
  it('ends with the code of what it ran', () => {
    expect(run(['tools/node/run.cjs', '-e', 'process.exit(7)']).status).toBe(7);
  });

  it('hands on SIGTERM and waits for the end', async () => {
    const script = "process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log('up');";
    const child = spawn(process.execPath, ['tools/node/run.cjs', '-e', script], { cwd: ROOT });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(9);
  });
});

function run(args: readonly string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', timeout: 10_000 });
}
