// The version of this package, from its package.json.

import { createRequire } from 'node:module';

/** Such as `0.1.0`. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('rootwalk/package.json') as { version?: unknown };
  return String(version);
}
