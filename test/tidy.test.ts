// Holds the architecture: which layer imports which, who touches time, chance, sockets and files, and the marks of style a linter does not know.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Layer → the layers it may import besides itself. `root` is src/create.ts and src/index.ts. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  dnssec: ['base', 'wire'],
  cache: ['base', 'wire'],
  resolver: ['base', 'wire', 'dnssec', 'cache'],
  net: ['base'],
  server: ['base', 'wire', 'cache', 'resolver'],
  config: ['base'],
  console: ['base', 'wire', 'resolver', 'server', 'config'],
  root: ['base', 'wire', 'dnssec', 'cache', 'resolver', 'net', 'server', 'config', 'console'],
  lab: ['base', 'wire', 'dnssec', 'cache', 'resolver', 'net', 'server', 'config', 'console', 'root', 'testing'],
  testing: ['base', 'wire', 'dnssec', 'cache', 'resolver', 'net', 'server', 'config', 'console', 'root', 'lab'],
  cli: ['base', 'wire', 'dnssec', 'cache', 'resolver', 'net', 'server', 'config', 'console', 'root', 'lab', 'testing'],
};

/** What a module may be imported by: layers, or single files. A module in no table is not to be imported at all. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  // Optional: system calls without the event loop.
  koffi: ['src/net/system-calls.ts'],
  'node:module': ['src/net/system-calls.ts', 'src/version.ts', 'src/cli/main.ts', 'src/cli/drop-privileges.ts'],
  'dns-packet': ['lab', 'testing'],
  'lru-cache': ['cache', 'net'],
  pino: ['src/cli/log.ts'],
  'pino-pretty': ['src/cli/log.ts'],
  yaml: ['config'],
  zod: ['config'],
  // The outside world. node:net is a socket even where only isIP() is wanted: addresses are parsed in base.
  'node:child_process': ['cli'],
  'node:crypto': ['dnssec', 'net', 'lab', 'testing'],
  'node:dgram': ['net', 'server', 'lab'],
  'node:fs': ['root', 'lab', 'testing', 'cli'],
  // Who holds a port and what an inherited socket is are read from /proc.
  'node:fs/promises': ['root', 'lab', 'testing', 'cli', 'src/server/port-holder.ts', 'src/server/socket-kind.ts'],
  'node:http': ['lab', 'console'],
  'node:net': ['net', 'server', 'lab', 'cli'],
  'node:os': ['net', 'server', 'lab', 'cli'],
  'node:perf_hooks': ['net', 'src/cli/heap.ts'],
  'node:process': ['net', 'cli'],
  'node:readline': ['lab', 'cli'],
  'node:readline/promises': ['lab', 'cli'],
  'node:timers': ['net'],
  'node:v8': ['cli'],
  'node:timers/promises': ['net'],
  'node:worker_threads': ['src/net/system-calls.ts'],
};

/** Modules that compute and touch nothing: free to every layer. */
const PURE = ['node:assert', 'node:buffer', 'node:events', 'node:path', 'node:stream', 'node:url', 'node:util'];

