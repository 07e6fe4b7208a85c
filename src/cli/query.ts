// `rootwalk query`: resolves a name in this process, from the root, and prints the result as dig would.

import { silentLog } from '../base/ports.ts';
import { printable } from '../base/printable.ts';
import { resolutionToJson } from '../resolver/explain-json.ts';
import { asked } from '../resolver/explain-words.ts';
import type { Resolution } from '../resolver/types.ts';
import { rcodeToText } from '../wire/types.ts';
import { type DigOptions, readDigOptions } from './dig-options.ts';
import { digText } from './dig-text.ts';
import { EXIT, type Io } from './io.ts';
import { type AskedQuestion, readQuestion } from './question.ts';
import { findSettings } from './settings.ts';

/** What commander found beside the words. */
export interface QueryFlags {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  /** `-x ADDRESS`: ask for the name of an address. */
  readonly reverse?: string | undefined;
}

/** Runs the verb; the exit code says whether there was an answer. */
export async function query(io: Io, words: readonly string[], flags: QueryFlags): Promise<number> {
  const options = readDigOptions(words.filter((word) => word.startsWith('+')));
  const question = readQuestion(
    words.filter((word) => !word.startsWith('+')),
    flags.reverse,
    'query',
  );
  const { settings } = await findSettings(io, flags.config);
  if (options.ignored.length > 0) io.err(`rootwalk: ${options.ignored.map(printable).join(' ')} has no effect here\n`);

  const opened = await io.parts.openResolver(settings, silentLog);
  try {
    const startMs = opened.clock.nowMs();
    const resolution = await opened.resolve({ ...question, checkingDisabled: options.cd });
    const elapsedMs = opened.clock.nowMs() - startMs;
    if (flags.json) io.out(jsonText(question, resolution, options, elapsedMs));
    else io.out(digText(question, resolution, options, elapsedMs));
    return exitCode(io, question, resolution);
  } finally {
    await opened.close();
  }
}

function jsonText(question: AskedQuestion, resolution: Resolution, options: DigOptions, elapsedMs: number): string {
  const json = {
    question: asked(question.name, question.type),
    ...resolutionToJson(resolution, options.dnssec),
    timeMs: Math.round(elapsedMs * 100) / 100,
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** The exit code, and on failure one line that says why. NXDOMAIN is an answer. */
export function exitCode(io: Io, question: AskedQuestion, resolution: Resolution): number {
  if (resolution.failure === undefined && (resolution.rcode === 0 || resolution.rcode === 3)) return EXIT.done;
  const why = resolution.extendedErrors.find(({ text }) => text !== '')?.text ?? resolution.failure ?? '';
  const what = asked(question.name, question.type);
  io.err(
    `rootwalk: no answer for ${what} (${rcodeToText(resolution.rcode)})${why === '' ? '' : `: ${printable(why)}`}; rootwalk explain ${what} shows each step\n`,
  );
  return EXIT.noAnswer;
}
