// What a scripted server says to a question its author did not foresee: what follows from its other answers.
// Lets a resolver with another order of questions take part in a scenario.

import type { Message, Question } from '../wire/message.ts';
import { isSubdomainOf, labelCount, type Name, ROOT } from '../wire/name.ts';
import { RCODE, TYPE } from '../wire/types.ts';
import { hintRecords, type RootServer } from './engine.ts';
import { coveredType } from './rpl-match.ts';
import type { RplEntry } from './rpl-types.ts';

/** An improvised reply, and what it follows from. */
export interface Improvised {
  readonly why: string;
  readonly message: Message;
}

/**
 * A reply to `question` that agrees with `entries`, the script of one server. `roots` are given when the server is a
 * root server. Undefined: nothing follows.
 */
export function improvise(
  question: Question,
  entries: readonly RplEntry[],
  roots: readonly RootServer[],
): Improvised | undefined {
  const usable = entries.filter((entry) => !entry.raw && !entry.templates[0].hex && !entry.adjust.has('do_not_answer'));
  if (usable.length === 0) return undefined;
  if (question.name === ROOT && question.type === TYPE.NS && roots.length > 0) return primingReply(question, roots);
  const referral = deepestReferral(question.name, usable);
  return (
    nonexistent(question, usable) ??
    noData(question, usable) ??
    addresses(question, usable, referral !== undefined) ??
    (referral && fromReferral(question, referral))
  );
}

function reply(question: Question, aa: boolean, parts: Partial<Message>): Message {
  return {
    id: 0,
    response: true,
    opcode: 0,
    authoritative: aa,
    truncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: RCODE.NOERROR,
    questions: [question],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
    ...parts,
  };
}

function primingReply(question: Question, roots: readonly RootServer[]): Improvised {
  const records = hintRecords(roots).map((record) => ({ ...record, ttl: 3600 }));
  const message = reply(question, true, {
    answer: records.filter(({ type }) => type === TYPE.NS),
    additional: records.filter(({ type }) => type !== TYPE.NS),
  });
  return { why: 'the root servers', message };
}

function asked(entry: RplEntry): Name | undefined {
  return entry.match.has('subdomain') ? undefined : entry.templates[0].message.questions[0]?.name;
}

/** A name that the server calls nonexistent has no record of any type. */
function nonexistent(question: Question, entries: readonly RplEntry[]): Improvised | undefined {
  const entry = entries.find((candidate) => {
    const { rcode, answer } = candidate.templates[0].message;
    return rcode === RCODE.NXDOMAIN && answer.length === 0 && asked(candidate) === question.name;
  });
  if (entry === undefined) return undefined;
  const { message } = entry.templates[0];
  return { why: `nonexistent, line ${entry.line}`, message: { ...message, questions: [question], additional: [] } };
}

/** A name that has NODATA for one type has it for others that no entry gives. */
function noData(question: Question, entries: readonly RplEntry[]): Improvised | undefined {
  const given = entries.some((entry) =>
    entry.templates[0].message.answer.some(({ name, type }) => name === question.name && type === question.type),
  );
  if (given) return undefined;
  const entry = entries.find((candidate) => {
    const { rcode, answer, authority } = candidate.templates[0].message;
    const denies = rcode === RCODE.NOERROR && answer.length === 0 && authority.some(({ type }) => type === TYPE.SOA);
    return denies && candidate.match.has('qname') && asked(candidate) === question.name;
  });
  if (entry === undefined) return undefined;
  const { message } = entry.templates[0];
  return { why: `no data, line ${entry.line}`, message: { ...message, questions: [question], additional: [] } };
}

interface Referral {
  readonly zone: Name;
  readonly entry: RplEntry;
}

function deepestReferral(name: Name, entries: readonly RplEntry[]): Referral | undefined {
  let best: Referral | undefined;
  for (const entry of entries) {
    const { rcode, answer, authoritative, authority } = entry.templates[0].message;
    if (rcode !== RCODE.NOERROR || answer.length > 0 || authoritative) continue;
    if (authority.some(({ type }) => type === TYPE.SOA)) continue;
    for (const { type, name: zone } of authority) {
      if (type !== TYPE.NS || !isSubdomainOf(name, zone)) continue;
      if (best === undefined || labelCount(zone) > labelCount(best.zone)) best = { zone, entry };
    }
  }
  return best;
}

/** Addresses that the server hands out, for a name that it does not delegate away. */
function addresses(question: Question, entries: readonly RplEntry[], delegated: boolean): Improvised | undefined {
  const families: readonly number[] = [TYPE.A, TYPE.AAAA];
  if (!families.includes(question.type)) return undefined;
  for (const entry of entries) {
    const { message } = entry.templates[0];
    for (const section of delegated ? (['answer'] as const) : (['answer', 'additional', 'authority'] as const)) {
      const have = message[section].filter(
        (record) =>
          record.name === question.name && (families.includes(record.type) || families.includes(coveredType(record))),
      );
      if (have.length === 0) continue;
      const wanted = have.filter((record) => record.type === question.type || coveredType(record) === question.type);
      const answer = wanted.some(({ type }) => type === question.type) ? wanted : [];
      return { why: `an address, line ${entry.line}`, message: reply(question, true, { answer }) };
    }
  }
  return undefined;
}

function fromReferral(question: Question, { zone, entry }: Referral): Improvised {
  const { authority, additional } = entry.templates[0].message;
  if (question.type !== TYPE.DS || question.name !== zone) {
    return { why: `a referral, line ${entry.line}`, message: reply(question, false, { authority, additional }) };
  }
  const ds = authority.filter((record) => record.type === TYPE.DS || coveredType(record) === TYPE.DS);
  if (ds.length > 0) return { why: `DS, line ${entry.line}`, message: reply(question, true, { answer: ds }) };
  const proof = authority.filter((record) => record.type !== TYPE.NS && coveredType(record) !== TYPE.NS);
  return { why: `no DS, line ${entry.line}`, message: reply(question, true, { authority: proof }) };
}
