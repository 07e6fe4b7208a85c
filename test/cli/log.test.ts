// The log: what a line holds.
import { expect, test } from 'vitest';
import { createLog } from '../../src/cli/log.ts';

test('JSON lines with time, level name, message and fields, from the level on', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = await createLog({ level: 'info', pretty: false, destination });
  log.debug('unseen');
  log.info('resolution failed', { question: 'a\\027.example. A', reason: 'network', detail: undefined });
  log.error('plain');
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    msg: 'resolution failed',
    question: 'a\\027.example. A',
    reason: 'network',
  });
  expect(second).toMatchObject({ level: 'error', msg: 'plain' });
  expect(lines).toHaveLength(2);
});

test('silent says nothing', async () => {
  const lines: string[] = [];
  const log = await createLog({
    level: 'silent',
    pretty: false,
    destination: { write: (line) => void lines.push(line) },
  });
  log.error('unseen');
  expect(lines).toEqual([]);
});
