// Finished answers: found by their own question alone, aged, put out in turn, and kept through a flood.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Answers } from '../../src/cache/answers.ts';
import { hashQuestion, sameQuestion } from '../../src/cache/question-hash.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { name, putResponse, response, second, zipfHits } from './samples.ts';

const seed = [0x12345678, 0x9abcdef0] as const;

function answers(octetsMax = 1 << 20): Answers {
  return new Answers({ octetsMax, seed });
}

/** The TTLs of the answer, or undefined on a miss. */
function ask(layer: Answers, text: string, nowMs: number, type = 1, flags = 0): number[] | undefined {
  const { message, questionEnd } = response(text, [], type);
  const slot = layer.find(message, questionEnd, flags, nowMs);
  if (slot < 0) return undefined;
  const out = new Uint8Array(4096);
  const parsed = parseMessage(out.subarray(0, layer.copy(slot, out, nowMs)));
  expect(parsed.questions[0]?.name).toBe(name(text));
  return parsed.answer.map(({ ttl }) => ttl);
}

describe('find and copy', () => {
  it('give what was put, TTLs less by whole seconds, until the least has passed', () => {
    const layer = answers();
    putResponse(layer, 'www.example', [300, 10, 86_400], 5.5);
    expect(ask(layer, 'www.example', 5.5)).toEqual([300, 10, 86_400]);
    expect(ask(layer, 'www.example', 5.5 + 9999)).toEqual([291, 1, 86_391]);
    expect(ask(layer, 'www.example', 5.5 + 10_000)).toBeUndefined();
    expect(layer.stats()).toMatchObject({ hits: 2, misses: 1, entries: 1 });
  });

  it('take ASCII letters of both cases for the same, and no other octets', () => {
    const layer = answers();
    putResponse(layer, 'WwW.eXample', [300]);
    expect(ask(layer, 'wWw.ExamplE', 0)).toEqual([300]);
    // Octets that differ as letters of two cases do.
    putResponse(layer, 'a[.example', [300]);
    expect(ask(layer, 'a{.example', 0)).toBeUndefined();
    const [upper, lower] = [0xc0, 0xe0].map((octet) => {
      const { message, questionEnd } = response('x.example', [300]);
      return { message: message.with(13, octet), questionEnd };
    });
    if (!upper || !lower) return;
    layer.put(upper.message, upper.questionEnd, 0, 300, false, 0);
    expect(layer.find(lower.message, lower.questionEnd, 0, 0)).toBe(-1);
    expect(layer.find(upper.message, upper.questionEnd, 0, 0)).toBeGreaterThanOrEqual(0);
  });

  it('tell types apart that differ as letters of two cases do', () => {
    const layer = answers();
    const { message, questionEnd } = response('www.example', [300], 65);
    layer.put(message, questionEnd, 0, 300, false, 0);
    expect(ask(layer, 'www.example', 0, 65)).toEqual([300]);
    expect(ask(layer, 'www.example', 0, 97)).toBeUndefined();
  });

  it('tell flags apart, and remember security and options', () => {
    const layer = answers();
    const { message, questionEnd } = response('www.example', [300]);
    const options = Uint8Array.of(0, 15, 0, 2, 0, 9);
    layer.put(message, questionEnd, 1, 300, true, 0, options);
    expect(layer.find(message, questionEnd, 0, 0)).toBe(-1);
    expect(layer.find(message, questionEnd, 3, 0)).toBe(-1);
    const slot = layer.find(message, questionEnd, 1, 2500);
    expect([layer.secure(slot), layer.ttlLeft(slot, 2500)]).toEqual([true, 298]);
    const out = new Uint8Array(10);
    expect(layer.copyOptions(slot, out, 4)).toBe(6);
    expect(out.subarray(4)).toEqual(options);
    expect(layer.copyOptions(slot, out, 5)).toBe(-1);
    expect(layer.copy(slot, new Uint8Array(message.length - 1), 0)).toBe(-1);
  });

  it('leave RDATA alone, and the TTL field of OPT', () => {
    const layer = answers();
    const { message, questionEnd } = response('www.example', [300]);
    const opt = Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0);
    const withOpt = Uint8Array.from([...message, ...opt]);
    withOpt[11] = 1;
    layer.put(withOpt, questionEnd, 0, 300, false, 0);
    const out = new Uint8Array(4096);
    const length = layer.copy(layer.find(withOpt, questionEnd, 0, 9000), out, 9000);
    const differing = [...withOpt.keys()].filter((i) => withOpt[i] !== out[i]);
    expect(length).toBe(withOpt.length);
    expect(differing.every((i) => i >= questionEnd + 6 && i < questionEnd + 10)).toBe(true);
    expect(out.subarray(length - opt.length, length)).toEqual(opt);
  });
});

