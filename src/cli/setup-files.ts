// Writes the files of a plan and takes them back: what was there before returns as it was, octets, links and modes.

import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CliError, systemCode } from './io.ts';
import { type FileStep, MARK } from './setup-plan.ts';

/** What became of a file. */
export type Done = 'written' | 'unchanged' | 'taken back' | 'not there' | 'kept: changed since';

/** A folder that was made for a drop-in is taken away with it. */
const FOLDER_MARK = '# The folder was made for it, too.';

/** Writes all files under `root`, or none: {@link CliError} says which could not be, with the others taken back. */
export function writeFiles(root: string, files: readonly FileStep[]): Done[] {
  const done: Done[] = [];
  try {
    for (const file of files) {
      done.push(guarded(file.path, () => (file.replaces ? replaceFile(root, file) : writeDropIn(root, file))));
    }
    return done;
  } catch (error) {
    for (const [at, file] of files.entries()) if (done[at] === 'written') takeBack(root, file);
    throw error instanceof CliError ? new CliError(`${error.message}; nothing was changed`) : error;
  }
}

/** Takes one file back. */
export function takeBack(root: string, { path, replaces }: Pick<FileStep, 'path' | 'replaces'>): Done {
  return guarded(path, () => (replaces ? restoreFile(root + path) : removeDropIn(root + path)));
}

/** Whether the file is there and by us. */
export function isOurs(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8').startsWith(MARK);
}

/** Where the file is kept that another took the place of. */
export function keptPath(path: string): string {
  return `${path}.before-rootwalk`;
}

function writeDropIn(root: string, { path, text }: FileStep): Done {
  const full = root + path;
  const folder = dirname(full);
  const made = !isThere(folder);
  if (made) mkdirSync(folder, { recursive: true, mode: 0o755 });
  const before = isOurs(full) ? readFileSync(full, 'utf8') : undefined;
  const marked = made || before?.includes(FOLDER_MARK) === true ? text.replace('\n', `\n${FOLDER_MARK}\n`) : text;
  if (before === marked) return 'unchanged';
  if (before === undefined && isThere(full)) throw new CliError(`${path} is there and not by rootwalk: move it away`);
  writeAside(full, marked);
  renameSync(`${full}.new`, full);
  return 'written';
}

function removeDropIn(full: string): Done {
  if (!isOurs(full)) return 'not there';
  const made = readFileSync(full, 'utf8').includes(FOLDER_MARK);
  unlinkSync(full);
  if (made) removeIfEmpty(dirname(full));
  return 'taken back';
}

/** A second name keeps what was there, link or file, with all that belongs to it; then the new one takes its place at once. */
function replaceFile(root: string, { path, text }: FileStep): Done {
  const full = root + path;
  const kept = keptPath(full);
  if (isOurs(full) && readFileSync(full, 'utf8') === text) return 'unchanged';
  writeAside(full, text);
  try {
    // Ours from an earlier time is not worth keeping; what somebody else has written since then is.
    const foreign = isThere(full) && !isOurs(full);
    if (foreign) keep(full, kept);
    try {
      moveOver(`${full}.new`, full);
    } catch (error) {
      if (foreign) unlinkSync(kept);
      throw error;
    }
    return 'written';
  } catch (error) {
    if (isThere(`${full}.new`)) unlinkSync(`${full}.new`);
    throw error;
  }
}

function restoreFile(full: string): Done {
  const kept = keptPath(full);
  if (!isOurs(full)) {
    if (!isThere(kept)) return 'not there';
    if (isThere(full)) return 'kept: changed since';
  }
  if (isThere(kept)) moveOver(kept, full);
  else unlinkSync(full);
  return 'taken back';
}

function keep(full: string, kept: string): void {
  if (isThere(kept)) unlinkSync(kept);
  try {
    linkSync(full, kept);
  } catch (error) {
    // A mount of its own, as in containers, has no second name; nor do some file systems give any.
    if (systemCode(error) !== 'EXDEV' && systemCode(error) !== 'ENOTSUP') throw error;
    copyFileSync(full, kept);
  }
}

/** A mounted file cannot be replaced: its content is. */
function moveOver(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EBUSY') throw error;
    writeFileSync(to, readFileSync(from));
    unlinkSync(from);
  }
}

function writeAside(full: string, text: string): void {
  const aside = `${full}.new`;
  if (isThere(aside)) unlinkSync(aside);
  writeFileSync(aside, text, { flag: 'wx', mode: 0o644 });
  // Whatever the umask: every program reads it.
  chmodSync(aside, 0o644);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY') throw error;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

const WHYS: { readonly [code: string]: string | undefined } = {
  EACCES: 'this user may not write it; try: sudo rootwalk setup',
  EPERM: 'it may not be changed; if it is immutable, sudo chattr -i on it first',
  EROFS: 'its file system is read-only',
};

/** Errors of the system in words. */
function guarded(path: string, run: () => Done): Done {
  try {
    return run();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new CliError(`${path}: ${WHYS[code] ?? (error as Error).message}`);
  }
}
