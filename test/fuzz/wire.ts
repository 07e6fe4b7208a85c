// Fuzzes the codec: whatever the octets, parsing ends as a message or as WireError, soon, in little memory, and what
// was parsed can be grouped, printed, written and read again as it was.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { systemClock } from '../../src/net/clock.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
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
import { Budget } from './lib/budget.ts';
import { accepts, change, corpusText, hex } from './lib/octets.ts';

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
  return `${corpusText('messages', corpus)}; ${inputs} inputs, ${parsed} of them messages, slowest step: ${budget.slowest}, ${budget.slowestMs.toFixed(1)} ms`;
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
