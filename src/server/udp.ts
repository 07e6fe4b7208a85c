// Receives queries over UDP on one address and sends the replies.

import { listenByCalls } from './udp-calls.ts';
import { listenByDgram } from './udp-dgram.ts';
import type { UdpAddress, UdpListener, UdpOptions } from './udp-listener.ts';

/** Listens there. Rejects with the system's error. */
export async function listenUdp(address: UdpAddress, options: UdpOptions): Promise<UdpListener> {
  const { calls } = options;
  // Of a scoped address dgram alone knows the number of the interface.
  if (calls === undefined || address.ip.includes('%')) return listenByDgram(address, options);
  return listenByCalls(address, options, calls);
}
