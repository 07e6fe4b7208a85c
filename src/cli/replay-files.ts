// Plays scenarios and capsules, and tells how each went: lines for people, data for programs.

import { AssertionError } from '../base/assert.ts';
import { printable } from '../base/printable.ts';
import type { Capsule } from '../capsule.ts';
import type { ResolutionEvent } from '../resolver/events.ts';
import { explainLines } from '../resolver/explain-tree.ts';
import { parseCapsule } from '../testing/capsule.ts';
import { replayCapsule } from '../testing/capsule-replay.ts';
import { replayRplPath, type ScenarioResult } from '../testing/rpl-run.ts';
import { nameFromText } from '../wire/name.ts';
import { typeFromText } from '../wire/types.ts';
import type { ReplayFile, ReplayReport } from './io.ts';

/** How one file went. */
export interface PlayedFile {
  readonly file: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The line of the file where it failed. */
  readonly line?: number | undefined;
  /** Why it failed or was skipped. */
  readonly reason?: string | undefined;
  /** The messages that differ, in lines of text. */
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  /** The explanation of a capsule, when it was asked for. */
  readonly explanation?: readonly string[] | undefined;
}

/** Errors that no file is to blame for. */
const OUR_FAULTS = [AssertionError, TypeError, ReferenceError] as const;

/** Plays the files in order. A capsule is JSON, anything else a scenario. */
export async function replayFiles(
  files: readonly ReplayFile[],
  options: { readonly explain: boolean },
): Promise<ReplayReport> {
  const played: PlayedFile[] = [];
  for (const file of files) {
    const isCapsule = file.text.trimStart().startsWith('{');
    played.push(isCapsule ? await playCapsule(file, options.explain) : await playScenario(file));
  }
  return replayReport(played);
}

async function playScenario(file: ReplayFile): Promise<PlayedFile> {
  const [result] = await replayRplPath([file]);
  const { status, reason, step, expected, got }: Partial<ScenarioResult> = result ?? {};
  return { file: file.path, status: status ?? 'failed', line: step?.line, reason, expected, got };
}

async function playCapsule({ path, text }: ReplayFile, explain: boolean): Promise<PlayedFile> {
  try {
    const { difference, explanation } = await explainCapsule(parseCapsule(text, path));
    const told = explain ? { explanation } : {};
    return { file: path, status: difference === undefined ? 'passed' : 'failed', reason: difference, ...told };
  } catch (error) {
    if (!(error instanceof Error) || OUR_FAULTS.some((fault) => error instanceof fault)) throw error;
    const reason = error.message.startsWith(`${path}: `) ? error.message.slice(path.length + 2) : error.message;
    return { file: path, status: 'failed', reason };
  }
}

/** Plays a capsule: the steps as `explain` tells them, and the first thing that was not as recorded. */
export async function explainCapsule(
  capsule: Capsule,
): Promise<{ readonly explanation: readonly string[]; readonly difference: string | undefined }> {
  const events: ResolutionEvent[] = [];
  const { difference, resolution } = await replayCapsule(capsule, { observer: (event) => events.push(event) });
  const question = { name: nameFromText(capsule.question.name), type: typeFromText(capsule.question.type) ?? 0 };
  const elapsedMs = (events.at(-1)?.atMs ?? 0) - (events[0]?.atMs ?? 0);
  return { explanation: explainLines(question, events, resolution, elapsedMs), difference };
}

/** The report of a run: a line a file, what was expected and what came where one failed, and a count. */
export function replayReport(played: readonly PlayedFile[]): ReplayReport {
  const count = (status: PlayedFile['status']): number => played.filter((file) => file.status === status).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  return {
    passed: failed === 0,
    lines: [...played.flatMap(fileLines), `${passed} passed, ${failed} failed, ${skipped} skipped`],
    json: { passed, failed, skipped, files: played },
  };
}

function fileLines({ file, status, line, reason, expected, got, explanation = [] }: PlayedFile): string[] {
  const where = line === undefined ? file : `${file}:${line}`;
  return [
    `${status.padEnd(7)} ${printable(where)}${reason === undefined ? '' : `: ${printable(reason)}`}`,
    ...message('expected', expected),
    ...message('got', got),
    ...explanation.map((text) => `  ${text}`),
  ];
}

function message(title: string, text: string | undefined): string[] {
  if (text === undefined) return [];
  const lines = text.trimEnd().split('\n');
  return [`  ${title}:`, ...lines.map((line) => `    ${printable(line.replaceAll('\t', ' '))}`)];
}
