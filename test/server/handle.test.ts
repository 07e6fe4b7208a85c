// What a client gets for what it sends, over real UDP sockets on loopback.
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolution } from '../../src/resolver/types.ts';
import { extendedErrorsOf } from '../../src/wire/edns.ts';
import { EDE, RCODE, TYPE } from '../../src/wire/types.ts';
import {
  answer,
  askUdp,
  askUdpRaw,
  closeServers,
  makeQuery,
  resolution,
  rrset,
  startServer,
  upperCase,
} from './clients.ts';

afterEach(closeServers);

const A = Uint8Array.of(192, 0, 2, 1);
const rrsig = Uint8Array.from({ length: 40 }, (_, i) => (i === 1 ? 1 : 0));

/** `query` with octet `at` set to `value`. */
function patched(query: Uint8Array, at: number, value: number): Uint8Array {
  const octets = new Uint8Array(query);
  octets[at] = value;
  return octets;
}

describe('the header of a query', () => {
  it.each([
    ['a response', patched(makeQuery(), 2, 0x81)],
    ['11 octets', makeQuery().subarray(0, 11)],
    ['nothing', new Uint8Array(0)],
  ])('gets no reply for %s', async (_, query) => {
    const { address, server } = await startServer({});
    expect(await askUdpRaw(address, query, 80)).toBeUndefined();
    expect(server.stats().dropped).toBe(1);
  });

  it.each([
    ['another opcode', patched(makeQuery(), 2, 0x29), RCODE.NOTIMP],
    ['no question', patched(makeQuery(), 5, 0), RCODE.FORMERR],
    ['two questions', patched(makeQuery(), 5, 2), RCODE.FORMERR],
    ['an answer', patched(makeQuery(), 7, 1), RCODE.FORMERR],
    ['an authority record', patched(makeQuery(), 9, 1), RCODE.FORMERR],
    ['two additional records', patched(makeQuery({ edns: {} }), 11, 2), RCODE.FORMERR],
    ['TC', patched(makeQuery(), 2, 0x03), RCODE.FORMERR],
    ['a QNAME that runs out of the packet', makeQuery().subarray(0, 20), RCODE.FORMERR],
    ['a compression pointer in QNAME', patched(makeQuery(), 12, 0xc0), RCODE.FORMERR],
    ['a record that is not OPT', patched(makeQuery({ edns: {} }), 35, 1), RCODE.FORMERR],
    ['an OPT owner that is not the root', patched(makeQuery({ edns: {} }), 33, 1), RCODE.FORMERR],
    [
      'an option that runs out of OPT',
      patched(makeQuery({ options: [{ code: 65_001, data: A }] }), 47, 9),
      RCODE.FORMERR,
    ],
    ['a client cookie of 4 octets', makeQuery({ options: [{ code: 10, data: A }] }), RCODE.FORMERR],
    ['EDNS version 1', makeQuery({ edns: { version: 1 } }), RCODE.BADVERS],
    ['class CH', patched(makeQuery({ name: 'version.bind', type: TYPE.TXT }), 29, 3), RCODE.REFUSED],
    ['AXFR', makeQuery({ type: TYPE.AXFR }), RCODE.REFUSED],
    ['a meta-type', makeQuery({ type: TYPE.TSIG }), RCODE.FORMERR],
  ])('is answered for %s without asking the resolver', async (_, query, rcode) => {
    const { address, server } = await startServer({});
    const reply = await askUdp(address, query);
    expect(reply).toMatchObject({ id: 0x1234, response: true, recursionAvailable: false, rcode, answer: [] });
    expect(server.stats()).toMatchObject({ judged: 1, resolved: 0 });
  });

  it('gets OPT back with whatever is wrong beside its own (RFC 6891, 6.1.1)', async () => {
    const { address } = await startServer({});
    for (const query of [patched(makeQuery({ edns: {} }), 11, 2), makeQuery({ edns: { version: 1 } })]) {
      expect((await askUdp(address, query)).edns).toBeDefined();
    }
  });

  it('refuses clients outside the access list and says so', async () => {
    const { address } = await startServer({}, { allow: ['10.0.0.0/8'] });
    const reply = await askUdp(address, makeQuery({ edns: {} }));
    expect(reply).toMatchObject({ rcode: RCODE.REFUSED, recursionAvailable: false, questions: [{ type: TYPE.A }] });
    expect(extendedErrorsOf(reply.edns)).toEqual([{ code: EDE.prohibited, text: '' }]);
  });
});

