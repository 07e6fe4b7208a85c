// `rootwalk check`: says whether a configuration file and the files that it names are in order.

import { printable } from '../base/printable.ts';
import { loadSettings, type SettingsError, settingsErrorToText } from '../config/load.ts';
import { faultsOf } from './faults.ts';
import { EXIT, type Io } from './io.ts';
import { readText } from './read-text.ts';
import { findFile } from './settings.ts';

/** Runs the verb on `file`, or on the file that `serve` would read. */
export async function check(
  io: Io,
  file: string | undefined,
  flags: { readonly config?: string | undefined; readonly json?: boolean | undefined },
): Promise<number> {
  const named = file ?? flags.config;
  const found = named === undefined ? await findFile(io, undefined) : { file: named, text: await readText(io, named) };
  if (found === undefined) {
    if (flags.json) io.out(`${JSON.stringify({ file: null, errors: [] })}\n`);
    else io.out('No configuration file: the defaults are used, and they are fine.\n');
    return EXIT.done;
  }
  const errors = await errorsOf(io, found.file, found.text);
  if (flags.json) io.out(`${JSON.stringify({ file: found.file, errors }, undefined, 2)}\n`);
  else if (errors.length === 0) io.out(`${printable(found.file)}: no errors\n`);
  else io.err(errors.map((error) => `${settingsErrorToText(error)}\n`).join(''));
  return errors.length === 0 ? EXIT.done : EXIT.usage;
}

async function errorsOf(io: Io, file: string, text: string): Promise<readonly SettingsError[]> {
  const loaded = loadSettings(text, file);
  return 'errors' in loaded ? loaded.errors : faultsOf(io, file, loaded.settings, loaded.locate);
}
