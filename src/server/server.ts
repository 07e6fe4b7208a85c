// The server: listeners on all addresses, one handler behind them, and an orderly end.

import type { Limits } from '../base/limits.ts';
import type { Clock, Log, ServerAddress } from '../base/ports.ts';
import type { SystemCalls } from '../base/system-calls.ts';
import { type ClientClass, createAcl } from './acl.ts';
import type { HandlerStats } from './counts.ts';
import { createFaultLog } from './fault-log.ts';
import { createHandler, type ResolutionMeter, type ServedResolver } from './handle.ts';
import { listenInherited } from './inherited.ts';
import { type Bound, listenOn } from './listen.ts';
import { createRateLimit, type RateLimitOptions } from './rate-limit.ts';
import { createTcpService } from './tcp.ts';

/** Who may ask, and how much. */
export interface Access {
  /** Addresses and prefixes that may ask; others get REFUSED. */
  readonly allow: readonly string[];
  /** Undefined: as much as they like. `exempt` holds addresses and prefixes that may have as much as they like. */
  readonly rateLimit?: (RateLimitOptions & { readonly exempt: readonly string[] }) | undefined;
}

/** What a server is made of. */
export interface ServerOptions extends Access {
  readonly resolver: ServedResolver;
  readonly meter?: ResolutionMeter | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** `addr:port` or `[addr]:port`; `0.0.0.0` and `::` stand for every address of the machine. Port 0: any. */
  readonly listen: readonly string[];
  /** Sockets that a service manager has bound, used in place of `listen`; 0, the default: none. */
  readonly inherited?: number | undefined;
  /** True for default addresses: those that the machine lacks are skipped with a warning. Default false. */
  readonly skipMissing?: boolean;
  /** Where the platform has them, UDP queries are received and answered in batches. */
  readonly calls?: SystemCalls | undefined;
  /** 16 random octets turn server cookies on (RFC 9018); resolvers that share an address share them. */
  readonly cookieSecret?: Uint8Array | undefined;
}

/** What `start` found. */
export interface StartedServer {
  readonly bound: readonly ServerAddress[];
  readonly skipped: readonly { readonly address: ServerAddress; readonly why: string }[];
}

/** Counters since the start, and what is going on. */
export interface ServerStats extends HandlerStats {
  readonly tcpConnections: number;
  /** Connections refused since the start: by `tcpConnections`, and by `tcpConnectionsPerClient`. */
  readonly tcpRefused: { readonly full: number; readonly perClient: number };
}

/** A server for UDP and TCP. */
export interface Server {
  /** Binds everything; rejects with `ListenError`. To be called once. */
  start(): Promise<StartedServer>;
  /** Takes no more queries, waits up to `graceMs` for replies still awaited, then closes everything. */
  close(graceMs: number): Promise<void>;
  stats(): ServerStats;
  /** In effect from the next query on. RangeError, and nothing changes: there is what is no prefix. */
  admit(access: Access): void;
}

/** How often a closing server looks whether all replies have gone, ms. */
const CLOSING_STEP_MS = 20;

/** Makes a server; nothing is bound before `start`. RangeError: `allow` holds what is no prefix. */
export function createServer(options: ServerOptions): Server {
  const { resolver, clock, log, limits } = options;
  const classesOf = ({ allow, rateLimit }: Access) => ({
    acl: createAcl(allow, rateLimit?.exempt),
    rate: rateLimit && createRateLimit(rateLimit, clock),
  });
  let access = classesOf(options);
  const classify = (address: string): ClientClass => access.acl(address);
  const reportFault = createFaultLog(log, clock);
  const handler = createHandler({
    resolver,
    clock,
    limits,
    classify,
    cookieSecret: options.cookieSecret,
    rateLimit: () => access.rate,
    meter: options.meter,
    reportFault,
  });
  const tcp = createTcpService({ handler, clock, limits, classify, reportFault });
  let bound: Bound | undefined;

  return {
    async start(): Promise<StartedServer> {
      const { listen, skipMissing = false, inherited = 0 } = options;
      const parts = { log, tcp, udp: { handler, reportFault, calls: options.calls } };
      bound =
        inherited > 0
          ? await listenInherited({ ...parts, descriptors: inherited })
          : await listenOn({ ...parts, listen, skipMissing });
      return { bound: bound.addresses, skipped: bound.skipped };
    },
    async close(graceMs: number): Promise<void> {
      const untilMs = clock.nowMs() + graceMs;
      for (const listener of bound?.udp ?? []) listener.stopAccepting();
      tcp.stopAccepting();
      const busy = (): boolean => handler.stats().awaited > 0 || tcp.connections > 0;
      while (busy() && clock.nowMs() < untilMs) {
        await new Promise<void>((resolve) => {
          clock.after(CLOSING_STEP_MS, resolve);
        });
      }
      for (const listener of bound?.udp ?? []) listener.close();
      tcp.close();
    },
    stats: () => ({ ...handler.stats(), tcpConnections: tcp.connections, tcpRefused: tcp.refused }),
    admit(wanted): void {
      access = classesOf(wanted);
    },
  };
}
