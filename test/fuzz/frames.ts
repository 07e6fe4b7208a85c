// Fuzzes the framing of TCP: however a stream is cut into chunks, the same messages come out, and nothing is claimed ahead.

import { createFrameReader, frame } from '../../src/base/frames.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { corpusText } from './lib/octets.ts';

/** Octets that a reader may hold beyond what has arrived, for a length alone. */
const claimedMost = 1024;

/** Runs for `seconds`; throws at the first stream that is taken apart wrongly. */
export function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): string {
  const random = new SeededRandom(seed);
  const corpus = Array.from({ length: 100 }, () => octetsOf(random, lengthOf(random)));
  const endMs = performance.now() + seconds * 1000;
  let streams = 0;
  let messages = 0;
  for (; performance.now() < endMs || streams < 10; streams++) {
    if (random.chance(0.2)) readNoise(random);
    else messages += readMessages(random, corpus);
  }
  return `${corpusText('messages', corpus)}; ${streams} streams, ${messages} messages`;
}

function readMessages(random: SeededRandom, corpus: readonly Uint8Array[]): number {
  const sent = Array.from({ length: 1 + random.integer(20) }, () => random.pick(corpus));
  const stream = Buffer.concat(sent.map(frame));
  const got = take(random, stream);
  if (got.length !== sent.length || got.some((message, i) => Buffer.compare(message, sent[i] as Uint8Array) !== 0)) {
    throw new Error(`${sent.length} messages of ${sent.map(({ length }) => length)} octets came out as ${got.length}`);
  }
  return sent.length;
}

/** Any octets are some messages and the beginning of another. */
function readNoise(random: SeededRandom): void {
  const stream = octetsOf(random, random.integer(5000));
  const got = take(random, stream);
  let at = 0;
  for (const message of got) {
    const length = ((stream[at] as number) << 8) | (stream[at + 1] as number);
    if (message.length !== length) throw new Error(`a message of ${length} octets has ${message.length}`);
    if (message.buffer.byteLength > length + claimedMost)
      throw new Error(`${message.buffer.byteLength} octets held for ${length}`);
    at += 2 + length;
  }
}

/** The messages of a stream that arrives in chunks of chance; the chunks are overwritten once they are used up. */
function take(random: SeededRandom, stream: Uint8Array): Uint8Array[] {
  const reader = createFrameReader();
  const got: Uint8Array[] = [];
  const most = random.pick([1, 2, 3, 50, 1460, 100_000]);
  for (let at = 0; at < stream.length; ) {
    const chunk = stream.slice(at, at + 1 + random.integer(most));
    at += chunk.length;
    reader.push(chunk);
    for (let message = reader.next(); message !== undefined; message = reader.next()) got.push(message);
    chunk.fill(0xff);
  }
  return got;
}

function lengthOf(random: SeededRandom): number {
  return random.pick([0, 1, 2, 12, random.integer(600), random.integer(5000), 65_535]);
}

function octetsOf(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
