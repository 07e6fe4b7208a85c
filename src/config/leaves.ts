// The settings as a flat list of dotted keys: `listen`, `cache.maxOctets`, with lists as one value.

import type { Settings } from './settings.ts';

/** All keys, in the order in which the settings have them. */
export function keysOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    isSection(value) ? Object.keys(value).map((leaf) => `${key}.${leaf}`) : [key],
  );
}

/** The value of a key of {@link keysOf}. */
export function leafOf(settings: Settings, key: string): unknown {
  const [section = '', leaf] = key.split('.');
  const value: unknown = Object.entries(settings).find(([name]) => name === section)?.[1];
  return leaf === undefined || !isSection(value) ? value : value[leaf];
}

function isSection(value: unknown): value is { readonly [leaf: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
