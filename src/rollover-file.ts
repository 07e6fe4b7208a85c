// The file that remembers trust anchors as they roll over (RFC 5011): read once, replaced whole, never needed.

import { readFileSync, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import type { Clock, Log, Random } from './base/ports.ts';
import { rolloverFromText, rolloverToText } from './dnssec/rollover-text.ts';
import type { TrustPoint } from './dnssec/trust-point.ts';

/** What the file needs of the world. */
export interface RolloverFilePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The file, read. */
export interface RolloverFile {
  /** What it held; nothing when it was absent or could not be used. */
  readonly saved: readonly TrustPoint[];
  /** Replaces the content; settles when that is done or has failed, and never rejects. */
  save(points: readonly TrustPoint[]): Promise<void>;
}

/** Larger than this it is none of ours. Octets. */
const FILE_OCTETS_MAX = 1024 * 1024;

/**
 * Opens the state at `path`. Whatever is wrong with it is one line in the log: the configured anchors serve then, and
 * what could not be read is kept as `path.bad` before a new state takes its place.
 */
export function openRolloverFile(path: string, { clock, random, log }: RolloverFilePorts): RolloverFile {
  const read = readState(path, log);
  let { keepAside } = read;
  let failing = false;
  let last = Promise.resolve();

  async function write(text: string): Promise<void> {
    try {
      if (keepAside) await rename(path, `${path}.bad`);
      keepAside = false;
      await replace(path, `${path}.${random.integer(2 ** 32).toString(36)}.tmp`, text);
      if (failing) log.info('trust anchor state is written again', { path });
      failing = false;
    } catch (error) {
      if (!failing)
        log.warn('trust anchor state cannot be written: it is in memory alone', { path, error: textOf(error) });
      failing = true;
    }
  }

  return {
    saved: read.saved,
    save(points) {
      if (!read.usable) return last;
      const text = rolloverToText(points, clock.wallSeconds());
      // One after the other: the state that came last stays.
      last = last.then(() => write(text));
      return last;
    },
  };
}

interface ReadState {
  readonly saved: readonly TrustPoint[];
  /** What is there could not be read: it is not to be lost. */
  readonly keepAside: boolean;
  /** False for what is no file: a folder, a pipe. */
  readonly usable: boolean;
}

function readState(path: string, log: Log): ReadState {
  const unread = (why: string, rest: Omit<ReadState, 'saved'>): ReadState => {
    log.warn('trust anchor state cannot be used: the configured anchors are', { path, why });
    return { saved: [], ...rest };
  };
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      log.info('no trust anchor state yet: the configured anchors are used', { path });
      return { saved: [], keepAside: false, usable: true };
    }
    // Opening a pipe would wait for whoever writes to it.
    if (!stat.isFile()) return unread('it is not a file', { keepAside: false, usable: false });
    if (stat.size > FILE_OCTETS_MAX) {
      return unread(`it is larger than ${FILE_OCTETS_MAX} octets`, { keepAside: true, usable: true });
    }
    return { saved: rolloverFromText(readFileSync(path, 'utf8')), keepAside: false, usable: true };
  } catch (error) {
    return unread(textOf(error), { keepAside: true, usable: true });
  }
}

/** The whole text or none of it is at `path` afterwards, a loss of power included. */
async function replace(path: string, temporary: string, text: string): Promise<void> {
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined); // it may never have come to be
    throw error;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
