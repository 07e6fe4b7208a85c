// Finds, reads and checks the configuration file of a verb.

import { printable } from '../base/printable.ts';
import { defaultSettings, type Settings } from '../config/settings.ts';
import { CliError, type Io, systemCode } from './io.ts';

/** The settings in effect, and the file that they came from (undefined: the defaults). */
export interface FoundSettings {
  readonly settings: Settings;
  readonly file: string | undefined;
}

/** Looked at in this order when neither `--config` nor ROOTWALK_CONFIG says. */
const PLACES = ['./rootwalk.yaml', '/etc/rootwalk/rootwalk.yaml'] as const;

/** The settings of `--config`, ROOTWALK_CONFIG, or the usual places. Bad ones throw {@link CliError}, one line an error. */
export async function findSettings(io: Io, config: string | undefined): Promise<FoundSettings> {
  const found = await findFile(io, config);
  if (found === undefined) return { settings: defaultSettings, file: undefined };
  // The YAML parser and the schema take a twentieth of a second to load: only where there is a file.
  const { loadSettings, settingsErrorToText } = await import('../config/load.ts');
  const loaded = loadSettings(found.text, found.file);
  if ('settings' in loaded) return { settings: loaded.settings, file: found.file };
  throw new CliError(loaded.errors.map(settingsErrorToText).join('\n'));
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

/** The text of a file that a user named; {@link CliError} when it cannot be read. */
export async function readText(io: Io, file: string, because = ''): Promise<string> {
  try {
    return await io.readFile(file);
  } catch (error) {
    throw new CliError(`${printable(file)}: ${whyUnreadable(error)}${because}`);
  }
}

const REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'it may not be read by this user',
};

function whyUnreadable(error: unknown): string {
  return REASONS[systemCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}
