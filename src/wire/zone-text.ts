// Records in master-file form (RFC 1035, 5): zones, hints, local data, trust anchors.

import { WireError } from './error.ts';
import type { ResourceRecord } from './message.ts';
import { foldName, type Name, nameToText, ROOT } from './name.ts';
import { escapeText } from './name-text.ts';
import { relativeName } from './rdata-fields.ts';
import { rdataFromTokens, rdataToText } from './rdata-text.ts';
import { type Entry, readEntries, type Token } from './tokens.ts';
import { CLASS, classFromText, classToText, typeFromText, typeToText } from './types.ts';

/** What holds until the text says otherwise. */
export interface ZoneTextOptions {
  /** Appended to relative names; default the root. */
  readonly origin?: Name;
  /** The TTL of records without one, in seconds; default 3600, Unbound's for local data. */
  readonly ttl?: number;
}

interface State {
  origin: Name;
  /** By $TTL or the options. */
  defaultTtl: number;
  /** RFC 1035, 5.1: an omitted owner or class is that of the record before. */
  owner: Name | undefined;
  class: number;
}

/**
 * The records of master-file text: comments, parentheses, quotes, `$ORIGIN`, `$TTL`, omitted owner, TTL and class in
 * either order, TTLs with units (`1h30m`). No `$INCLUDE` and no `$GENERATE`. Throws WireError with the line's number.
 */
export function parseZoneText(text: string, options: ZoneTextOptions = {}): ResourceRecord[] {
  const state: State = {
    origin: options.origin ?? ROOT,
    defaultTtl: options.ttl ?? 3600,
    owner: undefined,
    class: CLASS.IN,
  };
  const records: ResourceRecord[] = [];
  for (const entry of readEntries(text)) {
    try {
      const record = readEntry(entry, state);
      if (record !== undefined) records.push(record);
    } catch (error) {
      if (error instanceof WireError) throw new WireError(`line ${entry.line}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return records;
}

/** One record as dig prints it, fields parted by tabs: owner, TTL, class, type, RDATA. */
export function recordToText(record: ResourceRecord): string {
  const { name, ttl, type, rdata } = record;
  return [nameToText(name), ttl, classToText(record.class), typeToText(type), rdataToText(type, rdata)].join('\t');
}

function readEntry({ tokens, indented }: Entry, state: State): ResourceRecord | undefined {
  const first = tokens[0] as Token;
  if (!indented && !first.quoted && first.text.startsWith('$')) {
    readDirective(tokens, state);
    return undefined;
  }
  let at = 0;
  if (!indented) state.owner = nameOf(tokens[at++] as Token, state.origin);
  if (state.owner === undefined) throw new WireError('a record without an owner, and none before it');
  let ttl: number | undefined;
  let recordClass: number | undefined;
  for (; at < tokens.length; at++) {
    const { text } = tokens[at] as Token;
    const seconds = ttl === undefined && /^\d/.test(text) ? ttlFromText(text) : undefined;
    const known = recordClass === undefined && seconds === undefined ? classFromText(text) : undefined;
    if (seconds === undefined && known === undefined) break;
    ttl ??= seconds;
    recordClass ??= known;
  }
  const typeText = tokens[at]?.text;
  if (typeText === undefined) throw new WireError('the type is missing');
  const type = typeFromText(typeText);
  if (type === undefined) throw new WireError(`unknown type ${escapeText(typeText)}`);
  state.class = recordClass ?? state.class;
  const rdata = rdataFromTokens(type, tokens.slice(at + 1), state.origin);
  return { name: state.owner, type, class: state.class, ttl: ttl ?? state.defaultTtl, rdata };
}

function readDirective(tokens: readonly Token[], state: State): void {
  const [directive, argument] = tokens as [Token, ...Token[]];
  const verb = directive.text.toUpperCase();
  if (argument === undefined) throw new WireError(`${escapeText(verb)} without a value`);
  if (verb === '$ORIGIN') state.origin = nameOf(argument, state.origin);
  else if (verb === '$TTL') state.defaultTtl = ttlFromText(argument.text);
  else throw new WireError(`${escapeText(verb)} is not supported`);
}

function nameOf(token: Token, origin: Name): Name {
  if (token.text === '@') return origin;
  return foldName(relativeName(token.text, origin));
}

/** Seconds: a number, or numbers with the units w, d, h, m, s. */
function ttlFromText(text: string): number {
  const form = /^(?:\d{1,10}|(?:\d{1,10}[wdhms])+)$/i;
  if (!form.test(text)) throw new WireError(`not a TTL: ${escapeText(text)}`);
  let seconds = 0;
  for (const [, digits, unit = 's'] of text.matchAll(/(\d+)([a-z]?)/gi)) {
    seconds += Number(digits) * ({ w: 604_800, d: 86_400, h: 3600, m: 60 }[unit.toLowerCase()] ?? 1);
  }
  if (seconds > 0xffffffff) throw new WireError(`not a TTL: ${escapeText(text)}`);
  return seconds;
}
