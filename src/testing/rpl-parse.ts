// Reads an `.rpl` file: the replay format that Unbound's testbound and Deckard share.

import type { Edns, Message, Question, ResourceRecord } from '../wire/message.ts';
import { nameFromText, ROOT } from '../wire/name.ts';
import { readRrsig } from '../wire/rdata.ts';
import { OPCODE, RCODE, TYPE } from '../wire/types.ts';
import {
  flattenLines,
  openParentheses,
  parseQuestionLine,
  parseRecordLine,
  type RecordDefaults,
} from './rpl-record.ts';
import { ipKey, isDeckardConfig, type RplSettings, readSettings } from './rpl-settings.ts';
import {
  type Dialect,
  type RplEntry,
  RplError,
  type RplRange,
  type RplStep,
  type Scenario,
  type Template,
} from './rpl-types.ts';

/** Octets of an `.rpl` file: far above any that exists, far below what would hurt. */
const fileOctetsMax = 4 * 1024 * 1024;

/** Parses the text of one file. `file` is for messages; `dialect` is told from the text unless given. Throws RplError. */
export function parseRpl(text: string, file: string, options: { readonly dialect?: Dialect } = {}): Scenario {
  const reader = new LineReader(text, file);
  if (text.length > fileOctetsMax) throw reader.error('the file is too long');
  return reader.guard(() => readScenario(reader, options.dialect));
}

interface MutableRange {
  first: number;
  last: number;
  addresses: Set<string>;
  entries: RplEntry[];
}

interface MutableStep {
  line: number;
  number: number;
  kind: string;
  args: string[];
  address: string | undefined;
  entry: RplEntry | undefined;
}

function readScenario(reader: LineReader, chosen: Dialect | undefined): Scenario {
  const config = readConfig(reader);
  const dialect = chosen ?? (isDeckardConfig(config.lines) ? 'deckard' : 'unbound');
  const defaults: RecordDefaults = { origin: ROOT, ttl: 3600 };
  const ranges: MutableRange[] = [];
  const steps: MutableStep[] = [];
  let title = '';
  let range: MutableRange | undefined;
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const words = withoutComment(line).trim().split(/\s+/);
    const [word = '', second = ''] = words;
    if (word === '' || line.trim().startsWith('#')) continue;
    if (word === 'SCENARIO_END') break;
    if (word === 'SCENARIO_BEGIN') title = line.trim().slice(word.length).trim();
    else if (applyDirective(word, second, defaults)) continue;
    else if (word === 'RANGE_BEGIN') {
      range = { first: Number(second), last: Number(words[2]), addresses: new Set(), entries: [] };
      ranges.push(range);
    } else if (word === 'RANGE_END' || word === 'END_RANGE') range = undefined;
    else if (word === 'ADDRESS') {
      const key = ipKey(second.split('#', 1)[0] ?? '');
      if (key === undefined) throw new Error(`not an address: ${second}`);
      const step = steps.at(-1);
      if (range) range.addresses.add(key);
      else if (step) step.address = second;
    } else if (word === 'ENTRY_BEGIN') {
      const entry = readEntry(reader, defaults);
      const step = steps.at(-1);
      if (range) range.entries.push(entry);
      else if (step) step.entry = entry;
      else throw new Error('an entry outside of range and step');
    } else if (word === 'STEP') {
      steps.push(readStep(words, reader.line));
      range = undefined;
    } else if (word === 'FILE_BEGIN') reader.skipTo('FILE_END');
    else throw new Error(`unknown line: ${line.trim().slice(0, 60)}`);
  }
  return assemble(reader.file, title, dialect, config, ranges, steps);
}

function assemble(
  file: string,
  title: string,
  dialect: Dialect,
  config: ConfigPart,
  ranges: readonly RplRange[],
  steps: readonly RplStep[],
): Scenario {
  const settings = completeSettings(readSettings(config.lines), ranges, steps);
  const ordered = dialect === 'deckard' ? [...steps].sort((a, b) => a.number - b.number) : steps;
  const unsupported = config.unsupported ?? whyUnsupported(steps, settings);
  return { file, title, dialect, settings, ranges, steps: ordered, unsupported };
}

function readStep(words: readonly string[], line: number): MutableStep {
  const args = words.slice(3);
  const at = args.indexOf('ADDRESS');
  const number = Number(words[1]);
  if (!Number.isInteger(number) || words[2] === undefined) throw new Error('STEP wants a number and a kind');
  return { line, number, kind: words[2].toUpperCase(), args, address: args[at + 1 || args.length], entry: undefined };
}

interface ConfigPart {
  readonly lines: readonly string[];
  readonly unsupported: string | undefined;
}

function readConfig(reader: LineReader): ConfigPart {
  const lines: string[] = [];
  let unsupported: string | undefined;
  for (;;) {
    const line = reader.next();
    if (line === undefined) throw new Error('CONFIG_END is missing');
    const word = line.trim().split(/\s+/)[0] ?? '';
    if (word === 'CONFIG_END') return { lines, unsupported };
    if (word === 'COMMANDLINE') unsupported = 'command line options';
    else if (word === 'AUTOTRUST_FILE') {
      unsupported = 'autotrust file';
      reader.skipTo('AUTOTRUST_END');
    } else if (word === 'TEMPFILE_NAME') unsupported ??= 'temporary file';
    else if (word === 'TEMPFILE_CONTENTS') {
      unsupported ??= 'temporary file';
      reader.skipTo('TEMPFILE_END');
    } else lines.push(line);
  }
}

