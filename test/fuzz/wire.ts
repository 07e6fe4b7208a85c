// Fuzzes the codec: whatever the octets, parsing ends as a message or as WireError, soon, in little memory, and what
// was parsed can be grouped, printed, written and read again as it was.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Clock } from '../../src/base/ports.ts';
import { systemClock } from '../../src/net/clock.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { WireError } from '../../src/wire/error.ts';
import { buildMessage, type Message, parseMessage, parseQuestion } from '../../src/wire/message.ts';
import {
  nameInRdata,
  readBitmap,
  readDnskey,
  readDs,
  readNsec,
  readNsec3,
  readRrsig,
  readSoa,
} from '../../src/wire/rdata.ts';
import { rdataFromText, rdataToText } from '../../src/wire/rdata-text.ts';
import { toRecords, toRRsets } from '../../src/wire/rrset.ts';
import { parseZoneText, recordToText } from '../../src/wire/zone-text.ts';
import { anyMessage } from '../wire/arbitrary.ts';
import { samples } from '../wire/samples.ts';

/** The longest that one step may take with one input; a machine busy elsewhere gets {@link tries} tries. */
const inputMsMost = 50;
const tries = 5;
/** How far the heap may grow within one input: 64 KB of octets have at most 6000 records. */
const heapOctetsMost = 48 * 2 ** 20;
/** How far the process may have grown at the end. */
const growthOctetsMost = 150 * 2 ** 20;
const messageOctetsMost = 0xffff;
/** Records of one message that are printed: nobody prints 6000. */
const recordsPrintedMost = 500;

/** Runs for `seconds`; the same seed gives the same inputs. Throws, with the input in hexadecimal, at the first fault. */
export function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): string {
  const clock = systemClock();
  const random = new SeededRandom(seed);
  const corpus = fc.sample(anyMessage, { numRuns: 300, seed }).map((message) => buildMessage(message));
  const budget = new Budget(clock);
  const endMs = clock.nowMs() + seconds * 1000;
  let inputs = 0;
  let parsed = 0;
  let rssAtStart = 0;
  while (clock.nowMs() < endMs || inputs < 100) {
    const input = nextInput(random, corpus);
    try {
      if (accepts(() => tryMessage(input, budget))) parsed++;
      accepts(() => tryText(random));
    } catch (error) {
      throw new Error(`fault on ${hex(input)}`, { cause: error });
    }
    if (++inputs === 2000) rssAtStart = process.memoryUsage().rss;
  }
  const grown = rssAtStart === 0 ? 0 : process.memoryUsage().rss - rssAtStart;
  if (grown > growthOctetsMost) throw new Error(`the process grew by ${grown} octets`);
  return `${inputs} inputs, ${parsed} of them messages, slowest step: ${budget.slowest}, ${budget.slowestMs.toFixed(1)} ms`;
}

