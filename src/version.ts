// The version of this package, from its package.json.

import { readFileSync } from 'node:fs';

/** Such as `0.1.0`. */
export function packageVersion(): string {
  const text = readFileSync(new URL(import.meta.resolve('rootwalk/package.json')), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}
