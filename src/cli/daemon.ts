// Finds the daemon that a verb talks to, and says in one line when none runs.

import { printable } from '../base/printable.ts';
import { parseServerAddress } from '../config/address.ts';
import { controlPaths } from '../config/control-paths.ts';
import type { Places } from '../config/peek.ts';
import type { Answer, DaemonAt } from '../console/client.ts';
import { CliError, EXIT, type Io, systemCode } from './io.ts';
import { findFile, findSettings } from './settings.ts';

/** Flags of every verb that talks to a daemon. */
export interface DaemonFlags {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** A daemon that runs. */
export interface ReachedDaemon {
  /** Asks once. Answers other than `accepted` (200 alone by default) throw {@link CliError}. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown, accepted?: readonly number[]): Promise<Answer>;
  /** A list, as its lines come. */
  list(path: string): AsyncIterable<unknown>;
}

/**
 * The daemon on the control socket of the settings; `orConsole`: else the one on their console. {@link CliError} with
 * exit code 3 when none runs there.
 */
export async function reachDaemon(io: Io, flags: DaemonFlags, orConsole = false): Promise<ReachedDaemon> {
  const { settings, fault } = await findPlaces(io, flags.config);
  const places: DaemonAt[] = controlPaths(settings.control, io.environment).map((socketPath) => ({ socketPath }));
  const console = orConsole && settings.console !== false ? parseServerAddress(settings.console) : undefined;
  if (console !== undefined) places.push(console);
  if (places.length === 0) throw new CliError('the settings have no control socket (control: false)', EXIT.notRunning);
  const troubles: string[] = [];
  for (const at of places) {
    try {
      await io.parts.askDaemon(at, 'GET', '/health');
      return reached(io, at);
    } catch (error) {
      troubles.push(`${placeText(at)}: ${reasonOf(error)}`);
    }
  }
  if (fault !== undefined) throw fault;
  throw new CliError(`no daemon runs here (${troubles.join('; ')}); start one with rootwalk serve`, EXIT.notRunning);
}

/** The settings as far as they lead to a daemon; `fault`: the file has mistakes, which may be why none is found. */
async function findPlaces(
  io: Io,
  config: string | undefined,
): Promise<{ readonly settings: Places; readonly fault: CliError | undefined }> {
  try {
    const { settings } = await findSettings(io, config);
    return { settings, fault: undefined };
  } catch (fault) {
    if (!(fault instanceof CliError)) throw fault;
    const found = await findFile(io, config);
    const { peekPlaces } = await import('../config/peek.ts');
    return { settings: peekPlaces(found?.text ?? ''), fault };
  }
}

function reached(io: Io, at: DaemonAt): ReachedDaemon {
  return {
    async ask(method, path, body, accepted = [200]) {
      const answer = await io.parts.askDaemon(at, method, path, body).catch((error: unknown) => fail(error));
      if (!accepted.includes(answer.status)) throw new CliError(printable(errorOf(answer.json)));
      return answer;
    },
    async *list(path) {
      try {
        yield* io.parts.listDaemon(at, path);
      } catch (error) {
        fail(error);
      }
    },
  };
}

/** The daemon ended meanwhile, or something else answers in its place. */
function fail(error: unknown): never {
  if (!(error instanceof Error)) throw error;
  throw new CliError(`the daemon did not answer: ${printable(error.message)}`, EXIT.notRunning);
}

function errorOf(json: unknown): string {
  const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined;
  return typeof error === 'string' ? error : 'the daemon refused';
}

const REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'there is no socket',
  ENOTDIR: 'there is no socket',
  ECONNREFUSED: 'nothing answers',
  EACCES: 'this user may not; try as the user that runs it, or root',
};

function reasonOf(error: unknown): string {
  return REASONS[systemCode(error) ?? ''] ?? printable(error instanceof Error ? error.message : String(error));
}

function placeText(at: DaemonAt): string {
  return printable('socketPath' in at ? at.socketPath : `${at.ip} port ${at.port}`);
}
