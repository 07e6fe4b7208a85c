// The figures of a daemon in the text format of Prometheus. No label ever holds a name that a client asked for.

import { OUTCOMES, PROTOCOLS } from '../base/ports.ts';
import { CLIENT_LIMITS, SECURITY_STATES } from '../server/counts.ts';
import { rcodeToText } from '../wire/types.ts';
import { type Histogram, TIME_BOUNDS } from './meters.ts';
import type { ConsoleView } from './view.ts';

type Labels = { readonly [label: string]: string };
type Sample = readonly [labels: Labels, value: number];
/** One metric with its samples. */
interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly lines: readonly string[];
}

/** The media type of {@link metricsText}. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All metrics. */
export function metricsText(view: ConsoleView): string {
  return [...daemon(view), ...clients(view), ...resolutions(view), ...caches(view), ...upstream(view)]
    .map(
      ({ name, type, help, lines }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.map((one) => `${one}\n`).join('')}`,
    )
    .join('');
}

function daemon(view: ConsoleView): Family[] {
  const { residentOctets, cpuSeconds } = view.process();
  const { done, refused } = view.reloads();
  return [
    gauge('rootwalk_build_info', 'Version of rootwalk and of Node.js.', [
      [{ version: view.version, node: view.runtime }, 1],
    ]),
    gauge('rootwalk_start_time_seconds', 'When the daemon started, in seconds since 1970.', [
      [{}, view.startedSeconds],
    ]),
    gauge('rootwalk_ready', 'Whether /ready answers 200.', [[{}, view.unready().length === 0 ? 1 : 0]]),
    counter('rootwalk_reloads_total', 'Times that the settings were read again.', [
      [{ result: 'done' }, done],
      [{ result: 'refused' }, refused],
    ]),
    gauge('process_resident_memory_bytes', 'Resident memory.', [[{}, residentOctets]]),
    counter('process_cpu_seconds_total', 'Processor time, user and system.', [[{}, cpuSeconds]]),
  ];
}

function clients(view: ConsoleView): Family[] {
  const server = view.server();
  const { full, perClient } = server.tcpRefused;
  return [
    counter('rootwalk_queries_total', 'Queries received.', [
      [{ transport: 'udp' }, server.queries - server.queriesOverTcp],
      [{ transport: 'tcp' }, server.queriesOverTcp],
    ]),
    counter(
      'rootwalk_handled_total',
      'Queries by what answered them: the layer answers, the layers host and records, a resolution, the server itself (form, access), or none.',
      [
        [{ by: 'answers' }, server.fromAnswers],
        [{ by: 'host_records' }, server.fromCache],
        [{ by: 'resolution' }, server.resolved],
        [{ by: 'server' }, server.judged],
        [{ by: 'dropped' }, server.dropped],
      ],
    ),
    counter('rootwalk_responses_total', 'Responses sent, by RCODE.', byRcode(server.rcodes)),
    counter(
      'rootwalk_responses_security_total',
      'Responses from caches and resolutions, by security state (RFC 4035).',
      SECURITY_STATES.map((state, index) => [{ state }, server.security[index] ?? 0]),
    ),
    counter('rootwalk_limit_hits_total', 'Times that a limit was reached.', [
      ...[...view.limitHits()].map(([limit, times]): Sample => [{ limit }, times]),
      ...CLIENT_LIMITS.map((limit, index): Sample => [{ limit }, server.limited[index] ?? 0]),
      [{ limit: 'tcpConnections' }, full],
      [{ limit: 'tcpConnectionsPerClient' }, perClient],
    ]),
    gauge('rootwalk_replies_awaited', 'Queries that wait for a resolution.', [[{}, server.awaited]]),
    gauge('rootwalk_tcp_connections', 'TCP connections of clients.', [[{}, server.tcpConnections]]),
  ];
}

function resolutions(view: ConsoleView): Family[] {
  const { resolution, failures } = view.meters;
  const recorder = view.failures.stats();
  return [
    histogram('rootwalk_resolution_seconds', 'Time that clients waited for answers that were not cached.', [
      [{}, resolution],
    ]),
    counter(
      'rootwalk_resolution_failures_total',
      'Resolutions that failed, by reason.',
      [...failures].map(([reason, times]) => [{ reason }, times]),
    ),
    gauge('rootwalk_resolutions_in_progress', 'Resolutions in progress.', [[{}, view.resolutions()]]),
    gauge('rootwalk_failures_kept', 'Failures that the flight recorder holds.', [[{}, recorder.entries]]),
    gauge('rootwalk_failures_octets', 'Memory that they take.', [[{}, recorder.octets]]),
    gauge('rootwalk_failures_octets_max', 'Memory that they may take.', [[{}, recorder.octetsMax]]),
    counter('rootwalk_failures_skipped_total', 'Failures too many at once to be kept.', [[{}, recorder.skipped]]),
  ];
}

function caches(view: ConsoleView): Family[] {
  const tables = Object.entries(view.inspector.tables());
  const each = (key: 'hits' | 'misses' | 'evictions' | 'entries' | 'octets' | 'octetsMax'): Sample[] =>
    tables.map(([layer, figures]) => [{ layer }, figures[key]]);
  return [
    counter('rootwalk_cache_hits_total', 'Found in a layer of the cache.', each('hits')),
    counter('rootwalk_cache_misses_total', 'Looked for in a layer of the cache and not found.', each('misses')),
    counter('rootwalk_cache_evictions_total', 'Put out of a layer for want of room.', each('evictions')),
    gauge('rootwalk_cache_entries', 'Entries of a layer, expired ones included.', each('entries')),
    gauge('rootwalk_cache_octets', 'Memory that a layer fills, by estimate.', each('octets')),
    gauge('rootwalk_cache_octets_max', 'Memory that a layer may fill.', each('octetsMax')),
  ];
}

function upstream(view: ConsoleView): Family[] {
  const { upstream: ways, upstreamRcodes } = view.meters;
  return [
    counter(
      'rootwalk_upstream_queries_total',
      'Queries sent to servers.',
      PROTOCOLS.map((transport) => [{ transport }, ways[transport].sent]),
    ),
    counter(
      'rootwalk_upstream_outcomes_total',
      'How queries to servers ended.',
      PROTOCOLS.flatMap((transport) =>
        OUTCOMES.map((outcome, index): Sample => [{ transport, outcome }, ways[transport].outcomes[index] ?? 0]),
      ),
    ),
    counter('rootwalk_upstream_responses_total', 'Responses of servers, by RCODE.', byRcode(upstreamRcodes)),
    histogram(
      'rootwalk_upstream_rtt_seconds',
      'Time from a query to the response of a server; over TCP connecting is included.',
      PROTOCOLS.map((transport) => [{ transport }, ways[transport].rtt]),
    ),
  ];
}

/** NOERROR, SERVFAIL and NXDOMAIN always, others once they were seen. */
function byRcode(rcodes: Float64Array): Sample[] {
  return [...rcodes].flatMap((times, rcode): Sample[] =>
    times > 0 || rcode === 0 || rcode === 2 || rcode === 3 ? [[{ rcode: rcodeToText(rcode) }, times]] : [],
  );
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, lines: samples.map(([labels, value]) => line(name, labels, value)) };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, lines: samples.map(([labels, value]) => line(name, labels, value)) };
}

function histogram(name: string, help: string, samples: readonly (readonly [Labels, Histogram])[]): Family {
  const lines = samples.flatMap(([labels, { counts, sumSeconds }]) => {
    let below = 0;
    const buckets = [...counts].map((count, index) => {
      below += count;
      return line(`${name}_bucket`, { ...labels, le: `${TIME_BOUNDS[index] ?? '+Inf'}` }, below);
    });
    return [...buckets, line(`${name}_sum`, labels, sumSeconds), line(`${name}_count`, labels, below)];
  });
  return { name, type: 'histogram', help, lines };
}

function line(name: string, labels: Labels, value: number): string {
  const inner = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
