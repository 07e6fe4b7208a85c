// The state file of rolling trust anchors on a real disk: absent, torn, foreign, unwritable; nothing of it is ever needed.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../src/base/ports.ts';
import { createResolver, type LibraryResolver } from '../src/create.ts';
import { rolloverToText } from '../src/dnssec/rollover-text.ts';
import type { TrustPoint } from '../src/dnssec/trust-point.ts';
import { openRolloverFile, type RolloverFile } from '../src/rollover-file.ts';
import { SeededRandom } from '../src/testing/seeded-random.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../src/testing/virtual-network.ts';
import { parseMessage } from '../src/wire/message.ts';
import { ROOT } from '../src/wire/name.ts';
import { RCODE, TYPE } from '../src/wire/types.ts';
import { encode } from './attacks/world.ts';
import { rrsetOf } from './dnssec/data.ts';
import { type KeyForm, keySet, RollingKey, signedBy } from './dnssec/rolling.ts';

const START = Date.UTC(2026, 5, 1) / 1000;
const key = new RollingKey();
const points: TrustPoint[] = [
  {
    zone: ROOT,
    refreshed: START,
    anchors: [
      { type: 'DNSKEY', rdata: key.dnskey, state: 'Valid', since: START, seen: START, until: undefined, signers: [] },
    ],
  },
];
const text = rolloverToText(points, START);

let folder: string;
let path: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rootwalk-rollover-'));
  path = join(folder, 'anchors.state');
  lines = [];
});

afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

function openFile(at: string = path): RolloverFile {
  const line = (message: string): void => {
    lines.push(message);
  };
  const log = { ...silentLog, info: line, warn: line, error: line };
  return openRolloverFile(at, { clock: new VirtualClock({ wallSeconds: START }), random: new SeededRandom(1), log });
}

test('what is saved is there the next time, and nothing lies beside it', async () => {
  const file = openFile();
  expect(file.saved).toEqual([]);
  expect(lines).toEqual(['no trust anchor state yet: the configured anchors are used']);
  await Promise.all([file.save([]), file.save(points)]);
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(openFile().saved).toEqual(points);
  expect(readdirSync(folder)).toEqual(['anchors.state']);
  expect(lines).toHaveLength(1);
});

describe('a state that cannot be used', () => {
  test.each([
    ['torn', text.slice(0, text.length / 2)],
    ['empty', ''],
    ['of another program', '; autotrust trust anchor file\n;;id: . 1\n'],
    ['too large', text + '\n'.repeat(1024 * 1024)],
  ])('%s: one line, no anchors of it, and it is kept aside', async (_, content) => {
    writeFileSync(path, content);
    const file = openFile();
    expect(file.saved).toEqual([]);
    expect(lines).toEqual(['trust anchor state cannot be used: the configured anchors are']);
    expect(readFileSync(path, 'utf8')).toBe(content);
    await file.save(points);
    await file.save(points);
    expect(readFileSync(`${path}.bad`, 'utf8')).toBe(content);
    expect(openFile().saved).toEqual(points);
    expect(lines).toHaveLength(1);
  });

  test('because it is a folder: it stays one', async () => {
    mkdirSync(path);
    const file = openFile();
    await file.save(points);
    expect(readdirSync(folder)).toEqual(['anchors.state']);
    expect(lines).toHaveLength(1);
  });
});

describe('a place that cannot be written to', () => {
  test('is told once, and once more when it works', async () => {
    const file = openFile(join(folder, 'not-yet', 'anchors.state'));
    await file.save(points);
    await file.save(points);
    expect(lines.slice(1)).toEqual(['trust anchor state cannot be written: it is in memory alone']);
    mkdirSync(join(folder, 'not-yet'));
    await file.save(points);
    expect(lines.slice(2)).toEqual(['trust anchor state is written again']);
  });

  // Permissions mean nothing to root.
  test.skipIf(process.getuid?.() === 0)('may be a read-only folder: the state in it is read all the same', async () => {
    writeFileSync(path, text);
    chmodSync(folder, 0o555);
    const file = openFile();
    expect(file.saved).toEqual(points);
    await file.save([]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(lines).toEqual(['trust anchor state cannot be written: it is in memory alone']);
  });
});

describe('a resolver with dnssec.rolloverState', () => {
  const txt = rrsetOf('host. 60 TXT "here"');
  let clock: VirtualClock;
  let resolver: LibraryResolver;

  function start(configured: RollingKey, keys: readonly KeyForm[]): void {
    clock = new VirtualClock({ wallSeconds: START });
    const network = new VirtualNetwork({ clock });
    network.serve('198.51.100.1', (query) => {
      const question = parseMessage(query).questions[0];
      const now = clock.wallSeconds();
      if (question?.type === TYPE.DNSKEY) return encode(query, { answer: [keySet(keys, keys, now)] });
      if (question?.type === TYPE.TXT) return encode(query, { answer: [signedBy(txt, keys, now)] });
      return encode(query, { rcode: RCODE.REFUSED });
    });
    const anchors = join(folder, 'root.key');
    writeFileSync(anchors, `. DS \\# ${configured.ds().length} ${Buffer.from(configured.ds()).toString('hex')}\n`);
    resolver = createResolver({
      transport: network,
      clock,
      random: new SeededRandom(3),
      rootHints: '. 3600 NS a.root.\na.root. 3600 A 198.51.100.1\n',
      hosts: false,
      root: { trustAnchors: anchors },
      dnssec: { rolloverState: path },
    });
  }

  afterEach(() => resolver.close());

  test('validates with what the file remembers, revoked anchors left out', async () => {
    const old = new RollingKey();
    const [anchor] = points[0]?.anchors ?? [];
    const revoked = { ...anchor, rdata: old.dnskey, state: 'Revoked' } as NonNullable<typeof anchor>;
    writeFileSync(path, rolloverToText([{ ...points[0], anchors: [anchor, revoked] } as TrustPoint], START));
    start(old, [key]);
    expect((await clock.runUntil(resolver.resolve('host.', 'TXT'))).security).toBe('secure');
    await resolver.close();
    start(old, [old]);
    expect((await clock.runUntil(resolver.resolve('host.', 'TXT'))).security).toBe('bogus');
  });

  test('makes the file when it has seen the keys', async () => {
    start(key, [key]);
    expect((await clock.runUntil(resolver.resolve('host.', 'TXT'))).security).toBe('secure');
    await clock.advance(61_000);
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain(`key . Valid tag=${key.tag}`));
  });

  test('works without the file, and where it cannot be written', async () => {
    path = join(folder, 'none', 'anchors.state');
    start(key, [key]);
    await clock.advance(61_000);
    expect((await clock.runUntil(resolver.resolve('host.', 'TXT'))).security).toBe('secure');
  });

  test('falls back to the configured anchors when the file is torn', async () => {
    writeFileSync(path, text.slice(0, -6));
    start(key, [key]);
    expect((await clock.runUntil(resolver.resolve('host.', 'TXT'))).security).toBe('secure');
  });
});
