// `rootwalk config show`: the settings in effect, the defaults, or where both differ.

import { defaultSettings } from '../config/settings.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { checkedSettings } from './settings.ts';
import { jsonText } from './status.ts';

/** What is shown. */
export interface ShowFlags {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly defaults?: boolean | undefined;
  readonly diff?: boolean | undefined;
}

/** Prints settings as a configuration file would have them, or as JSON. */
export async function configShow(io: Io, flags: ShowFlags): Promise<number> {
  if (flags.defaults && flags.diff) throw new CliError('config show: --defaults or --diff, not both');
  const { settingsToObject, settingsToYaml } = await import('../config/show.ts');
  const found = flags.defaults
    ? { settings: defaultSettings, file: undefined }
    : await checkedSettings(io, flags.config);
  const diff = flags.diff === true;
  if (flags.json) {
    io.out(jsonText(settingsToObject(found.settings, diff)));
    return EXIT.done;
  }
  const text = settingsToYaml(found.settings, diff);
  io.out(text === '' ? '# nothing differs from the defaults\n' : text);
  return EXIT.done;
}
