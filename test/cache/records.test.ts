// The resolver cache: what is believed, for how long, and what denials and failures cover.
import { describe, expect, it } from 'vitest';
import { RANK, type Rank, type Security } from '../../src/cache/entry.ts';
import type { NewFailure } from '../../src/cache/records.ts';
import { TYPE } from '../../src/wire/types.ts';
import { denial, entry, kinds, name, records, rrset, second } from './samples.ts';

const www = name('www.example.');
const old = rrset('www.example. 300 IN A 192.0.2.1');
const young = rrset('www.example. 300 IN A 192.0.2.2');

describe('ranking (RFC 2181, 5.4.1)', () => {
  const cases: [Rank, Security, Rank, Security, boolean][] = [
    [RANK.glue, 'unchecked', RANK.answerAA, 'unchecked', true],
    [RANK.answerAA, 'unchecked', RANK.authorityAA, 'unchecked', false],
    [RANK.answer, 'unchecked', RANK.authority, 'unchecked', false],
    [RANK.authorityAA, 'unchecked', RANK.answer, 'unchecked', false],
    [RANK.answerAA, 'unchecked', RANK.answerAA, 'unchecked', true],
    [RANK.authority, 'secure', RANK.answerAA, 'unchecked', false],
    [RANK.answerAA, 'insecure', RANK.authority, 'secure', true],
    [RANK.answerAA, 'secure', RANK.answerAA, 'secure', true],
    [RANK.answerAA, 'secure', RANK.answerAA, 'bogus', false],
  ];
  it.each(cases)('%s %s, then %s %s: replaced %s', (oldRank, oldSecurity, rank, security, replaced) => {
    const layer = records();
    layer.put(entry(old, { rank: oldRank, security: oldSecurity }), 0);
    expect(layer.put(entry(young, { rank, security }), 0)).toBe(replaced);
    expect(layer.rrset(www, TYPE.A, 0)?.rrset.rdatas[0]?.at(-1)).toBe(replaced ? 2 : 1);
  });

  it('does not hold against an expired entry', () => {
    const layer = records();
    layer.put(entry(old, { security: 'secure' }), 0);
    expect(layer.put(entry(young, { rank: RANK.glue, expiresAtMs: 900 * second }), 300 * second)).toBe(true);
  });
});

describe('time to live', () => {
  const forever = { expiresAtMs: 1e12 };
  it('is cut to a day for data, an hour for denials, a minute for what is bogus', () => {
    const layer = records();
    layer.put(entry(old, forever), 5);
    expect(layer.rrset(www, TYPE.A, 5)?.expiresAtMs).toBe(5 + 86_400 * second);
    layer.putDenial(denial('nodata', 'www.example.', { type: TYPE.AAAA, ...forever }), 5);
    expect(layer.denial(www, TYPE.AAAA, 5)?.expiresAtMs).toBe(5 + 3600 * second);
    layer.put(entry(old, { security: 'bogus', ...forever }), 5);
    expect(layer.rrset(www, TYPE.A, 5)?.expiresAtMs).toBe(5 + 60 * second);
  });

  it('ends at its last millisecond, and 0 is not kept', () => {
    const layer = records();
    layer.put(entry(old), 0);
    expect(layer.rrset(www, TYPE.A, 300 * second - 1)).toBeDefined();
    expect(layer.rrset(www, TYPE.A, 300 * second)).toBeUndefined();
    expect(layer.put(entry(young, { expiresAtMs: 7 }), 7)).toBe(false);
  });

  it('of data found bogus later is a minute from then', () => {
    const layer = records();
    layer.put(entry(old), 0);
    const kept = layer.rrset(www, TYPE.A, 0);
    const why = { code: 6, text: 'a signature does not fit' };
    const upgraded = kept && layer.upgrade(kept, 'bogus', 10 * second, why);
    expect(upgraded).toMatchObject({ security: 'bogus', expiresAtMs: 70 * second, why });
    expect(layer.rrset(www, TYPE.A, 69 * second)?.security).toBe('bogus');
    expect(layer.rrset(www, TYPE.A, 70 * second)).toBeUndefined();
  });

  it('of data found secure stays', () => {
    const layer = records();
    layer.put(entry(old), 0);
    const kept = layer.rrset(www, TYPE.A, 0);
    if (kept) layer.upgrade(kept, 'secure', 10 * second);
    expect(layer.rrset(www, TYPE.A, 299 * second)?.security).toBe('secure');
  });
});

it('keeps RDATA apart from the message they came in', () => {
  const message = new Uint8Array(65_535).fill(7);
  const views = {
    ...old,
    rdatas: [message.subarray(0, 4), message.subarray(4, 8)],
    signatures: [message.subarray(9, 99)],
  };
  const layer = records();
  layer.put(entry(views), 0);
  message.fill(9);
  const kept = layer.rrset(www, TYPE.A, 0)?.rrset;
  expect(kept?.rdatas).toEqual([new Uint8Array(4).fill(7), new Uint8Array(4).fill(7)]);
  expect(kept?.signatures).toEqual([new Uint8Array(90).fill(7)]);
});

