// `rootwalk replay`: what is told of scenarios and capsules.
import { expect, test } from 'vitest';
import type { Transport } from '../../src/base/ports.ts';
import { replayFiles, replayReport } from '../../src/cli/replay-files.ts';
import { recordCapsule } from '../../src/testing/capsule-record.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { name } from './fake-io.ts';

/** A capsule of a question whose only root server cannot be reached. */
async function capsule(): Promise<{ exchanges: unknown[] }> {
  const clock = new VirtualClock();
  const transport: Transport = {
    send: async () => ({ kind: 'unreachable', detail: 'EHOSTUNREACH' }),
    close: () => undefined,
  };
  const roots = [{ nameServer: name('a.root'), ip: '192.0.2.53' }];
  const options = testEngineOptions({ transport, clock, random: new SeededRandom(1), roots });
  const request = { name: name('www.example'), type: 1, checkingDisabled: false };
  const recorded = await clock.runUntil(recordCapsule(options, request), 60_000);
  return JSON.parse(JSON.stringify(recorded.capsule));
}

test('a line a file, the messages that differ, and a count', () => {
  const report = replayReport([
    { file: 'a.rpl', status: 'passed' },
    { file: 'b.rpl', status: 'skipped', reason: 'it needs a view' },
    {
      file: 'c.rpl',
      status: 'failed',
      line: 77,
      reason: 'RCODE differs',
      expected: 'NOERROR\na.\tA\n',
      got: 'SERVFAIL\u001b[2J',
    },
  ]);
  expect(report.passed).toBe(false);
  expect(report.lines).toEqual([
    'passed  a.rpl',
    'skipped b.rpl: it needs a view',
    'failed  c.rpl:77: RCODE differs',
    '  expected:',
    '    NOERROR',
    '    a. A',
    '  got:',
    '    SERVFAIL\\u{1b}[2J',
    '1 passed, 1 failed, 1 skipped',
  ]);
});

test('a capsule plays again, and is explained when asked for', async () => {
  const text = JSON.stringify(await capsule());
  const { passed, lines } = await replayFiles([{ path: 'x.json', text }], { explain: true });
  expect(lines[0]).toBe('passed  x.json');
  expect(lines[1]).toBe('  www.example. A');
  expect(lines.find((line) => line.includes('192.0.2.53'))).toContain('192.0.2.53 (a.root.): unreachable');
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
  expect(passed).toBe(true);
});

test('a capsule that parts from its recording says where', async () => {
  const cut = await capsule();
  cut.exchanges.pop();
  const { passed, lines } = await replayFiles([{ path: 'x.json', text: JSON.stringify(cut) }], { explain: false });
  expect(passed).toBe(false);
  expect(lines[0]).toMatch(/^failed {2}x\.json: exchange \d+: asked .*; recorded no further one$/);
});

test.each([
  ['{', /^failed {2}x: not JSON: /],
  ['{}', /^failed {2}x: format: /],
  ['no scenario', /^failed {2}x: /],
])('%j is a failure in one line', async (text, line) => {
  const { passed, lines } = await replayFiles([{ path: 'x', text }], { explain: false });
  expect(passed).toBe(false);
  expect(lines[0]).toMatch(line);
  expect(lines).toHaveLength(2);
});
