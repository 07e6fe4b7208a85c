// `rootwalk lab`: starts the small Internet; the lab itself tells the story.

import { EXIT, type Io } from './io.ts';
import { findSettings } from './settings.ts';

/** Options of the verb. */
export interface LabFlags {
  /** Its `listen` and `log.level` are taken; the rest of a lab is what it is. */
  readonly config?: string | undefined;
  readonly once?: boolean | undefined;
  readonly listen?: readonly string[] | undefined;
}

/** Runs the verb until the walk is told (`once`) or the user stops it. */
export async function lab(io: Io, flags: LabFlags): Promise<number> {
  const once = flags.once === true;
  const stopped = io.stopped();
  // The lab tells its failures in its story, so that the log has only what is beyond it.
  const settings = flags.config === undefined ? undefined : (await findSettings(io, flags.config)).settings;
  const log = await io.parts.openLog(settings?.log.level ?? 'warn', io.errIsTerminal);
  const listen = flags.listen ?? settings?.listen ?? [];
  const running = await io.parts.runLab({ once, listen, log, write: (text) => io.out(text) });
  if (!once) await Promise.race([running.closed, stopped]);
  await running.close();
  return EXIT.done;
}
