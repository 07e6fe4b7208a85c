// The published JSON Schema of capsules is what the code writes and reads.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { capsuleSchema } from '../../src/testing/capsule.ts';
import { recordCapsule } from '../../src/testing/capsule-record.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { faultyServer } from '../../src/testing/faulty-server.ts';
import { growTree } from '../../src/testing/random-tree.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { ROOT } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';

const packets = join(import.meta.dirname, '..', 'fixtures', 'packets');
const published = join(import.meta.dirname, '..', '..', 'schema', 'capsule.json');

/** What is wrong with a capsule by the published file, read by another reader than ours. */
function fault(capsule: unknown): unknown {
  return z.fromJSONSchema(JSON.parse(readFileSync(published, 'utf8'))).safeParse(capsule).error?.issues[0];
}

test('schema/capsule.json is what a capsule is; to renew it: npm test -- -u test/testing/capsule-schema.test.ts', async () => {
  await expect(`${JSON.stringify(capsuleSchema, undefined, 2)}\n`).toMatchFileSnapshot('../../schema/capsule.json');
});

test('the recordings of real servers satisfy it', () => {
  for (const file of readdirSync(packets).filter((name) => name.endsWith('.json'))) {
    expect(fault(JSON.parse(readFileSync(join(packets, file), 'utf8'))), file).toBeUndefined();
  }
});

test('a fresh recording satisfies it, and a broken one does not', async () => {
  const random = new SeededRandom(5);
  const clock = new VirtualClock();
  const tree = growTree(random.fork(), { zones: 8, signed: true });
  const network = new VirtualNetwork({ clock, random: random.fork() });
  for (const [ip, { zones }] of tree.servers) network.serve(ip, faultyServer(zones, 'honest', random.fork()));
  const anchors = tree.anchor ? [{ zone: ROOT, ds: [], keys: [tree.anchor] }] : [];
  const options = testEngineOptions({
    transport: network,
    clock,
    random: random.fork(),
    roots: tree.roots,
    dnssec: { validate: true, anchors },
  });
  const request = { name: random.pick(tree.names), type: TYPE.A, checkingDisabled: false };
  const { capsule } = await clock.runUntil(recordCapsule(options, request));
  const json = JSON.parse(JSON.stringify(capsule));
  expect(fault(json)).toBeUndefined();
  expect(fault({ ...json, explanations: [] })).toBeDefined();
  expect(fault({ ...json, values: [{ is: 'delegation', zone: 7 }] })).toBeDefined();
});
