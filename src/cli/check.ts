// `rootwalk check`: says whether a configuration file and the files that it names are in order.

import { printable } from '../base/printable.ts';
import { loadSettings, type SettingsError, settingsErrorToText } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { WireError } from '../wire/error.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { findFile, readText } from './settings.ts';

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
  const errors = await faultsOf(io, found.file, found.text);
  if (flags.json) io.out(`${JSON.stringify({ file: found.file, errors }, undefined, 2)}\n`);
  else if (errors.length === 0) io.out(`${printable(found.file)}: no errors\n`);
  else io.err(errors.map((error) => `${settingsErrorToText(error)}\n`).join(''));
  return errors.length === 0 ? EXIT.done : EXIT.usage;
}

async function faultsOf(io: Io, file: string, text: string): Promise<readonly SettingsError[]> {
  const loaded = loadSettings(text, file);
  if ('errors' in loaded) return loaded.errors;
  const { settings, locate } = loaded;
  const errors: SettingsError[] = [];
  for (const key of ['hints', 'trustAnchors'] as const) {
    const path = settings.root[key];
    if (path === null) continue;
    const mayBeEmpty = unread(key, settings);
    const message = await recordsFault(io, path, mayBeEmpty);
    if (message !== undefined) errors.push({ file, ...locate(['root', key]), key: `root.${key}`, message });
  }
  for (const [index, line] of settings.local.data.entries()) {
    const message = lineFault(line);
    const path = ['local', 'data', index];
    if (message !== undefined) errors.push({ file, ...locate(path), key: `local.data[${index}]`, message });
  }
  return errors;
}

/** Whether nobody reads the file's records: anchors without validation, hints when a forwarder or stub has the root. */
function unread(key: 'hints' | 'trustAnchors', settings: Settings): boolean {
  return key === 'hints' ? settings.zones.some(({ zone }) => zone === '.') : !settings.dnssec.validate;
}

/** What is wrong with a file of records, if anything. */
async function recordsFault(io: Io, path: string, mayBeEmpty: boolean): Promise<string | undefined> {
  try {
    const text = await readText(io, path);
    const fault = mayBeEmpty && text.trim() === '' ? undefined : lineFault(text);
    return fault === undefined ? undefined : `${printable(path)}: ${fault}`;
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
}

function lineFault(text: string): string | undefined {
  try {
    return parseZoneText(text).length === 0 ? 'there is no record in it' : undefined;
  } catch (error) {
    if (error instanceof WireError) return printable(error.message);
    throw error;
  }
}
