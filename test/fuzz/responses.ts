// Fuzzes what is made of a response: whatever it says, only records of the zone asked are kept, an answer is to the
// question, and a referral leads down.

import fc from 'fast-check';
import { makeLimits } from '../../src/base/limits.ts';
import type { ServerCookie } from '../../src/cache/server-cookies.ts';
import { systemClock } from '../../src/net/clock.ts';
import { type Asked, classify } from '../../src/resolver/classify.ts';
import { judgeReply, type ReplySlot } from '../../src/resolver/match-reply.ts';
import { scrub } from '../../src/resolver/scrub.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { buildMessage, parseQuestion, type ResourceRecord } from '../../src/wire/message.ts';
import { isSubdomainOf, type Name, nameFromText, nameOctets, nameToText, ROOT } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { CLASS, TYPE } from '../../src/wire/types.ts';
import { anyMessage } from '../wire/arbitrary.ts';
import { Budget } from './lib/budget.ts';
import { change, corpusText, hex } from './lib/octets.ts';

const limits = makeLimits();
const bounds = { rdatas: limits.rdatasPerRRset, signatures: limits.signaturesPerRRset };
const server = { ip: '192.0.2.1', port: 53 };
const roles: readonly Asked['role'][] = ['authority', 'configured', 'forwarder', 'lastResort'];
/** Zones asked, names within and without. */
const names: readonly Name[] = [
  '.',
  'com.',
  'example.com.',
  'www.example.com.',
  'a.www.example.com.',
  'sub.example.com.',
]
  .concat(['ns.example.com.', 'other.com.', 'org.', 'www.other.com.', 'xexample.com.', '*.example.com.'])
  .map(nameFromText);
const types: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.CNAME, TYPE.DNAME, TYPE.SOA, TYPE.DS, TYPE.TXT];

/** Runs for `seconds`; throws, with the octets, at the first fault. */
export function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): string {
  const clock = systemClock();
  const random = new SeededRandom(seed);
  const corpus = fc.sample(anyMessage, { numRuns: 100, seed }).map((message) => buildMessage(message));
  const budget = new Budget(clock);
  const outcomes = new Map<string, number>();
  const endMs = clock.nowMs() + seconds * 1000;
  let inputs = 0;
  for (; clock.nowMs() < endMs || inputs < 100; inputs++) {
    const asked = askedOf(random);
    const { query, octets } = inputOf(random, asked, corpus);
    try {
      const outcome = tryReply(asked, query, octets, random, budget);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      throw new Error(`fault on ${hex(octets)} in reply to ${hex(query)}, ${JSON.stringify(asked)}`, { cause: error });
    }
  }
  const told = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
  return `${corpusText('messages', corpus)}; ${inputs} replies: ${told}`;
}

function tryReply(asked: Asked, query: Uint8Array, octets: Uint8Array, random: SeededRandom, budget: Budget): string {
  const slot: ReplySlot = {};
  const id = ((query[0] as number) << 8) | (query[1] as number);
  const exact = random.chance(0.5);
  const cookie: ServerCookie | undefined = random.chance(0.1)
    ? { octets: new Uint8Array(random.pick([8, 24])), drawnAtMs: 0, lapses: 0 }
    : undefined;
  const verdict = budget.spend('judge', () => judgeReply(octets, query, id, { exact, cookie, bounds }, slot));
  if ((verdict === 'take') !== (slot.message !== undefined)) throw new Error(`${verdict} with a message or without`);
  const { message } = slot;
  if (message === undefined) return verdict;
  // FORMERR may come without one.
  const question = octets[5] === 0 ? undefined : parseQuestion(octets).question;
  if (question !== undefined && (question.name !== asked.name || question.type !== asked.type)) {
    throw new Error('the reply to another question was taken');
  }
  const { zone, name, type } = asked;
  const kept = budget.spend('scrub', () => scrub(message, server, zone, name, type, limits));
  const isUpward = (owner: Name): boolean => isSubdomainOf(name, owner);
  for (const rrset of [...kept.answer, ...kept.glue]) if (!isSubdomainOf(rrset.name, zone)) outside(rrset.name);
  for (const rrset of kept.authority) {
    if (!isSubdomainOf(rrset.name, zone) && !(rrset.type === TYPE.NS && isUpward(rrset.name))) outside(rrset.name);
  }
  for (const rrset of [...kept.answer, ...kept.authority, ...kept.glue]) {
    if (rrset.class !== CLASS.IN) throw new Error(`class ${rrset.class} is kept`);
    if (rrset.rdatas.length > limits.rdatasPerRRset) throw new Error(`${rrset.rdatas.length} records are kept`);
  }
  const outcome = budget.spend('classify', () => classify(kept, asked));
  switch (outcome.kind) {
    case 'answer':
      for (const rrset of outcome.rrsets) {
        if (rrset.name !== name || (rrset.type !== type && type !== TYPE.ANY)) outside(rrset.name);
      }
      break;
    case 'alias':
      if (outcome.rrset.type === TYPE.CNAME ? outcome.rrset.name !== name : outcome.rrset.name === name) outside(name);
      if (!isSubdomainOf(name, outcome.rrset.name)) outside(outcome.rrset.name);
      break;
    case 'referral':
      if (outcome.zone === zone || !isSubdomainOf(outcome.zone, zone) || !isUpward(outcome.zone)) outside(outcome.zone);
      break;
    case 'nodata':
    case 'nxdomain':
      if (outcome.soa !== undefined && !isUpward(outcome.soa.name)) outside(outcome.soa.name);
      break;
    case 'lame':
    case 'unusable':
      break;
  }
  return outcome.kind;
}

