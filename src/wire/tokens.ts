// Master-file text (RFC 1035, 5.1) cut into tokens: comments, parentheses, quotes and escapes.

import { WireError } from './error.ts';
import { escapeText, readEscape } from './name-text.ts';

/** One word of an entry; `text` has its escapes still in it, but not its quotes. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** One entry: its tokens, the number of its first line, and whether that line began with white space. */
export interface Entry {
  readonly tokens: readonly Token[];
  readonly line: number;
  readonly indented: boolean;
}

const parts = /[ \t\r\f]+|\n|;[^\n]*|[()]|"((?:[^"\\\n]|\\[^\n])*)"|((?:[^\s;()"\\]|\\[^\n])+)/y;

/** Cuts text into entries, blank ones left out. Throws WireError with the number of the line. */
export function* readEntries(text: string): Generator<Entry, void, undefined> {
  let line = 1;
  let depth = 0;
  let tokens: Token[] = [];
  let firstLine = 1;
  let indented = false;
  let atLineStart = true;
  const matcher = new RegExp(parts); // its position is its own
  for (let at = 0; at < text.length; ) {
    matcher.lastIndex = at;
    const match = matcher.exec(text);
    if (match === null) throw new WireError(`line ${line}: cannot read ${escapeText(text.slice(at, at + 20))}`);
    at = matcher.lastIndex;
    const [whole, quoted, word] = match;
    const first = whole[0] as string;
    if (quoted !== undefined || word !== undefined) {
      if (tokens.length === 0) firstLine = line;
      tokens.push({ text: quoted ?? (word as string), quoted: quoted !== undefined });
    } else if (first === '(') {
      depth++;
    } else if (first === ')') {
      if (--depth < 0) throw new WireError(`line ${line}: ) without (`);
    } else if (first === '\n') {
      line++;
      if (depth === 0) {
        if (tokens.length > 0) yield { tokens, line: firstLine, indented };
        tokens = [];
        indented = false;
        atLineStart = true;
        continue;
      }
    } else if (atLineStart && first !== ';') {
      indented = true;
    }
    atLineStart = false;
  }
  if (depth > 0) throw new WireError(`line ${line}: ( without )`);
  if (tokens.length > 0) yield { tokens, line: firstLine, indented };
}

/** The octets that a token stands for, escapes resolved, characters outside of ASCII as UTF-8. */
export function tokenOctets({ text }: Token): number[] {
  const octets: number[] = [];
  for (let i = 0; i < text.length; ) {
    if (text[i] === '\\') {
      const { octet, length } = readEscape(text, i);
      octets.push(octet);
      i += length;
    } else {
      const character = String.fromCodePoint(text.codePointAt(i) as number);
      for (const octet of new TextEncoder().encode(character)) octets.push(octet);
      i += character.length;
    }
  }
  return octets;
}
