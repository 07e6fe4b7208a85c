// Reads the hosts file and reads it again when it has changed.

import { readFileSync, statSync } from 'node:fs';
import type { Clock, Log } from './base/ports.ts';

/** How often the file is looked at. Milliseconds: a person who edits it sees the change by the next try. */
const LOOK_EVERY_MS = 2000;
/** A hosts file larger than this is not read: block lists have a place of their own. Octets. */
const FILE_OCTETS_MAX = 16 * 1024 * 1024;

/** The hosts file's text, or undefined when there is none or it cannot be read (which is logged once per change). */
export function readHosts(path: string, log: Log): string | undefined {
  try {
    if (statSync(path).size > FILE_OCTETS_MAX) {
      log.warn('hosts file is too large and was left out', { path, octetsMax: FILE_OCTETS_MAX });
      return undefined;
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    log.warn('hosts file cannot be read', { path, error: (error as Error).message });
    return undefined;
  }
}

/** Calls `changed` with the new text whenever the file's size or time of change differs. The function returned ends it. */
export function watchHosts(
  path: string,
  clock: Clock,
  log: Log,
  changed: (text: string | undefined) => void,
): () => void {
  let last = fingerprint(path);
  let cancel = clock.after(LOOK_EVERY_MS, look);
  function look(): void {
    const now = fingerprint(path);
    if (now !== last) {
      last = now;
      changed(readHosts(path, log));
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  }
  return () => cancel();
}

function fingerprint(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.size} ${stat.mtimeMs} ${stat.ino}`;
}
