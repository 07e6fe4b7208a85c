// What is remembered of servers: RTT and timeouts, EDNS, lameness, and whether a family works at all.
import { describe, expect, it } from 'vitest';
import {
  ednsOf,
  FamilyHealth,
  isBackedOff,
  isLame,
  noteEdns,
  noteLame,
  noteNoEdns,
  noteRtt,
  noteTimeout,
  type ServerState,
  Servers,
  timeoutMs,
} from '../../src/cache/servers.ts';
import { limits, name, second } from './samples.ts';

function server(): ServerState {
  return new Servers({ entriesMax: 10 }).of({ ip: '192.0.2.1', port: 53 });
}

describe('timeout (RFC 6298)', () => {
  it('of an unknown server is 400 ms, of a known one its RTT and four times the variation', () => {
    const state = server();
    expect(timeoutMs(state, limits)).toBe(400);
    noteRtt(state, 100, 0);
    expect(timeoutMs(state, limits)).toBe(300);
    noteRtt(state, 100, 0);
    expect(timeoutMs(state, limits)).toBe(250);
    noteRtt(state, 180, 0);
    expect(state.smoothedRttMs).toBe(110);
    expect(state.rttVariationMs).toBe(48.125);
  });

  it('doubles with each timeout in a row, within its bounds, until a reply', () => {
    const state = server();
    noteRtt(state, 1, 0);
    expect(timeoutMs(state, limits)).toBe(50);
    const waits = Array.from({ length: 8 }, (_, i) => {
      noteTimeout(state, (i + 1) * second);
      return timeoutMs(state, limits);
    });
    expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    noteRtt(state, 1, 10 * second);
    expect(timeoutMs(state, limits)).toBeLessThan(100);
  });

  it('takes the timeouts of one burst for one loss', () => {
    const state = server();
    for (let i = 0; i < 100; i++) noteTimeout(state, second + i);
    expect(state.timeouts).toBe(1);
  });

  it('forgets an RTT of a quarter of an hour ago', () => {
    const state = server();
    noteRtt(state, 2000, 0);
    noteRtt(state, 20, 900 * second);
    expect(state.smoothedRttMs).toBe(20);
  });
});

it('a server is left alone after three timeouts in a row, for longer each time, until a reply', () => {
  const state = server();
  noteTimeout(state, 1 * second);
  noteTimeout(state, 2 * second);
  expect(isBackedOff(state, 2 * second)).toBe(false);
  noteTimeout(state, 3 * second);
  expect([isBackedOff(state, 3 * second), isBackedOff(state, 4 * second)]).toEqual([true, false]);
  noteTimeout(state, 4 * second);
  expect(isBackedOff(state, 5 * second)).toBe(true);
  for (let i = 5; i < 50; i++) noteTimeout(state, i * second);
  expect([isBackedOff(state, 108 * second), isBackedOff(state, 109 * second)]).toEqual([true, false]);
  noteRtt(state, 10, 60 * second);
  expect(isBackedOff(state, 60 * second)).toBe(false);
});

describe('EDNS', () => {
  it('is left off for ten minutes after three refusals in a row', () => {
    const state = server();
    noteNoEdns(state, 0);
    noteNoEdns(state, 0);
    expect(ednsOf(state, 0)).toBe('unknown');
    noteNoEdns(state, 0);
    expect(ednsOf(state, 600 * second - 1)).toBe('none');
    expect(ednsOf(state, 600 * second)).toBe('unknown');
  });

  it('is not left off for refusals with replies between them', () => {
    const state = server();
    for (let i = 0; i < 10; i++) {
      noteNoEdns(state, 0);
      noteNoEdns(state, 0);
      noteEdns(state);
    }
    expect(ednsOf(state, 0)).toBe('supported');
  });
});

describe('lameness', () => {
  it('is of one zone, for five minutes', () => {
    const state = server();
    noteLame(state, name('example.'), 0);
    expect(isLame(state, name('example.'), 300 * second - 1)).toBe(true);
    expect(isLame(state, name('example.'), 300 * second)).toBe(false);
    expect(isLame(state, name('sub.example.'), 0)).toBe(false);
  });

  it('is remembered of the last 8 zones', () => {
    const state = server();
    for (let i = 0; i < 33; i++) noteLame(state, name(`z${i}.`), 0);
    expect(state.lame.size).toBe(8);
    expect([isLame(state, name('z0.'), 0), isLame(state, name('z32.'), 0)]).toEqual([false, true]);
  });
});

describe('Servers', () => {
  it('knows a server by address and port, and again after a flood of others', () => {
    const servers = new Servers({ entriesMax: 100 });
    const address = { ip: '192.0.2.1', port: 53 };
    noteRtt(servers.of(address), 20, 0);
    expect(servers.of(address).smoothedRttMs).toBe(20);
    expect(servers.of({ ...address, port: 54 }).smoothedRttMs).toBeUndefined();
    for (let i = 0; i < 10_000; i++) servers.of({ ip: `10.0.${i >> 8}.${i & 255}`, port: 53 });
    expect(servers.of(address).smoothedRttMs).toBe(20);
    expect(servers.stats().entries).toBeLessThanOrEqual(100);
    expect(servers.flush(address)).toBe(true);
    expect([...servers.dump()].map((state) => state.address)).not.toContainEqual(address);
  });
});

describe('FamilyHealth', () => {
  it('avoids a family by which nothing comes back, and tries it again', () => {
    const health = new FamilyHealth();
    for (let i = 0; i < 7; i++) health.note(6, false, 0);
    expect(health.isDead(6, 0)).toBe(false);
    health.note(6, false, 0);
    expect([health.isDead(6, 0), health.isDead(4, 0), health.isDead(6, 60 * second)]).toEqual([true, false, false]);
    health.note(6, false, 60 * second);
    expect([health.isDead(6, 179 * second), health.isDead(6, 180 * second)]).toEqual([true, false]);
    health.note(6, true, 180 * second);
    for (let i = 0; i < 100; i++) health.note(6, false, 189 * second);
    expect(health.isDead(6, 189 * second)).toBe(false);
  });
});
