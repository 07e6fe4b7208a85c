// What a service manager hands over with the environment: sockets that it has bound (sd_listen_fds(3)).

import { CliError } from './io.ts';

/** How many sockets process `pid` was handed; 0: none, or they are another process's. {@link CliError}: no number. */
export function inheritedSockets(
  environment: { readonly [name: string]: string | undefined },
  pid: number = process.pid,
): number {
  const { LISTEN_FDS: count, LISTEN_PID: owner } = environment;
  // A program in between (a shell, npm) leaves variables that were meant for it.
  if (count === undefined || owner !== String(pid)) return 0;
  if (!/^[0-9]{1,5}$/.test(count)) throw new CliError('LISTEN_FDS is not a number of sockets');
  return Number(count);
}
