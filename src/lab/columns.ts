// The columns of a story's lines: step, what it is, who or where, what was said, how long it took.

/** Where the second, third and fourth part of a line begin, and where times end. */
export const nameColumn = 19;
export const hitColumn = 30;
export const saidColumn = 34;
const timeEnd = 64;
/** Characters of text that a line has room for. */
const textMost = 44;

/** A line of a step: its number, what it is, and what follows. */
export function row(step: string, label: string, rest: string): string {
  return place(` ${step} ${label}`, rest, nameColumn);
}

/** A line between the steps. */
export function note(text: string): string {
  return `   ${text}`;
}

/** `line` with `text` at `column`, or two blanks behind what is there already. */
export function place(line: string, text: string, column: number): string {
  return `${line.padEnd(Math.max(column, line.length + 2))}${text}`;
}

/** `line` with a time at its end, and `words` behind it. */
export function timed(line: string, ms: number, words = ''): string {
  const text = `${showMs(ms)}${words}`;
  return place(line, text, timeEnd - text.length);
}

/** `text`, cut where it is too long for a line. */
export function shorten(text: string): string {
  return text.length > textMost ? `${text.slice(0, textMost - 1)}…` : text;
}

/** In quotes, unless it brings its own. */
export function quote(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}

/** A time in milliseconds with as many digits as it deserves: 0.02 ms, 0.4 ms, 12 ms. */
export function showMs(ms: number): string {
  if (ms < 0.095) return `${ms.toFixed(2)} ms`;
  return ms < 0.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