const playable = new Set([
  'QUERY',
  'CHECK_ANSWER',
  'CHECK_OUT_QUERY',
  'REPLY',
  'TIMEOUT',
  'TIME_PASSES',
  'TRAFFIC',
  'NOTHING',
]);

function whyUnsupported(steps: readonly RplStep[], settings: RplSettings): string | undefined {
  const step = steps.find(({ kind }) => !playable.has(kind));
  if (step) return `step ${step.kind}`;
  if (steps.some(({ kind, args }) => kind === 'TIME_PASSES' && args[0] !== 'ELAPSE')) return 'macro evaluation';
  if (!steps.some(({ kind }) => kind === 'CHECK_ANSWER')) return 'no CHECK_ANSWER';
  if (settings.unsupported.length > 0) return `option ${settings.unsupported.join(', ')}`;
  const servers = settings.roots.length + settings.zones.filter(({ kind }) => kind === 'forward').length;
  return servers === 0 ? 'no root server' : undefined;
}

/** What the servers' data say about the settings: IPv6, and a date at which the signatures hold. */
function completeSettings(settings: RplSettings, ranges: readonly RplRange[], steps: readonly RplStep[]): RplSettings {
  const ipv6 =
    ranges.some(({ addresses }) => [...addresses].some((key) => key.length === 32)) ||
    settings.roots.some(({ address }) => address.ip.includes(':'));
  const entries = [...ranges.flatMap((range) => range.entries), ...steps.flatMap((step) => step.entry ?? [])];
  return {
    ...settings,
    ipv6: settings.ipv6 && ipv6,
    wallSeconds: settings.wallSeconds ?? dateWithinSignatures(entries),
  };
}

/** A moment within the validity of as many signatures as possible; undefined: there are none. */
function dateWithinSignatures(entries: readonly RplEntry[]): number | undefined {
  const spans = new Map<string, [inception: number, expiration: number]>();
  for (const { message } of entries.flatMap((entry) => entry.templates)) {
    for (const record of [...message.answer, ...message.authority, ...message.additional]) {
      if (record.type !== TYPE.RRSIG) continue;
      const { inception, expiration } = readRrsig(record.rdata);
      spans.set(`${inception} ${expiration}`, [inception, expiration]);
    }
  }
  const all = [...spans.values()];
  const holding = (at: number): [number, number][] => all.filter(([from, until]) => from <= at && at <= until);
  let best: number | undefined;
  for (const from of all.map(([inception]) => inception).sort((a, b) => a - b)) {
    if (best === undefined || holding(from).length > holding(best).length) best = from;
  }
  if (best === undefined) return undefined;
  const end = Math.min(...holding(best).map(([, until]) => until));
  return best + (Number.isFinite(end) ? Math.min(3600, Math.max(0, (end - best) >> 1)) : 0);
}

const rcodes: { readonly [word: string]: number } = { ...RCODE, NOTIMPL: RCODE.NOTIMP };
const opcodes: { readonly [word: string]: number } = OPCODE;
const flagWords = new Set(['QR', 'AA', 'TC', 'RD', 'RA', 'AD', 'CD', 'DO', 'Z', 'CO']);

type RecordSection = 'ANSWER' | 'AUTHORITY' | 'ADDITIONAL';

/** A template while it is read. */
class TemplateDraft {
  readonly flags = new Set<string>();
  rcode: number = RCODE.NOERROR;
  opcode: number = OPCODE.QUERY;
  questions: Question[] = [];
  readonly sections: Readonly<Record<RecordSection, ResourceRecord[]>> = { ANSWER: [], AUTHORITY: [], ADDITIONAL: [] };
  hex: Uint8Array | undefined;
  ednsData: Uint8Array | undefined;

  finish(): Template {
    const flag = (word: string): boolean => this.flags.has(word);
    const dnssecOk = flag('DO');
    const edns: Edns | undefined =
      dnssecOk || this.ednsData || this.rcode > 15
        ? { udpPayloadOctets: 4096, version: 0, dnssecOk, options: optionsOf(this.ednsData) }
        : undefined;
    const message: Message = {
      id: 0,
      response: flag('QR'),
      opcode: this.opcode,
      authoritative: flag('AA'),
      truncated: flag('TC'),
      recursionDesired: flag('RD'),
      recursionAvailable: flag('RA'),
      authenticData: flag('AD'),
      checkingDisabled: flag('CD'),
      rcode: this.rcode,
      questions: this.questions,
      answer: this.sections.ANSWER,
      authority: this.sections.AUTHORITY,
      additional: this.sections.ADDITIONAL,
      edns,
    };
    return { message, hex: this.hex, ednsData: this.ednsData };
  }
}

