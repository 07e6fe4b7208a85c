// The network in memory: what it delivers, when, and how a send ends.

import { describe, expect, test } from 'vitest';
import type { TransportOutcome, TransportRequest, Verdict } from '../../src/base/ports.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type PathModel, VirtualNetwork } from '../../src/testing/virtual-network.ts';

const query = Uint8Array.of(1, 2, 3);
const genuine = Uint8Array.of(9);
const takeAll = (): Verdict => 'take';

function setUp(path: Partial<PathModel> = {}, seed = 1): { clock: VirtualClock; network: VirtualNetwork } {
  const clock = new VirtualClock();
  return { clock, network: new VirtualNetwork({ clock, random: new SeededRandom(seed), path }) };
}

function request(changes: Partial<TransportRequest> = {}): TransportRequest {
  return { server: { ip: '192.0.2.1', port: 53 }, protocol: 'udp', query, timeoutMs: 400, ...changes };
}

describe('VirtualNetwork', () => {
  test('brings a query to its server and the reply back in one round trip, TCP in two', async () => {
    const { clock, network } = setUp({ rttMs: 20 });
    const seen: string[] = [];
    network.serve('192.0.2.1', (octets, { protocol }) => {
      seen.push(`${protocol} ${octets.join()} at ${clock.nowMs()}`);
      return genuine;
    });
    const udp = await clock.runUntil(network.send(request(), takeAll));
    expect(udp).toEqual({ kind: 'response', octets: genuine, rttMs: 20 });
    const tcp = await clock.runUntil(network.send(request({ protocol: 'tcp' }), takeAll));
    expect(tcp).toMatchObject({ kind: 'response', rttMs: 40 });
    expect(seen).toEqual(['udp 1,2,3 at 10', 'tcp 1,2,3 at 50']);
  });

  test('octets that are ignored do not end the wait, and suspect ones do', async () => {
    const { clock, network } = setUp();
    network.serve('192.0.2.1', () => [Uint8Array.of(5), Uint8Array.of(6), genuine]);
    const took = network.send(request(), (octets) => (octets[0] === 9 ? 'take' : 'ignore'));
    expect(await clock.runUntil(took)).toMatchObject({ kind: 'response', octets: genuine });
    const suspected = network.send(request(), (octets) => (octets[0] === 6 ? 'suspect' : 'ignore'));
    expect(await clock.runUntil(suspected)).toEqual({ kind: 'suspect' });
    expect(network.exchanges.map(({ refused }) => refused)).toEqual([2, 2]);
  });

  test('a silent address times out, an unreachable one says so, TCP may be refused alone', async () => {
    const { clock, network } = setUp();
    const end = (changes: Partial<TransportRequest>): Promise<TransportOutcome> =>
      clock.runUntil(network.send(request(changes), takeAll));
    expect(await end({})).toEqual({ kind: 'timeout' });
    expect(clock.nowMs()).toBe(400);
    network.serve('192.0.2.1', () => genuine, { tcp: 'unreachable' });
    expect(await end({ protocol: 'tcp' })).toEqual({ kind: 'unreachable', detail: 'ECONNREFUSED' });
    expect(await end({})).toMatchObject({ kind: 'response' });
    network.change('192.0.2.1', { udp: 'unreachable' });
    expect(await end({})).toMatchObject({ kind: 'unreachable' });
    expect(await end({ server: { ip: '192.0.2.1', port: 5353 } })).toEqual({ kind: 'timeout' });
  });

  test('a reply may come later than the handler returns, and closing ends the wait', async () => {
    const { clock, network } = setUp();
    network.serve('192.0.2.1', (_octets, { reply }) => {
      reply(genuine, 300);
      return undefined;
    });
    expect(await clock.runUntil(network.send(request(), takeAll))).toMatchObject({ kind: 'response', rttMs: 301 });
    const closed = network.send(request(), takeAll);
    network.close();
    expect(await clock.runUntil(closed)).toEqual({ kind: 'timeout' });
    expect(network.inFlight).toBe(0);
  });

  test('loss, duplicates, disorder and lies come at their rates, and the same for the same seed', async () => {
    const path = { lossRate: 0.2, duplicateRate: 0.2, reorderRate: 0.3, reorderMs: 100, lieRate: 0.3 };
    const play = async (seed: number): Promise<string[]> => {
      const { clock, network } = setUp({ ...path, lie: () => Uint8Array.of(66) }, seed);
      let received = 0;
      network.serve('192.0.2.1', () => {
        received++;
        return genuine;
      });
      for (let i = 0; i < 500; i++) {
        await clock.runUntil(network.send(request(), (octets) => (octets[0] === 9 ? 'take' : 'ignore')));
      }
      const ends = network.exchanges.map(({ outcome, refused, endMs }) => `${outcome?.kind} ${refused} ${endMs}`);
      const lost = ends.filter((end) => end.startsWith('timeout')).length;
      expect(lost).toBeGreaterThan(80);
      expect(lost).toBeLessThan(220);
      expect(received).toBeGreaterThan(430);
      expect(ends.filter((end) => !end.includes(' 0 ')).length).toBeGreaterThan(60);
      return ends;
    };
    expect(await play(3)).toEqual(await play(3));
    expect(await play(3)).not.toEqual(await play(4));
  });
});
