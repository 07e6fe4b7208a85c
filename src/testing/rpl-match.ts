// Compares messages with entries: which query an entry answers, and how an answer differs from what a step expects.

import { flagsText } from '../readable.ts';
import { type Message, parseMessage, type Question, type ResourceRecord } from '../wire/message.ts';
import { isSubdomainOf, nameToText } from '../wire/name.ts';
import { readRrsig, readSoa } from '../wire/rdata.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { classToText, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import type { Dialect, RplEntry } from './rpl-types.ts';

/** Whether an entry answers a query that reached its server. */
export function queryMatches(entry: RplEntry, query: Message, protocol: 'udp' | 'tcp', dialect: Dialect): boolean {
  return [...entry.match].every((word) => queryMatchesWord(word, entry, query, protocol, dialect));
}

function queryMatchesWord(
  word: string,
  entry: RplEntry,
  query: Message,
  protocol: 'udp' | 'tcp',
  dialect: Dialect,
): boolean {
  const wanted = entry.templates[0].message;
  const asked = query.questions[0];
  const want = wanted.questions[0];
  switch (word) {
    case 'opcode':
      return query.opcode === wanted.opcode;
    case 'qtype':
      if (want === undefined) return dialect === 'deckard' || asked === undefined;
      return asked?.type === want.type;
    case 'qname':
    case 'qcase':
      return want === undefined || asked?.name === want.name;
    case 'subdomain':
      return want === undefined || (asked !== undefined && isSubdomainOf(asked.name, want.name));
    case 'question':
      return sameQuestions(query.questions, wanted.questions);
    case 'UDP':
      return protocol === 'udp';
    case 'TCP':
      return protocol === 'tcp';
    case 'DO':
      return query.edns?.dnssecOk === true;
    case 'noedns':
      return query.edns === undefined;
    case 'serial': {
      const soa = query.authority.find((record) => record.type === TYPE.SOA);
      return soa !== undefined && readSoa(soa.rdata).serial === Number(entry.matchArguments.get('serial'));
    }
    case 'rcode':
      return query.rcode === wanted.rcode;
    case 'flags':
      return flagsText(query) === flagsText(wanted);
    case 'answer':
    case 'authority':
    case 'additional':
      return sameRecords(query[word], wanted[word]);
    case 'all':
      return (
        query.opcode === wanted.opcode &&
        query.rcode === wanted.rcode &&
        sameQuestions(query.questions, wanted.questions)
      );
    default: // ttl, ede and such say nothing about a query
      return true;
  }
}

/**
 * How an answer differs from what a CHECK_ANSWER step expects; empty: it does not. `all` is read as resolvers that
 * choose other proofs and extras need it: opcode, RCODE, question, flags and ANSWER exactly; the expected SOA, NSEC and
 * NSEC3 with their signatures present in AUTHORITY. Sections named one by one are compared exactly.
 */
export function differences(entry: RplEntry, got: Message, dialect: Dialect, recursionDesired: boolean): string[] {
  // A resolver may refuse questions that do not ask for recursion.
  if (!recursionDesired && got.rcode === 5 && !got.recursionDesired) return [];
  const template = entry.templates[0];
  const wanted = template.hex ? parseMessage(template.hex) : template.message;
  const words = new Set(entry.match);
  if (words.has('all') || words.has('all_noedns')) {
    for (const word of ['opcode', 'rcode', 'question', 'flags', 'answer', 'proof']) words.add(word);
  }
  return [...words].flatMap((word) => differenceOf(word, wanted, got, dialect) ?? []);
}

function differenceOf(word: string, wanted: Message, got: Message, dialect: Dialect): string | string[] | undefined {
  const want = wanted.questions[0];
  const asked = got.questions[0];
  switch (word) {
    case 'opcode':
      return got.opcode === wanted.opcode ? undefined : `opcode ${got.opcode}, expected ${wanted.opcode}`;
    case 'rcode':
      return got.rcode === wanted.rcode
        ? undefined
        : `rcode ${rcodeToText(got.rcode)}, expected ${rcodeToText(wanted.rcode)}`;
    case 'flags': {
      // Whether it fits depends on sizes, not on correctness.
      const has = flagsText(wanted.truncated ? { ...got, truncated: true } : got);
      return has === flagsText(wanted) ? undefined : `flags "${flagsText(got)}", expected "${flagsText(wanted)}"`;
    }
    case 'question':
      if (dialect === 'deckard' && want === undefined) return undefined;
      return sameQuestions(got.questions, wanted.questions) ? undefined : 'the question differs';
    case 'qname':
    case 'qcase':
      return want && asked && asked.name !== want.name ? 'QNAME differs' : undefined;
    case 'qtype':
      return want && asked && asked.type !== want.type ? 'QTYPE differs' : undefined;
    case 'subdomain':
      return want && asked && !isSubdomainOf(asked.name, want.name) ? 'QNAME is not a subdomain' : undefined;
    case 'answer':
    case 'authority':
    case 'additional':
      return sectionDifference(word, wanted[word], got[word]);
    case 'proof':
      return missingProof(wanted.authority, got.authority);
    case 'ttl':
      return ttlDifference(wanted.answer, got.answer);
    default:
      return undefined;
  }
}

