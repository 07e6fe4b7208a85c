// What is wrong with a configuration beyond its keys: the files that it names, and the records within it.

import { printable } from '../base/printable.ts';
import type { Locate, SettingsError } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { WireError } from '../wire/error.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { CliError, type Io } from './io.ts';
import { readText } from './read-text.ts';

/** Every such fault in the settings of `file`, with its place there. */
export async function faultsOf(io: Io, file: string, settings: Settings, locate: Locate): Promise<SettingsError[]> {
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
