// Holds catalogue, tests and page together: each row is measured or says why not, and the page lists it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Row, rows } from './rows.ts';
import { summaries, withTable } from './table.ts';

const entries: readonly [string, Row][] = Object.entries(rows);
const here = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');

describe('each row of the catalogue', () => {
  it('is measured by its test, or says why it is not', () => {
    const unmeasured = entries.filter(([id, { test, open, absent }]) =>
      test === undefined ? (open ?? absent) === undefined : !here(test).includes(`'${id}'`),
    );
    expect(unmeasured.map(([id]) => id)).toEqual([]);
  });

  it('is in docs/security.md as it is here', () => {
    const page = here('../../docs/security.md');
    const cells = ({ attack, source, defence, limit, open }: Row): boolean =>
      page.includes(`| ${attack} | ${source} | ${defence} | ${limit} | `) && page.includes(open ?? '');
    expect(entries.filter(([, row]) => !cells(row)).map(([id]) => id)).toEqual([]);
  });
});

describe('the table', () => {
  it('tells the worst of figures of one kind', () => {
    const figure = { row: 'nxns', relation: '≤', bar: 12, unit: '' } as const;
    expect(
      summaries([
        { ...figure, what: 'packets, SERVFAIL', value: 2 },
        { ...figure, what: 'packets, TC', value: 11.26 },
        { ...figure, what: 'packets, limit lifted', relation: '>', value: 1280 },
      ]),
    ).toEqual(['packets (worst of 2: TC): **11** (≤ 12)', 'packets, limit lifted: 1,280']);
  });

  it('needs its place in the page', () => {
    expect(() => withTable('# Security', [])).toThrow(/no place/);
  });
});
