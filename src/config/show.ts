// Settings as a configuration file would have them, whole or only where they differ from the defaults.

import { stringify } from 'yaml';
import { keysOf, leafOf } from './leaves.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { octetsToText } from './units.ts';

/** The settings in sections, plain values, sizes with their unit; `differing`: only what is not as the default. */
export function settingsToObject(settings: Settings, differing: boolean): { readonly [key: string]: unknown } {
  const object: { [key: string]: unknown } = {};
  for (const key of keysOf(settings)) {
    const value = leafOf(settings, key);
    if (differing && JSON.stringify(value) === JSON.stringify(leafOf(defaultSettings, key))) continue;
    const shown = key === 'cache.maxOctets' ? octetsToText(Number(value)) : value;
    const [section = '', leaf] = key.split('.');
    if (leaf === undefined) object[section] = shown;
    else object[section] = { ...(object[section] as object | undefined), [leaf]: shown };
  }
  return object;
}

/** The same as YAML that `serve` reads; empty where nothing differs. */
export function settingsToYaml(settings: Settings, differing: boolean): string {
  const object = settingsToObject(settings, differing);
  return Object.keys(object).length === 0 ? '' : stringify(object, { lineWidth: 120 });
}
