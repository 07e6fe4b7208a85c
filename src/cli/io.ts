// What the verbs have of the world: output, environment, files, signals, and the parts of rootwalk that they start.

import type { Clock, Log, ServerAddress } from '../base/ports.ts';
import type { LogLevel, Settings } from '../config/settings.ts';
import type { Answer, DaemonAt } from '../console/client.ts';
import type { ReloadReport } from '../console/view.ts';
import type { ReadSettings } from '../reload.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';

/** Exit codes of every verb. */
export const EXIT = { done: 0, usage: 1, notRunning: 3, noAnswer: 9, internal: 10 } as const;

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
  /** Path of the control socket, and address of the console; undefined: none. */
  readonly control: string | undefined;
  readonly console: string | undefined;
  /** Why a default of those could not be had, or why rights are kept, a sentence each. */
  readonly warnings: readonly string[];
  /** The user that the process became after binding; undefined: it is whom it was. */
  readonly runsAs?: string | undefined;
}

/** The daemon. */
export interface OpenedDaemon {
  /** Binds every address; rejects with an Error whose message says what to do. */
  start(): Promise<Listening>;
  /** Asks the root for its servers (RFC 9609). */
  prime(): Promise<Resolution>;
  /** Reads the settings again. */
  reload(): Promise<ReloadReport>;
  /** Finishes what is in flight. */
  close(): Promise<void>;
}

/** How a daemon reads its settings again. */
export interface Reloading {
  /** The file that it started with; undefined: the defaults. */
  readonly file: string | undefined;
  readonly readSettings: () => Promise<ReadSettings>;
  /** Told what each reload came to, by signal or by the control socket. */
  readonly reloaded: (report: ReloadReport) => void;
}

/** How a daemon was started. */
export interface Started extends Reloading {
  /** Sockets that the service manager has bound, used in place of `listen`. */
  readonly inherited: number;
  readonly environment: { readonly [name: string]: string | undefined };
}

/** A log whose level can change. */
export interface LevelledLog extends Log {
  setLevel(level: LogLevel): void;
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
  openDaemon(settings: Settings, log: LevelledLog, started: Started): Promise<OpenedDaemon>;
  /** Asks a running daemon once; rejects with the system's error when nothing answers there. */
  askDaemon(at: DaemonAt, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  /** A list of a running daemon, as its lines come; rejects likewise. */
  listDaemon(at: DaemonAt, path: string): AsyncIterable<unknown>;
  runLab(request: LabRequest): Promise<RunningLab>;
  replay(files: readonly ReplayFile[], options: { readonly explain: boolean }): Promise<ReplayReport>;
  /** Logs to standard error: JSON, or for people at a terminal. */
  openLog(level: LogLevel, pretty: boolean): Promise<LevelledLog>;
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
  /** Writes a file anew; rejects likewise. */
  writeFile(path: string, text: string): Promise<void>;
  /** Whether a network interface other than loopback has an address. */
  hasNetwork(): boolean;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  stopped(): Promise<void>;
  /** Calls `run` at each SIGHUP, which from now on does not end the process. */
  onHangup(run: () => void): void;
  readonly parts: Parts;
}

/** The code of an error of the system (`ENOENT`…), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Errors of other parts whose message is one line that tells the user what to do. */
const TOLD_BY_NAME: ReadonlySet<string> = new Set(['ListenError', 'SettingsFileError', 'ConsoleError']);

/** `error` as a {@link CliError} when it is one that a user can mend; undefined: a fault of our own. */
export function asCliError(error: unknown): CliError | undefined {
  if (error instanceof CliError) return error;
  return error instanceof Error && TOLD_BY_NAME.has(error.name) ? new CliError(error.message) : undefined;
}
