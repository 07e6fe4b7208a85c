import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/net/clock.ts';
import { extendedErrorOption, extendedErrorsOf } from '../../src/wire/edns.ts';
import { WireError } from '../../src/wire/error.ts';
import {
  buildMessage,
  type Message,
  parseMessage,
  parseQuestion,
  type ResourceRecord,
} from '../../src/wire/message.ts';
import { type Name, nameFromText, nameOctets } from '../../src/wire/name.ts';
import { rdataFromText, rdataToText } from '../../src/wire/rdata-text.ts';
import { toRRsets } from '../../src/wire/rrset.ts';
import { EDE, TYPE } from '../../src/wire/types.ts';
import { anyMessage } from './arbitrary.ts';

const name = nameFromText;
const edns = { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [] };

function message(parts: Partial<Message>): Message {
  return {
    id: 1,
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [{ name: name('www.example.com'), type: TYPE.A, class: 1 }],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
    ...parts,
  };
}

function record(owner: string, type: keyof typeof TYPE, text: string): ResourceRecord {
  return { name: name(owner), type: TYPE[type], class: 1, ttl: 60, rdata: rdataFromText(TYPE[type], text) };
}

/** A message of one record in the additional section, RDATA and owner in octets. */
function raw(owner: string, type: number, rdata: string, length: number = rdata.length): Uint8Array {
  const fields = [type >> 8, type & 255, 0, 1, 0, 0, 0, 0, length >> 8, length & 255];
  const text = `\0\x01\x80\0\0\0\0\0\0\0\0\x01${owner}${String.fromCharCode(...fields)}${rdata}`;
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

describe('parse and build', () => {
  it('lead back to every message, however much is compressed', () => {
    fc.assert(
      fc.property(anyMessage, fc.constantFrom(undefined, 0, 1, 4), (any, compressionEntries) => {
        const octets = buildMessage(any, compressionEntries === undefined ? {} : { compressionEntries });
        expect(parseMessage(octets)).toEqual(any);
        expect(parseMessage(new Uint8Array([...octets, 1, 2, 3]))).toEqual(any); // octets behind are passed over
      }),
    );
  });

  it('compress owners and the names of RFC 1035 alone, keeping the case of RDATA', () => {
    const plain = message({ answer: [record('example.com', 'MX', '1 Mail.example.com')] });
    const octets = buildMessage(plain);
    // 12 + question 21 + owner pointer 2 + 10 + preference 2 + Mail 5 + pointer 2
    expect(octets).toHaveLength(54);
    expect(buildMessage(plain, { compressionEntries: 0 })).toHaveLength(54 + 11 + 11);
    expect(parseMessage(octets)).toEqual(plain);
    const srv = message({ answer: [record('example.com', 'SRV', '1 1 1 mail.example.com')] });
    expect(buildMessage(srv)).toHaveLength(12 + 21 + 12 + 6 + 18); // RFC 3597, 4: not SRV
  });

  it('point no further than a pointer can', () => {
    const filler = Array.from({ length: 70 }, (_, i) => record('filler', 'TXT', `"${'x'.repeat(250 - (i % 9))}"`));
    const late = ['late.test', 'late.test', 'www.example.com', 'a.late.test'].map((one) =>
      record(one, 'NS', 'late.test'),
    );
    const long = message({ answer: filler, additional: late });
    const octets = buildMessage(long);
    expect(octets.length).toBeGreaterThan(0x4000);
    expect(parseMessage(octets)).toEqual(long);
  });

  it('remember no more names than they may, and look up 16 times as many', () => {
    const owners = (...names: string[]): ResourceRecord[] => names.map((one) => record(one, 'A', '192.0.2.1'));
    const size = (answer: ResourceRecord[], compressionEntries: number): number =>
      buildMessage(message({ questions: [], answer }), { compressionEntries }).length - 12 - answer.length * 14;
    expect(size(owners('aa', 'bb', 'aa', 'bb'), 2)).toBe(4 + 4 + 2 + 2);
    expect(size(owners('aa', 'bb', 'aa', 'bb'), 1)).toBe(4 + 4 + 2 + 4);
    expect(size(owners('aa', 'bb', 'aa', 'bb'), 0)).toBe(16);
    expect(size(owners(...new Array<string>(20).fill('aa')), 1)).toBe(4 + 15 * 2 + 4 * 4);
  });

  it('decompress, on receipt, what RFC 3597, 4 lists', () => {
    // A question for `a.b`, then the record, whose RDATA points to it.
    const question = '\x01a\x01b\0\0\x01\0\x01';
    const pointed = (type: number, rdata: string): Uint8Array => {
      const octets = [...raw(question, type, rdata)];
      octets[5] = 1;
      octets.splice(12 + question.length, 0, 0); // the owner: the root
      return Uint8Array.from(octets);
    };
    const texts: readonly (readonly [keyof typeof TYPE, string, string])[] = [
      ['NS', '\xc0\x0c', 'a.b.'],
      ['SOA', `\x01X\xc0\x0e\xc0\x0c${'\0\0\0\x07'.repeat(5)}`, 'X.b. a.b. 7 7 7 7 7'],
      ['MX', '\0\x01\xc0\x0e', '1 b.'],
      ['RP', '\xc0\x0c\xc0\x0e', 'a.b. b.'],
      ['AFSDB', '\0\x01\xc0\x0e', '1 b.'],
      ['RT', '\0\x01\xc0\x0e', '1 b.'],
      ['PX', '\0\x01\xc0\x0e\xc0\x0c', '1 b. a.b.'],
      ['SRV', '\0\x01\0\x02\0\x03\xc0\x0e', '1 2 3 b.'],
      ['NAPTR', '\0\x01\0\x02\x01u\x01s\0\xc0\x0e', '1 2 "u" "s" "" b.'],
      ['DNAME', '\x01t\xc0\x0e', 't.b.'],
      ['NXT', '\xc0\x0e\x40', 'b. A'],
    ];
    for (const [type, rdata, text] of texts) {
      const [parsed] = parseMessage(pointed(TYPE[type], rdata)).additional;
      expect(`${type} ${rdataToText(TYPE[type], parsed?.rdata ?? new Uint8Array())}`).toBe(`${type} ${text}`);
    }
    // Others are kept octet for octet, whatever they hold.
    const [kept] = parseMessage(pointed(TYPE.KX, '\0\x01\xc0\x0c')).additional;
    expect(kept?.rdata).toEqual(Uint8Array.of(0, 1, 0xc0, 0x0c));
  });

  it("answer in the client's case", () => {
    const questionOctets = nameOctets(name('www.example.com')).map((octet) => (octet === 0x77 ? 0x57 : octet));
    const octets = buildMessage(message({ answer: [record('www.example.com', 'A', '192.0.2.1')] }), { questionOctets });
    expect(String.fromCharCode(...octets)).toContain('\x03WWW\x07example');
    expect(parseMessage(octets).answer[0]?.name).toBe(name('www.example.com'));
  });

  it('put TSIG last, behind OPT', () => {
    const signed = message({ edns, additional: [record('a', 'A', '192.0.2.1'), tsig()] });
    const octets = buildMessage(signed);
    expect(parseMessage(octets)).toEqual(signed);
    const tail = octets.subarray(octets.length - tsig().rdata.length - 10 - 5);
    expect(String.fromCharCode(...tail.subarray(0, 7))).toBe('\x03key\0\0\xfa');
  });
});

function tsig(): ResourceRecord {
  return { ...record('key', 'TSIG', 'hmac-sha256. 1 300 4 AAECAw== 1 NOERROR 0'), class: 255, ttl: 0 };
}

describe('cutting to size', () => {
  const many = (owner: string, count: number): ResourceRecord[] =>
    Array.from({ length: count }, (_, i) => record(owner, 'A', `192.0.2.${i}`));
  const signed = (owner: string): ResourceRecord =>
    record(owner, 'RRSIG', `A 13 2 60 20300101000000 20200101000000 1 . ${'AAAA'.repeat(16)}`);

  it('drops additional RRsets silently', () => {
    const whole = message({
      answer: many('www.example.com', 20),
      additional: [...many('a', 20), ...many('b', 3)],
      edns,
    });
    const cut = parseMessage(buildMessage(whole, { maxOctets: 512 }));
    expect(cut).toEqual({ ...whole, additional: many('b', 3) });
  });

  it('leaves whole RRsets off answer and authority, with TC, and keeps OPT', () => {
    const answer = [...many('www.example.com', 3), signed('www.example.com'), ...many('b', 30), signed('b')];
    const whole = message({ answer, authority: many('c', 1), additional: many('d', 1), edns });
    expect(parseMessage(buildMessage(whole, { maxOctets: 512 }))).toEqual({
      ...whole,
      truncated: true,
      answer: answer.slice(0, 4),
      authority: [],
      additional: [],
    });
    const room = buildMessage(whole).length;
    expect(parseMessage(buildMessage(whole, { maxOctets: room }))).toEqual(whole);
    const authorityCut = parseMessage(buildMessage(whole, { maxOctets: room - 16 - 17 }));
    expect([authorityCut.truncated, authorityCut.answer.length, authorityCut.authority.length]).toEqual([true, 35, 0]);
  });

  it('never exceeds the size, and never splits an RRset', () => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 512, max: 2000 }), (any, maxOctets) => {
        fc.pre(any.questions.length < 2);
        const octets = buildMessage(any, { maxOctets });
        const parsed = parseMessage(octets);
        expect(octets.length).toBeLessThanOrEqual(maxOctets);
        expect(any.answer.slice(0, parsed.answer.length)).toEqual(parsed.answer);
        expect(any.authority.slice(0, parsed.authority.length)).toEqual(parsed.authority);
        const cut = parsed.answer.length < any.answer.length || parsed.authority.length < any.authority.length;
        expect(parsed.truncated).toBe(any.truncated || cut);
        expect(parsed.edns).toEqual(any.edns);
      }),
    );
  });

  it('forgets the names of what was taken back', () => {
    // The additional RRset of 40 records does not fit; its owner must not be pointed to afterwards.
    const whole = message({ additional: [...many('x.y.z', 40), ...many('w.x.y.z', 1)] });
    expect(parseMessage(buildMessage(whole, { maxOctets: 512 })).additional).toEqual(many('w.x.y.z', 1));
  });

  it('leaves off EDNS options only when nothing else is left', () => {
    const options = [1, 2, 3].map((code) => ({ code, data: new Uint8Array(200) }));
    const whole = message({ answer: many('a', 1), edns: { ...edns, options } });
    const cut = parseMessage(buildMessage(whole, { maxOctets: 512 }));
    expect(cut.edns?.options.map(({ code }) => code)).toEqual([1, 2]);
    expect([cut.truncated, cut.answer.length]).toEqual([false, 1]);
  });
});

