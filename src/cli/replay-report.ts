// How replayed scenarios went, in lines for people and as data.

import type { ScenarioResult } from '../testing/rpl-run.ts';
import type { ReplayReport } from './io.ts';
import { printable } from './printable.ts';

/** The report of a run: a line a file, what was expected and what came where one failed, and a count. */
export function replayReport(results: readonly ScenarioResult[]): ReplayReport {
  const count = (status: ScenarioResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  return {
    passed: count('failed') === 0,
    lines: [...results.flatMap(resultLines), counts],
    json: { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), results },
  };
}

function resultLines({ file, status, reason, step, expected, got }: ScenarioResult): string[] {
  const where = step === undefined ? file : `${file}:${step.line}`;
  return [
    `${status.padEnd(7)} ${printable(where)}${reason === undefined ? '' : `: ${printable(reason)}`}`,
    ...message('expected', expected),
    ...message('got', got),
  ];
}

function message(title: string, text: string | undefined): string[] {
  if (text === undefined) return [];
  return [
    `  ${title}:`,
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `    ${printable(line.replaceAll('\t', ' '))}`),
  ];
}