/** What a file's code may not say, and the layers that may. */
const WORDS: readonly { readonly what: string; readonly pattern: RegExp; readonly allowed: readonly string[] }[] = [
  { what: 'reads the time', pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.\w|\.hrtime\b/, allowed: ['net'] },
  {
    what: 'draws by chance',
    pattern: /\bMath\.random\b|\brandom(?:Bytes|Int|UUID|Fill|FillSync)\b|\bgetRandomValues\b/,
    allowed: ['net'],
  },
  {
    what: 'sets a timer',
    pattern: /(?:(?<![.\w])|\bglobalThis\.)(?:setTimeout|setInterval|setImmediate)\b/,
    allowed: ['net'],
  },
  { what: 'reads the environment', pattern: /\bprocess\s*\.\s*env\b/, allowed: ['cli', 'config'] },
  { what: 'ends the process', pattern: /\bprocess\s*\.\s*(?:exit|abort|kill)\b/, allowed: ['cli'] },
  { what: 'fetches', pattern: /(?<![.\w])(?:fetch\(|new WebSocket\b)/, allowed: [] },
  { what: 'uses any', pattern: /(?:[:<|&]|\bas)\s*any\b(?!\s*:)|\bany\[\]/, allowed: [] },
  { what: 'exports a default', pattern: /\bexport\s+default\b|\bas\s+default\b/, allowed: [] },
  { what: 'is a barrel', pattern: /\bexport\s+\*/, allowed: ['root'] },
];

/** Files past 300 lines, each with its reason. */
const LONG: Readonly<Record<string, string>> = {
  'src/config/schema.ts': 'a table: one entry a key',
  'src/wire/rdata-fields.ts': 'a table: one entry a kind of field',
};

const LINES_MAX = 300;
const SCRIPTS_MAX = 8;
const PAGES_MAX = 8;

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** Every breach in one file of src/, in words; `path` is from the root of the repository, with slashes. */
function breaches(path: string, text: string): string[] {
  const layer = layerOf(path);
  if (LAYERS[layer] === undefined) return [`is in ${layer}, which is no layer`];
  const code = withoutComments(text);
  return [
    ...importsOf(code).flatMap((found) => importBreach(path, layer, found)),
    ...WORDS.filter(({ pattern, allowed }) => !allowed.includes(layer) && pattern.test(withoutStrings(code))).map(
      ({ what }) => `${what}, which ${layer} may not`,
    ),
    ...(/^(?:#!.*\n)?\/[/*]/.test(text) ? [] : ['does not open with a comment on its duty']),
    ...(/@ts-(?:ignore|nocheck|expect-error)|biome-ignore/.test(text) ? ['silences a checker'] : []),
    ...(text.split('\n').length - 1 > LINES_MAX && LONG[path] === undefined ? [`is past ${LINES_MAX} lines`] : []),
    ...(/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(posix.basename(path)) ? [] : ['is not named in kebab-case']),
    ...(/^(?:utils?|helpers?|misc|common)\.ts$/.test(posix.basename(path)) ? ['is named after nothing'] : []),
    ...(posix.basename(path) === 'index.ts' && !['src/index.ts', 'src/testing/index.ts'].includes(path)
      ? ['is a barrel']
      : []),
  ];
}

function importBreach(path: string, layer: string, { from, typeOnly }: Import): string[] {
  if (from.startsWith('.')) {
    const target = posix.join(posix.dirname(path), from);
    if (!target.startsWith('src/')) return [`imports ${from}, outside src`];
    const to = layerOf(target);
    return to === layer || LAYERS[layer]?.includes(to) ? [] : [`imports ${from}: ${layer} may not import ${to}`];
  }
  // A type touches nothing at run time, so Node's own types are free.
  if (PURE.includes(from) || (typeOnly && from.startsWith('node:'))) return [];
  const allowed = MODULES[from] ?? [];
  return allowed.includes(layer) || allowed.includes(path) ? [] : [`imports ${from}, which ${layer} may not`];
}

function layerOf(path: string): string {
  const parts = path.split('/');
  return parts.length === 2 ? 'root' : (parts[1] ?? '');
}

function importsOf(code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/\b(?:import|export)\s+(type\s)?[^'"`;()]*?\bfrom\s*(['"])(.+?)\2/g)) {
    found.push({ from: match[3] ?? '', typeOnly: match[1] !== undefined });
  }
  for (const match of code.matchAll(/\b(?:import|require|getBuiltinModule)\s*\(?\s*(['"`])(.+?)\1/g)) {
    found.push({ from: match[2] ?? '', typeOnly: false });
  }
  return found;
}

const TOKEN = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

function withoutComments(text: string): string {
  return text.replaceAll(TOKEN, (token) => (token.startsWith('/') ? ' ' : token));
}

/** Templates stay, since code stands in them. */
function withoutStrings(code: string): string {
  return code.replaceAll(TOKEN, (token) => (/^['"]/.test(token) ? "''" : token));
}

/** The repository's text files under `folder`, from its root, with slashes. */
function filesOf(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length + 1).replaceAll('\\', '/'), entry.name))
    .sort();
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the sources', () => {
  it('keep to the import table and the marks of style', () => {
    const files = filesOf('src', /\.[cm]?[jt]s$/);
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap((path) => breaches(path, read(path)).map((breach) => `${path} ${breach}`))).toEqual([]);
  });

  it('list as long only files that exist and are', () => {
    expect(Object.keys(LONG).filter((path) => read(path).split('\n').length - 1 <= LINES_MAX)).toEqual([]);
  });
});

describe('the scanner', () => {
  const duty = '// A duty.\n';
  it.each([
    ['src/wire/a.ts', 'wire may not import cache', "import { b } from '../cache/b.ts';"],
    ['src/wire/a.ts', 'wire may not import cache', "import type { b } from '../cache/b.ts';"],
    ['src/wire/a.ts', 'wire may not import cache', "export {\n  b,\n} from '../cache/b.ts';"],
    ['src/wire/a.ts', 'wire may not import cache', "const b = await import('../cache/b.ts');"],
    ['src/wire/a.ts', 'wire may not import cache', "import '../cache/b.ts';"],
    ['src/create.ts', 'root may not import lab', "import { b } from './lab/b.ts';"],
    ['src/resolver/a.ts', 'resolver may not import root', "import { b } from '../create.ts';"],
    ['src/lab/a.ts', 'lab may not import cli', "import { b } from '../cli/b.ts';"],
    ['src/lab/a.ts', 'outside src', "import { b } from '../../test/b.ts';"],
    ['src/cli/serve.ts', 'imports pino', "import { pino } from 'pino';"],
    ['src/server/a.ts', 'imports dns-packet', "import * as packet from 'dns-packet';"],
    ['src/resolver/a.ts', 'imports node:net', "import { isIP } from 'node:net';"],
    ['src/wire/a.ts', 'imports left-pad', "import { b } from 'left-pad';"],
    ['src/cache/a.ts', 'reads the time', 'const now = Date.now();'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is a template.
    ['src/cache/a.ts', 'reads the time', 'const now = `${Date.now()}`;'],
    ['src/server/a.ts', 'sets a timer', 'setTimeout(stop, 1);'],
    ['src/server/a.ts', 'sets a timer', 'globalThis.setTimeout(stop, 1);'],
    ['src/resolver/a.ts', 'draws by chance', 'const n = Math.random();'],
    ['src/dnssec/a.ts', 'draws by chance', "import { randomBytes } from 'node:crypto';"],
    ['src/net/a.ts', 'reads the environment', 'const home = process.env.HOME;'],
    ['src/cli/a.ts', 'uses any', 'const a: any = 1;'],
    ['src/cli/a.ts', 'uses any', 'const a = b as any;'],
    ['src/cli/a.ts', 'exports a default', 'export default a;'],
    ['src/cli/a.ts', 'silences a checker', '// @ts-ignore'],
    ['src/cli/a.ts', 'is past 300 lines', '// a\n'.repeat(LINES_MAX)],
    ['src/cli/aB.ts', 'kebab-case', ''],
    ['src/base/utils.ts', 'named after nothing', ''],
    ['src/wire/index.ts', 'is a barrel', ''],
    ['src/other/a.ts', 'no layer', ''],
  ])('refuses in %s what %s', (path, breach, text) => {
    expect(breaches(path, duty + text)).toEqual([expect.stringContaining(breach)]);
  });

  it('refuses a file that does not say its duty', () => {
    expect(breaches('src/wire/a.ts', 'export const a: number = 1;\n')).toEqual([expect.stringContaining('its duty')]);
  });

  it.each([
    ['src/resolver/a.ts', "import { b } from '../cache/b.ts';\nimport { c } from './c.ts';"],
    ['src/lab/a.ts', "import { b } from '../testing/b.ts';\nimport { createSocket } from 'node:dgram';"],
    ['src/cli/log.ts', "import { pino } from 'pino';"],
    ['src/index.ts', "import type { LookupFunction } from 'node:net';\nexport * from './create.ts';"],
    ['src/net/a.ts', 'setTimeout(stop, Math.random() * Date.now());'],
    ['src/cache/a.ts', "// Not Date.now().\nconst a = 'setTimeout(';\nconst many: string = any(a);"],
  ])('accepts in %s: %s', (path, text) => {
    expect(breaches(path, duty + text)).toEqual([]);
  });
});

describe('the repository', () => {
  const texts = [
    ...['src', 'test', 'bench', 'tools', 'docs', '.ci'].flatMap((folder) =>
      filesOf(folder, /\.(?:[cm]?[jt]s|sh|md)$|^run$/),
    ),
    ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ].filter((path) => !path.includes('node_modules/'));

  it('has no note of work left undone', () => {
    const mark = new RegExp(
      String.raw`\b(?:${['TO', 'FIX', 'X'].map((a, i) => a + ['DO', 'ME', 'XX'][i]).join('|')})\b`,
    );
    expect(texts.filter((path) => mark.test(read(path)))).toEqual([]);
  });

  it('points at nothing outside itself', () => {
    const outside = texts.flatMap((path) =>
      [...read(path).matchAll(/(?<![\w./])(?:\.\.\/)+[\w.-]+/g)]
        .filter(([target]) => posix.join(dirname(path), target).startsWith('..') && path !== 'test/tidy.test.ts')
        .map(([target]) => `${path}: ${target}`),
    );
    expect(outside).toEqual([]);
  });

  it(`has at most ${SCRIPTS_MAX} npm scripts and ${PAGES_MAX} pages of docs`, () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(Object.keys(scripts).length).toBeLessThanOrEqual(SCRIPTS_MAX);
    expect(filesOf('docs', /\.md$/).length).toBeLessThanOrEqual(PAGES_MAX);
  });
});
