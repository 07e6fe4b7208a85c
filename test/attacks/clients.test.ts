// Hostile clients at the server's handler: malformed queries, bombs, loops, reflection, and names meant for the log.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { buildMessage, parseMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { CLASS, RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { createLog } from './log-lines.ts';
import { type Served, serveClients } from './served.ts';
import { addressServer, delegating, ROOT_IP, World } from './world.ts';

const STRANGER = '203.0.113.9';

function query(
  name: string,
  type: number = TYPE.A,
  changes: Partial<Parameters<typeof buildQuery>[0]> = {},
): Uint8Array {
  return buildQuery({
    id: 0x1234,
    name: nameFromText(name),
    type,
    recursionDesired: true,
    checkingDisabled: false,
    ...changes,
  });
}

const edns = (options: readonly { code: number; data: Uint8Array }[] = [], version = 0) => ({
  edns: { udpPayloadOctets: 1232, version, dnssecOk: false, options },
});

/** com with names at 10.0.0.2, `rttMs` away. */
function plainWorld(limits: Partial<Limits> = {}, rttMs = 1): { world: World; served: Served } {
  const world = new World({ limits });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.2' } }, 3600));
  world.serve('10.0.0.2', addressServer('com.', '192.0.2.1'), { path: { rttMs } });
  return { world, served: serveClients(world) };
}

async function cached(world: World, served: Served): Promise<Uint8Array> {
  const reply = await world.virtual?.runUntil(served.ask(query('www.com.')));
  if (reply === undefined) throw new Error('no reply');
  return reply;
}

const at = (octets: Uint8Array, index: number, value: number): Uint8Array => {
  const changed = octets.slice();
  changed[index] = value & 255;
  return changed;
};
const SILENCE = -1;

/** Kinds of malformed queries by what the standards want: an RCODE, or silence. */
const kinds: readonly [string, number, (i: number) => Uint8Array][] = [
  ['no header', SILENCE, (i) => query('www.com.').slice(0, i % 12)],
  ['a response', SILENCE, (i) => at(query(`r${i}.com.`), 2, 0x80 | i)],
  ['another opcode', RCODE.NOTIMP, (i) => at(query('www.com.'), 2, (1 + (i % 15)) << 3)],
  ['no question', RCODE.FORMERR, (i) => at(query(`r${i}.com.`), 5, 0)],
  ['many questions', RCODE.FORMERR, (i) => at(query('www.com.'), 5, 2 + i)],
  ['records in the answer section', RCODE.FORMERR, (i) => at(query('www.com.'), 7, 1 + i)],
  ['records in the authority section', RCODE.FORMERR, (i) => at(query('www.com.'), 9, 1 + i)],
  ['more additional records than OPT', RCODE.FORMERR, (i) => at(query('www.com.', TYPE.A, edns()), 11, 2 + i)],
  ['TC set', RCODE.FORMERR, (i) => at(query(`t${i}.com.`), 2, 0x03)],
  ['a question cut short', RCODE.FORMERR, (i) => query('www.example.com.').slice(0, 13 + (i % 19))],
  ['a label too long', RCODE.FORMERR, (i) => at(query('www.com.'), 12, 64 + (i % 128))],
  ['a pointer in QNAME', RCODE.FORMERR, (i) => at(at(query('www.com.'), 12, 0xc0), 13, i)],
  ['a name too long', RCODE.FORMERR, (i) => longName(i)],
  ['another class', RCODE.REFUSED, (i) => classOf(query('www.com.'), 2 + i)],
  ['a zone transfer', RCODE.REFUSED, (i) => query('com.', 251 + (i % 2))],
  ['a meta type', RCODE.FORMERR, (i) => query('com.', [41, 128, 249, 250, 253, 254][i % 6] as number)],
  ['another version of EDNS', RCODE.BADVERS, (i) => query('www.com.', TYPE.A, edns([], 1 + i))],
  ['an option cut short', RCODE.FORMERR, (i) => optionCut(i)],
  [
    'a cookie of a wrong length',
    RCODE.FORMERR,
    (i) => query('www.com.', TYPE.A, edns([{ code: 10, data: new Uint8Array(i % 8) }])),
  ],
  ['OPT not at the root', RCODE.FORMERR, (i) => at(query('www.com.', TYPE.A, edns()), 25, 1 + i)],
];

