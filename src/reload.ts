// Reads the settings of a running daemon again and puts the difference into effect, whole or not at all.

import { settingsChanges } from './config/changes.ts';
import type { Settings } from './config/settings.ts';
import type { ReloadReport } from './console/view.ts';

/** Good settings and their file (undefined: the defaults), or what is wrong with them, a line each. */
export type ReadSettings =
  | { readonly settings: Settings; readonly file: string | undefined }
  | { readonly errors: readonly string[] };

/** Reloads, one at a time. */
export interface Reloader {
  /** The file in effect; undefined: the defaults. */
  readonly file: string | undefined;
  /** Reloads since the start: those that took effect, and those that were refused. */
  readonly counts: { readonly done: number; readonly refused: number };
  /** Whoever asks while one is under way waits for it and for one more: the file may have changed meanwhile. */
  reload(): Promise<ReloadReport>;
}

/** What a reload is made with. */
export interface ReloadParts {
  readonly file?: string | undefined;
  readonly readSettings?: (() => Promise<ReadSettings>) | undefined;
  /** Told what each reload came to, whoever asked for it. */
  readonly reloaded?: ((report: ReloadReport) => void) | undefined;
}

/** `apply` puts settings into effect at once; it throws, with nothing changed, what is wrong with a file that they name. */
export function createReloader(settings: Settings, parts: ReloadParts, apply: (settings: Settings) => void): Reloader {
  let running = settings;
  let { file } = parts;
  const counts = { done: 0, refused: 0 };
  let current: Promise<ReloadReport> | undefined;
  let following: Promise<ReloadReport> | undefined;

  async function once(): Promise<ReloadReport> {
    const report = await attempt();
    counts[report.ok ? 'done' : 'refused'] += 1;
    parts.reloaded?.(report);
    return report;
  }

  async function attempt(): Promise<ReloadReport> {
    if (parts.readSettings === undefined) return { ok: false, errors: ['this daemon has no settings to read again'] };
    const read = await parts.readSettings();
    if ('errors' in read) return { ok: false, errors: read.errors };
    const { settings: next, changed, restart } = settingsChanges(running, read.settings);
    try {
      // Files that the settings name may have changed too.
      apply(next);
    } catch (error) {
      if (!(error instanceof Error) || !MENDABLE.has(error.name)) throw error;
      return { ok: false, errors: [error.message] };
    }
    running = next;
    file = read.file;
    return { ok: true, ...(file === undefined ? {} : { file }), changed, restart };
  }

  function start(): Promise<ReloadReport> {
    const started = once().finally(() => {
      if (current === started) current = undefined;
    });
    current = started;
    return started;
  }

  return {
    get file() {
      return file;
    },
    counts,
    reload() {
      if (current === undefined) return start();
      following ??= current
        .catch(() => undefined)
        .then(() => {
          following = undefined;
          return start();
        });
      return following;
    },
  };
}

/** Errors of what the settings name: a file that cannot be read, or records that are none. */
const MENDABLE: ReadonlySet<string> = new Set(['SettingsFileError', 'WireError']);
