// Wires the parts together: a resolver for programs, a daemon for the command line.

import { makeLimits } from './base/limits.ts';
import { type Log, silentLog } from './base/ports.ts';
import type { SystemCalls } from './base/system-calls.ts';
import { serverAddressToText } from './config/address.ts';
import { fillSettings } from './config/schema.ts';
import { defaultSettings, type LogLevel, type Settings, type SettingsInput } from './config/settings.ts';
import { createMeters, meterResolutions, meterUpstream } from './console/meters.ts';
import type { ReloadReport } from './console/view.ts';
import type { OpenedConsole } from './daemon-console.ts';
import { consoleView, createReadiness } from './daemon-view.ts';
import { type EngineParts, engineOptions, type Ports } from './engine.ts';
import { createFlightRecorder } from './flight-recorder.ts';
import { watchHosts } from './hosts-file.ts';
import { type ResolveResult, resolveToResult } from './library.ts';
import {
  type DnsError,
  type LookupCallback,
  type LookupOptions,
  lookupAll,
  type TypedQueries,
  typedQueries,
} from './lookup.ts';
import { systemClock } from './net/clock.ts';
import { systemRandom } from './net/random.ts';
import { findSystemCalls } from './net/system-calls.ts';
import { createTransport } from './net/transport.ts';
import { createReloader, type ReadSettings } from './reload.ts';
import type { Observer } from './resolver/events.ts';
import { Resolver } from './resolver/resolver.ts';
import type { Resolution } from './resolver/types.ts';
import { COOKIE_SECRET_OCTETS } from './server/cookie.ts';
import type { ServedResolver } from './server/handle.ts';
import { type Access, createServer, type StartedServer } from './server/server.ts';

/** What a library user may give: any setting, and ports other than the system's. */
export interface ResolverOptions extends Omit<SettingsInput, 'log'> {
  /** Default: real sockets. */
  readonly transport?: Ports['transport'];
  /** Default: the system's clocks. */
  readonly clock?: Ports['clock'];
  /** Default: the system's generator. */
  readonly random?: Ports['random'];
  /** Default: silent. */
  readonly log?: Log;
  /** Master-file text of root NS and addresses, in place of `root.hints`. */
  readonly rootHints?: string;
}

/** A resolver within a program. It opens no socket until it is asked something. */
export interface LibraryResolver extends TypedQueries {
  /**
   * Asks one question from the root (or the caches). NXDOMAIN and NODATA are results; so is a failure, with its reason.
   * Rejects with QuestionError for a name or type that is none. `type` defaults to `A`.
   */
  resolve(
    name: string,
    type?: string,
    options?: { readonly checkingDisabled?: boolean; readonly observer?: Observer },
  ): Promise<ResolveResult>;
  /** As `dns.lookup`, so that `http.request({ lookup: resolver.lookup })` works. Bound: it may be passed on its own. */
  readonly lookup: Lookup;
  /** The engine, for those who need octets, caches or statistics. */
  readonly engine: Resolver;
  /** Ends what is in progress and frees sockets and timers. */
  close(): Promise<void>;
}

/** The signatures of `dns.lookup`. */
export interface Lookup {
  (hostname: string, callback: LookupCallback): void;
  (hostname: string, options: LookupOptions | number | undefined | null, callback: LookupCallback): void;
}

/** Makes a resolver for a program. Throws for settings that are wrong, with one line for each key. */
export function createResolver(options: ResolverOptions = {}): LibraryResolver {
  const { transport, clock, random, log, rootHints, ...input } = options;
  const settings = fillSettings(input);
  const given = { transport, clock, random, log };
  const calls = transport === undefined ? batchedCalls(settings, log ?? silentLog) : undefined;
  const opened = openEngine(settings, { ...systemPorts(given, calls), rootHints });
  const { engine } = opened;
  return {
    ...typedQueries(engine),
    resolve: (name, type = 'A', asked = {}) => resolveToResult(engine, name, type, asked),
    lookup: makeLookup(engine),
    engine,
    close: async () => opened.close(),
  };
}

function makeLookup(engine: Resolver): Lookup {
  return (
    hostname: string,
    optionsOrCallback: LookupOptions | number | undefined | null | LookupCallback,
    maybeCallback?: LookupCallback,
  ): void => {
    const callback = typeof optionsOrCallback === 'function' ? optionsOrCallback : maybeCallback;
    if (callback === undefined) throw new TypeError('lookup: a callback is needed');
    const given = typeof optionsOrCallback === 'function' ? {} : (optionsOrCallback ?? {});
    const options: LookupOptions = typeof given === 'number' ? { family: given } : given;
    // The callback runs outside the promise: what it throws is the caller's, not a rejection of ours.
    lookupAll(engine, hostname, options).then(
      (addresses) =>
        queueMicrotask(() => {
          const [first] = addresses;
          if (options.all === true) callback(null, addresses);
          else callback(null, first?.address ?? '', first?.family);
        }),
      (error: DnsError) => queueMicrotask(() => callback(error, options.all === true ? [] : '')),
    );
  };
}

/** What the daemon may be given in place of the system's. */
export interface DaemonParts extends Partial<Ports> {
  readonly log: Log;
  /** Master-file text of root NS and addresses, in place of `root.hints`. */
  readonly rootHints?: string;
  /** What the listeners ask in place of the engine itself: an observer of every question, for instance. */
  readonly serve?: (resolver: Resolver) => ServedResolver;
  /** Sockets that a service manager has bound (LISTEN_FDS), used in place of `listen`. Default 0. */
  readonly inherited?: number;
  /** The configuration file that `settings` came from. */
  readonly file?: string | undefined;
  /** Reads the settings again, for a reload. Default: there is nothing to read. */
  readonly readSettings?: () => Promise<ReadSettings>;
  /** Told what each reload came to, by signal or by the control socket. Default: nobody is. */
  readonly reloaded?: (report: ReloadReport) => void;
  /** Sets what is logged from now on, after a reload. Default: it stays. */
  readonly setLogLevel?: (level: LogLevel) => void;
}

