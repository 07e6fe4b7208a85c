// What the console sees of a daemon, and whether clients should be sent to it yet.

import type { Clock } from './base/ports.ts';
import type { Meters } from './console/meters.ts';
import type { ConsoleView } from './console/view.ts';
import type { FlightRecorder } from './flight-recorder.ts';
import type { Reloader } from './reload.ts';
import type { Resolver } from './resolver/resolver.ts';
import type { Resolution } from './resolver/types.ts';
import type { Server } from './server/server.ts';
import { packageVersion } from './version.ts';

/** Whether a daemon is ready. */
export interface Readiness {
  /** Addresses bound; empty before the start. */
  listening: readonly string[];
  closing: boolean;
  /** Asks the root for its servers. */
  prime(): Promise<Resolution>;
  /** Why not, in sentences; none: ready. Where the root did not answer it is asked again now and then. */
  reasons(): readonly string[];
}

/** Between two tries to reach the root by those who ask whether it was reached, ms. */
const PRIME_AGAIN_MS = 10_000;

/** Readiness of a daemon that has not started. Once the root was heard, it stays ready: names may be served from caches. */
export function createReadiness(engine: Resolver, clock: Clock): Readiness {
  let primed = false;
  let trouble: string | undefined;
  let againMs = Number.NEGATIVE_INFINITY;

  async function prime(): Promise<Resolution> {
    againMs = Number.POSITIVE_INFINITY;
    try {
      const resolution = await engine.prime();
      primed ||= engine.isPrimed;
      trouble = resolution.failure === undefined ? undefined : resolution.extendedErrors[0]?.text;
      return resolution;
    } finally {
      againMs = clock.nowMs() + PRIME_AGAIN_MS;
    }
  }

  return {
    listening: [],
    closing: false,
    prime,
    reasons() {
      if (this.closing) return ['shutting down'];
      if (this.listening.length === 0) return ['not listening yet'];
      primed ||= engine.isPrimed;
      if (primed) return [];
      if (clock.nowMs() >= againMs) void prime();
      return [trouble === undefined ? 'no root server has answered yet' : `no use of any root server: ${trouble}`];
    },
  };
}

/** The parts of a daemon, as the console sees them. */
export function consoleView(parts: {
  readonly engine: Resolver;
  readonly server: Server;
  readonly meters: Meters;
  readonly failures: FlightRecorder;
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly reloader: Reloader;
}): ConsoleView {
  const { engine, server, meters, failures, clock, readiness, reloader } = parts;
  return {
    version: packageVersion(),
    runtime: process.version,
    pid: process.pid,
    clock,
    inspector: engine.inspector,
    meters,
    failures,
    startedSeconds: clock.wallSeconds(),
    file: () => reloader.file,
    listening: () => readiness.listening,
    unready: () => readiness.reasons(),
    server: () => server.stats(),
    resolutions: () => engine.resolutions,
    limitHits: () => engine.limitHits,
    reloads: () => reloader.counts,
    process() {
      const { user, system } = process.cpuUsage();
      return { residentOctets: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
    },
    resolve: (request) => engine.resolve(request),
    reload: () => reloader.reload(),
  };
}