describe('malformed messages', () => {
  const opt = '\0\0\x29\x04\xd0\0\0\0\0\0\0';
  const counted = (octets: Uint8Array, at: number, count: number): Uint8Array => {
    const changed = new Uint8Array(octets);
    changed[at] = count >> 8;
    changed[at + 1] = count & 255;
    return changed;
  };

  it.each<[string, Uint8Array]>([
    ['no header', new Uint8Array(11)],
    ['counts beyond the octets', counted(raw('\0', 65280, ''), 6, 65535)],
    ['one record too many', counted(raw('\0', 65280, ''), 10, 2)],
    ['RDATA past the message', raw('\0', 65280, 'ab', 3)],
    ['A of three octets', raw('\0', TYPE.A, 'abc')],
    ['A of five octets', raw('\0', TYPE.A, 'abcde')],
    ['AAAA of four octets', raw('\0', TYPE.AAAA, 'abcd')],
    ['NS without a name', raw('\0', TYPE.NS, '')],
    ['NS with octets after its name', raw('\0', TYPE.NS, '\0x')],
    ['NS whose name ends after its RDATA', raw('\0', TYPE.NS, '\x01a\0', 2)],
    ['SOA cut short', raw('\0', TYPE.SOA, `\0\0${'x'.repeat(19)}`)],
    ['SOA too long', raw('\0', TYPE.SOA, `\0\0${'x'.repeat(21)}`)],
    ['MX without a name', raw('\0', TYPE.MX, '\0\x01')],
    ['NAPTR whose strings leave it', raw('\0', TYPE.NAPTR, '\0\0\0\0\xff\0\0\0')],
    ['a pointer to itself', raw('\xc0\x0c', TYPE.A, 'abcd')],
    ['a second OPT', counted(raw(`${opt}\0`, TYPE.OPT, ''), 10, 2)],
    ['an OPT that is not at the root', raw('\x01a\0', TYPE.OPT, '')],
    ['an OPT in the answer', counted(counted(raw('\0', TYPE.OPT, ''), 10, 0), 6, 1)],
    ['an option cut off', raw('\0', TYPE.OPT, '\0\x01\0')],
    ['an option past its record', raw('\0', TYPE.OPT, '\0\x01\0\x01')],
    ['33 options', raw('\0', TYPE.OPT, '\0\x01\0\0'.repeat(33))],
  ])('%s', (_what, octets) => {
    expect(() => parseMessage(octets)).toThrow(WireError);
  });

  it('counts options up to the bound', () => {
    expect(parseMessage(raw('\0', TYPE.OPT, '\0\x01\0\0'.repeat(32))).edns?.options).toHaveLength(32);
    expect(() => parseMessage(raw('\0', TYPE.OPT, '\0\x01\0\0'.repeat(3)), 2)).toThrow('more than 2 EDNS options');
  });

  it('is a WireError at worst', () => {
    const parse = (octets: Uint8Array): void => {
      try {
        parseMessage(octets);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), parse));
    fc.assert(
      fc.property(
        anyMessage,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (any, changes) => {
          const octets = buildMessage(any);
          for (const [at, octet] of changes) octets[at % octets.length] = octet;
          parse(octets);
          parse(octets.subarray(0, octets.length >> 1));
        },
      ),
    );
  });
});