function outside(name: Name): never {
  throw new Error(`${nameToText(name)} has no business here`);
}

function askedOf(random: SeededRandom): Asked {
  const name = random.pick(names);
  const zone = random.pick(names.filter((one) => isSubdomainOf(name, one)));
  return { zone, name, type: random.pick([...types, TYPE.ANY]), role: random.pick(roles) };
}

/** A query, and a reply made for it of records of chance, or a message of the corpus behind its question; then changed. */
function inputOf(
  random: SeededRandom,
  { name, type }: Asked,
  corpus: readonly Uint8Array[],
): { query: Uint8Array; octets: Uint8Array } {
  const id = random.integer(0x1_0000);
  const query = buildQuery({ id, name, type, recursionDesired: false, checkingDisabled: false });
  if (random.chance(0.1)) {
    const octets = random.pick(corpus).slice();
    if (octets.length >= query.length) octets.set(query);
    octets[2] = (octets[2] ?? 0) | 0x80;
    return { query, octets };
  }
  const section = (): ResourceRecord[] => Array.from({ length: random.integer(4) }, () => recordOf(random, name));
  const octets = buildMessage({
    id,
    response: true,
    opcode: 0,
    authoritative: random.chance(0.6),
    truncated: false,
    recursionDesired: false,
    recursionAvailable: random.chance(0.3),
    authenticData: false,
    checkingDisabled: false,
    rcode: random.pick([0, 0, 0, 3, 2, 5, 6]),
    questions: [{ name, type, class: CLASS.IN }],
    answer: section(),
    authority: section(),
    additional: section(),
    edns: undefined,
  });
  for (let i = random.pick([0, 0, 1, 3]); i > 0; i--) {
    change(octets, random);
    octets.set(query.subarray(0, 2));
  }
  return { query, octets };
}

function recordOf(random: SeededRandom, asked: Name): ResourceRecord {
  const type = random.pick(types);
  const target = nameOctets(random.pick(names));
  const name = random.chance(0.4) ? asked : random.pick(names);
  return { name, type, class: random.chance(0.97) ? CLASS.IN : 3, ttl: 300, rdata: rdataOf(type, target) };
}

function rdataOf(type: number, target: Uint8Array): Uint8Array {
  switch (type) {
    case TYPE.A:
      return Uint8Array.of(192, 0, 2, 9);
    case TYPE.AAAA:
      return new Uint8Array(16);
    case TYPE.SOA:
      return Uint8Array.of(...target, ...nameOctets(ROOT), ...new Uint8Array(20));
    case TYPE.DS:
      return Uint8Array.of(0, 1, 13, 2, ...new Uint8Array(32));
    case TYPE.TXT:
      return Uint8Array.of(1, 97);
    default:
      return target;
  }
}
