// What the verbs have of the world: output, environment, files, signals, and the parts of rootwalk that they start.

import type { Clock, Log, ServerAddress } from '../base/ports.ts';
import type { Settings } from '../config/settings.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';

/** Exit codes of every verb. */
export const EXIT = { done: 0, usage: 1, noAnswer: 9, internal: 10 } as const;

/** An error that a user can mend: printed as one line, without a stack. `exitCode` as in {@link EXIT}. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A resolver within this process. */
export interface OpenedResolver {
  readonly clock: Clock;
  resolve(request: ResolveRequest): Promise<Resolution>;
  close(): Promise<void>;
}

/** What the daemon listens on, and what it left out and why. */
export interface Listening {
  readonly bound: readonly ServerAddress[];
  readonly skipped: readonly string[];
}

/** The daemon. */
export interface OpenedDaemon {
  /** Binds every address; rejects with an Error whose message says what to do. */
  start(): Promise<Listening>;
  /** Asks the root for its servers (RFC 9609). */
  prime(): Promise<Resolution>;
  /** Finishes what is in flight. */
  close(): Promise<void>;
}

/** How the lab is run; its own module prints the story and, at a terminal, reads names. */
export interface LabRequest {
  readonly once: boolean;
  /** Where its resolver listens; none: the default addresses. */
  readonly listen: readonly string[];
  readonly log: Log;
  write(text: string): void;
}

/** A lab that runs. */
export interface RunningLab {
  /** Settles when the user has left its prompt. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** One file to replay. */
export interface ReplayFile {
  readonly path: string;
  readonly text: string;
}

/** How a replay went: lines for people, data for `--json`. */
export interface ReplayReport {
  readonly passed: boolean;
  readonly lines: readonly string[];
  readonly json: unknown;
}

/** The parts of rootwalk behind the verbs, each loaded when it is first needed. Tests put others in their place. */
export interface Parts {
  openResolver(settings: Settings, log: Log): Promise<OpenedResolver>;
  openDaemon(settings: Settings, log: Log): Promise<OpenedDaemon>;
  runLab(request: LabRequest): Promise<RunningLab>;
  replay(files: readonly ReplayFile[], options: { readonly explain: boolean }): Promise<ReplayReport>;
  /** Logs to standard error: JSON, or for people at a terminal. */
  openLog(level: Settings['log']['level'], pretty: boolean): Promise<Log>;
}

/** The world as the verbs see it. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Standard error is a terminal. */
  readonly errIsTerminal: boolean;
  readonly environment: { readonly [name: string]: string | undefined };
  /** The text of a file; rejects with the errors of `node:fs`. */
  readFile(path: string): Promise<string>;
  /** Whether a network interface other than loopback has an address. */
  hasNetwork(): boolean;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  stopped(): Promise<void>;
  readonly parts: Parts;
}

/** The code of an error of the system (`ENOENT`…), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Errors of other parts whose message is one line that tells the user what to do. */
const TOLD_BY_NAME: ReadonlySet<string> = new Set(['ListenError', 'SettingsFileError']);

/** `error` as a {@link CliError} when it is one that a user can mend; undefined: a fault of our own. */
export function asCliError(error: unknown): CliError | undefined {
  if (error instanceof CliError) return error;
  return error instanceof Error && TOLD_BY_NAME.has(error.name) ? new CliError(error.message) : undefined;
}
