// `rootwalk failures`: what the flight recorder of a running daemon kept of failures, told step by step or as a capsule.

import { printable, shorten } from '../base/printable.ts';
import type { Capsule } from '../capsule.ts';
import type { FailureReport, StatsReport } from '../console/reports.ts';
import { type DaemonFlags, type ReachedDaemon, reachDaemon } from './daemon.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { writeText } from './read-text.ts';
import { jsonText } from './status.ts';
import { table } from './table.ts';

/** Characters of a reason in a list; `show` has the rest. */
const WHY_MOST = 100;

/** Prints what is kept, the oldest first; with `--json` one JSON value a line. */
export async function failuresList(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  // The recorder's octets bound them.
  const reports: FailureReport[] = [];
  for await (const report of daemon.list('/api/failures')) reports.push(report as FailureReport);
  if (flags.json) {
    for (const report of reports) io.out(`${JSON.stringify(report)}\n`);
    return EXIT.done;
  }
  const { recorder } = (await daemon.ask('GET', '/api/stats')).json as StatsReport;
  io.out(reports.length === 0 ? 'Nothing has failed since the start.\n' : listText(reports));
  if (recorder.skipped > 0) io.out(`${recorder.skipped} more came too many at once and were not kept.\n`);
  return EXIT.done;
}

/** Prints each step of a failure, and who is at fault. Its capsule is played for that, so that nothing is asked anew. */
export async function failuresShow(io: Io, id: string, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const report = await findReport(daemon, readId(id));
  const { capsule, difference } = await fetchCapsule(daemon, report.id);
  const { explanation = [] } = capsule;
  if (flags.json) io.out(jsonText({ ...report, explanation, ...(difference === undefined ? {} : { difference }) }));
  else io.out([headText(report), '', ...explanation, ''].join('\n'));
  return told(io, report, difference);
}

/** Writes the capsule of a failure to a file, or prints it. */
export async function failuresExport(
  io: Io,
  id: string,
  flags: DaemonFlags & { readonly output?: string | undefined },
): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const report = await findReport(daemon, readId(id));
  const { capsule, difference } = await fetchCapsule(daemon, report.id);
  const text = `${JSON.stringify(capsule, undefined, 1)}\n`;
  if (flags.output === undefined) {
    io.out(text);
  } else {
    await writeText(io, flags.output, text);
    const path = printable(flags.output);
    io.out(`${path}: ${capsule.exchanges.length} exchanges; rootwalk replay --explain ${path} plays it\n`);
  }
  return told(io, report, difference);
}

/** Says where the capsule could not be played as it was recorded: its explanation is not to be relied upon then. */
function told(io: Io, { complete }: FailureReport, difference: string | undefined): number {
  if (difference === undefined) return EXIT.done;
  const why = complete ? '' : ' (there was no room to write all of it down)';
  io.err(`rootwalk: this failure does not play as it happened${why}: ${printable(difference)}\n`);
  return EXIT.usage;
}

function readId(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new CliError(`${printable(text)} is no number of a failure; rootwalk failures list shows them`);
}

async function findReport(daemon: ReachedDaemon, id: number): Promise<FailureReport> {
  for await (const report of daemon.list('/api/failures') as AsyncIterable<FailureReport>) {
    if (report.id === id) return report;
  }
  throw new CliError(`failure ${id} is not kept (any more); rootwalk failures list shows those that are`);
}

/** The capsule with its explanation, and where it parts when it is played. */
async function fetchCapsule(
  daemon: ReachedDaemon,
  id: number,
): Promise<{ readonly capsule: Capsule; readonly difference: string | undefined }> {
  const [{ json }, { explainCapsule }] = await Promise.all([
    daemon.ask('GET', `/api/failures?id=${id}`),
    import('./replay-files.ts'),
  ]);
  const capsule = json as Capsule;
  const { explanation, difference } = await explainCapsule(capsule);
  return { capsule: { ...capsule, explanation }, difference };
}

function listText(reports: readonly FailureReport[]): string {
  return table(
    [
      ['ID', 'LAST', 'TIMES', 'QUESTION', 'REASON', 'WHY'],
      ...reports.map((report) => [
        `${report.id}`,
        timeText(report.last),
        `${report.times}`,
        questionText(report),
        report.answered ? `${reasonText(report)} (answered)` : reasonText(report),
        shorten(report.errors[0]?.text ?? '', WHY_MOST),
      ]),
    ],
    [0, 2],
  );
}

function headText(report: FailureReport): string {
  const { id, times, first, last, answered } = report;
  const when = times === 1 ? `at ${timeText(last)}` : `${times} times from ${timeText(first)} to ${timeText(last)}`;
  const what = answered ? `was answered, but reached a bound or was bogus (${reasonText(report)})` : 'failed';
  return printable(`Failure ${id}: ${questionText(report)} ${what} ${when} UTC.`);
}

function questionText({ name, type, checkingDisabled }: FailureReport): string {
  return `${name} ${type}${checkingDisabled ? ' +cd' : ''}`;
}

function reasonText({ reason, limit }: FailureReport): string {
  return limit === undefined || reason !== 'limit' ? reason : `limit ${limit}`;
}

/** `2026-11-28 13:05:42`. */
function timeText(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
