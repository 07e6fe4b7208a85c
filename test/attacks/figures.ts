// Checks a measured figure against its bar and, when asked to by the environment, writes it down for the table.
import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';
import { FIGURES_FILE, type Figure } from './figure.ts';
import type { RowId } from './rows.ts';

/** A measurement that must not exceed `bar`. */
export function atMost(row: RowId, what: string, value: number, bar: number, unit = ''): void {
  write({ row, what, value, relation: '≤', bar, unit });
  expect(value, `${row}: ${what}`).toBeLessThanOrEqual(bar);
}

/** A measurement that must reach `bar`. */
export function atLeast(row: RowId, what: string, value: number, bar: number, unit = ''): void {
  write({ row, what, value, relation: '≥', bar, unit });
  expect(value, `${row}: ${what}`).toBeGreaterThanOrEqual(bar);
}

/** A measurement that must be `bar`. */
export function exactly(row: RowId, what: string, value: number, bar: number, unit = ''): void {
  write({ row, what, value, relation: '=', bar, unit });
  expect(value, `${row}: ${what}`).toBe(bar);
}

/** With the limit lifted the attack works: what it then takes exceeds what the limit allows. */
export function withoutLimit(row: RowId, what: string, value: number, bar: number, unit = ''): void {
  write({ row, what: `${what}, limit lifted`, value, relation: '>', bar, unit });
  expect(value, `${row}: ${what}, limit lifted`).toBeGreaterThan(bar);
}

function write(figure: Figure): void {
  const file = process.env[FIGURES_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}
