// Wires the parts together: a resolver for programs, a daemon for the command line.

import { makeLimits } from './base/limits.ts';
import { type Log, silentLog } from './base/ports.ts';
import { fillSettings } from './config/schema.ts';
import { defaultSettings, type Settings, type SettingsInput } from './config/settings.ts';
import { engineOptions, type Ports } from './engine.ts';
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
import { createTransport } from './net/transport.ts';
import type { Observer } from './resolver/events.ts';
import { Resolver } from './resolver/resolver.ts';
import type { Resolution } from './resolver/types.ts';
import { COOKIE_SECRET_OCTETS } from './server/cookie.ts';
import type { ServedResolver } from './server/handle.ts';
import { createServer, type StartedServer } from './server/server.ts';

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
  const opened = openEngine(settings, { ...systemPorts({ transport, clock, random, log }) }, rootHints);
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
    lookupAll(engine, hostname, options).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: DnsError) => callback(error, options.all === true ? [] : ''),
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
}

/** A resolver with listeners. */
export interface Daemon {
  readonly resolver: Resolver;
  /** Binds every address of `listen`; rejects with an Error whose message says what to do. */
  start(): Promise<StartedServer>;
  /** Asks the root for its servers (RFC 9609). */
  prime(): Promise<Resolution>;
  /** Takes no more queries, finishes what is in flight, closes. */
  close(): Promise<void>;
}

/** What is in flight when the daemon closes gets this long: as long as a resolution may take. Milliseconds. */
const CLOSE_GRACE_MS = makeLimits().resolutionMs;

/** Makes a daemon; nothing is bound before `start()`. */
export function createDaemon(settings: Settings, parts: DaemonParts): Daemon {
  const ports = systemPorts(parts);
  const opened = openEngine(settings, ports, parts.rootHints);
  const { engine } = opened;
  const server = createServer({
    resolver: parts.serve?.(engine) ?? engine,
    clock: ports.clock,
    log: ports.log,
    listen: settings.listen,
    skipMissing: settings.listen.join() === defaultSettings.listen.join(),
    allow: settings.allow,
    cookieSecret: settings.clients.cookies ? drawSecret(ports.random) : undefined,
    limits: makeLimits(),
  });
  return {
    resolver: engine,
    start: () => server.start(),
    prime: () => engine.prime(),
    close: async () => {
      await server.close(CLOSE_GRACE_MS);
      opened.close();
    },
  };
}

function drawSecret(random: Ports['random']): Uint8Array {
  return Uint8Array.from({ length: COOKIE_SECRET_OCTETS }, () => random.integer(256));
}

/** The ports given, and the system's for the rest. */
function systemPorts(given: { readonly [Port in keyof Ports]?: Ports[Port] | undefined }): Ports {
  const clock = given.clock ?? systemClock();
  const random = given.random ?? systemRandom();
  const transport = given.transport ?? createTransport({ clock, random });
  return { clock, random, transport, log: given.log ?? silentLog };
}

function openEngine(
  settings: Settings,
  ports: Ports,
  rootHints: string | undefined,
): { readonly engine: Resolver; close(): void } {
  const engine = new Resolver(engineOptions(settings, ports, rootHints));
  const { hosts } = settings;
  const unwatch =
    hosts === false ? () => undefined : watchHosts(hosts, ports.clock, ports.log, (text) => engine.setHosts(text));
  return {
    engine,
    close: () => {
      unwatch();
      engine.close();
    },
  };
}
