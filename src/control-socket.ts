// Makes the control socket: one that only its owner may use, at the first place that takes it.

import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { askDaemon } from './console/client.ts';
import type { HttpListener } from './console/http.ts';

/** Thrown when the control socket, or the console, cannot be opened; `message` is one line that says why and what to do. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
}

/** Bits of the file's mode that are taken away: nobody but the owner may read, write or, which is connecting, use it. */
const UMASK = 0o177;

/** Listens at the first of `paths` that can be used. Throws {@link ConsoleError} that says why none can. */
export async function openControlSocket(
  paths: readonly string[],
  listen: (path: string) => Promise<HttpListener>,
): Promise<{ readonly path: string; readonly listener: HttpListener }> {
  const troubles: string[] = [];
  for (const path of paths) {
    try {
      makeFolder(path);
      await removeStale(path);
      return { path, listener: await listenPrivately(path, listen) };
    } catch (error) {
      troubles.push(`${path}: ${reasonOf(error)}`);
    }
  }
  throw new ConsoleError(`no control socket: ${troubles.join('; ')}; set \`control\` to another path, or to false`);
}

/** The last folder of the path is made where it is missing, as a service manager would. */
function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { mode: 0o755 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** A socket that nobody answers on was left by a daemon that was killed. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('something that is no socket is there');
  try {
    await askDaemon({ socketPath: path }, 'GET', '/health');
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') throw error;
    unlinkSync(path);
    return;
  }
  throw new Error('another rootwalk answers there');
}

/** The mode is right from the first moment on: the path is bound before `listen` returns its promise. */
function listenPrivately(path: string, listen: (path: string) => Promise<HttpListener>): Promise<HttpListener> {
  const before = process.umask(UMASK);
  try {
    return listen(path);
  } finally {
    process.umask(before);
  }
}

const REASONS: { readonly [code: string]: string | undefined } = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder is missing',
  EINVAL: 'the path is too long for a socket',
};

function reasonOf(error: unknown): string {
  return REASONS[codeOf(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