function longName(i: number): Uint8Array {
  const labels = Array.from({ length: 4 + (i % 3) }, () => [63, ...new Array<number>(63).fill(97)]).flat();
  return Uint8Array.from([...query('.').slice(0, 12), ...labels, 0, 0, 1, 0, 1]);
}

function classOf(octets: Uint8Array, value: number): Uint8Array {
  return at(octets, octets.length - 1, value);
}

function optionCut(i: number): Uint8Array {
  const octets = query('www.com.', TYPE.A, edns([{ code: 3, data: new Uint8Array(8) }]));
  return at(octets, octets.length - 9, 9 + i);
}

describe('520 malformed queries', () => {
  it('get what the standards say, and nothing goes upstream', async () => {
    const { world, served } = plainWorld();
    await cached(world, served);
    const before = world.network.sent;
    const wrong: string[] = [];
    for (const [what, wanted, make] of kinds) {
      for (let i = 0; i < 26; i++) {
        const reply = await served.ask(make(i));
        const got = reply === undefined ? SILENCE : rcodeOf(reply);
        if (got !== wanted) wrong.push(`${what} ${i}: ${got}`);
      }
    }
    expect(wrong).toEqual([]);
    exactly('malformedquery', `wrong replies of ${26 * kinds.length}`, wrong.length, 0);
    exactly('malformedquery', 'queries upstream for them', world.network.sent - before, 0);
    expect(served.faults).toEqual([]);
    expect(rcodeOf(await cached(world, served))).toBe(RCODE.NOERROR);
    exactly('notify', 'cached answers lost to opcodes 1 to 15', world.network.sent - before, 0);
  });

  function rcodeOf(reply: Uint8Array): number {
    const flags = reply[2] as number;
    if ((flags & 0x80) === 0) return -2;
    const optAt = reply.length - 11;
    const extended = reply[11] === 1 && reply.length >= 23 ? (reply[optAt + 5] as number) : 0;
    return (extended << 4) | ((reply[3] as number) & 15);
  }
});

describe('loops', () => {
  it('are not begun: responses and reserved ports get no reply', async () => {
    const { world, served } = plainWorld();
    const reply = await cached(world, served);
    let answered = 0;
    for (let i = 0; i < 50; i++) {
      const response = at(reply, 1, i);
      if ((await served.ask(response)) !== undefined) answered++;
    }
    for (const port of [0, 7, 13, 17, 19]) {
      if ((await served.ask(query('www.com.'), { port })) !== undefined) answered++;
    }
    exactly('loop', 'replies to 50 responses and 5 reserved ports', answered, 0);
  });
});

describe('reflection', () => {
  it('is not worth it', async () => {
    const world = new World();
    const big = Array.from({ length: 60 }, (_, i) => `big. 300 TXT "${'x'.repeat(60)}${i}"`).join('\n');
    world.serve(ROOT_IP, ({ type, text }) =>
      type === TYPE.TXT || type === TYPE.ANY ? { answer: big } : { answer: `${text} 300 A 192.0.2.1` },
    );
    const served = serveClients(world);
    const asked = query('big.', TYPE.TXT, {
      edns: { udpPayloadOctets: 65_535, version: 0, dnssecOk: true, options: [] },
    });
    const reply = (await world.virtual?.runUntil(served.ask(asked))) ?? new Uint8Array(0);
    atMost('reflection', 'octets over UDP when 65,535 are offered', reply.length, 1232);
    const whole = query('big.', TYPE.ANY, edns());
    const anyReply = (await world.virtual?.runUntil(served.ask(whole))) ?? new Uint8Array(0);
    atMost('reflection', 'octets over UDP for ANY', anyReply.length, 512);
    const before = world.network.sent;
    const foreign = (await served.ask(whole, { address: STRANGER })) ?? new Uint8Array(0);
    expect((foreign[3] as number) & 15).toBe(RCODE.REFUSED);
    exactly('reflection', 'queries upstream for a stranger', world.network.sent - before, 0);
    atMost('reflection', 'octets to a stranger for each octet of the query', foreign.length / whole.length, 1.5);
  });
});

