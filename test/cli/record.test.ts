// `record` and `replay`, the library's capsule() and the one-line test, against the lab on real sockets.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayFiles } from '../../src/cli/replay-files.ts';
import { createResolver, type LibraryResolver } from '../../src/index.ts';
import { type SmallInternet, startInternet } from '../../src/lab/internet.ts';
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { createTransport } from '../../src/net/transport.ts';
import { replay, replayCapsule } from '../../src/testing/index.ts';
import { cli } from './fake-io.ts';

const clock = systemClock();
const directory = mkdtempSync(join(tmpdir(), 'rootwalk-record-'));
let internet: SmallInternet;
let resolver: LibraryResolver;

beforeAll(async () => {
  internet = await startInternet({ clock });
  const transport = internet.reach(createTransport({ clock, random: systemRandom() }));
  resolver = createResolver({ transport, rootHints: internet.hints, hosts: false, dnssec: { validate: false } });
});

afterAll(async () => {
  await resolver.close();
  await internet.close();
  rmSync(directory, { recursive: true });
});

test('a recorded resolution plays with no network, and its explanation is the same', async () => {
  const written = new Map<string, string>();
  const { engine } = resolver;
  const openResolver = async () => ({
    clock,
    resolve: (request: Parameters<typeof engine.resolve>[0]) => engine.resolve(request),
    close: async () => undefined,
  });
  const outcome = await cli(['record', 'store.example.com', '-o', 'store.json'], { written, parts: { openResolver } });
  expect(outcome).toMatchObject({ code: 0, err: '' });
  expect(outcome.out).toMatch(/^store\.json: \d+ exchanges; rootwalk replay --explain store\.json plays it\n$/);
  const text = written.get('store.json') ?? '';
  expect(text).toContain('"is": "delegation"');
  const report = await replayFiles([{ path: 'store.json', text }], { explain: true });
  expect(report.lines.join('\n')).toContain('1 passed, 0 failed');
});

test('a failure of a warm resolver plays again from its capsule alone, in one line', async () => {
  await resolver.resolve('www.example.com');
  const { kind, failure, capsule } = await resolver.resolve('broken.example');
  expect({ kind, failure }).toEqual({ kind: 'failure', failure: 'servers-failed' });
  const file = join(directory, 'broken.json');
  writeFileSync(file, JSON.stringify(capsule()));
  expect(await replay(pathToFileURL(file))).toMatchObject({ failure: 'servers-failed' });
});

test('an answer from the caches plays without an exchange; one that is changed says where it parts', async () => {
  await resolver.resolve('www.example.com');
  const capsule = (await resolver.resolve('www.example.com')).capsule();
  if (capsule === undefined) throw new Error('no capsule');
  expect(capsule.exchanges).toEqual([]);
  expect(await replayCapsule(capsule)).toMatchObject({ same: true, exchanges: 0 });
  const { difference } = await replayCapsule({ ...capsule, reads: [] });
  expect(difference).toBe('host of www.example.com. A is read here, and was not then');
});

test('a capsule that cannot be written is told of in one line', async () => {
  const parts = {
    openResolver: async () => ({
      clock,
      resolve: resolver.engine.resolve.bind(resolver.engine),
      close: async () => undefined,
    }),
  };
  const outcome = await cli(['record', 'www.example.com', '-o', 'no/such.json'], { parts });
  expect(outcome).toMatchObject({
    code: 1,
    err: 'rootwalk: no/such.json: cannot be written: its folder does not exist\n',
  });
});
