// docs/operations.md keeps up: every metric, path, verb, reason of failure and key that waits for a restart is in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { limitTable } from '../../src/base/limits.ts';
import type { Io } from '../../src/cli/io.ts';
import { addDaemonVerbs } from '../../src/cli/program-daemon.ts';
import { settingsChanges } from '../../src/config/changes.ts';
import { keysOf } from '../../src/config/leaves.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { closeRigs, startRig } from './rig.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
const root = join(import.meta.dirname, '../..');
afterAll(closeRigs);

const missing = (words: readonly string[]): string[] => words.filter((word) => !page.includes(`\`${word}`));

test('metrics', async () => {
  const rig = await startRig();
  const response = await fetch(`http://${rig.started.console}/metrics`);
  const text = await response.text();
  const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => `${name}`);
  expect(names.length).toBeGreaterThan(20);
  expect(missing(names)).toEqual([]);
  const labels = [...text.matchAll(/^rootwalk_(?:handled|limit_hits)_total\{\w+="(\w+)"/gm)].map(
    ([, value]) => `${value}`,
  );
  expect(labels).toContain('host_records');
  expect(missing(labels.filter((value) => !Object.hasOwn(limitTable, value)))).toEqual([]);
});

test('reasons of failure', () => {
  const types = readFileSync(join(root, 'src/resolver/types.ts'), 'utf8');
  const reasons = [...types.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, reason]) => `${reason}`);
  expect(reasons.length).toBeGreaterThan(5);
  expect(missing(reasons)).toEqual([]);
});

test('verbs of the cache and of the daemon', () => {
  const program = new Command();
  addDaemonVerbs(program, { out: () => undefined, err: () => undefined } as unknown as Io, () => undefined, {
    config: '',
    json: '',
  });
  const verbs = program.commands.flatMap((verb) => [
    verb.name(),
    ...verb.commands.map((below) => `${verb.name()} ${below.name()}`),
  ]);
  expect(verbs).toContain('cache flush-zone');
  expect(missing(verbs.filter((verb) => verb !== 'config'))).toEqual([]);
});

test('keys that wait for a restart', () => {
  const other = JSON.parse(JSON.stringify(defaultSettings), (key, value) =>
    key !== '' && (typeof value !== 'object' || value === null || Array.isArray(value)) ? `other ${key}` : value,
  );
  const { restart, changed } = settingsChanges(defaultSettings, other);
  expect([...restart, ...changed].sort()).toEqual(keysOf(defaultSettings).sort());
  expect(missing(restart)).toEqual([]);
});