describe('a first and a second question', () => {
  it('give the same answer, the second from the layer answers, each with its own ID, case and flags', async () => {
    let resolved = 0;
    const { address, server } = await startServer({
      resolve: () => {
        resolved += 1;
        return answer('192.0.2.1', { security: 'secure' });
      },
    });
    const first = await askUdpRaw(address, makeQuery({ id: 1 }));
    const shouted = upperCase(makeQuery({ id: 2, rd: false }));
    const second = await askUdpRaw(address, shouted);
    expect(resolved).toBe(1);
    expect(server.stats()).toMatchObject({ resolved: 1, fromAnswers: 1 });
    expect([...(first ?? []).slice(0, 4)]).toEqual([0, 1, 0x81, 0x80]);
    expect([...(second ?? []).slice(0, 4)]).toEqual([0, 2, 0x80, 0x80]);
    expect(second?.subarray(12, shouted.length)).toEqual(Buffer.from(shouted.subarray(12)));
    expect(second?.subarray(33)).toEqual(first?.subarray(33));
  });

  it('share nothing between DO and not DO, CD and not CD', async () => {
    const asked: boolean[] = [];
    const { address } = await startServer({
      resolve: ({ checkingDisabled }) => {
        asked.push(checkingDisabled);
        return answer('192.0.2.1');
      },
    });
    for (const cd of [false, true]) {
      for (const dnssecOk of [false, true]) {
        for (let i = 0; i < 2; i += 1) {
          const reply = await askUdp(address, makeQuery({ cd, edns: { dnssecOk } }));
          expect(reply).toMatchObject({ checkingDisabled: cd, edns: { dnssecOk } });
        }
      }
    }
    expect(asked).toEqual([false, false, true, true]);
  });

  it('both carry OPT exactly for clients with EDNS, and count unknown options for nothing', async () => {
    const { address, server } = await startServer({});
    expect((await askUdp(address, makeQuery())).edns).toBeUndefined();
    const options = Array.from({ length: 100 }, () => ({ code: 65_001, data: A }));
    for (const query of [makeQuery({ edns: {} }), makeQuery({ options })]) {
      const reply = await askUdp(address, query);
      expect(reply).toMatchObject({ rcode: 0, edns: { version: 0, udpPayloadOctets: 1232, options: [] } });
      expect(reply.answer).toHaveLength(1);
    }
    expect(server.stats()).toMatchObject({ resolved: 1, fromAnswers: 2 });
  });

  it('set AD for secure data and clients that understand it', async () => {
    const { address } = await startServer({ resolve: () => answer('192.0.2.1', { security: 'secure' }) });
    for (let i = 0; i < 2; i += 1) {
      expect((await askUdp(address, makeQuery())).authenticData).toBe(false);
      expect((await askUdp(address, makeQuery({ ad: true }))).authenticData).toBe(true);
      expect((await askUdp(address, makeQuery({ edns: { dnssecOk: true } }))).authenticData).toBe(true);
    }
  });

  it('carry extended errors to clients with EDNS', async () => {
    const errors = [{ code: EDE.staleAnswer, text: 'kept too long' }];
    const { address, server } = await startServer({ resolve: () => answer('192.0.2.1', { extendedErrors: errors }) });
    for (let i = 0; i < 2; i += 1) {
      expect(extendedErrorsOf((await askUdp(address, makeQuery({ edns: {} }))).edns)).toEqual(errors);
      expect((await askUdp(address, makeQuery())).edns).toBeUndefined();
    }
    expect(server.stats().resolved).toBe(1);
  });

  it.each<[string, Partial<Resolution>]>([
    ['TTL 0', { ttl: 0 }],
    ['a failure', { rcode: RCODE.SERVFAIL, answer: [], failure: 'servers-failed' }],
    ['bogus data', { security: 'bogus' }],
  ])('are both resolved for %s', async (_, changes) => {
    const { address, server } = await startServer({ resolve: () => answer('192.0.2.1', changes) });
    await askUdp(address, makeQuery());
    await askUdp(address, makeQuery());
    expect(server.stats()).toMatchObject({ resolved: 2, fromAnswers: 0 });
  });

  it('are both resolved when everything was flushed in between', async () => {
    const { address, server, answers } = await startServer({
      resolve: () => {
        answers.clear();
        return answer('192.0.2.1');
      },
    });
    await askUdp(address, makeQuery());
    await askUdp(address, makeQuery());
    expect(server.stats().fromAnswers).toBe(0);
  });
});

describe('what is known in host or records', () => {
  it('is answered at once, with AA for data of our own', async () => {
    const { address, server } = await startServer({ fromCache: () => answer('127.0.0.1', { authoritative: true }) });
    expect(await askUdp(address, makeQuery({ rd: false }))).toMatchObject({ authoritative: true, rcode: 0 });
    expect(await askUdp(address, makeQuery())).toMatchObject({ authoritative: true });
    expect(server.stats()).toMatchObject({ fromCache: 1, fromAnswers: 1, resolved: 0 });
  });

  it('is all that a query without RD gets', async () => {
    const { address } = await startServer({});
    expect(await askUdp(address, makeQuery({ rd: false }))).toMatchObject({ rcode: RCODE.REFUSED });
  });
});

