// Micro bench of the cache layers: one core, operations a second.

import { makeLimits } from '../src/base/limits.ts';
import { Answers } from '../src/cache/answers.ts';
import { RANK, type RecordEntry } from '../src/cache/entry.ts';
import { type Delegation, Hierarchy } from '../src/cache/hierarchy.ts';
import { NameHash } from '../src/cache/name-hash.ts';
import { Records } from '../src/cache/records.ts';
import { buildMessage, type Message } from '../src/wire/message.ts';
import { type Name, nameFromText, ROOT } from '../src/wire/name.ts';
import { TYPE } from '../src/wire/types.ts';
import type { Bench } from './main.ts';

const names = Array.from({ length: 20_000 }, (_, i) => nameFromText(`host${i}.example${i % 500}.com`));
const limits = makeLimits();
const octetsMax = 32 * 1024 * 1024;
const nowMs = 5000;
const rdata = Uint8Array.of(192, 0, 2, 1);
const responses = names.map((name) => response(name));
const out = new Uint8Array(4096);
let turn = 0;

const answers = new Answers({ octetsMax, seed: [1, 2] });
for (const message of responses) answers.put(message, questionEnd(message), 0, 300, false, 0);

// Ten times as many names as there is room for: nearly each put has to make some.
const crowded = new Answers({ octetsMax: 256 * 1024, seed: [1, 2] });

// Half of what is asked is asked again and again, the other half once: what is kept through such a flood is answered.
const flooded = new Answers({ octetsMax: 1024 * 1024, seed: [1, 2] });
const popular = 1000;
const once = Uint8Array.from(responses[0] as Uint8Array);

const records = new Records({ octetsMax, limits, names: new NameHash([1, 2]) });
for (const name of names) records.put(entry(name), 0);

const hierarchy = new Hierarchy({ octetsMax, limits, names: new NameHash([1, 2]) });
hierarchy.configure({ ...delegation(ROOT), source: 'hints' }, []);
const com = hierarchy.put(delegation(nameFromText('com')), [], hierarchy.closest(ROOT, 0), 0);
for (let i = 0; i < 500; i++) hierarchy.put(delegation(nameFromText(`example${i}.com`)), [], com, 0);

/** What main.ts runs. */
export const benches: readonly Bench[] = [
  { name: 'answers.find and copy, 20,000 names', run: () => answers.copy(find(answers, 0), out, nowMs) },
  { name: 'answers.find, a miss', run: () => find(answers, 1) },
  {
    name: 'answers.put, full',
    run: () => {
      const message = responses[turn++ % responses.length] as Uint8Array;
      crowded.put(message, questionEnd(message), 0, 300, false, nowMs);
    },
  },
  {
    name: 'answers under a flood: a name asked once, and a popular one',
    run: () => {
      turn += 7919;
      // The digits of `host0` and what follows: as good as never the same name twice.
      new DataView(once.buffer).setUint32(13, turn);
      findOrPut(once);
      return findOrPut(responses[turn % popular] as Uint8Array);
    },
  },
  { name: 'records.rrset, a hit', run: () => records.rrset(next(), TYPE.A, nowMs) },
  { name: 'records.rrset and denial, a miss', run: () => records.denial(next(), TYPE.MX, nowMs) },
  { name: 'records.put', run: () => records.put(entry(next()), nowMs) },
  { name: 'hierarchy.closest', run: () => hierarchy.closest(next(), nowMs) },
];

function next(): Name {
  turn += 7919;
  return names[turn % names.length] as Name;
}

function findOrPut(message: Uint8Array): number {
  const slot = flooded.find(message, questionEnd(message), 0, nowMs);
  if (slot >= 0) return flooded.copy(slot, out, nowMs);
  flooded.put(message, questionEnd(message), 0, 300, false, nowMs);
  return 0;
}

function find(layer: Answers, flags: number): number {
  turn += 7919;
  const message = responses[turn % responses.length] as Uint8Array;
  return layer.find(message, questionEnd(message), flags, nowMs);
}

function questionEnd(message: Uint8Array): number {
  // The answer is a pointer, type, class, TTL, length and four octets.
  return message.length - 16;
}

function response(name: Name): Uint8Array {
  const message: Message = {
    id: 0,
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [{ name, type: TYPE.A, class: 1 }],
    answer: [{ name, type: TYPE.A, class: 1, ttl: 300, rdata }],
    authority: [],
    additional: [],
    edns: undefined,
  };
  return buildMessage(message);
}

function entry(name: Name): RecordEntry {
  const rrset = { name, type: TYPE.A, class: 1, ttl: 300, rdatas: [rdata], signatures: [] };
  return { kind: 'rrset', rrset, rank: RANK.answerAA, security: 'unchecked', expiresAtMs: 1e9, zone: name, proof: [] };
}

function delegation(zone: Name): Delegation {
  const nameServers = [nameFromText('ns.example.net')];
  return {
    zone,
    nameServers,
    source: 'referral',
    expiresAtMs: 1e9,
    addresses: [],
    ds: undefined,
    dsProof: [],
    dsExpiresAtMs: 0,
  };
}