function optionsOf(data: Uint8Array | undefined): { code: number; data: Uint8Array }[] {
  const options: { code: number; data: Uint8Array }[] = [];
  for (let at = 0; data && at + 4 <= data.length; ) {
    const code = ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
    const length = ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0);
    options.push({ code, data: data.slice(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return options;
}

interface EntryDraft {
  match: Set<string>;
  matchArguments: Map<string, string>;
  adjust: Set<string>;
  delaySeconds: number;
  raw: Uint8Array | undefined;
}

function readEntry(reader: LineReader, defaults: RecordDefaults): RplEntry {
  const line = reader.line;
  const entry: EntryDraft = {
    match: new Set(),
    matchArguments: new Map(),
    adjust: new Set(),
    delaySeconds: 0,
    raw: undefined,
  };
  const drafts = [new TemplateDraft()];
  let section: RecordSection | 'QUESTION' | undefined;
  for (;;) {
    const text = reader.next();
    if (text === undefined) throw new Error('ENTRY_END is missing');
    const words = withoutComment(text).trim().split(/\s+/);
    const [word = '', ...rest] = words;
    const draft = drafts.at(-1) as TemplateDraft;
    if (word === '') continue;
    if (word === 'ENTRY_END') break;
    if (word === 'SECTION') {
      section = sectionNamed(rest[0]);
    } else if (readEntryWord(reader, word, rest, entry, draft)) section = undefined;
    else if (word === 'EXTRA_PACKET') {
      const extra = new TemplateDraft();
      extra.questions = [...draft.questions];
      drafts.push(extra);
      section = undefined;
    } else if (applyDirective(word, rest[0] ?? '', defaults)) continue;
    else if (section === 'QUESTION' || (section === undefined && draft.questions.length === 0)) {
      draft.questions.push(parseQuestionLine(text.trim(), defaults.origin));
    } else if (section !== undefined) {
      const record = flattenLines(reader.whileOpen(text));
      if (record !== '') draft.sections[section].push(parseRecordLine(record, defaults));
    } else throw new Error(`not understood: ${text.trim().slice(0, 60)}`);
  }
  const [first, ...extra] = drafts.map((draft) => draft.finish());
  return { ...entry, line, templates: [first as Template, ...extra] };
}

function sectionNamed(word: string | undefined): RecordSection | 'QUESTION' {
  if (word === 'QUESTION' || word === 'ANSWER' || word === 'AUTHORITY' || word === 'ADDITIONAL') return word;
  throw new Error(`unknown section ${word}`);
}

/** MATCH, ADJUST, REPLY and the blocks of octets; false: something else. */
function readEntryWord(
  reader: LineReader,
  word: string,
  rest: readonly string[],
  entry: EntryDraft,
  draft: TemplateDraft,
): boolean {
  switch (word) {
    case 'MATCH':
      for (const token of rest) readMatch(token, entry);
      return true;
    case 'ADJUST':
      for (const token of rest) {
        const delay = /^(?:packet_)?sleep=(\d+)$/.exec(token);
        if (delay) entry.delaySeconds += Number(delay[1]);
        else entry.adjust.add(token);
      }
      return true;
    case 'REPLY':
    case 'FLAGS':
      for (const token of rest) readReplyWord(token.toUpperCase(), draft);
      return true;
    case 'MANDATORY':
      return true;
    case 'HEX_ANSWER_BEGIN':
      draft.hex = hexOctets(reader.skipTo('HEX_ANSWER_END'));
      return true;
    case 'HEX_EDNSDATA_BEGIN':
      draft.ednsData = hexOctets(reader.skipTo('HEX_EDNSDATA_END'));
      return true;
    case 'RAW':
      entry.raw = hexOctets(rest.length > 0 ? [rest.join('')] : reader.takeHexLines());
      return true;
    default:
      return false;
  }
}

function readMatch(token: string, entry: EntryDraft): void {
  const [key = '', value] = token.split('=', 2);
  if (value !== undefined) entry.matchArguments.set(key.toLowerCase(), value);
  entry.match.add(value === undefined && ['UDP', 'TCP', 'DO', 'CO'].includes(key) ? key : key.toLowerCase());
}

function readReplyWord(word: string, draft: TemplateDraft): void {
  const rcode = rcodes[word];
  const opcode = opcodes[word];
  if (rcode !== undefined) draft.rcode = rcode;
  else if (opcode !== undefined) draft.opcode = opcode;
  else if (flagWords.has(word)) draft.flags.add(word);
  else throw new Error(`unknown flag ${word}`);
}

/** `$ORIGIN` and `$TTL`; false: something else. */
function applyDirective(word: string, value: string, defaults: RecordDefaults): boolean {
  if (word === '$ORIGIN') defaults.origin = nameFromText(value);
  else if (word === '$TTL') defaults.ttl = Number(value);
  else return false;
  return true;
}

function withoutComment(line: string): string {
  return line.split(';', 1)[0] ?? '';
}

function hexOctets(lines: readonly string[]): Uint8Array {
  const digits = lines.map(withoutComment).join('').replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('not hexadecimal octets');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** The lines of a file, with the number of the last one read. */
class LineReader {
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
