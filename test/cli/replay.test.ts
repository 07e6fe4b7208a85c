// `rootwalk replay`: what is told of scenarios and capsules.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayFiles, replayReport } from '../../src/cli/replay-files.ts';

const packets = join(import.meta.dirname, '../fixtures/packets');

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
  const [file = ''] = readdirSync(packets).filter((name) => name.endsWith('.json'));
  const text = readFileSync(join(packets, file), 'utf8');
  const { passed, lines } = await replayFiles([{ path: file, text }], { explain: true });
  expect(passed).toBe(true);
  expect(lines[0]).toBe(`passed  ${file}`);
  expect(lines.some((line) => line.includes(' 4 root: '))).toBe(true);
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
});

test('a capsule that parts from its recording says where', async () => {
  const [file = ''] = readdirSync(packets).filter((name) => name.endsWith('.json'));
  const capsule = JSON.parse(readFileSync(join(packets, file), 'utf8'));
  capsule.exchanges.pop();
  const { passed, lines } = await replayFiles([{ path: file, text: JSON.stringify(capsule) }], { explain: false });
  expect(passed).toBe(false);
  expect(lines[0]).toMatch(/^failed {2}.*\.json: exchange \d+: asked .*; recorded no further one$/);
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
