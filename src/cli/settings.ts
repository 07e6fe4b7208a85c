// Finds, reads and checks the configuration file of a verb.

import type { LoadedSettings, SettingsError } from '../config/load.ts';
import { defaultSettings, type Settings } from '../config/settings.ts';
import type { ReadSettings } from '../reload.ts';
import { CliError, type Io, systemCode } from './io.ts';
import { readText, whyUnreadable } from './read-text.ts';

/** The settings in effect, and the file that they came from (undefined: the defaults). */
export interface FoundSettings {
  readonly settings: Settings;
  readonly file: string | undefined;
}

/** Looked at in this order when neither `--config` nor ROOTWALK_CONFIG says. */
const PLACES = ['./rootwalk.yaml', '/etc/rootwalk/rootwalk.yaml'] as const;

/** The settings of `--config`, ROOTWALK_CONFIG, or the usual places. Bad ones throw {@link CliError}, one line an error. */
export async function findSettings(io: Io, config: string | undefined): Promise<FoundSettings> {
  return load(io, config, false);
}

/** The same for who is to run by them: the files that they name, and the records in them, are checked too. */
export async function checkedSettings(io: Io, config: string | undefined): Promise<FoundSettings> {
  return load(io, config, true);
}

/** {@link checkedSettings} for a reload: what is wrong is told, not thrown. */
export async function readSettings(io: Io, config: string | undefined): Promise<ReadSettings> {
  try {
    return await checkedSettings(io, config);
  } catch (error) {
    if (error instanceof CliError) return { errors: error.message.split('\n') };
    throw error;
  }
}

async function load(io: Io, config: string | undefined, files: boolean): Promise<FoundSettings> {
  const found = await findFile(io, config);
  if (found === undefined) return { settings: defaultSettings, file: undefined };
  // The YAML parser and the schema take a twentieth of a second to load: only where there is a file.
  const { loadSettings, settingsErrorToText } = await import('../config/load.ts');
  const loaded = loadSettings(found.text, found.file);
  const errors = 'errors' in loaded ? loaded.errors : files ? await fileFaults(io, found.file, loaded) : [];
  if ('settings' in loaded && errors.length === 0) return { settings: loaded.settings, file: found.file };
  throw new CliError(errors.map(settingsErrorToText).join('\n'));
}

async function fileFaults(
  io: Io,
  file: string,
  { settings, locate }: Extract<LoadedSettings, { readonly settings: Settings }>,
): Promise<readonly SettingsError[]> {
  const { faultsOf } = await import('./faults.ts');
  return faultsOf(io, file, settings, locate);
}

/** The file that {@link findSettings} would read, and its text; undefined: there is none. */
export async function findFile(
  io: Io,
  config: string | undefined,
): Promise<{ file: string; text: string } | undefined> {
  const named = config ?? (io.environment['ROOTWALK_CONFIG'] || undefined);
  const because = config === undefined ? ' (from ROOTWALK_CONFIG)' : '';
  if (named !== undefined) return { file: named, text: await readText(io, named, because) };
  for (const file of PLACES) {
    try {
      return { file, text: await io.readFile(file) };
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') continue;
      throw new CliError(`${file}: ${whyUnreadable(error)}; mend it or name another file with --config`);
    }
  }
  return undefined;
}
