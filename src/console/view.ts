// What the console sees of a daemon: figures to read, and the few things that it may be told to do.

import type { LimitName } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Inspector } from '../resolver/inspect.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';
import type { ServerStats } from '../server/server.ts';
import type { Meters } from './meters.ts';
import type { FailureReport } from './reports.ts';

/** How a reload went. `errors` are lines such as `file:line:column key: message`; nothing has changed then. */
export type ReloadReport =
  | {
      readonly ok: true;
      /** Absent: there is no file, and the defaults were taken. */
      readonly file?: string;
      /** Keys that differ and are in effect now. */
      readonly changed: readonly string[];
      /** Keys that differ and take effect when the daemon is started anew. */
      readonly restart: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly string[] };

/** The last resolutions that failed, proved bogus or reached a bound. */
export interface FailuresView {
  /** The oldest first. */
  list(): Iterable<FailureReport>;
  /** The JSON text of a capsule; undefined: it is not kept (any more). */
  capsule(id: number): string | undefined;
  stats(): FailuresStats;
}

/** What they take, and how many could not be kept. */
export interface FailuresStats {
  readonly entries: number;
  readonly octets: number;
  readonly octetsMax: number;
  /** Failures so many at once that they were not kept. */
  readonly skipped: number;
}

/** A running daemon. */
export interface ConsoleView {
  readonly version: string;
  /** Of Node.js. */
  readonly runtime: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly inspector: Inspector;
  readonly meters: Meters;
  readonly failures: FailuresView;
  /** By `Clock.wallSeconds`. */
  readonly startedSeconds: number;
  /** The configuration file; undefined: the defaults. */
  file(): string | undefined;
  /** Addresses answered on, as text. */
  listening(): readonly string[];
  /** Why clients should not be sent here yet, in sentences; none: ready. */
  unready(): readonly string[];
  server(): ServerStats;
  /** Resolutions in progress. */
  resolutions(): number;
  limitHits(): ReadonlyMap<LimitName, number>;
  reloads(): { readonly done: number; readonly refused: number };
  process(): { readonly residentOctets: number; readonly cpuSeconds: number };
  /** Resolves a question with the caches as they are, and fills them. */
  resolve(request: ResolveRequest): Promise<Resolution>;
  /** Reads the settings again. */
  reload(): Promise<ReloadReport>;
}