/** Holds each step of the codec to its time and memory. */
class Budget {
  readonly #clock: Clock;
  slowestMs = 0;
  slowest = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  spend<T>(what: string, step: () => T): T {
    let bestMs = Number.POSITIVE_INFINITY;
    let ended: { readonly result: T } | { readonly error: unknown } | undefined;
    for (let i = 0; i < tries && bestMs > inputMsMost; i++) {
      const heapBefore = process.memoryUsage().heapUsed;
      const startMs = this.#clock.nowMs();
      try {
        ended = { result: step() };
      } catch (error) {
        ended = { error }; // a refusal has to be as quick
      }
      bestMs = Math.min(bestMs, this.#clock.nowMs() - startMs);
      const grown = process.memoryUsage().heapUsed - heapBefore;
      if (grown > heapOctetsMost) throw new Error(`${what}: ${grown} octets of heap`);
    }
    if (bestMs > inputMsMost) throw new Error(`${what}: ${bestMs.toFixed(0)} ms`);
    if (bestMs > this.slowestMs) {
      this.slowestMs = bestMs;
      this.slowest = what;
    }
    if (ended === undefined || 'error' in ended) throw ended?.error;
    return ended.result;
  }
}

/** Whether `body` ends well; false on WireError; anything else is thrown on. */
function accepts(body: () => void): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function tryMessage(octets: Uint8Array, budget: Budget): void {
  accepts(() => parseQuestion(octets));
  const message = budget.spend('parse', () => parseMessage(octets));
  const records = [...message.answer, ...message.authority, ...message.additional];
  const rrsets = budget.spend('group', () => toRRsets(records));
  const flat = rrsets.flatMap((rrset) => toRecords(rrset, { signatures: true }));
  if (flat.length > records.length) throw new Error('grouping made records');
  const texts = budget.spend('print', () => records.slice(0, recordsPrintedMost).map(recordToText));
  const again = parseZoneText(texts.join('\n'));
  if (!isDeepStrictEqual(again, records.slice(0, recordsPrintedMost))) throw new Error(`not read as printed: ${texts}`);
  const readers = [readSoa, readRrsig, readDnskey, readDs, readNsec, readNsec3, nameInRdata, readBitmap];
  for (const { rdata } of records) for (const read of readers) accepts(() => read(rdata, 0));
  // Only servers of our own write more than one question.
  if (message.questions.length <= 1) tryBuild(message, budget);
}

function tryBuild(message: Message, budget: Budget): void {
  const sections = (one: Message): number[] => [
    one.answer.length,
    one.authority.length,
    one.additional.length,
    one.edns?.options.length ?? 0,
  ];
  for (const maxOctets of [messageOctetsMost, 1232]) {
    const octets = budget.spend('build', () => buildMessage(message, { maxOctets }));
    if (octets.length > maxOctets) throw new Error(`${octets.length} octets, not ${maxOctets}`);
    const again = parseMessage(octets);
    const whole = isDeepStrictEqual(sections(again), sections(message));
    const small = maxOctets === messageOctetsMost && octets.length < 30_000;
    if (whole ? !isDeepStrictEqual(again, message) : small) throw new Error('not read as written');
  }
}

/** A sample with a few characters changed: text is read or refused. */
function tryText(random: SeededRandom): void {
  const [type, sample] = samples[random.integer(samples.length)] as (typeof samples)[number];
  const characters = [...`owner 60 IN ${type} ${sample}`];
  for (let i = random.integer(4); i > 0; i--) {
    characters[random.integer(characters.length)] = '\\"();.@ \n\t$09aZä-,=:/'[random.integer(22)] as string;
  }
  for (const { type: number, rdata } of parseZoneText(characters.join(''))) {
    const back = rdataFromText(number, rdataToText(number, rdata));
    if (!isDeepStrictEqual(back, rdata)) throw new Error(`not read as printed: ${characters.join('')}`);
  }
}

/** An input: a message of the corpus with a few octets changed, moved or cut, plain noise, or 64 KB made to be slow. */
function nextInput(random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  const choice = random.integer(100);
  if (choice === 0) return pointerChain(random);
  if (choice === 1) return manyRecords(random);
  if (choice < 6) return Uint8Array.from({ length: random.integer(700) }, () => random.integer(256));
  const octets = new Uint8Array(corpus[random.integer(corpus.length)] as Uint8Array);
  for (let i = 1 + random.integer(4); i > 0; i--) change(octets, random);
  return random.integer(8) === 0 ? octets.subarray(0, random.integer(octets.length)) : octets;
}

function change(octets: Uint8Array, random: SeededRandom): void {
  const at = random.integer(octets.length);
  const kind = random.integer(5);
  if (kind === 0) octets[at] = random.integer(256);
  else if (kind === 1) octets[at] = (octets[at] as number) ^ (1 << random.integer(8));
  else if (kind === 2) octets[at] = [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff][random.integer(7)] as number;
  else if (kind === 3) octets.set([0xc0, random.integer(256)].slice(0, octets.length - at), at);
  else octets.copyWithin(at, random.integer(octets.length), octets.length - random.integer(4));
}

/** Owners that are each a pointer to the one before, and RDATA full of pointers: work that grows with its square. */
function pointerChain(random: SeededRandom): Uint8Array {
  const octets = header(random);
  let at = 12;
  let count = 0;
  let target = 12;
  const type = [2, 6, 14, 15, 33, 26][random.integer(6)] as number;
  for (; at + 40 < octets.length; count++) {
    const start = at;
    if (count === 0 || random.integer(40) === 0) {
      octets[at++] = 0;
    } else {
      const owner = [1, 0x61, 0xc0 | (target >> 8), target & 255].slice(random.integer(2) * 2);
      octets.set(owner, at);
      at += owner.length;
    }
    if (start < 0x4000) target = start;
    const rdata = [0xc0 | (target >> 8), target & 255, 0xc0 | (target >> 8), target & 255];
    octets.set([0, type, 0, 1, 0, 0, 0, 1, 0, rdata.length, ...rdata], at);
    at += 10 + rdata.length;
  }
  octets[6] = count >> 8;
  octets[7] = count;
  return octets.subarray(0, at);
}

/** As many records as fit, of types whose RDATA may be anything, each at an owner of its own or all at one. */
function manyRecords(random: SeededRandom): Uint8Array {
  const octets = header(random);
  const one = random.integer(2) === 0;
  const type = [1000, 16, 46, 2][random.integer(4)] as number;
  let at = 12;
  let count = 0;
  for (; at + 24 < octets.length; count++) {
    octets.set(one ? [0] : [2, random.integer(256), random.integer(256), 0], at);
    at += one ? 1 : 4;
    octets.set([0, type, 0, 1, 0, 0, 0, 1, 0, type === 2 ? 3 : 2], at);
    octets.set([1, random.integer(256), 0].slice(0, type === 2 ? 3 : 2), at + 10);
    at += type === 2 ? 13 : 12;
  }
  octets[8] = count >> 8;
  octets[9] = count;
  return octets.subarray(0, at);
}

function header(random: SeededRandom): Uint8Array {
  const octets = new Uint8Array(messageOctetsMost);
  octets[2] = 0x80 | random.integer(128);
  return octets;
}

function hex(octets: Uint8Array): string {
  return `${octets.length} octets ${Buffer.from(octets).toString('hex').slice(0, 4000)}`;
}
