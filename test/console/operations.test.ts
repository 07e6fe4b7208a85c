// docs/operations.md keeps up: every metric, path, verb, reason of failure and key that waits for a restart is in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { settingsChanges } from '../../src/config/changes.ts';
import { keysOf } from '../../src/config/leaves.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { cli } from '../cli/fake-io.ts';
import { closeRigs, startRig } from './rig.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
const root = join(import.meta.dirname, '../..');
afterAll(closeRigs);

const missing = (words: readonly string[]): string[] => words.filter((word) => !page.includes(`\`${word}`));

test('metrics', async () => {
  const rig = await startRig();
  const response = await fetch(`http://${rig.started.console}/metrics`);
  const names = [...(await response.text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => `${name}`);
  expect(names.length).toBeGreaterThan(20);
  expect(missing(names)).toEqual([]);
});

test('reasons of failure', () => {
  const types = readFileSync(join(root, 'src/resolver/types.ts'), 'utf8');
  const reasons = [...types.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, reason]) => `${reason}`);
  expect(reasons.length).toBeGreaterThan(5);
  expect(missing(reasons)).toEqual([]);
});

test('verbs of the cache and of the daemon', async () => {
  const verbs = async (...words: string[]) =>
    [...(await cli([...words, '--help'])).out.matchAll(/^ {2}([a-z-]+)(?: \[options\])? /gm)].map(([, verb]) => verb);
  const own = ['serve', 'query', 'explain', 'check', 'lab', 'replay', 'record', 'cache', 'config', 'help'];
  const daemon = (await verbs()).filter((verb) => !own.includes(`${verb}`));
  expect(daemon).toContain('status');
  expect(missing(daemon.map(String))).toEqual([]);
  const cache = (await verbs('cache')).filter((verb) => verb !== 'help');
  expect(cache.length).toBe(6);
  expect(missing(cache.map((verb) => `cache ${verb}`))).toEqual([]);
});

test('keys that wait for a restart', () => {
  const other = JSON.parse(JSON.stringify(defaultSettings), (key, value) =>
    key !== '' && (typeof value !== 'object' || value === null || Array.isArray(value)) ? `other ${key}` : value,
  );
  const { restart, changed } = settingsChanges(defaultSettings, other);
  expect([...restart, ...changed].sort()).toEqual(keysOf(defaultSettings).sort());
  expect(missing(restart)).toEqual([]);
});
