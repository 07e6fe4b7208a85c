// The lines of a scenario file, one after another, and what every part of the parser needs of a line.

import { openParentheses } from './rpl-record.ts';
import { RplError } from './rpl-types.ts';

/** The lines of a file, with the number of the last one read. */
export class LineReader {
  readonly file: string;
  readonly #lines: readonly string[];
  line = 0;

  constructor(text: string, file: string) {
    this.file = file;
    this.#lines = text.split(/\r?\n/);
  }

  next(): string | undefined {
    return this.#lines[this.line++];
  }

  error(what: string): RplError {
    return new RplError(this.file, this.line, what);
  }

  /** Runs `read`; whatever it throws gets the file and the line. */
  guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof RplError) throw error;
      throw this.error(error instanceof Error ? error.message : String(error));
    }
  }

  /** The lines up to the one that starts with `end`, which is passed over. */
  skipTo(end: string): string[] {
    const from = this.line;
    for (let line = this.next(); line !== undefined; line = this.next()) {
      if (line.trim().startsWith(end)) return this.#lines.slice(from, this.line - 1);
    }
    throw new RplError(this.file, from, `${end} is missing`);
  }

  /** The line, and those after it while its parentheses are open. */
  whileOpen(first: string): string {
    let text = first;
    while (openParentheses(text) > 0) {
      const line = this.next();
      if (line === undefined) throw new Error('a parenthesis is not closed');
      text += `\n${line}`;
    }
    return text;
  }

  takeHexLines(): string[] {
    const taken: string[] = [];
    for (let line = this.next(); line !== undefined; line = this.next()) {
      if (!/^[0-9a-fA-F\s]*$/.test(withoutComment(line))) {
        this.line--;
        break;
      }
      taken.push(line);
    }
    return taken;
  }
}

/** A line up to its comment. */
export function withoutComment(line: string): string {
  return line.split(';', 1)[0] ?? '';
}

/** Octets written as hexadecimal digits, over any lines. Throws Error for anything else. */
export function hexOctets(lines: readonly string[]): Uint8Array {
  const digits = lines.map(withoutComment).join('').replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('not hexadecimal octets');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
