// What differs between two settings, key by key, and which keys a running daemon cannot take over.

import { keysOf, leafOf } from './leaves.ts';
import type { Settings } from './settings.ts';

/** What a reload changes. */
export interface SettingsChanges {
  /** The settings to run with: the new ones, but for the keys in `restart`. */
  readonly settings: Settings;
  /** Keys that differ and are taken over, dotted, in the order of the documentation. */
  readonly changed: readonly string[];
  /** Keys that differ and stay as they were until the daemon is started anew. */
  readonly restart: readonly string[];
}

/** Keys that are read once: sockets and threads, memory set aside, secrets drawn, files kept. */
const RESTART_KEYS: ReadonlySet<string> = new Set([
  'listen',
  'workers',
  'cache.maxOctets',
  'clients.cookies',
  'dnssec.rolloverState',
  'control',
  'console',
]);

/** Compares the settings of a running daemon with those of a file that was read again. */
export function settingsChanges(running: Settings, wanted: Settings): SettingsChanges {
  const differing = keysOf(wanted).filter((key) => !same(leafOf(running, key), leafOf(wanted, key)));
  const restart = differing.filter((key) => RESTART_KEYS.has(key));
  return {
    settings: {
      ...wanted,
      listen: running.listen,
      workers: running.workers,
      cache: { ...wanted.cache, maxOctets: running.cache.maxOctets },
      dnssec: { ...wanted.dnssec, rolloverState: running.dnssec.rolloverState },
      clients: { ...wanted.clients, cookies: running.clients.cookies },
      control: running.control,
      console: running.console,
    },
    changed: differing.filter((key) => !RESTART_KEYS.has(key)),
    restart,
  };
}

/** Values of settings are plain data. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
