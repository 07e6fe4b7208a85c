// `rootwalk replay`: plays scenarios (.rpl) and capsules (.json) again, with no network.

import { EXIT, type Io } from './io.ts';
import { readText } from './read-text.ts';

/** Runs the verb; exit code 1 when a file does not play as it says. */
export async function replay(
  io: Io,
  paths: readonly string[],
  flags: { readonly json?: boolean | undefined; readonly explain?: boolean | undefined },
): Promise<number> {
  const files = await Promise.all(paths.map(async (path) => ({ path, text: await readText(io, path) })));
  const report = await io.parts.replay(files, { explain: flags.explain === true });
  if (flags.json) io.out(`${JSON.stringify(report.json, undefined, 2)}\n`);
  else io.out(report.lines.map((line) => `${line}\n`).join(''));
  return report.passed ? EXIT.done : EXIT.usage;
}
