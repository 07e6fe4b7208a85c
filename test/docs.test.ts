// Holds the documentation to the repository: what it names exists, and what the sources cite is in docs/rfcs.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

interface Row {
  readonly standards: readonly string[];
  readonly files: string;
  readonly tests: string;
  readonly line: string;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const exists = (path: string): boolean => existsSync(join(ROOT, path));
const standardsIn = (text: string): string[] =>
  [...text.matchAll(/\bRFC (\d{3,4})\b/g)].map(([, number]) => `${number}`);
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The rows of the tables that have the six columns of a standard that is kept. */
function rowsOf(page: string): Row[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| RFC ') && cellsOf(line).length === 6)
    .map((line) => {
      const [standard = '', , , files = '', tests = ''] = cellsOf(line);
      return { standards: standardsIn(standard), files, tests, line };
    });
}

/** Where a name in the column of tests leads. */
function testPath(name: string): string {
  return name.endsWith('.rpl') ? `test/fixtures/scenarios/${name}` : `test/${name}`;
}

/** What a column of tests names and what is not there. */
function missingTests(cell: string): string[] {
  const missing: string[] = [];
  for (const [, name = '', title] of cell.matchAll(/`([^`]+)`(?: “([^”]+)”)?/g)) {
    const path = testPath(name);
    if (!exists(path)) missing.push(path);
    else if (title !== undefined && !read(path).includes(title)) missing.push(`${path}: ${title}`);
  }
  return missing;
}

/** The names in backquotes that look like files of this repository. */
function filesNamed(page: string): string[] {
  return [...page.matchAll(/`((?:src|test|docs|bench|tools|schema|\.ci)\/[\w./-]+)`/g)].map(([, path]) => `${path}`);
}

function linksOf(page: string): string[] {
  return [...page.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => `${target}`)
    .filter((target) => !/^\w+:/.test(target));
}

/** The anchors that a page offers, as GitHub and others make them. */
function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('docs/rfcs.md', () => {
  const rows = rowsOf(read('docs/rfcs.md'));

  it('has a row for each RFC that the sources cite', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const cited = new Set(sources.flatMap((name) => standardsIn(read(`src/${name.replaceAll('\\', '/')}`))));
    const listed = new Set(rows.flatMap(({ standards }) => standards));
    expect(cited.size).toBeGreaterThan(50);
    expect([...cited].filter((number) => !listed.has(number)).sort()).toEqual([]);
  });

  it('names in each row a file that exists', () => {
    expect(rows.length).toBeGreaterThan(50);
    const wrong = rows.flatMap(({ files, line }) => {
      const paths = [...files.matchAll(/`([^`]+)`/g)].map(([, name]) => `src/${name}`);
      return paths.length === 0 ? [line] : paths.filter((path) => !exists(path));
    });
    expect(wrong).toEqual([]);
  });

  it('names tests that exist, by file and by title, or says that there is none', () => {
    expect(rows.filter(({ tests }) => tests !== '–' && !tests.includes('`')).map(({ line }) => line)).toEqual([]);
    expect(rows.flatMap(({ tests }) => missingTests(tests))).toEqual([]);
  });

  it('would notice a test that is gone', () => {
    expect(
      missingTests('`tidy.test.ts` “the sources” `gone.test.ts` `gone.rpl` `tidy.test.ts` “no such title”'),
    ).toEqual(['test/gone.test.ts', 'test/fixtures/scenarios/gone.rpl', 'test/tidy.test.ts: no such title']);
  });
});

describe.each(PAGES)('%s', (path) => {
  const page = read(path);

  it('has links that lead somewhere', () => {
    const dead = linksOf(page).filter((link) => {
      const [target = '', anchor] = link.split('#');
      const to = target === '' ? path : posix.join(dirname(path), target);
      if (!exists(to)) return true;
      return anchor !== undefined && to.endsWith('.md') && !anchorsOf(read(to)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('names files that exist', () => {
    expect(filesNamed(page).filter((name) => !exists(name))).toEqual([]);
  });
});

it('docs/architecture.md names files of src that exist', () => {
  const named = [...read('docs/architecture.md').matchAll(/`([\w-]+\/[\w-]+\.ts)`/g)].map(([, path]) => `src/${path}`);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !exists(path))).toEqual([]);
});

it('the commands of README.md that run a script of package.json have it', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read('README.md').matchAll(/\bnpm (?:run ([a-z]+)|(start|test))\b/g)].map(
    ([, run, short]) => `${run ?? short}`,
  );
  expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([]);
  expect(named).toContain('lab');
});
