// `rootwalk explain`: resolves a name, in this process or in the running daemon, and shows each step.

import { silentLog } from '../base/ports.ts';
import { type Explained, explainQuestion } from '../resolver/explain.ts';
import { nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/types.ts';
import { reachDaemon } from './daemon.ts';
import { readDigOptions } from './dig-options.ts';
import { EXIT, type Io } from './io.ts';
import type { QueryFlags } from './query.ts';
import { type AskedQuestion, readQuestion } from './question.ts';
import { findSettings } from './settings.ts';

/** What commander found beside the words. */
export interface ExplainFlags extends QueryFlags {
  /** In the running daemon, with its caches as they are. */
  readonly server?: boolean | undefined;
}

/** Runs the verb; exit codes as of `query`, and 3 when there is no daemon to ask. */
export async function explain(io: Io, words: readonly string[], flags: ExplainFlags): Promise<number> {
  const { cd } = readDigOptions(words.filter((word) => word.startsWith('+')));
  const question = readQuestion(
    words.filter((word) => !word.startsWith('+')),
    flags.reverse,
    'explain',
  );
  const explained = await (flags.server === true ? inDaemon(io, question, cd, flags) : here(io, question, cd, flags));
  const { lines, answered, ...json } = explained;
  io.out(flags.json ? `${JSON.stringify(json, undefined, 2)}\n` : `${lines.join('\n')}\n`);
  return answered ? EXIT.done : EXIT.noAnswer;
}

async function here(
  io: Io,
  question: AskedQuestion,
  checkingDisabled: boolean,
  flags: ExplainFlags,
): Promise<Explained> {
  const { settings } = await findSettings(io, flags.config);
  const opened = await io.parts.openResolver(settings, silentLog);
  try {
    return await explainQuestion(opened, { ...question, checkingDisabled });
  } finally {
    await opened.close();
  }
}

async function inDaemon(
  io: Io,
  { name, type }: AskedQuestion,
  checkingDisabled: boolean,
  flags: ExplainFlags,
): Promise<Explained> {
  const daemon = await reachDaemon(io, flags);
  const body = { name: nameToText(name), type: typeToText(type), checkingDisabled };
  return (await daemon.ask('POST', '/api/explain', body)).json as Explained;
}