describe('put', () => {
  it('keeps neither TTL 0, nor what is long or malformed; and what was there is gone', () => {
    const { message, questionEnd } = response('www.example', [300]);
    const cases: [Uint8Array, number, number][] = [
      [message, questionEnd, 0],
      [message.subarray(0, -1), questionEnd, 300],
      [Uint8Array.from([...message, 0]), questionEnd, 300],
      [Uint8Array.from([...message, ...new Uint8Array(4096)]), questionEnd, 300],
    ];
    for (const [octets, end, ttl] of cases) {
      const layer = answers();
      putResponse(layer, 'www.example', [60]);
      layer.put(octets, end, 0, ttl, false, 0);
      expect(ask(layer, 'www.example', 0)).toBeUndefined();
    }
  });

  it('keeps no compressed question', () => {
    const layer = answers();
    const compressed = Uint8Array.from([0, 0, 128, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
    layer.put(compressed, 18, 0, 300, false, 0);
    expect(layer.stats().entries).toBe(0);
  });

  it('replaces the answer to the same question', () => {
    const layer = answers();
    putResponse(layer, 'www.example', [300]);
    putResponse(layer, 'WWW.example', [20, 20], 1000);
    expect(ask(layer, 'www.example', 1000)).toEqual([20, 20]);
    expect(layer.stats().entries).toBe(1);
  });
});

it('whatever is put, found, flushed and put out: an answer is its own, aged right, and the latest', () => {
  let [hits, evictions] = [0, 0];
  const run = (streamSeed: number): void => {
    const random = new SeededRandom(streamSeed);
    // 256 KiB, which half of these answers fill: the rings wrap many times over.
    const layer = answers(1);
    const model = new Map<string, { ttl: number; records: number; atMs: number }>();
    let nowMs = 0;
    for (let step = 0; step < 4000; step++) {
      const text = `n${random.integer(30) * random.integer(30)}.example`;
      const [ttl, records] = [1 + random.integer(100), 1 + random.integer(150)];
      const action = random.integer(100);
      if (action < 40) {
        putResponse(layer, text, Array<number>(records).fill(ttl), nowMs);
        model.set(text, { ttl, records, atMs: nowMs });
      } else if (action < 95) {
        const found = ask(layer, text, nowMs);
        if (found === undefined) continue;
        hits++;
        const known = model.get(text);
        const left = known && known.ttl - Math.floor((nowMs - known.atMs) / 1000);
        expect(left).toBeGreaterThan(0);
        expect(found).toEqual(Array(known?.records).fill(left));
      } else if (action < 97) {
        layer.flush(name(text));
        model.delete(text);
      } else {
        nowMs += 700;
      }
    }
    const { octets, octetsMax, entries, ...stats } = layer.stats();
    evictions += stats.evictions;
    expect(octets).toBeLessThanOrEqual(octetsMax);
    const listed = [...layer.dump(nowMs)].map((one) => nameToText(one.name));
    expect(new Set(listed).size).toBe(listed.length);
    expect(entries).toBeGreaterThanOrEqual(listed.length);
  };
  fc.assert(fc.property(fc.integer(), run), { numRuns: 4, seed: 1 });
  expect(hits).toBeGreaterThan(1000);
  expect(evictions).toBeGreaterThan(1000);
});

it('goes on keeping new answers after its arena wrapped many times', () => {
  const layer = answers(1);
  for (let i = 0; i < 8000; i++) {
    putResponse(layer, `n${i}.example`, Array<number>(1 + (i % 40)).fill(300));
    expect(ask(layer, `n${i}.example`, 0)).toHaveLength(1 + (i % 40));
  }
  const { entries, evictions, octets, octetsMax } = layer.stats();
  expect(entries + evictions).toBe(8000);
  expect(octets).toBeLessThanOrEqual(octetsMax);
  // A quarter is left to the index, which has grown as far as so few answers need.
  expect(octets).toBeGreaterThan(0.75 * octetsMax);
});

it('puts answers out for want of places in the index too, when they are very small', () => {
  const layer = answers(1);
  const { message, questionEnd } = response('aaa', []);
  for (let i = 0; i < 5000; i++) {
    message.set([97 + (i % 26), 97 + (Math.floor(i / 26) % 26), 97 + Math.floor(i / 676)], 13);
    layer.put(message, questionEnd, 0, 300, false, 0);
    expect(layer.find(message, questionEnd, 0, 0)).toBeGreaterThanOrEqual(0);
  }
  // Of 4096 places a quarter stays empty, though the arena would have room for more.
  expect(layer.stats()).toMatchObject({ entries: 3072, evictions: 5000 - 3072 });
  expect(layer.stats().octets).toBeLessThan(layer.octetsMax);
});

it('keeps the hits of a Zipf stream when half of the questions are random names', () => {
  const hits = (flood: boolean): number => {
    // Room for some 5,000 answers.
    const layer = answers(700_000);
    const { message, questionEnd } = response('aaaaaa.example', [300]);
    return zipfHits((key) => {
      for (let i = 0, rest = key; i < 6; i++, rest = Math.floor(rest / 26)) message[13 + i] = 97 + (rest % 26);
      if (layer.find(message, questionEnd, 0, 0) >= 0) return true;
      layer.put(message, questionEnd, 0, 300, false, 0);
      return false;
    }, flood);
  };
  const calm = hits(false);
  expect(calm).toBeGreaterThan(50);
  expect(calm - hits(true)).toBeLessThan(3);
});

it('flushes by name and zone, lists what is live, and starts a generation when cleared', () => {
  const layer = answers();
  for (const text of ['example', 'www.example', 'a.www.example', 'notexample']) putResponse(layer, text, [300]);
  expect(layer.flush(name('www.example.'))).toBe(1);
  expect(ask(layer, 'www.example', 0)).toBeUndefined();
  expect(layer.flushZone(name('example.'))).toBe(2);
  expect([...layer.dump(2 * second)]).toEqual([
    { name: name('notexample.'), type: 1, class: 1, flags: 0, ttl: 298, secure: false, octets: expect.any(Number) },
  ]);
  const { generation } = layer;
  layer.clear();
  expect(layer.generation).toBe(generation + 1);
  expect(layer.stats().entries).toBe(0);
  putResponse(layer, 'www.example', [300]);
  expect(ask(layer, 'www.example', 0)).toEqual([300]);
});

it('is looked at without a use: nothing is counted', () => {
  const layer = answers();
  putResponse(layer, 'www.example', [10]);
  const { message, questionEnd } = response('www.example', []);
  const slot = layer.peek(message, questionEnd, 0, 0);
  expect(layer.ttlLeft(slot, 0)).toBe(10);
  expect(layer.peek(message, questionEnd, 1, 0)).toBe(-1);
  expect(layer.peek(message, questionEnd, 0, 10 * second)).toBe(-1);
  expect(layer.stats()).toMatchObject({ hits: 0, misses: 0, entries: 1 });
});

it('compares the whole question, as hashes may be the same', () => {
  const { message, questionEnd } = response('wWw.example', [], 65);
  const kept = Uint8Array.from([9, 9, 9, ...message]);
  for (let i = 12; i < questionEnd; i++) {
    const octet = message[i] ?? 0;
    const isLetter = i < questionEnd - 4 && octet >= 65;
    expect(sameQuestion(kept, 3, message.with(i, octet ^ 0x20), questionEnd)).toBe(isLetter);
    expect(sameQuestion(kept, 3, message.with(i, octet ^ 0x01), questionEnd)).toBe(false);
    expect(sameQuestion(kept, 3, message.with(i, octet ^ 0x80), questionEnd)).toBe(false);
  }
});

describe('hashQuestion', () => {
  const { message, questionEnd } = response('www.example', [], 65);
  const hash = (key: readonly [number, number], flags = 0, octets = message): number =>
    hashQuestion(octets, questionEnd, flags, key);

  it('depends on every bit of the key, of the flags and of the question, case apart', () => {
    const seen = new Set([hash(seed)]);
    for (let bit = 0; bit < 32; bit++) {
      seen.add(hash([seed[0] ^ (1 << bit), seed[1]]));
      seen.add(hash([seed[0], seed[1] ^ (1 << bit)]));
    }
    for (let bit = 0; bit < 16; bit++) seen.add(hash(seed, 1 << bit));
    for (let i = questionEnd - 4; i < questionEnd; i++) {
      for (let bit = 0; bit < 8; bit++) seen.add(hash(seed, 0, message.with(i, (message[i] ?? 0) ^ (1 << bit))));
    }
    for (let i = 13; i < 16; i++) seen.add(hash(seed, 0, message.with(i, 0x78)));
    expect(seen.size).toBe(1 + 64 + 16 + 32 + 3);
    expect(hash(seed, 0, message.with(13, 0x57))).toBe(hash(seed));
  });

  it('has no collisions that hold under any key', () => {
    // The top bit of one word and what it turns into in the next: such a pair beats a multiplying hash.
    const other = message.with(16, (message[16] ?? 0) ^ 0x80).with(18, (message[18] ?? 0) ^ 1);
    let collisions = 0;
    for (let low = 0; low < 1000; low++) if (hash([low, 1]) === hash([low, 1], 0, other)) collisions++;
    expect(collisions).toBe(0);
  });
});