describe('EDNS options', () => {
  it('many or huge cost next to nothing', async () => {
    const { world, served } = plainWorld();
    await cached(world, served);
    const many = Array.from({ length: 300 }, (_, i) => ({ code: 65_001 + (i % 100), data: new Uint8Array(0) }));
    const huge = [{ code: 65_001, data: new Uint8Array(3000) }];
    const before = process.threadCpuUsage().user;
    let answered = 0;
    for (let i = 0; i < 100; i++) {
      for (const options of [many, huge]) {
        const reply = await served.ask(query('www.com.', TYPE.A, edns(options)), { tcp: true });
        if (reply !== undefined && (reply[3] as number) % 16 === RCODE.NOERROR) answered++;
      }
    }
    expect(answered).toBe(200);
    atMost(
      'options',
      'CPU of 200 queries with 300 or huge options',
      (process.threadCpuUsage().user - before) / 1000,
      200,
      'ms',
    );
  });

  it('of replies: one with too many is no reply', async () => {
    const believed = async (count: number): Promise<number> => {
      const world = new World();
      world.serve(ROOT_IP, ({ name, query: asked }) => {
        const options = Array.from({ length: count }, () => ({ code: 65_001, data: new Uint8Array(0) }));
        return buildMessage({
          ...asked,
          ...edns(options),
          response: true,
          authoritative: true,
          answer: [{ name, type: TYPE.A, class: CLASS.IN, ttl: 300, rdata: Uint8Array.of(192, 0, 2, 1) }],
        });
      });
      return (await world.ask('www.')).answer.length;
    };
    exactly('options', 'replies with 1,000 options believed', await believed(1000), 0);
    exactly('options', 'replies with 32 options believed', await believed(32), 1);
  });
});

