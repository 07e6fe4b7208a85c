// Reads and writes files that a user named, and says in words why one cannot be.

import { printable } from '../base/printable.ts';
import { CliError, type Io, systemCode } from './io.ts';

/** The text of a file that a user named; {@link CliError} when it cannot be read. */
export async function readText(io: Io, file: string, because = ''): Promise<string> {
  try {
    return await io.readFile(file);
  } catch (error) {
    throw new CliError(`${printable(file)}: ${whyUnreadable(error)}${because}`);
  }
}

/** Writes a file that a user named; {@link CliError} when it cannot be written. */
export async function writeText(io: Io, path: string, text: string): Promise<void> {
  try {
    await io.writeFile(path, text);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new CliError(`${printable(path)}: cannot be written: ${WRITE_REASONS[code] ?? code}`);
  }
}

const REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'it may not be read by this user',
};

const WRITE_REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** An error of the file system in words. */
export function whyUnreadable(error: unknown): string {
  return REASONS[systemCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}
