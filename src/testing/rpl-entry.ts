// ENTRY_BEGIN to ENTRY_END: one message of a scenario, what it is matched by, and how it is changed on the way out.

import type { Edns, Message, Question, ResourceRecord } from '../wire/message.ts';
import { nameFromText } from '../wire/name.ts';
import { OPCODE, RCODE } from '../wire/types.ts';
import { hexOctets, type LineReader, withoutComment } from './rpl-lines.ts';
import { flattenLines, parseQuestionLine, parseRecordLine, type RecordDefaults } from './rpl-record.ts';
import type { RplEntry, Template } from './rpl-types.ts';

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

/** Reads the lines behind ENTRY_BEGIN. Throws Error that says what is wrong. */
export function readEntry(reader: LineReader, defaults: RecordDefaults): RplEntry {
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
export function applyDirective(word: string, value: string, defaults: RecordDefaults): boolean {
  if (word === '$ORIGIN') defaults.origin = nameFromText(value);
  else if (word === '$TTL') defaults.ttl = Number(value);
  else return false;
  return true;
}
