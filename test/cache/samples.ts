// Makes what the layers keep, from text, and streams of names with a known distribution.

import { type Limits, makeLimits } from '../../src/base/limits.ts';
import type { Answers } from '../../src/cache/answers.ts';
import { type DenialEntry, RANK, type RecordEntry } from '../../src/cache/entry.ts';
import type { Delegation, Glue } from '../../src/cache/hierarchy.ts';
import { NameHash } from '../../src/cache/name-hash.ts';
import { Records } from '../../src/cache/records.ts';
import type { AnyEntry } from '../../src/cache/records-packing.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { buildMessage } from '../../src/wire/message.ts';
import { type Name, nameFromText, nameOctets } from '../../src/wire/name.ts';
import { type RRset, toRRsets } from '../../src/wire/rrset.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';

/** The default bounds. */
export const limits: Limits = makeLimits();
/** Milliseconds. */
export const second: number = 1000;

/** A name from text. */
export function name(text: string): Name {
  return nameFromText(text);
}

/** The one RRset that master-file lines hold. */
export function rrset(...lines: string[]): RRset {
  const [first] = toRRsets(parseZoneText(lines.join('\n')));
  if (first === undefined) throw new Error('no records given');
  return first;
}

/** A record entry of the answer section of its own zone, put at 0, with the RRset's TTL. */
export function entry(set: RRset, changes: Partial<RecordEntry> = {}): RecordEntry {
  return {
    kind: 'rrset',
    rrset: set,
    rank: RANK.answerAA,
    security: 'unchecked',
    expiresAtMs: set.ttl * second,
    zone: set.name,
    proof: [],
    ...changes,
  };
}

/** A denial put at 0 for five minutes. */
export function denial(kind: DenialEntry['kind'], text: string, changes: Partial<DenialEntry> = {}): DenialEntry {
  return {
    kind,
    name: name(text),
    type: 1,
    soa: rrset('example. 300 IN SOA ns.example. root.example. 1 2 3 4 300'),
    proof: [],
    security: 'unchecked',
    expiresAtMs: 300 * second,
    zone: name('example.'),
    ...changes,
  };
}

/** Hashes of names, under a key of their own. */
export function names(): NameHash {
  return new NameHash([1, 2]);
}

/** An empty layer of records with ample room. */
export function records(octetsMax: number = 1 << 20): Records {
  return new Records({ octetsMax, limits, names: names() });
}

/** What a layer of records lists of a name. */
export function kinds(layer: Records, nowMs = 0): AnyEntry['kind'][] {
  return [...layer.dump(nowMs)].map((one) => one.kind);
}

/** A referral to `zone`. */
export function referral(zone: string, nameServers: string[], changes: Partial<Delegation> = {}): Delegation {
  return {
    zone: name(zone),
    nameServers: nameServers.map(name),
    source: 'referral',
    expiresAtMs: 3600 * second,
    addresses: [],
    ds: undefined,
    dsProof: [],
    dsExpiresAtMs: 0,
    ...changes,
  };
}

/** IPv4 glue. */
export function glue(nameServer: string, addresses: string[], expiresAtMs: number = 3600 * second): Glue {
  return { nameServer: name(nameServer), family: 4, addresses, expiresAtMs };
}

/** A finished response with one A record for each TTL, its question in the case of `text`; no OPT. */
export function response(
  text: string,
  ttls: readonly number[],
  type = 1,
): { message: Uint8Array; questionEnd: number } {
  const owner = name(text);
  const questionOctets = nameOctets(owner);
  let at = 0;
  for (const label of text.split('.').filter((one) => one !== '')) {
    questionOctets.set(Buffer.from(label, 'latin1'), at + 1);
    at += label.length + 1;
  }
  const message = buildMessage(
    {
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
      questions: [{ name: owner, type, class: 1 }],
      answer: ttls.map((ttl, i) => ({ name: owner, type, class: 1, ttl, rdata: Uint8Array.of(192, 0, 2, i) })),
      authority: [],
      additional: [],
      edns: undefined,
    },
    { questionOctets },
  );
  return { message, questionEnd: 12 + questionOctets.length + 4 };
}

/** Puts a response and returns it. */
export function putResponse(layer: Answers, text: string, ttls: readonly number[], nowMs = 0): void {
  const { message, questionEnd } = response(text, ttls);
  layer.put(message, questionEnd, 0, Math.min(...ttls), false, nowMs);
}

/** How the flood tests judge a cache: asks for a key, which is put on a miss; true on a hit. */
export type Ask = (key: number) => boolean;

/**
 * The percentage of hits in a stream of 200,000 keys distributed by Zipf's law with exponent 0.9, the cache warmed
 * first; with `flood`, each of its questions is followed by one for a key that is never asked again.
 */
export function zipfHits(ask: Ask, flood: boolean): number {
  const keys = 200_000;
  const [warming, counted] = [100_000, 150_000];
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let i = 0; i < keys; i++) {
    sum += 1 / (i + 1) ** 0.9;
    sums[i] = sum;
  }
  const random = new SeededRandom(7);
  let hits = 0;
  for (let i = 0; i < warming + counted; i++) {
    const hit = ask(drawn(sums, random.between(0, sum)));
    if (hit && i >= warming) hits++;
    if (flood) ask(keys + i);
  }
  return (100 * hits) / counted;
}

function drawn(sums: Float64Array, at: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
