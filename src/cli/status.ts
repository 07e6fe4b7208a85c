// `rootwalk status`, `stats`, `healthcheck` and `reload`: how a running daemon is, and reading its settings again.

import { printable } from '../base/printable.ts';
import type { StatsReport, StatusReport } from '../console/reports.ts';
import type { ReloadReport } from '../console/view.ts';
import { type DaemonFlags, reachDaemon } from './daemon.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { layersText } from './layers-text.ts';
import { reloadText } from './reload-text.ts';
import { octetsText, secondsText, table } from './table.ts';

/** Tells how the daemon is; exit code 3 when none runs. */
export async function status(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const { json } = await daemon.ask('GET', '/api/status');
  io.out(flags.json ? jsonText(json) : statusText(json as StatusReport));
  return EXIT.done;
}

/** Prints the figures since the start. */
export async function stats(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const { json } = await daemon.ask('GET', '/api/stats');
  io.out(flags.json ? jsonText(json) : statsText(json as StatsReport));
  return EXIT.done;
}

/** Exit code 0 when the daemon is ready for clients; 1 with the reasons when not; 3 when none runs. */
export async function healthcheck(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags, true);
  const { json } = await daemon.ask('GET', '/ready', undefined, [200, 503]);
  const { ready, reasons } = json as { readonly ready: boolean; readonly reasons: readonly string[] };
  if (flags.json) io.out(jsonText(json));
  else if (ready) io.out('ready\n');
  if (ready) return EXIT.done;
  if (!flags.json) io.err(`rootwalk: not ready: ${printable(reasons.join('; '))}\n`);
  return EXIT.usage;
}

/** Has the settings read again; a file with faults changes nothing, and they are told. */
export async function reload(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const { json } = await daemon.ask('POST', '/api/reload', undefined, [200, 409]);
  const report = json as ReloadReport;
  if (flags.json) io.out(jsonText(json));
  else if (report.ok) io.out(`${reloadText(report)}\n`);
  if (report.ok) return EXIT.done;
  if (flags.json) return EXIT.usage;
  throw new CliError(report.errors.map((line) => `not reloaded: ${printable(line)}`).join('\n'));
}

/** JSON for programs. */
export function jsonText(json: unknown): string {
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function statusText(report: StatusReport): string {
  const { version, pid, upSeconds, ready, reasons } = report;
  const state = ready ? 'ready' : `not ready: ${printable(reasons.join('; '))}`;
  return [
    `rootwalk ${printable(version)}, process ${pid}, up ${secondsText(upSeconds)}, ${state}\n`,
    table([
      ['listening', report.listening.join(', ')],
      ['settings', report.file ?? 'defaults'],
      ['queries', `${report.queries}; ${report.resolutions} resolutions in progress`],
      ['caches', `${octetsText(report.cacheOctets)} of ${octetsText(report.cacheOctetsMax)}`],
      ['memory', octetsText(report.residentOctets)],
    ]),
  ].join('');
}

function statsText(report: StatsReport): string {
  const mean = report.resolutionMeanMs === null ? [] : [['mean time of a resolution', `${report.resolutionMeanMs} ms`]];
  const { entries, octets, skipped } = report.recorder;
  const recorder = [
    ['failures kept', `${entries}, ${octetsText(octets)}`],
    ['too many at once to be kept', `${skipped}`],
  ];
  const now = { awaited: report.awaited, 'TCP connections': report.tcpConnections, resolutions: report.resolutions };
  const parts: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ['Queries', rows(report.queries)],
    ['Handled by', rows(report.handled)],
    ['Responses', rows(report.responses)],
    ['Security', rows(report.security)],
    ['Failures', rows(report.failures)],
    ['Limits reached', rows(report.limits)],
    ['Flight recorder', recorder],
    ['Now', rows(now)],
    ['Resolutions', mean],
    ...Object.entries(report.upstream).map(([way, counts]) => [`Servers asked over ${way}`, rows(counts)] as const),
  ];
  const counted = parts
    .filter(([, lines]) => lines.length > 0)
    .map(
      ([title, lines]) =>
        `${printable(title)}\n${table(lines.map(([label = '', value = '']) => [` ${label}`, value]))}`,
    )
    .join('');
  return `${counted}Layers\n${layersText(report.layers)}`;
}

function rows(counts: { readonly [label: string]: number | undefined }): string[][] {
  return Object.entries(counts).map(([label, count]) => [label, `${count}`]);
}
