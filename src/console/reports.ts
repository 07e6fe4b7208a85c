// What a daemon says of itself in JSON: how it is, and its figures.

import type { LimitName } from '../base/limits.ts';
import { OUTCOMES, PROTOCOLS } from '../base/ports.ts';
import type { FailureReason } from '../resolver/types.ts';
import { CLIENT_LIMITS, SECURITY_STATES } from '../server/counts.ts';
import { rcodeToText } from '../wire/types.ts';
import type { ConsoleView, FailuresStats } from './view.ts';

/** How a daemon is. */
export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly upSeconds: number;
  readonly ready: boolean;
  /** Why not, in sentences. */
  readonly reasons: readonly string[];
  readonly listening: readonly string[];
  /** The configuration file; null: the defaults. */
  readonly file: string | null;
  readonly queries: number;
  readonly resolutions: number;
  readonly cacheOctets: number;
  readonly cacheOctetsMax: number;
  readonly residentOctets: number;
}

type Counted<Key extends string = string> = { readonly [Label in Key]?: number };

/** The figures since the start. */
export interface StatsReport {
  readonly queries: Counted;
  /** Queries by what answered them. */
  readonly handled: Counted;
  readonly responses: Counted;
  readonly security: Counted;
  readonly limits: Counted<LimitName | (typeof CLIENT_LIMITS)[number]>;
  readonly awaited: number;
  readonly tcpConnections: number;
  readonly resolutions: number;
  readonly failures: Counted<FailureReason>;
  /** Mean time of what was not cached, ms; null: nothing yet. */
  readonly resolutionMeanMs: number | null;
  readonly layers: { readonly [layer: string]: Counted };
  /** The flight recorder: failures kept, what they take, and how many came too many at once to be kept. */
  readonly recorder: FailuresStats;
  readonly upstream: { readonly [transport: string]: Counted };
}

/** A resolution that failed, proved bogus or reached a bound, as the flight recorder keeps it. */
export interface FailureReport {
  /** Counts up since the start; a question that fails the same way again keeps it. */
  readonly id: number;
  /** When it failed first and last: ISO 8601. */
  readonly first: string;
  readonly last: string;
  readonly times: number;
  /** Presentation text. */
  readonly name: string;
  readonly type: string;
  readonly checkingDisabled: boolean;
  /** `bogus` and `limit` also of answers that were given all the same. */
  readonly reason: FailureReason;
  /** True: the client got an answer. */
  readonly answered: boolean;
  /** The first bound that was reached. */
  readonly limit?: LimitName;
  /** RFC 8914. */
  readonly errors: readonly { readonly code: number; readonly name: string; readonly text: string }[];
  /** False: there was no room to write all of it down, and the capsule cannot be played to its end. */
  readonly complete: boolean;
  /** Of memory. */
  readonly octets: number;
}

/** The status now. */
export function statusOf(view: ConsoleView): StatusReport {
  const tables = Object.values(view.inspector.tables());
  const reasons = view.unready();
  return {
    version: view.version,
    pid: view.pid,
    upSeconds: Math.max(0, view.clock.wallSeconds() - view.startedSeconds),
    ready: reasons.length === 0,
    reasons,
    listening: view.listening(),
    file: view.file() ?? null,
    queries: view.server().queries,
    resolutions: view.resolutions(),
    cacheOctets: tables.reduce((sum, { octets }) => sum + octets, 0),
    cacheOctetsMax: tables.reduce((sum, { octetsMax }) => sum + octetsMax, 0),
    residentOctets: view.process().residentOctets,
  };
}

/** The figures now. */
export function statsOf(view: ConsoleView): StatsReport {
  const server = view.server();
  const { resolution, failures, upstream } = view.meters;
  const timed = resolution.counts.reduce((sum, count) => sum + count, 0);
  return {
    queries: { udp: server.queries - server.queriesOverTcp, tcp: server.queriesOverTcp },
    handled: {
      answers: server.fromAnswers,
      host_records: server.fromCache,
      resolution: server.resolved,
      server: server.judged,
      dropped: server.dropped,
    },
    responses: counted(server.rcodes, rcodeToText),
    security: counted(server.security, (index) => SECURITY_STATES[index] ?? ''),
    limits: {
      ...Object.fromEntries(view.limitHits()),
      ...counted(server.limited, (index) => CLIENT_LIMITS[index] ?? ''),
      ...(server.tcpRefused.full > 0 ? { tcpConnections: server.tcpRefused.full } : {}),
      ...(server.tcpRefused.perClient > 0 ? { tcpConnectionsPerClient: server.tcpRefused.perClient } : {}),
    },
    awaited: server.awaited,
    tcpConnections: server.tcpConnections,
    resolutions: view.resolutions(),
    failures: Object.fromEntries(failures),
    resolutionMeanMs: timed === 0 ? null : Math.round((resolution.sumSeconds / timed) * 10_000) / 10,
    layers: Object.fromEntries(
      Object.entries(view.inspector.tables()).map(([layer, figures]) => [layer, { ...figures }]),
    ),
    recorder: view.failures.stats(),
    upstream: Object.fromEntries(
      PROTOCOLS.map((transport) => [
        transport,
        { sent: upstream[transport].sent, ...counted(upstream[transport].outcomes, (index) => OUTCOMES[index] ?? '') },
      ]),
    ),
  };
}

/** What is above zero, by its label. */
function counted(counts: Float64Array, label: (index: number) => string): { [label: string]: number } {
  return Object.fromEntries([...counts].flatMap((count, index) => (count > 0 ? [[label(index), count]] : [])));
}
