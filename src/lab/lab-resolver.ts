// The resolver of the lab: the daemon of `serve`, with a Transport that reaches the lab and an observer.

import type { Clock, Log, Random, ServerAddress } from '../base/ports.ts';
import { parseServerAddress, serverAddressToText } from '../config/address.ts';
import { defaultSettings, type Settings } from '../config/settings.ts';
import { createDaemon } from '../create.ts';
import { createTransport } from '../net/transport.ts';
import type { SmallInternet } from './internet.ts';
import { type FindObserver, observed } from './observed.ts';

/** A running resolver. */
export interface LabResolver {
  /** Where it answers, UDP and TCP. */
  readonly bound: readonly ServerAddress[];
  /** The address that the lab's own client uses: the first of `bound`. */
  readonly client: ServerAddress;
  /** A sentence, where the port asked for was taken. */
  readonly moved: string | undefined;
  close(): Promise<void>;
}

/** What it needs. `find` gives the observer of a question. `listen` empty: the default addresses of `serve`. */
export interface LabResolverOptions {
  readonly internet: SmallInternet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listen: readonly string[];
  readonly find: FindObserver;
}

/** Ports tried one after the other where the one asked for is taken. */
const portsTried = 20;

/** Starts the resolver, its root known; where a port is taken, on the next one that is free. */
export async function startLabResolver(options: LabResolverOptions): Promise<LabResolver> {
  const wanted = options.listen.length === 0 ? defaultSettings.listen : options.listen;
  for (let step = 0; ; step++) {
    const listen = step === 0 ? wanted : wanted.map((text) => shiftPort(text, step));
    try {
      const moved = step === 0 ? undefined : `Something else holds ${wanted.join(' or ')}: another port it is.`;
      return { ...(await start(options, listen)), moved };
    } catch (error) {
      if (!isPortTaken(error) || step + 1 >= portsTried) throw error;
    }
  }
}

async function start(options: LabResolverOptions, listen: readonly string[]): Promise<Omit<LabResolver, 'moved'>> {
  const { internet, clock, random, log, find } = options;
  // The lab is not signed: against the trust anchors of the real root all of it would be bogus.
  const dnssec = { ...defaultSettings.dnssec, validate: false };
  const settings: Settings = { ...defaultSettings, listen, dnssec, control: false, console: false };
  const daemon = createDaemon(settings, {
    clock,
    random,
    log,
    transport: internet.reach(createTransport({ clock, random })),
    rootHints: internet.hints,
    serve: (resolver) => observed(resolver, clock, find),
  });
  try {
    const { bound } = await daemon.start();
    const [client] = bound;
    if (client === undefined) throw new Error(`none of ${listen.join(', ')} is an address of this machine`);
    await daemon.prime();
    return { bound, client, close: () => daemon.close() };
  } catch (error) {
    await daemon.close();
    throw error;
  }
}

function shiftPort(text: string, step: number): string {
  const address = parseServerAddress(text);
  return address === undefined ? text : serverAddressToText({ ...address, port: address.port + step });
}

function isPortTaken(error: unknown): boolean {
  let cause = error;
  // A ListenError over the error of the socket.
  for (let depth = 0; depth < 3 && cause instanceof Error; depth++) {
    if ('code' in cause && cause.code === 'EADDRINUSE') return true;
    cause = cause.cause;
  }
  return false;
}
