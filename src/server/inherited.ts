// Listens on sockets that the service manager has bound and handed over (LISTEN_FDS of systemd), in place of `listen`.

import type { Log } from '../base/ports.ts';
import { type Bound, ListenError } from './listen.ts';
import { type SocketKind, socketKinds } from './socket-kind.ts';
import type { TcpListener, TcpService } from './tcp.ts';
import { listenUdp } from './udp.ts';
import type { UdpListener, UdpOptions } from './udp-listener.ts';

/** What listening on them needs. */
export interface InheritedOptions {
  /** How many there are, 1 or more; the first has descriptor 3 (sd_listen_fds(3)). */
  readonly descriptors: number;
  readonly log: Log;
  readonly tcp: TcpService;
  readonly udp: Omit<UdpOptions, 'reuseAddress'>;
}

/** The first descriptor handed over: SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3;
/** Descriptors taken over. */
const DESCRIPTORS_MAX = 512;

/** Takes them all over. Rejects with {@link ListenError} when one is no DNS socket, or when UDP or TCP is missing. */
export async function listenInherited(options: InheritedOptions): Promise<Bound> {
  const { descriptors } = options;
  if (descriptors > DESCRIPTORS_MAX) throw new ListenError(`LISTEN_FDS: more than ${DESCRIPTORS_MAX} sockets`);
  const numbers = Array.from({ length: descriptors }, (_, index) => FIRST_DESCRIPTOR + index);
  const kinds = await socketKinds(numbers);
  const udp: UdpListener[] = [];
  const tcp: TcpListener[] = [];
  try {
    for (const [index, descriptor] of numbers.entries()) await adopt(descriptor, kinds[index], options, udp, tcp);
    // RFC 7766, 5: a resolver answers over both.
    for (const [what, unit, found] of [
      ['UDP', 'ListenDatagram', udp],
      ['TCP', 'ListenStream', tcp],
    ] as const) {
      if (found.length === 0) throw new ListenError(`LISTEN_FDS: no ${what} socket; add ${unit}= to the socket unit`);
    }
  } catch (error) {
    for (const listener of [...udp, ...tcp]) listener.close();
    throw error;
  }
  return { udp, tcp, addresses: udp.map((listener) => listener.address), skipped: [] };
}

async function adopt(
  descriptor: number,
  kind: SocketKind | undefined,
  options: InheritedOptions,
  udp: UdpListener[],
  tcp: TcpListener[],
): Promise<void> {
  if (kind === undefined) throw new ListenError(`LISTEN_FDS: descriptor ${descriptor} is no UDP or TCP socket for IP`);
  const ip = kind.ipv6 ? '::' : '0.0.0.0';
  const where = { ip, port: 0, descriptor };
  const listener =
    kind.protocol === 'udp'
      ? await listenUdp(where, { ...options.udp, reuseAddress: false })
      : await options.tcp.listen(where);
  if (kind.protocol === 'udp') udp.push(listener as UdpListener);
  else tcp.push(listener as TcpListener);
  if (kind.protocol === 'udp' && listener.address.ip === ip) {
    // The kernel chooses the address that a reply leaves from, which may not be the one that was asked.
    options.log.warn('inherited UDP socket has no address of its own; name addresses in the socket unit', {
      port: listener.address.port,
    });
  }
}
