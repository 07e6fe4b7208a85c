// Runs the attack suite and writes the table of docs/security.md from its figures: node tools/node/run.cjs test/attacks/table.ts
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIGURES_FILE, type Figure } from './figure.ts';
import { type Row, type RowId, rows } from './rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/security.md');
const BEGIN = '<!-- The table begins. Made by test/attacks/table.ts; changes here are lost. -->';
const END = '<!-- The table ends. -->';

/** The page with its table made anew from figures. Throws when the page has no place for it. */
export function withTable(page: string, figures: readonly Figure[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/security.md has no place for the table');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tableOf(figures)}\n${page.slice(end)}`;
}

function tableOf(figures: readonly Figure[]): string {
  const entries = Object.entries(rows) as [RowId, Row][];
  const sections = [...new Set(entries.map(([, row]) => row.section))];
  return sections
    .map((section) => {
      const lines = entries.filter(([, row]) => row.section === section).map(([id, row]) => lineOf(id, row, figures));
      return [
        `### ${section}\n`,
        '| Attack | Source | What rootwalk does | Limit | Measured (bar) | Peers | Test |',
        '|---|---|---|---|---|---|---|',
        ...lines,
        '',
      ].join('\n');
    })
    .join('\n');
}

function lineOf(id: RowId, row: Row, figures: readonly Figure[]): string {
  const measured = summaries(figures.filter((figure) => figure.row === id));
  const open = row.open === undefined ? [] : [`*Open:* ${row.open}`];
  const absent = row.absent === undefined ? [] : [row.absent];
  const test = row.test === undefined ? '–' : `[${row.test.replace('.test.ts', '')}](../test/attacks/${row.test})`;
  const cells = [
    row.attack,
    row.source,
    row.defence,
    row.limit,
    [...measured, ...absent, ...open].join('<br>'),
    row.peers,
    test,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Figures that differ in what follows the first comma alone are one: the worst of them is told. */
export function summaries(figures: readonly Figure[]): string[] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures) {
    const key = `${headOf(figure)} ${figure.relation} ${figure.bar} ${figure.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), figure]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Figure];
    const upwards = first.relation === '≤' || first.relation === '=';
    const worst = group.reduce((a, b) => (upwards === b.value > a.value ? b : a));
    const kinds = new Set(group.map(({ what }) => what)).size;
    const what = kinds > 1 ? `${headOf(first)} (worst of ${kinds}${tailOf(worst)})` : first.what;
    const unit = first.unit === '' ? '' : first.unit === '%' ? ' %' : ` ${first.unit}`;
    const bar = first.relation === '=' ? '' : ` (${first.relation} ${round(first.bar)})`;
    return first.relation === '>'
      ? `${what}: ${shownValue(worst)}${unit}`
      : `${what}: **${shownValue(worst)}**${unit}${bar}`;
  });
}

function headOf({ what }: Figure): string {
  const lifted = what.endsWith(', limit lifted') ? ', limit lifted' : '';
  return (what.slice(0, what.length - lifted.length).split(',')[0] ?? '') + lifted;
}

function tailOf({ what }: Figure): string {
  const tail = what.replace(', limit lifted', '').split(',').slice(1).join(',').trim();
  return tail === '' ? '' : `: ${tail}`;
}

/** CPU is told by the kernel in steps of up to 4 ms. */
function shownValue({ what, value }: Figure): string {
  return what.startsWith('CPU') && value < 4 ? '< 4' : round(value);
}

/** Two digits for small numbers that are no whole ones. */
function round(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-GB');
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(2)));
}

function run(): void {
  const folder = mkdtempSync(join(tmpdir(), 'rootwalk-figures-'));
  const file = join(folder, 'figures.jsonl');
  try {
    const vitest = [
      'node_modules/vitest/vitest.mjs',
      'run',
      'test/attacks',
      '--no-file-parallelism',
      '--exclude',
      'test/attacks/table.test.ts',
    ];
    const env = { ...process.env, [FIGURES_FILE]: file };
    const { status } = spawnSync(process.execPath, vitest, { cwd: ROOT, env, stdio: 'inherit' });
    const figures = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Figure);
    writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), figures));
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) run();