describe('denials (RFC 2308)', () => {
  it('NODATA holds for its type, NXDOMAIN for all types of its name', () => {
    const layer = records();
    layer.putDenial(denial('nodata', 'a.example.', { type: TYPE.MX }), 0);
    layer.putDenial(denial('nxdomain', 'b.example.', { type: TYPE.MX }), 0);
    expect(layer.denial(name('a.example.'), TYPE.MX, 0)?.kind).toBe('nodata');
    expect(layer.denial(name('a.example.'), TYPE.A, 0)).toBeUndefined();
    expect(layer.denial(name('b.example.'), TYPE.A, 0)?.kind).toBe('nxdomain');
  });

  it.each<[Security, boolean]>([
    ['secure', true],
    ['unchecked', false],
    ['insecure', false],
    ['bogus', false],
  ])('NXDOMAIN of an ancestor that is %s is believed: %s (RFC 8020)', (security, believed) => {
    const layer = records();
    layer.putDenial(denial('nxdomain', 'gone.example.', { security }), 0);
    expect(layer.denial(name('x.y.gone.example.'), TYPE.A, 0) !== undefined).toBe(believed);
    expect(layer.denial(name('notgone.example.'), TYPE.A, 0)).toBeUndefined();
  });

  it('end when the name is found after all', () => {
    const layer = records();
    layer.putDenial(denial('nodata', 'www.example.'), 0);
    layer.putDenial(denial('nxdomain', 'www.example.'), 0);
    layer.put(entry(old), 0);
    expect(layer.denial(www, TYPE.A, 0)).toBeUndefined();
  });

  it('that are secure stand against unproven ones', () => {
    const layer = records();
    layer.putDenial(denial('nodata', 'www.example.', { security: 'secure' }), 0);
    expect(layer.putDenial(denial('nodata', 'www.example.', { security: 'bogus' }), 0)).toBe(false);
  });
});

describe('failures (RFC 9520)', () => {
  const failure: NewFailure = {
    name: www,
    type: TYPE.A,
    checkingDisabled: false,
    reason: 'servers-failed',
    extendedErrors: [],
  };

  it('double from 5 s to 300 s', () => {
    const layer = records();
    let nowMs = 0;
    const ttls = Array.from({ length: 9 }, () => {
      const { expiresAtMs } = layer.putFailure(failure, nowMs);
      const ttl = (expiresAtMs - nowMs) / second;
      nowMs = expiresAtMs;
      return ttl;
    });
    expect(ttls).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
    expect(layer.failure(www, TYPE.A, false, nowMs - 1)?.count).toBe(9);
    expect(layer.failure(www, TYPE.A, false, nowMs)).toBeUndefined();
  });

  it('begin anew after an answer, and after five quiet minutes', () => {
    const layer = records();
    layer.putFailure(failure, 0);
    layer.put(entry(old), 6 * second);
    expect(layer.putFailure(failure, 7 * second).count).toBe(1);
    expect(layer.putFailure(failure, 13 * second).count).toBe(2);
    expect(layer.putFailure(failure, (23 + 300) * second).count).toBe(1);
  });

  it('are not ended by glue, and hold for CD apart', () => {
    const layer = records();
    layer.putFailure(failure, 0);
    layer.put(entry(old, { rank: RANK.glue }), 0);
    expect(layer.failure(www, TYPE.A, false, 0)).toBeDefined();
    expect(layer.failure(www, TYPE.A, true, 0)).toBeUndefined();
  });
});

describe('upkeep', () => {
  it('flushes by name and by zone', () => {
    const layer = records();
    layer.put(entry(old), 0);
    layer.putDenial(denial('nodata', 'www.example.', { type: TYPE.MX }), 0);
    layer.putDenial(denial('nxdomain', 'a.www.example.'), 0);
    layer.put(entry(rrset('notexample. 60 IN A 192.0.2.1')), 0);
    expect(layer.flush(www)).toBe(2);
    expect(kinds(layer)).toEqual(['nxdomain', 'rrset']);
    expect(layer.flushZone(name('example.'))).toBe(1);
    expect(kinds(layer)).toEqual(['rrset']);
    layer.clear();
    expect(layer.stats().entries).toBe(0);
  });

  it('counts hits and misses and stays within its octets', () => {
    const layer = records(100_000);
    for (let i = 0; i < 1000; i++) layer.put(entry(rrset(`n${i}.example. 300 IN A 192.0.2.1`)), 0);
    layer.rrset(name('n999.example.'), TYPE.A, 0);
    layer.rrset(name('n999.example.'), TYPE.AAAA, 0);
    const stats = layer.stats();
    expect(stats).toMatchObject({ hits: 1, misses: 1, octetsMax: 100_000 });
    expect(stats.octets).toBeLessThanOrEqual(100_000);
    expect(stats.entries + stats.evictions).toBe(1000);
    expect([...layer.dump(300 * second)]).toEqual([]);
  });
});

describe('flushing what is bogus', () => {
  it('takes out bogus data and denials with the failures that came of them, and nothing else', () => {
    const layer = records();
    layer.put(entry(old, { security: 'bogus' }), 0);
    layer.putDenial(denial('nodata', 'no.example.', { security: 'bogus' }), 0);
    layer.put(entry(rrset('good.example. 300 IN A 192.0.2.1'), { security: 'secure' }), 0);
    const failure = { type: TYPE.A, checkingDisabled: false, extendedErrors: [] };
    layer.putFailure({ ...failure, name: name('bad.example.'), reason: 'bogus' }, 0);
    layer.putFailure({ ...failure, name: name('down.example.'), reason: 'network' }, 0);
    expect(layer.flushBogus()).toBe(3);
    expect(layer.flushBogus()).toBe(0);
    expect([...layer.dump(0)].map((kept) => (kept.kind === 'rrset' ? kept.security : kept.kind))).toEqual([
      'secure',
      'failure',
    ]);
  });
});
