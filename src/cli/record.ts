// `rootwalk record`: resolves a name in this process and writes all that it took into a capsule.

import { silentLog } from '../base/ports.ts';
import { recordResolution } from '../capsule-record.ts';
import { readDigOptions } from './dig-options.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { exitCode } from './query.ts';
import { readQuestion } from './question.ts';
import { writeText } from './read-text.ts';
import { findSettings } from './settings.ts';

/** What commander found beside the words. */
export interface RecordFlags {
  readonly output: string;
  readonly config?: string | undefined;
  readonly reverse?: string | undefined;
}

/** Runs the verb; exit codes as of `query`. A failure is written too: it is what capsules are for. */
export async function record(io: Io, words: readonly string[], flags: RecordFlags): Promise<number> {
  const { cd } = readDigOptions(words.filter((word) => word.startsWith('+')));
  const question = readQuestion(
    words.filter((word) => !word.startsWith('+')),
    flags.reverse,
    'record',
  );
  const { settings } = await findSettings(io, flags.config);
  const opened = await io.parts.openResolver(settings, silentLog);
  try {
    const { resolution, capsule } = await recordResolution(opened, { ...question, checkingDisabled: cd });
    const made = capsule();
    if (made === undefined) throw new CliError('nothing was resolved, so there is nothing to record', EXIT.noAnswer);
    await writeText(io, flags.output, `${JSON.stringify(made, undefined, 1)}\n`);
    io.out(`${flags.output}: ${made.exchanges.length} exchanges; rootwalk replay --explain ${flags.output} plays it\n`);
    return exitCode(io, question, resolution);
  } finally {
    await opened.close();
  }
}
