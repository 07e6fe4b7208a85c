// Reads an `.rpl` file: the replay format that Unbound's testbound and Deckard share.

import { builtInRootHints } from '../resolver/root-hints.ts';
import { nameToText, ROOT } from '../wire/name.ts';
import { readRrsig } from '../wire/rdata.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { TYPE } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { applyDirective, readEntry } from './rpl-entry.ts';
import { LineReader, withoutComment } from './rpl-lines.ts';
import type { RecordDefaults } from './rpl-record.ts';
import { ipKey, isDeckardConfig, type RplSettings, readSettings } from './rpl-settings.ts';
import type { Dialect, RplEntry, RplRange, RplStep, Scenario } from './rpl-types.ts';

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
    if (line === undefined) throw new Error('CONFIG_END is missing: neither a scenario nor a capsule');
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
  return settings.unsupported.length > 0 ? `option ${settings.unsupported.join(', ')}` : undefined;
}

/** What the servers' data say about the settings: IPv6, a date at which the signatures hold, and roots if none is given. */
function completeSettings(settings: RplSettings, ranges: readonly RplRange[], steps: readonly RplStep[]): RplSettings {
  const ipv6 =
    ranges.some(({ addresses }) => [...addresses].some((key) => key.length === 32)) ||
    settings.roots.some(({ address }) => address.ip.includes(':'));
  const entries = [...ranges.flatMap((range) => range.entries), ...steps.flatMap((step) => step.entry ?? [])];
  return {
    ...settings,
    roots: settings.roots.length > 0 ? settings.roots : builtInRoots(),
    ipv6: settings.ipv6 && ipv6,
    wallSeconds: settings.wallSeconds ?? dateWithinSignatures(entries),
  };
}

/** The root servers that a resolver starts from when it is told of none. */
function builtInRoots(): RplSettings['roots'] {
  return parseZoneText(builtInRootHints).flatMap(({ name, type, rdata }) =>
    type === TYPE.A ? [{ nameServer: nameToText(name), address: { ip: rdataToText(type, rdata), port: 53 } }] : [],
  );
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
