// What the doctor sees of the machine and the network, and how it is seen for real.

import { readFile, readlink } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { makeLimits } from '../base/limits.ts';
import { type Clock, type Random, type ServerAddress, silentLog, type Transport } from '../base/ports.ts';
import { serverAddressToText } from '../config/address.ts';
import { systemClock } from '../net/clock.ts';
import { systemRandom } from '../net/random.ts';
import { createTransport } from '../net/transport.ts';
import { NO_ADDRESS } from '../server/acl.ts';
import type { Handler } from '../server/handle.ts';
import { listenOn } from '../server/listen.ts';
import { portHolder } from '../server/port-holder.ts';
import { createTcpService } from '../server/tcp.ts';
import { systemCode } from './io.ts';

/** The machine and the network, as far as a diagnosis looks at them. */
export interface World {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** The text of a file; undefined: it is not there or not to be read. */
  readFile(path: string): Promise<string | undefined>;
  /** Where a symbolic link leads; undefined: it is none. */
  readLink(path: string): Promise<string | undefined>;
  /** `name (pid 123)` of the process that holds an address. */
  holder(protocol: 'udp' | 'tcp', address: ServerAddress): Promise<string | undefined>;
  /** Binds an address for UDP and TCP, and lets go at once: the system's code when that fails. */
  tryListen(address: ServerAddress): Promise<string | undefined>;
  /** Whether the machine has an IPv6 address that is used beyond its own network. */
  hasGlobalIpv6(): boolean;
  /** The user who asks; undefined where there are no numbers for users. */
  readonly uid: number | undefined;
  /** The system, as `process.platform` has it. */
  readonly platform: string;
}

/** The real one; `close` frees its sockets. */
export function systemWorld(): World & { close(): void } {
  const [clock, random] = [systemClock(), systemRandom()];
  const transport = createTransport({ clock, random });
  return {
    transport,
    clock,
    random,
    readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
    readLink: (path) => readlink(path).catch(() => undefined),
    holder: portHolder,
    tryListen: (address) => tryListen(address, clock),
    hasGlobalIpv6,
    uid: process.getuid?.(),
    platform: process.platform,
    close: () => transport.close(),
  };
}

async function tryListen(address: ServerAddress, clock: Clock): Promise<string | undefined> {
  const reportFault = (): void => undefined;
  // Whoever asks in this moment is asked to come again by silence.
  const handler = { handle: () => 0 } as unknown as Handler;
  const tcp = createTcpService({ handler, clock, limits: makeLimits(), classify: () => NO_ADDRESS, reportFault });
  try {
    const bound = await listenOn({
      listen: [serverAddressToText(address)],
      skipMissing: false,
      log: silentLog,
      tcp,
      udp: { handler, reportFault },
    });
    for (const listener of [...bound.udp, ...bound.tcp]) listener.close();
    return undefined;
  } catch (error) {
    return systemCode(error) ?? 'unknown';
  } finally {
    tcp.close();
  }
}

/** Link-local and unique local addresses lead nowhere. */
function hasGlobalIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(
      ({ internal, family, address }) => family === 'IPv6' && !internal && !/^f(?:e[89ab]|[cd])/i.test(address),
    ),
  );
}