describe('the records of an answer', () => {
  const signed = rrset('www.example.com', TYPE.A, [A], [rrsig]);
  const nsec = rrset('www.example.com', TYPE.NSEC, [Uint8Array.of(0, 0, 1, 64)], [rrsig]);

  it('hold those of DNSSEC only with DO', async () => {
    const { address } = await startServer({ resolve: () => resolution({ answer: [signed], authority: [nsec] }) });
    const plain = await askUdp(address, makeQuery());
    expect([plain.answer, plain.authority].map((section) => section.map(({ type }) => type))).toEqual([[TYPE.A], []]);
    const withDo = await askUdp(address, makeQuery({ edns: { dnssecOk: true } }));
    expect(withDo.answer.map(({ type }) => type)).toEqual([TYPE.A, TYPE.RRSIG]);
    expect(withDo.authority.map(({ type }) => type)).toEqual([TYPE.NSEC, TYPE.RRSIG]);
  });

  it.each([
    ['NSEC', TYPE.NSEC, [TYPE.NSEC]],
    ['ANY', TYPE.ANY, [TYPE.NSEC, TYPE.RRSIG]],
  ])('hold them, in the answer alone, for clients that ask for %s', async (_, type, types) => {
    const { address } = await startServer({ resolve: () => resolution({ answer: [nsec], authority: [nsec] }) });
    const reply = await askUdp(address, makeQuery({ type }));
    expect(reply.answer.map((record) => record.type)).toEqual(types);
    expect(reply.authority).toEqual([]);
  });
});

describe('the size of a UDP reply', () => {
  const addresses = (count: number): Resolution =>
    resolution({
      answer: [
        rrset(
          'www.example.com',
          TYPE.A,
          Array.from({ length: count }, (_, i) => Uint8Array.of(192, 0, 2, i)),
        ),
      ],
    });

  it.each([
    ['512 octets without EDNS', 40, makeQuery(), 512],
    ['512 octets for a client that offers less', 40, makeQuery({ edns: { payload: 100 } }), 512],
    ['what the client offers', 45, makeQuery({ edns: { payload: 700 } }), 700],
    ['1232 octets for a client that offers more', 80, makeQuery({ edns: { payload: 4096 } }), 1232],
    ['512 octets for ANY', 40, makeQuery({ type: TYPE.ANY, edns: {} }), 512],
  ])('is at most %s, then TC with empty sections', async (_, count, query, most) => {
    // 33 octets of header and question, 16 for each record, 11 of OPT.
    const fits = Math.floor((most - 33 - 11) / 16);
    expect(count).toBeGreaterThan(fits);
    for (const [records, truncated] of [
      [fits, false],
      [count, true],
    ] as const) {
      const { address } = await startServer({ resolve: () => addresses(records) });
      for (let i = 0; i < 2; i += 1) {
        const octets = await askUdpRaw(address, query);
        expect(octets?.length).toBeLessThanOrEqual(most);
        const reply = await askUdp(address, query);
        expect(reply).toMatchObject({ truncated, rcode: 0 });
        expect(reply.answer).toHaveLength(truncated ? 0 : records);
      }
    }
  });
});

describe('limits and faults', () => {
  it('leave a client with its bound of awaited replies, loopback excepted', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = async (): Promise<Resolution> => {
      await gate;
      return answer('192.0.2.1');
    };
    const { address, server } = await startServer({ resolve: slow }, { limits: { repliesPerClient: 2 } });
    const replies = [1, 2, 3, 4].map((id) => askUdp(address, makeQuery({ id })));
    while (server.stats().awaited < 4) await askUdpRaw(address, makeQuery({ type: TYPE.AXFR }));
    release();
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(server.stats().awaited).toBe(0);
  });

  it('answer SERVFAIL for a fault of the resolver, log it once and go on', async () => {
    const { address, lines } = await startServer({
      resolve: ({ type }) => {
        if (type === TYPE.TXT) throw new Error('broken');
        return answer('192.0.2.1');
      },
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await askUdp(address, makeQuery({ type: TYPE.TXT }))).toMatchObject({ rcode: RCODE.SERVFAIL });
    }
    expect(await askUdp(address, makeQuery())).toMatchObject({ rcode: 0 });
    expect(lines).toMatchObject([{ level: 'error', message: 'fault while resolving' }]);
  });

  it('answer SERVFAIL for a fault while building', async () => {
    const { address } = await startServer({
      fromCache: () => {
        throw new Error('broken');
      },
    });
    expect(await askUdp(address, makeQuery())).toMatchObject({ rcode: RCODE.SERVFAIL });
  });
});
