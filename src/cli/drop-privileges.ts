// Gives up the rights of root once every port is bound: from then on the daemon needs none of them.

import { chownSync, closeSync, lstatSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { basename, dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { printable } from '../base/printable.ts';

/** Whom the daemon becomes. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What the daemon needs afterwards. */
export interface StillNeeded {
  /** Files read again: settings at a reload, hosts. What is not there is not needed. */
  readonly read: readonly string[];
  /** Files written: the state of the root's keys. */
  readonly written: readonly string[];
  /** The control socket, which is handed to the new user. */
  readonly control: string | undefined;
}

/** What became of it: `warning` says why the rights are kept, or what is not as it should be. */
export interface Dropped {
  /** Whom the process runs as now; undefined: nothing was given up. */
  readonly runsAs: string | undefined;
  readonly warning: string | undefined;
}

/**
 * Becomes an ordinary user when the process is root: the one who called sudo, else `rootwalk`, else `nobody`. Rights are
 * kept, with a warning, when that user could not do what is still needed: a reload that fails is found out too late.
 */
export function dropPrivileges(
  environment: { readonly [name: string]: string | undefined },
  needed: StillNeeded,
): Dropped {
  if (process.getuid?.() !== 0) return { runsAs: undefined, warning: undefined };
  const user = ordinaryUser(environment, textOf('/etc/passwd'));
  if (user === undefined) return kept('there is no user rootwalk and none called nobody');
  const hindrance = hindranceOf(user, needed);
  if (hindrance !== undefined) return kept(`${user.name} ${hindrance}`);
  try {
    // The folder of compiled code is root's.
    flushCompileCache();
    if (needed.control !== undefined) handOver(needed.control, user);
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  } catch (error) {
    return kept(error instanceof Error ? error.message : String(error));
  }
  return { runsAs: user.name, warning: undefined };
}

/** The user to become, by the environment of sudo(8) and the text of /etc/passwd. */
export function ordinaryUser(
  environment: { readonly [name: string]: string | undefined },
  passwd: string,
): User | undefined {
  const { SUDO_UID: uid = '', SUDO_GID: gid = '', SUDO_USER: name } = environment;
  if (/^[1-9][0-9]{0,9}$/.test(uid) && /^[1-9][0-9]{0,9}$/.test(gid)) {
    return { name: name ?? uid, uid: Number(uid), gid: Number(gid) };
  }
  for (const wanted of ['rootwalk', 'nobody']) {
    const fields = passwd
      .split('\n')
      .find((line) => line.startsWith(`${wanted}:`))
      ?.split(':');
    const [found, group] = [Number(fields?.[2]), Number(fields?.[3])];
    if (found > 0 && group > 0) return { name: wanted, uid: found, gid: group };
  }
  return undefined;
}

function kept(why: string): Dropped {
  return {
    runsAs: undefined,
    warning: `still running as root: ${printable(why)}; run it as a service (packaging/rootwalk.service), or make that so`,
  };
}

/** What keeps `user` from the files; tried with the rights of that user, which are taken for the moment. */
function hindranceOf(user: User, needed: StillNeeded): string | undefined {
  // Parts of the program are loaded when they are first needed.
  const program = fileURLToPath(import.meta.url);
  try {
    process.setegid?.(user.gid);
    process.seteuid?.(user.uid);
    const unread = [program, ...needed.read].find((path) => !mayRead(path));
    if (unread !== undefined) return `could not read ${unread}`;
    const unwritten = needed.written.find((path) => !mayMakeFiles(dirname(path)));
    return unwritten === undefined ? undefined : `could not write ${unwritten}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** access(2) asks for the real user, so the file is opened. */
function mayRead(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

function mayMakeFiles(folder: string): boolean {
  const trial = `${folder}/.rootwalk-${process.pid}`;
  try {
    closeSync(openSync(trial, 'wx', 0o600));
    unlinkSync(trial);
    return true;
  } catch {
    return false;
  }
}

/** The socket, and the folder that was made for it, so that the daemon can take it away at its end. */
function handOver(control: string, user: User): void {
  const folder = dirname(control);
  if (basename(folder) === 'rootwalk' && lstatSync(folder).uid === 0) chownSync(folder, user.uid, user.gid);
  chownSync(control, user.uid, user.gid);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return '';
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
