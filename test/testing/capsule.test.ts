// Capsules: what is recorded is played again alike, and a replay that parts says where.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Transport } from '../../src/base/ports.ts';
import type { Capsule } from '../../src/capsule.ts';
import { parseCapsule } from '../../src/testing/capsule.ts';
import { recordCapsule } from '../../src/testing/capsule-record.ts';
import { replayCapsule } from '../../src/testing/capsule-replay.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { faultyServer, truthfulBehaviours } from '../../src/testing/faulty-server.ts';
import { growTree } from '../../src/testing/random-tree.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';

const packets = join(import.meta.dirname, '..', 'fixtures', 'packets');
const files = readdirSync(packets).filter((name) => name.endsWith('.json'));

/** A capsule of a random question in a random world where things go wrong. */
async function recordFrom(
  seed: number,
  through: (network: Transport) => Transport = (network) => network,
): Promise<Capsule> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock({ startMs: 1234.5 });
  const tree = growTree(random.fork(), { zones: 12 });
  const path = { rttMs: [1, 80] as const, lossRate: 0.1, duplicateRate: 0.1, lieRate: 0.1 };
  const network = new VirtualNetwork({ clock, random: random.fork(), path });
  for (const [ip, { zones }] of tree.servers) {
    const behaviour = random.chance(0.6) ? 'honest' : random.pick(truthfulBehaviours);
    network.serve(ip, faultyServer(zones, behaviour, random.fork()));
  }
  const options = testEngineOptions({
    transport: through(network),
    clock,
    random: random.fork(),
    roots: tree.roots,
    upstream: { caseRandomisation: true },
  });
  const request = { name: random.pick(tree.names), type: TYPE.A, checkingDisabled: false };
  return (await clock.runUntil(recordCapsule(options, request))).capsule;
}

describe('recordings of real servers (nsd and knot)', () => {
  test.each(files)('%s gives the same answer', async (file) => {
    const capsule = parseCapsule(readFileSync(join(packets, file), 'utf8'), file);
    const { same, difference } = await replayCapsule(capsule, { compare: 'answer' });
    expect(difference).toBeUndefined();
    expect(same).toBe(true);
  });
});

describe('replayCapsule', () => {
  test('plays a recording exactly, in any weather, after a journey through JSON', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const capsule = parseCapsule(JSON.stringify(await recordFrom(seed)), `seed ${seed}`);
      const replay = await replayCapsule(capsule);
      expect(replay.difference, `seed ${seed}`).toBeUndefined();
      expect(replay.exchanges).toBe(capsule.exchanges.length);
    }
  });

  const recorded = (): Capsule => parseCapsule(readFileSync(join(packets, 'plain-answer.json'), 'utf8'), 'plain');

  test('says which exchange is not in the recording', async () => {
    const capsule = await recordFrom(3);
    expect(capsule.exchanges.length).toBeGreaterThan(2);
    const exchanges = capsule.exchanges.filter((_, at) => at !== 1);
    const { same, difference } = await replayCapsule({ ...capsule, exchanges });
    expect(same).toBe(false);
    expect(difference).toMatch(/^exchange 2: asked .+ recorded /);
  });

  test('says when the answer is another', async () => {
    const capsule = recorded();
    const other = parseCapsule(readFileSync(join(packets, 'nodata.json'), 'utf8'), 'nodata');
    const { difference } = await replayCapsule({ ...capsule, answer: other.answer }, { compare: 'answer' });
    expect(difference).toContain('192.0.2.1');
  });

  test('tells the recorded answer by its octets, not by the readable form beside them', async () => {
    const capsule = recorded();
    const octets = Buffer.from(capsule.answer.octets, 'base64');
    octets[3] = (octets[3] as number) | RCODE.REFUSED;
    const answer = { ...capsule.answer, octets: octets.toString('base64') };
    const { difference } = await replayCapsule({ ...capsule, answer }, { compare: 'answer' });
    expect(difference).toMatch(/NOERROR.+ recorded .+REFUSED/);
  });

  test('plays a message that more datagrams came for than are looked at', async () => {
    const capsule = await recordFrom(3, (network) => ({
      send: (request, accept) =>
        request.protocol === 'udp' ? Promise.resolve({ kind: 'suspect' }) : network.send(request, accept),
      close: () => network.close(),
    }));
    expect(capsule.exchanges.map(({ outcome, arrivals }) => [outcome, arrivals.length])).toContainEqual(['suspect', 0]);
    expect((await replayCapsule(capsule)).difference).toBeUndefined();
  });
});

test('a file that is no capsule is refused with its name and the place', () => {
  expect(() => parseCapsule('{', 'a.json')).toThrow(/^a\.json: not JSON/);
  const good = JSON.parse(readFileSync(join(packets, 'nodata.json'), 'utf8'));
  const wrong = { ...good, version: 3 };
  expect(() => parseCapsule(JSON.stringify(wrong), 'b.json')).toThrow(/^b\.json: version: /);
  const longer = { ...good, explanations: [] };
  expect(() => parseCapsule(JSON.stringify(longer), 'c.json')).toThrow(/^c\.json: explanations: unknown key$/);
});
