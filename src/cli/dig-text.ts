// A result as dig prints a response: header line, flags, sections, extended errors, query time.

import type { Resolution } from '../resolver/types.ts';
import { nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { type RRset, toRecords } from '../wire/rrset.ts';
import { classToText, edeToText, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import type { DigOptions } from './dig-options.ts';
import type { AskedQuestion } from './question.ts';

/** The whole output of `query`, ending with a newline unless there is nothing to say. */
export function digText(
  question: AskedQuestion,
  resolution: Resolution,
  options: DigOptions,
  elapsedMs: number,
): string {
  if (options.short) return lines(shortLines(resolution, options.dnssec));
  const answer = recordLines(resolution.answer, options.dnssec);
  const authority = recordLines(
    resolution.authority.filter(({ type }) => options.dnssec || !PROOFS.has(type)),
    options.dnssec,
  );
  const edns = ednsLines(resolution, options);
  const name = nameToText(question.name);
  const out: string[] = [];
  if (options.comments) {
    out.push(
      '',
      ';; Got answer:',
      `;; ->>HEADER<<- opcode: QUERY, status: ${rcodeToText(resolution.rcode)}, id: 0`,
      `;; flags: ${flags(resolution, options)}; QUERY: 1, ANSWER: ${answer.length}, AUTHORITY: ${authority.length}, ADDITIONAL: ${edns.length > 0 ? 1 : 0}`,
      '',
      ...(edns.length > 0 ? [';; OPT PSEUDOSECTION:', ...edns] : []),
    );
  }
  if (options.question) out.push(';; QUESTION SECTION:', `;${columns(name, '', 'IN', typeToText(question.type))}`, '');
  out.push(...section('ANSWER', options.answer ? answer : [], options.comments));
  out.push(...section('AUTHORITY', options.authority ? authority : [], options.comments));
  if (options.stats) {
    out.push(
      `;; Query time: ${Math.round(elapsedMs)} msec`,
      ';; SERVER: rootwalk itself, from the root servers down',
      '',
    );
  }
  return lines(out);
}

/** Records that only a client that validates asks for (RFC 4035, 3.2.1). */
const PROOFS: ReadonlySet<number> = new Set([TYPE.NSEC, TYPE.NSEC3, TYPE.RRSIG]);

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function shortLines(resolution: Resolution, signatures: boolean): string[] {
  return resolution.answer.flatMap((rrset) =>
    toRecords(rrset, { signatures }).map(({ type, rdata }) => rdataToText(type, rdata)),
  );
}

function flags(resolution: Resolution, options: DigOptions): string {
  return [
    'qr',
    resolution.authoritative ? 'aa' : '',
    'rd',
    'ra',
    resolution.security === 'secure' ? 'ad' : '',
    options.cd ? 'cd' : '',
  ]
    .filter((flag) => flag !== '')
    .join(' ');
}

function ednsLines(resolution: Resolution, options: DigOptions): string[] {
  if (!options.dnssec && resolution.extendedErrors.length === 0) return [];
  const errors = resolution.extendedErrors.map(
    ({ code, text }) => `; EDE: ${code} (${edeToText(code)})${text === '' ? '' : `: (${escapeControls(text)})`}`,
  );
  return [`; EDNS: version: 0, flags:${options.dnssec ? ' do' : ''}; udp: 1232`, ...errors];
}

/** Texts of extended errors may come from servers: they must not steer a terminal. */
function escapeControls(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '.');
}

function section(title: string, records: readonly string[], comments: boolean): string[] {
  if (records.length === 0) return [];
  return comments ? [`;; ${title} SECTION:`, ...records, ''] : [...records];
}

function recordLines(rrsets: readonly RRset[], signatures: boolean): string[] {
  return rrsets.flatMap((rrset) =>
    toRecords(rrset, { signatures }).map((record) => {
      const { name, ttl, type, rdata } = record;
      const head = columns(nameToText(name), `${ttl}`, classToText(record.class), typeToText(type));
      return `${head}${'\t'.repeat(Math.max(1, tabs(head, 48)))}${rdataToText(type, rdata)}`;
    }),
  );
}

/** Owner, TTL, class and type at the columns where dig has them. */
function columns(name: string, ttl: string, recordClass: string, type: string): string {
  return [
    { text: ttl, column: 24 },
    { text: recordClass, column: 32 },
    { text: type, column: 40 },
  ].reduce(
    (line, { text, column }) => `${line}${'\t'.repeat(Math.max(text === '' ? 0 : 1, tabs(line, column)))}${text}`,
    name,
  );
}

/** Tabs of eight columns from the end of `line` to `column`. */
function tabs(line: string, column: number): number {
  const width = [...line].reduce((at, character) => (character === '\t' ? at - (at % 8) + 8 : at + 1), 0);
  return Math.max(0, Math.ceil((column - width) / 8));
}