describe('hostile messages of 64 KB', () => {
  const clock = systemClock();
  /** The least of three: others may be using the machine. */
  const ms = (body: () => unknown): number =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const startMs = clock.nowMs();
        body();
        return clock.nowMs() - startMs;
      }),
    );

  /** Records at owners that each point to the one before; RDATA twice points to the name of `depth` labels. */
  const bomb = (depth: number): { octets: Uint8Array; count: number } => {
    const octets = new Uint8Array(65535);
    let at = 12;
    let count = 0;
    let deepest = 12;
    for (let target = 12; at + 40 < octets.length; count++) {
      const start = at;
      const owner = count % (depth + 1) === 0 ? [0] : [1, 0x61, 0xc0 | (target >> 8), target & 255];
      const rdata = [0xc0 | (deepest >> 8), deepest & 255, 0xc0 | (deepest >> 8), deepest & 255];
      octets.set([...owner, 0, TYPE.MINFO, 0, 1, 0, 0, 0, 0, 0, 4, ...rdata], at);
      at += owner.length + 14;
      if (start < 0x4000) target = start;
      if (count === depth) deepest = start;
    }
    octets.set([count >> 8, count & 255], 6);
    return { octets, count };
  };

  it('that hide megabytes behind pointers are refused, soon', () => {
    const { octets } = bomb(126);
    expect(ms(() => expect(() => parseMessage(octets)).toThrow('compression hides over'))).toBeLessThan(50);
  });

  it('that hide as much as may be are read, grouped and written in 50 ms each', () => {
    const { octets, count } = bomb(24);
    const parsed = parseMessage(octets);
    expect(parsed.answer).toHaveLength(count);
    expect(ms(() => parseMessage(octets))).toBeLessThan(50);
    expect(ms(() => toRRsets(parsed.answer))).toBeLessThan(50);
    expect(ms(() => buildMessage(parsed))).toBeLessThan(50);
  });

  it('from a reverse zone are read', () => {
    const reverse = (i: number): string =>
      `${[...i.toString(16).padStart(4, '0')].join('.')}${'.0'.repeat(28)}.ip6.arpa`;
    const answer = Array.from({ length: 3000 }, (_, i) => record(reverse(i), 'PTR', 'host.example'));
    const octets = buildMessage(message({ answer }), { compressionEntries: 4096 });
    expect(parseMessage(octets).answer.length).toBeGreaterThan(2000);
  });

  it('claim no memory by their counts', () => {
    const octets = new Uint8Array(65535);
    octets.fill(0xff, 4, 12);
    expect(ms(() => expect(() => parseMessage(octets)).toThrow('more records than'))).toBeLessThan(5);
  });
});

