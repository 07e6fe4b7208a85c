// Reads the text of a configuration file: YAML (or JSON, which is YAML) to settings, or to errors with their place.

import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { printable } from '../base/printable.ts';
import { checkSettings, keyToText, type SettingsFault } from './schema.ts';
import type { Settings } from './settings.ts';

/** One error of a configuration file. `line` and `column` count from 1; `key` is dotted, or empty for the whole file. */
export interface SettingsError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly message: string;
}

/** Where in the file the value of a key stands: keys and list indices from the top. */
export type Locate = (path: readonly (string | number)[]) => { readonly line: number; readonly column: number };

/** Good settings, or the first errors found, in the order of the file. */
export type LoadedSettings =
  | { readonly settings: Settings; readonly locate: Locate }
  | { readonly errors: readonly SettingsError[] };

/** Far above any hand-written file: room for some 100,000 lines of local data. */
const TEXT_OCTETS_MAX = 4 * 1024 * 1024;
const ALIASES_MAX = 100;
const ERRORS_MAX = 20;

/** The settings in `text`, the content of `file` (named in errors, not opened). Never throws on bad text. */
export function loadSettings(text: string, file: string): LoadedSettings {
  const whole = (message: string): LoadedSettings => ({ errors: [{ file, line: 1, column: 1, key: '', message }] });
  if (text.length > TEXT_OCTETS_MAX) return whole(`larger than ${TEXT_OCTETS_MAX} octets; is it a configuration file?`);

  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // The parser's own check compares each key with each: a minute for 60,000 keys. duplicateKeys() is linear.
    uniqueKeys: false,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // What follows the first error is most often its echo.
  const [broken] = document.errors;
  if (broken !== undefined) {
    return { errors: [{ file, ...place(broken.pos[0]), key: '', message: plainMessage(broken.message) }] };
  }

  const duplicates = duplicateKeys(document);
  if (duplicates.length > 0) {
    return {
      errors: duplicates.map(({ offset, key }) => ({
        file,
        ...place(offset),
        key: '',
        message: `${key} is there twice`,
      })),
    };
  }

  let input: unknown;
  try {
    input = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    // Aliases that multiply, or that lead nowhere, show only here.
    return whole(error instanceof Error ? plainMessage(error.message) : String(error));
  }
  // An alias to what it stands in makes a value without end.
  if (isCyclic(input, [])) return whole('an alias (*name) leads back into the value that it stands in');
  const checked = checkSettings(input);
  const locate: Locate = (path) => place(offsetOf(document, path, false));
  if ('settings' in checked) return { settings: checked.settings, locate };
  const found = checked.faults.map((fault: SettingsFault) => ({
    ...fault,
    offset: offsetOf(document, fault.path, fault.atKey),
  }));
  return {
    errors: found
      .sort((one, other) => one.offset - other.offset)
      .slice(0, ERRORS_MAX)
      .map(({ offset, path, message }) => ({ file, ...place(offset), key: keyToText(path), message })),
  };
}

/** Whether a value holds itself. `above`: the values on the way to it; files nest no deeper than the parser lets them. */
function isCyclic(value: unknown, above: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.includes(value)) return true;
  const deeper = [...above, value];
  return Object.values(value).some((inner) => isCyclic(inner, deeper));
}

/** `file:line:column key: message`, in one line. */
export function settingsErrorToText({ file, line, column, key, message }: SettingsError): string {
  return `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}${message}`;
}

/** Offset of the value at `path`, of its key, or of the deepest node on the way that is in the text. */
function offsetOf(document: Document, path: readonly (string | number)[], atKey: boolean): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(part));
      if (pair === undefined) break;
      const key = pair.key as Node | null;
      const value = pair.value as Node | null;
      const keyWanted = (atKey && index === path.length - 1) || value?.range == null || isEmpty(value);
      offset = (keyWanted ? key : value)?.range?.[0] ?? offset;
      node = value;
    } else {
      node = (node.items[Number(part)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    }
  }
  return offset;
}

/** `key:` with nothing behind it: its place is after the colon, which helps nobody. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && node.source === '';
}

/** Keys that a map of the document has more than once. */
function duplicateKeys(document: Document): { offset: number; key: string }[] {
  const found: { offset: number; key: string }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const text = isScalar(key) ? String(key.value) : undefined;
        if (text === undefined) continue;
        if (seen.has(text)) found.push({ offset: (key as Node).range?.[0] ?? 0, key: keyToText([text]) });
        if (found.length >= ERRORS_MAX) return visit.BREAK;
        seen.add(text);
      }
      return undefined;
    },
  });
  return found;
}

/** Messages of the YAML parser, in one line and one sentence. */
function plainMessage(message: string): string {
  if (message.includes('call stack')) return 'nested too deep';
  if (message.includes('multiple documents')) return 'more than one document (---) in the file; one is taken';
  const line = message.replace(/\s+/g, ' ').replace(/[.:]$/, '').trim();
  const hint = /flow|bracket|']'|nested mapping/i.test(line)
    ? '; quote addresses such as "[::1]:53" and "::1/128"'
    : '';
  return `not YAML: ${printable(line)}${hint}`;
}
