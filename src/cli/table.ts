// Text in columns.

import { printable } from '../base/printable.ts';

/** Rows as lines, each column as wide as its widest cell; columns named in `right` end at the right. Cells are escaped. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  const cells = rows.map((row) => row.map(printable));
  for (const row of cells) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** `12.3 MiB`. */
export function octetsText(octets: number): string {
  const units = ['octets', 'KiB', 'MiB', 'GiB'];
  let value = octets;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `3 d 4 h`, the two largest units. */
export function secondsText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const first = units.findIndex(([length]) => seconds >= length);
  if (first < 0) return '0 s';
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [length, unit] of units.slice(first, first + 2)) {
    if (rest >= length) parts.push(`${Math.floor(rest / length)} ${unit}`);
    rest %= length;
  }
  return parts.join(' ');
}
