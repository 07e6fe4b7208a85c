// Plays every file of test/fixtures/scenarios: one behaviour each, named by it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayRplPath } from '../src/testing/rpl-run.ts';

const folder = join(import.meta.dirname, 'fixtures', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.rpl'));

test.each(files)('%s', async (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const [result] = await replayRplPath([{ path: name, text }]);
  const report = [result?.reason, 'expected:', result?.expected, 'got:', result?.got, ...(result?.trace ?? [])].join(
    '\n',
  );
  expect(result?.status, report).toBe('passed');
  // A comment `; queries at most N` bounds what the behaviour may cost.
  const most = /^; queries at most (\d+)$/m.exec(text)?.[1];
  const asked = result?.trace.filter((line) => line.startsWith('[')).length ?? 0;
  if (most !== undefined) expect(asked, report).toBeLessThanOrEqual(Number(most));
});
