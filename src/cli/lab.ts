// `rootwalk lab`: starts the small Internet; the lab itself tells the story.

import { EXIT, type Io } from './io.ts';

/** Options of the verb. */
export interface LabFlags {
  readonly once?: boolean | undefined;
  readonly listen?: readonly string[] | undefined;
}

/** Runs the verb until the walk is told (`once`) or the user stops it. */
export async function lab(io: Io, flags: LabFlags): Promise<number> {
  const once = flags.once === true;
  const stopped = io.stopped();
  const log = await io.parts.openLog('warn', io.errIsTerminal);
  const running = await io.parts.runLab({ once, listen: flags.listen ?? [], log, write: (text) => io.out(text) });
  if (!once) await Promise.race([running.closed, stopped]);
  await running.close();
  return EXIT.done;
}