/** What a daemon that has started is to be found at. */
export interface StartedDaemon extends StartedServer {
  /** Path of the control socket; undefined: none. */
  readonly control: string | undefined;
  /** `127.0.0.1:8053`: metrics and health; undefined: none. */
  readonly console: string | undefined;
  /** Why a default could not be had, a sentence each. */
  readonly warnings: readonly string[];
}

/** A resolver with listeners. */
export interface Daemon {
  readonly resolver: Resolver;
  /** Binds every address of `listen`; rejects with an Error whose message says what to do. */
  start(): Promise<StartedDaemon>;
  /** Reads the settings again: good ones are in effect at once, with the caches kept; bad ones change nothing. */
  reload(): Promise<ReloadReport>;
  /** Asks the root for its servers (RFC 9609). */
  prime(): Promise<Resolution>;
  /** Takes no more queries, finishes what is in flight, closes. */
  close(): Promise<void>;
}

/** What is in flight when the daemon closes gets this long: as long as a resolution may take. Milliseconds. */
const CLOSE_GRACE_MS = makeLimits().resolutionMs;

/** Makes a daemon; nothing is bound before `start()`. */
export function createDaemon(settings: Settings, parts: DaemonParts): Daemon {
  const meters = createMeters();
  const calls = batchedCalls(settings, parts.log);
  const ports = systemPorts(parts, calls);
  const { clock, log } = ports;
  const failures = createFlightRecorder({ clock, limits: makeLimits() });
  const engineParts = { rootHints: parts.rootHints, keep: failures.keep, meter: meterUpstream(meters) };
  const opened = openEngine(settings, { ...ports, ...engineParts });
  const { engine } = opened;
  const server = createServer({
    resolver: parts.serve?.(engine) ?? engine,
    meter: meterResolutions(meters),
    clock,
    log,
    listen: settings.listen,
    inherited: parts.inherited,
    skipMissing: settings.listen.join() === defaultSettings.listen.join(),
    ...accessOf(settings),
    cookieSecret: settings.clients.cookies ? drawSecret(ports.random) : undefined,
    limits: makeLimits(),
    calls,
  });
  const reloader = createReloader(settings, parts, (changed) => {
    opened.reconfigure(changed);
    server.admit(accessOf(changed));
    parts.setLogLevel?.(changed.log.level);
  });
  const readiness = createReadiness(engine, clock);
  const view = consoleView({ engine, server, meters, failures, clock, readiness, reloader });
  let watched: OpenedConsole | undefined;
  return {
    resolver: engine,
    start: async () => {
      const started = await server.start();
      readiness.listening = started.bound.map(serverAddressToText);
      if (settings.control === false && settings.console === false) {
        return { ...started, control: undefined, console: undefined, warnings: [] };
      }
      // HTTP is loaded only by who listens, and only once DNS is answered.
      const { openConsole } = await import('./daemon-console.ts');
      watched = await openConsole(settings, view, log);
      const { control, console, warnings } = watched;
      return { ...started, control, console, warnings };
    },
    reload: () => reloader.reload(),
    prime: () => readiness.prime(),
    close: async () => {
      readiness.closing = true;
      await server.close(CLOSE_GRACE_MS);
      watched?.close();
      opened.close();
    },
  };
}

/** What batched I/O needs; where it is wanted and cannot be had, the log says why. */
function batchedCalls({ upstream }: Settings, log: Log): SystemCalls | undefined {
  if (upstream.batchedIo === 'off') return undefined;
  const { calls, why } = findSystemCalls();
  if (calls === undefined) log.info('no batched I/O, which takes half the CPU time', { why });
  return calls;
}

function accessOf({ allow, clients }: Settings): Access {
  return { allow, rateLimit: clients.rateLimit === false ? undefined : clients.rateLimit };
}

function drawSecret(random: Ports['random']): Uint8Array {
  return Uint8Array.from({ length: COOKIE_SECRET_OCTETS }, () => random.integer(256));
}

/** The ports given, and the system's for the rest. */
function systemPorts(
  given: { readonly [Port in keyof Ports]?: Ports[Port] | undefined },
  calls: SystemCalls | undefined,
): Ports {
  const clock = given.clock ?? systemClock();
  const random = given.random ?? systemRandom();
  const transport = given.transport ?? createTransport({ clock, random, calls });
  return { clock, random, transport, log: given.log ?? silentLog };
}

/** An engine with the files that its settings name. */
interface OpenedEngine {
  readonly engine: Resolver;
  /** Throws as {@link engineOptions} and `Resolver.reconfigure` do, with nothing changed. */
  reconfigure(settings: Settings): void;
  close(): void;
}

function openEngine(settings: Settings, parts: EngineParts): OpenedEngine {
  const { clock, log } = parts;
  const engine = new Resolver(engineOptions(settings, parts));
  const watch = ({ hosts }: Settings): (() => void) =>
    hosts === false ? () => undefined : watchHosts(hosts, clock, log, (text) => engine.setHosts(text));
  let unwatch = watch(settings);
  return {
    engine,
    reconfigure: (changed) => {
      engine.reconfigure(engineOptions(changed, parts));
      unwatch();
      unwatch = watch(changed);
    },
    close: () => {
      unwatch();
      engine.close();
    },
  };
}
