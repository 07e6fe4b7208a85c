// Answers made heavy: compression, giant RRsets, and what they might make a resolver look up besides.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { buildMessage, type Message, parseMessage } from '../../src/wire/message.ts';
import { nameFromText, nameOctets } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { CLASS, TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { serveClients } from './served.ts';
import { frozen, nodata, ROOT_IP, threadCpuMs, World } from './world.ts';

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** 256 names of many short labels that share no suffix: each label is a candidate for compression. */
function longNames(): Uint8Array[] {
  return Array.from({ length: 256 }, (_, i) => {
    const labels = Array.from(
      { length: 60 },
      (_, k) => `${String.fromCharCode(97 + ((i * 7 + k * 3) % 26))}${(i * 61 + k) % 10}`,
    );
    return Uint8Array.from([0, 10, ...nameOctets(nameFromText(`n${i}.${labels.join('.')}.`))]);
  });
}

describe('an answer of 48 KB of names', () => {
  it('costs little CPU from the authority to the client', async () => {
    const world = new World();
    const rdatas = longNames();
    world.serve(
      ROOT_IP,
      frozen(({ name, type }) =>
        type === TYPE.MX
          ? { answer: rdatas.map((rdata) => ({ name, type, class: CLASS.IN, ttl: 300, rdata })) }
          : nodata('.'),
      ),
    );
    const served = serveClients(world);
    const costs: number[] = [];
    let octets = 0;
    for (let i = 0; i < 5; i++) {
      const query = buildQuery({
        id: i,
        name: nameFromText(`m${i}.`),
        type: TYPE.MX,
        recursionDesired: true,
        checkingDisabled: false,
      });
      const before = threadCpuMs() - world.serverCpuMs;
      const reply = await world.virtual?.runUntil(served.ask(query, { tcp: true }));
      costs.push(threadCpuMs() - world.serverCpuMs - before);
      octets = Math.max(octets, reply?.length ?? 0);
    }
    expect(octets).toBeGreaterThan(40_000);
    atMost(
      'compression',
      `CPU of an answer of ${Math.round(octets / 1000)} KB, read, kept and written`,
      median(costs),
      50,
      'ms',
    );
  });

  /** CPU to write such an answer, ms. */
  function costToWrite(compressionEntries: number): number {
    const name = nameFromText('m.');
    const message: Message = {
      ...parseMessage(buildQuery({ id: 1, name, type: TYPE.MX, recursionDesired: true, checkingDisabled: false })),
      answer: longNames().map((rdata) => ({ name, type: TYPE.MX, class: CLASS.IN, ttl: 300, rdata })),
    };
    const costs = Array.from({ length: 5 }, () => {
      const before = threadCpuMs();
      buildMessage(message, { compressionEntries });
      return threadCpuMs() - before;
    });
    return median(costs);
  }

  it('remembers so many names and no more', () => {
    atMost('compression', 'CPU to write it', costToWrite(128), 50, 'ms');
    atMost('compression', 'CPU to write it with 4,096 entries', costToWrite(4096), 500, 'ms');
  });

  it('costs far more where each suffix is compared with all before', () => {
    // What CVE-2024-8508 came from: a list of all suffixes so far, searched for each label.
    const before = threadCpuMs();
    const suffixes: string[] = [];
    for (const rdata of longNames()) {
      const name = String.fromCharCode(...rdata.subarray(2));
      for (let at = 0; at < name.length - 1; at += name.charCodeAt(at) + 1) {
        const suffix = name.slice(at);
        if (!suffixes.some((known) => known === suffix)) suffixes.push(suffix);
      }
    }
    const cpuMs = threadCpuMs() - before;
    // Machines differ, so that the measure is by how much.
    withoutLimit('compression', 'CPU to seek its suffixes in a list', cpuMs, 5 * costToWrite(128), 'ms');
  });

  it('made of pointers to pointers is refused or read in little time', () => {
    // Each owner is one label and a pointer to the owner before: the names grow to 255 octets.
    const head = buildQuery({
      id: 1,
      name: nameFromText('x.'),
      type: TYPE.A,
      recursionDesired: false,
      checkingDisabled: false,
    });
    const octets: number[] = [...head];
    let target = 12;
    let records = 0;
    while (octets.length < 60_000) {
      const at = octets.length;
      octets.push(1, 97, 0xc0 | ((target >> 8) & 0x3f), target & 255, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4);
      if (records % 120 < 119 && at < 0x3fff) target = at;
      else target = 12;
      records++;
    }
    octets[2] = 0x84;
    octets[6] = records >> 8;
    octets[7] = records & 255;
    const message = Uint8Array.from(octets);
    const costs = Array.from({ length: 5 }, () => {
      const before = threadCpuMs();
      try {
        parseMessage(message);
      } catch (error) {
        expect((error as Error).name).toBe('WireError');
      }
      return threadCpuMs() - before;
    });
    atMost('compression', 'CPU to read 60 KB of pointers', median(costs), 50, 'ms');
  });
});

describe('giant RRsets', () => {
  it('are cut', async () => {
    const kept = async (limits: Partial<Limits>): Promise<number> => {
      const world = new World({ limits });
      world.serve(ROOT_IP, ({ name, type }) =>
        type === TYPE.A
          ? {
              answer: Array.from({ length: 3000 }, (_, i) => ({
                name,
                type,
                class: CLASS.IN,
                ttl: 300,
                rdata: Uint8Array.of(10, 1, i >> 8, i & 255),
              })),
            }
          : nodata('.'),
      );
      return (await world.ask('big.')).answer[0]?.rdatas.length ?? 0;
    };
    atMost('bigrr', 'records kept of 3,000', await kept({}), 256);
    withoutLimit('bigrr', 'records kept of 3,000', await kept({ rdatasPerRRset: 4096 }), 256);
  });

  it('make nothing be looked up for the additional section', async () => {
    const world = new World();
    world.serve(ROOT_IP, ({ text, type }) =>
      type === TYPE.MX
        ? { answer: Array.from({ length: 200 }, (_, i) => `${text} 300 MX 10 mail${i}.victim.`).join('\n') }
        : nodata('.'),
    );
    const served = serveClients(world);
    const query = buildQuery({
      id: 1,
      name: nameFromText('many.'),
      type: TYPE.MX,
      recursionDesired: true,
      checkingDisabled: false,
    });
    const reply = await world.virtual?.runUntil(served.ask(query, { tcp: true }));
    exactly(
      'additional',
      'additional records of an MX answer',
      parseMessage(reply ?? new Uint8Array(0)).additional.length,
      0,
    );
    exactly(
      'additional',
      'queries for 200 mail servers',
      world.network.exchanges.filter(({ query: octets }) => parseMessage(octets).questions[0]?.name.includes('victim'))
        .length,
      0,
    );
  });
});