describe('parseQuestion', () => {
  it('reads the question alone', () => {
    const octets = buildMessage(message({ answer: [record('a', 'A', '192.0.2.1')] }));
    expect(parseQuestion(octets)).toEqual({ question: message({}).questions[0], end: 33 });
    expect(parseQuestion(octets.subarray(0, 33)).end).toBe(33);
    expect(() => parseQuestion(octets.subarray(0, 32))).toThrow(WireError);
    expect(() => parseQuestion(octets.subarray(0, 8))).toThrow(WireError);
  });

  it.each([0, 2, 256, 257])('refuses a QDCOUNT of %d', (count) => {
    const octets = buildMessage(message({}));
    octets[4] = count >> 8;
    octets[5] = count & 255;
    expect(() => parseQuestion(octets)).toThrow('questions, not one');
  });
});

describe('names that are no plain host names', () => {
  it('survive as owners and map keys', () => {
    const names: readonly Name[] = ['__proto__', 'a\\.b', 'a.b', '\\000', '\\192', '\\224', '[', '{', '\\@'].map(name);
    const answer = names.map((owner) => ({ ...record('x', 'A', '192.0.2.1'), name: owner }));
    const parsed = parseMessage(buildMessage(message({ answer }))).answer;
    expect(new Set(parsed.map((one) => one.name))).toEqual(new Set(names));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('extended errors', () => {
  it('travel as options of OPT', () => {
    const errors = [
      { code: EDE.noReachableAuthority, text: '' },
      { code: EDE.other, text: 'limit aliasLinks: 11 – größer' },
    ];
    const sent = message({ edns: { ...edns, options: errors.map(extendedErrorOption) }, rcode: 2 });
    expect(extendedErrorsOf(parseMessage(buildMessage(sent)).edns)).toEqual(errors);
    expect(extendedErrorsOf(undefined)).toEqual([]);
  });

  it('lose a final NUL, and are passed over when too short', () => {
    const options = [
      { code: 15, data: Uint8Array.of(0) },
      { code: 15, data: Uint8Array.of(0, 6, 0x61, 0) },
      { code: 10, data: Uint8Array.of(0, 6) },
    ];
    expect(extendedErrorsOf({ ...edns, options })).toEqual([{ code: 6, text: 'a' }]);
  });
});
