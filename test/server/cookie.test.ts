// Server cookies: the published vectors, and what a client with or without one gets.
import { afterEach, describe, expect, it } from 'vitest';
import { parseIp } from '../../src/base/prefix.ts';
import { createCookies, createSipHash } from '../../src/server/cookie.ts';
import { RCODE } from '../../src/wire/types.ts';
import { askUdp, closeServers, makeQuery, startServer } from './clients.ts';

afterEach(closeServers);

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const ip = (text: string): Uint8Array => parseIp(text) as Uint8Array;

/** A query with a cookie and no question. */
function withoutQuestion(cookie: Uint8Array): Uint8Array {
  const query = makeQuery({ name: '.', options: [{ code: 10, data: cookie }] });
  query[5] = 0;
  // The header, and what is behind the root, type and class.
  return Buffer.concat([query.subarray(0, 12), query.subarray(17)]);
}

describe('SipHash-2-4', () => {
  it.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
    [63, '724506eb4c328a95'],
  ])('gives the reference value for %i octets', (length, expected) => {
    const octets = Uint8Array.from({ length: 64 }, (_, i) => i);
    const out = new Uint8Array(8);
    createSipHash(octets.subarray(0, 16))(octets, length, out);
    expect(toHex(out)).toBe(expected);
  });
});

describe('server cookies', () => {
  // RFC 9018, appendix A.
  it.each([
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      '2464c4abcf10c957',
      '198.51.100.100',
      1_559_731_985,
      '010000005cf79f111f8130c3eee29480',
    ],
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      '2464c4abcf10c957',
      '198.51.100.100',
      1_559_734_385,
      '010000005cf7a871d4a564a1442aca77',
    ],
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      'fc93fc62807ddb86',
      '203.0.113.203',
      1_559_734_700,
      '010000005cf7a9acf73a7810aca2381e',
    ],
    [
      '445536bcd2513298075a5d379663c962',
      '22681ab97d52c298',
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      1_559_741_961,
      '010000005cf7c609a6bb79d16625507a',
    ],
  ])('under %s for %s are those of RFC 9018', (secret, client, address, nowSeconds, expected) => {
    const out = new Uint8Array(24);
    createCookies(hex(secret)).write(out, 0, hex(client), 0, ip(address), nowSeconds);
    expect(toHex(out)).toBe(client + expected);
  });

  it('are taken from the same address within an hour, and from nobody else', () => {
    const cookies = createCookies(hex('e5e973e5a6b2a43f48e7dc849e37bfcf'));
    const given = hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
    const home = ip('198.51.100.100');
    const madeAt = 1_559_731_985;
    expect(cookies.verify(given, 0, 24, home, madeAt)).toBe(true);
    expect(cookies.verify(given, 0, 24, home, madeAt + 3600)).toBe(true);
    expect(cookies.verify(given, 0, 24, home, madeAt - 300)).toBe(true);
    expect(cookies.verify(given, 0, 24, home, madeAt + 3601)).toBe(false);
    expect(cookies.verify(given, 0, 24, home, madeAt - 301)).toBe(false);
    expect(cookies.verify(given, 0, 24, ip('198.51.100.101'), madeAt)).toBe(false);
    expect(cookies.verify(given, 0, 8, home, madeAt)).toBe(false);
    for (let at = 0; at < 24; at += 1) {
      const forged = given.map((octet, i) => (i === at ? octet ^ 1 : octet));
      expect(cookies.verify(forged, 0, 24, home, madeAt), `octet ${at}`).toBe(false);
    }
  });

  it('are given with every reply to a client that sends one, hits and errors included', async () => {
    const client = hex('2464c4abcf10c957');
    const { address } = await startServer({}, { cookieSecret: hex('e5e973e5a6b2a43f48e7dc849e37bfcf') });
    const options = [{ code: 10, data: client }];
    for (const query of [makeQuery({ options }), makeQuery({ options }), makeQuery({ options, type: 252 })]) {
      const { edns } = await askUdp(address, query);
      expect(edns?.options).toHaveLength(1);
      expect(edns?.options[0]?.code).toBe(10);
      expect(toHex(edns?.options[0]?.data ?? client)).toMatch(/^2464c4abcf10c95701000000[0-9a-f]{24}$/);
    }
    expect((await askUdp(address, makeQuery({ edns: {} }))).edns?.options).toEqual([]);
  });

  it('are given to a client that asks for nothing else, who is told when its own no longer holds (RFC 7873, 5.4)', async () => {
    const { address, server } = await startServer({}, { cookieSecret: hex('e5e973e5a6b2a43f48e7dc849e37bfcf') });
    const ask = async (data: Uint8Array): Promise<{ readonly rcode: number; readonly cookie: Uint8Array }> => {
      const { rcode, questions, edns } = await askUdp(address, withoutQuestion(data));
      expect(questions).toEqual([]);
      return { rcode, cookie: edns?.options[0]?.data ?? data };
    };
    const first = await ask(hex('2464c4abcf10c957'));
    expect([first.rcode, first.cookie.length]).toEqual([RCODE.NOERROR, 24]);
    expect((await ask(first.cookie)).rcode).toBe(RCODE.NOERROR);
    const forged = await ask(first.cookie.map((octet, at) => (at === 23 ? octet ^ 1 : octet)));
    expect([forged.rcode, forged.cookie.length]).toEqual([RCODE.BADCOOKIE, 24]);
    expect(server.stats()).toMatchObject({ judged: 3, resolved: 0 });
  });

  it('are not given when they are switched off', async () => {
    const { address } = await startServer({});
    const { edns } = await askUdp(address, makeQuery({ options: [{ code: 10, data: new Uint8Array(8) }] }));
    expect(edns?.options).toEqual([]);
    expect((await askUdp(address, withoutQuestion(new Uint8Array(8)))).rcode).toBe(RCODE.FORMERR);
  });
});
