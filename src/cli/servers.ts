// `rootwalk servers`: what a running daemon knows of the servers that it asks.

import type { ServerReport } from '../resolver/inspect.ts';
import { type DaemonFlags, reachDaemon } from './daemon.ts';
import { EXIT, type Io } from './io.ts';
import { jsonText } from './status.ts';
import { secondsText, table } from './table.ts';

/** Prints them, those heard of last first. */
export async function servers(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  // As many as the daemon keeps states of: its memory bounds them.
  const reports: ServerReport[] = [];
  for await (const report of daemon.list('/api/servers')) reports.push(report as ServerReport);
  reports.sort((a, b) => (a.heardSecondsAgo ?? Infinity) - (b.heardSecondsAgo ?? Infinity) || 0);
  io.out(flags.json ? jsonText(reports) : serversText(reports));
  return EXIT.done;
}

function serversText(reports: readonly ServerReport[]): string {
  if (reports.length === 0) return 'No server has been asked yet.\n';
  return table(
    [
      ['SERVER', 'RTT', '+-', 'HEARD', 'TIMEOUTS', 'EDNS', 'TROUBLE'],
      ...reports.map((report) => [
        report.server,
        report.rttMs === null ? '-' : `${report.rttMs} ms`,
        report.rttVariationMs === null ? '-' : `${report.rttVariationMs} ms`,
        report.heardSecondsAgo === null ? 'never' : `${secondsText(report.heardSecondsAgo)} ago`,
        `${report.timeouts}`,
        report.edns,
        troubleOf(report),
      ]),
    ],
    [1, 2, 4],
  );
}

function troubleOf({ avoidedSeconds, lame }: ServerReport): string {
  return [
    ...(avoidedSeconds > 0 ? [`avoided for ${secondsText(avoidedSeconds)}`] : []),
    ...lame.map(({ zone, seconds }) => `lame for ${zone} (${secondsText(seconds)})`),
  ].join(', ');
}
