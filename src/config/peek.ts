// Where a daemon is to be found by a configuration file that may be faulty: a mistake in it must not hide the daemon.

import { parse } from 'yaml';
import { checkSettings } from './schema.ts';
import { defaultSettings, type Settings } from './settings.ts';

/** The keys by which a daemon is found. */
export type Places = Pick<Settings, 'control' | 'console'>;

/** `control` and `console` of the file, each as the default where it cannot be understood. Never throws on bad text. */
export function peekPlaces(text: string): Places {
  let input: unknown;
  try {
    input = parse(text, { maxAliasCount: 0, logLevel: 'silent' });
  } catch {
    // What it says cannot be known; the default is the best guess.
    return defaultSettings;
  }
  return { control: peek(input, 'control'), console: peek(input, 'console') };
}

function peek<Key extends keyof Places>(input: unknown, key: Key): Settings[Key] {
  const value = typeof input === 'object' && input !== null ? (input as { [name: string]: unknown })[key] : undefined;
  const checked = checkSettings({ [key]: value });
  return 'settings' in checked ? checked.settings[key] : defaultSettings[key];
}