function sectionDifference(
  section: string,
  wanted: readonly ResourceRecord[],
  got: readonly ResourceRecord[],
): string | undefined {
  if (sameRecords(wanted, got)) return undefined;
  const wantedKeys = new Set(wanted.map(recordKey));
  const gotKeys = new Set(got.map(recordKey));
  const missing = wanted.filter((record) => !gotKeys.has(recordKey(record))).map(recordText);
  const extra = got.filter((record) => !wantedKeys.has(recordKey(record))).map(recordText);
  return `${section}: missing [${missing.join(', ')}], extra [${extra.join(', ')}]`;
}

function missingProof(wanted: readonly ResourceRecord[], got: readonly ResourceRecord[]): string | undefined {
  const keys = new Set(got.map(recordKey));
  const missing = wanted.filter((record) => isProof(record) && !keys.has(recordKey(record)));
  return missing.length > 0 ? `authority: missing [${missing.map(recordText).join(', ')}]` : undefined;
}

const proofTypes: ReadonlySet<number> = new Set([TYPE.SOA, TYPE.NSEC, TYPE.NSEC3]);

function isProof(record: ResourceRecord): boolean {
  return proofTypes.has(record.type) || proofTypes.has(coveredType(record));
}

/** TTLs within three seconds below and one above the expected one. */
function ttlDifference(wanted: readonly ResourceRecord[], got: readonly ResourceRecord[]): string[] {
  return wanted.flatMap((record) => {
    const ttls = got.filter((other) => recordKey(other) === recordKey(record)).map(({ ttl }) => ttl);
    const near = ttls.length === 0 || ttls.some((ttl) => ttl - record.ttl >= -3 && ttl - record.ttl <= 1);
    return near ? [] : [`TTL ${ttls.join(', ')} of ${recordText(record)}, expected ${record.ttl}`];
  });
}

/** The type that an RRSIG covers; 0 for other records and for RRSIGs too short to say. */
export function coveredType(record: ResourceRecord): number {
  if (record.type !== TYPE.RRSIG || record.rdata.length < 18) return 0;
  return readRrsig(record.rdata).typeCovered;
}

function sameQuestions(a: readonly Question[], b: readonly Question[]): boolean {
  const key = (questions: readonly Question[]): string =>
    questions.map((question) => `${question.name} ${question.type} ${question.class}`).join('|');
  return key(a) === key(b);
}

function sameRecords(a: readonly ResourceRecord[], b: readonly ResourceRecord[]): boolean {
  const keys = (records: readonly ResourceRecord[]): string => JSON.stringify(records.map(recordKey).sort());
  return keys(a) === keys(b);
}

/** Where names stand in RDATA that compare without regard to case: offset and how many. */
const nameFields: { readonly [type: number]: readonly [offset: number, names: number] } = {
  [TYPE.NS]: [0, 1],
  [TYPE.CNAME]: [0, 1],
  [TYPE.DNAME]: [0, 1],
  [TYPE.PTR]: [0, 1],
  [TYPE.MX]: [2, 1],
  [TYPE.AFSDB]: [2, 1],
  [TYPE.SRV]: [6, 1],
  [TYPE.SOA]: [0, 2],
  [TYPE.RP]: [0, 2],
  [TYPE.RRSIG]: [18, 1],
  [TYPE.NSEC]: [0, 1],
};

/** The identity of a record, TTL left out. */
export function recordKey(record: ResourceRecord): string {
  const rdata = record.rdata.slice();
  const [offset, names] = nameFields[record.type] ?? [0, 0];
  for (let at = offset, left = names; left > 0 && at < rdata.length; ) {
    const length = rdata[at] ?? 0;
    if (length === 0) left--;
    for (let i = at + 1; i <= at + length && i < rdata.length; i++) {
      const octet = rdata[i] ?? 0;
      if (octet >= 65 && octet <= 90) rdata[i] = octet + 32;
    }
    at += length + 1;
  }
  return `${record.name} ${record.type} ${record.class} ${Buffer.from(rdata).toString('hex')}`;
}

/** A record on one line. */
export function recordText(record: ResourceRecord): string {
  const { name, ttl, type, rdata } = record;
  return `${nameToText(name)} ${ttl} ${classToText(record.class)} ${typeToText(type)} ${rdataToText(type, rdata)}`;
}

/** A message in a few lines, for reports. */
export function messageText(message: Message): string {
  const lines = [`${rcodeToText(message.rcode)} ${flagsText(message)}${message.edns?.dnssecOk ? ' DO' : ''}`];
  for (const { name, type } of message.questions) lines.push(`? ${nameToText(name)} ${typeToText(type)}`);
  for (const section of ['answer', 'authority', 'additional'] as const) {
    for (const record of message[section]) lines.push(`${section}: ${recordText(record)}`);
  }
  return lines.join('\n');
}