describe('DNSBomb', () => {
  /** So many questions of one client, each answered after 2.7 s; the most replies within one second after 1.9 s. */
  async function burst(address: string, questions: number, options: { cookie?: Uint8Array } = {}): Promise<number> {
    const world = new World();
    world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.2' } }, 3600));
    world.serve(
      '10.0.0.2',
      ({ text }) => {
        const link = /^([abc])(\d+)\.com\.$/.exec(text);
        if (link?.[1] === 'a') return { answer: `${text} 300 CNAME b${link[2]}.com.` };
        if (link?.[1] === 'b') return { answer: `${text} 300 CNAME c${link[2]}.com.` };
        return { answer: `${text} 300 A 192.0.2.1` };
      },
      { path: { rttMs: 900 } },
    );
    await world.ask('com.', TYPE.NS);
    const served = serveClients(world);
    const times: number[] = [];
    const startMs = world.clock.nowMs();
    const waits = Array.from({ length: questions }, async (_, i) => {
      const reply = await served.ask(
        query(`a${i}.com.`, TYPE.A, options.cookie ? edns([{ code: 10, data: options.cookie }]) : {}),
        { address },
      );
      if (reply !== undefined) times.push(world.clock.nowMs() - startMs);
    });
    await world.virtual?.runUntil(Promise.all(waits));
    const late = times.filter((ms) => ms > 1900);
    return Math.max(0, ...late.map((ms) => late.filter((other) => other >= ms && other < ms + 1000).length));
  }

  it('gives an address that nothing proves ten late answers a second', async () => {
    atMost('dnsbomb', 'late answers within a second, of 200', await burst('192.168.1.1', 200), 10);
    withoutLimit('dnsbomb', 'late answers within a second, exempt address', await burst('127.0.0.1', 200), 10);
  });

  it('gives them to an address that a cookie proves, and to no other with that cookie', async () => {
    const { world, served } = plainWorld();
    await cached(world, served);
    const client = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const reply = await served.ask(query('www.com.', TYPE.A, edns([{ code: 10, data: client }])), {
      address: '192.168.1.1',
    });
    const cookie = parseMessage(reply ?? new Uint8Array(0)).edns?.options.find(({ code }) => code === 10)?.data;
    if (cookie === undefined) throw new Error('no cookie');
    expect(await burst('192.168.1.1', 50, { cookie })).toBe(50);
    atMost(
      'dnsbomb',
      'late answers within a second, of 50 with a stolen cookie',
      await burst('192.168.1.2', 50, { cookie }),
      10,
    );
  });

  it('so many replies are awaited by one address', async () => {
    const awaited = async (limits: Partial<Limits>): Promise<number> => {
      const { world, served } = plainWorld(limits, 300);
      await world.ask('com.', TYPE.NS);
      const waits = Array.from({ length: 1500 }, (_, i) => served.ask(query(`w${i}.com.`)));
      const most = served.handler.stats().awaited;
      await world.virtual?.runUntil(Promise.all(waits));
      return most;
    };
    atMost('dnsbomb', 'replies awaited by one address, of 1,500', await awaited({}), 1000);
    withoutLimit('dnsbomb', 'replies awaited by one address', await awaited({ repliesPerClient: 100_000 }), 1000);
  });

  it('so many clients wait on one question', async () => {
    const waiting = async (limits: Partial<Limits>): Promise<number> => {
      const { world, served } = plainWorld(limits, 300);
      await world.ask('com.', TYPE.NS);
      const waits = Array.from({ length: 150 }, (_, i) =>
        served.ask(query('same.com.'), { address: `192.168.1.${i}` }),
      );
      const replies = (await world.virtual?.runUntil(Promise.all(waits))) ?? [];
      return replies.filter((reply) => reply !== undefined && (reply[3] as number) % 16 === RCODE.NOERROR).length;
    };
    atMost('dnsbomb', 'clients that wait on one question, of 150', await waiting({}), 100);
    withoutLimit('dnsbomb', 'clients that wait on one question', await waiting({ clientsPerQuestion: 10_000 }), 100);
  });
});

describe('names meant for the log', () => {
  it('reach it escaped', async () => {
    const hostile = [
      '\\010forged line',
      'a\\013\\010b',
      '\\027[31mred',
      '"}\\010{"level":60',
      '\\226\\128\\168x',
      '\\000',
    ];
    const lines = createLog();
    const world = new World({ log: lines.log });
    world.serve(ROOT_IP, () => ({ rcode: RCODE.SERVFAIL }));
    for (const label of hostile) await world.ask(`${label}.`);
    await world.pass(10);
    const before = lines.lines.length;
    for (let i = 0; i < 1000; i++) await world.ask(`flood${i}.`);
    atMost('log', 'lines for 1,000 failures within ten seconds', lines.lines.length - before, 20);
    await world.pass(10);
    await world.ask('after.');
    expect(lines.lines.at(-1)).toContain('980');
    const written = lines.lines.join('\u0001');
    expect(lines.lines.length).toBeGreaterThanOrEqual(hostile.length);
    const raw = [...written].filter((letter) => letter !== '\u0001' && (letter < ' ' || letter > '~')).length;
    exactly('log', `octets outside of printable ASCII for ${hostile.length} hostile names`, raw, 0);
    expect(nameToText(nameFromText('\\010x.'))).toBe('\\010x.');
  });
});
