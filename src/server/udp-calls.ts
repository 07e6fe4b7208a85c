// A UDP listener by system calls: the event loop tells when queries wait; up to 64 are received by one call and answered by another.

import { isIPv6 } from 'node:net';
import type { ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';
import { makeSockaddr, portOf, SOCKET_OPTION, type SystemCalls } from '../base/system-calls.ts';
import { addressToText } from '../wire/address.ts';
import type { Handled } from './handle.ts';
import { UdpBatch } from './udp-batch.ts';
import {
  sendLater,
  type UdpAddress,
  type UdpListener,
  type UdpOptions,
  WANTED_RECEIVE_OCTETS,
  WANTED_SEND_OCTETS,
} from './udp-listener.ts';

/** Batches in a row while more arrives: then everything else has its turn. */
const BATCHES_MOST = 8;

/** Listens there. Throws the system's error. */
export function listenByCalls(address: UdpAddress, options: UdpOptions, calls: SystemCalls): UdpListener {
  const ipv6 = isIPv6(address.ip);
  const descriptor = address.descriptor ?? calls.openSocket(ipv6);
  try {
    prepare(descriptor, ipv6, calls);
    if (address.descriptor === undefined) bind(descriptor, address, options, calls);
    return serve(descriptor, ipv6, address, options, calls);
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}

/** Fragments that a forged ICMP asks for, and buffers. */
function prepare(descriptor: number, ipv6: boolean, calls: SystemCalls): void {
  const { ip: level4, ipv6: level6, ipMtuDiscover, ipv6MtuDiscover, mtuDiscoverOmit, socket } = SOCKET_OPTION;
  if (ipv6) calls.setOption(descriptor, level6, ipv6MtuDiscover, mtuDiscoverOmit);
  else calls.setOption(descriptor, level4, ipMtuDiscover, mtuDiscoverOmit);
  const { receiveBuffer, receiveBufferForce, sendBuffer, sendBufferForce } = SOCKET_OPTION;
  for (const [option, force, octets] of [
    [receiveBuffer, receiveBufferForce, WANTED_RECEIVE_OCTETS],
    [sendBuffer, sendBufferForce, WANTED_SEND_OCTETS],
  ] as const) {
    // What a service manager has made larger stays so: to set it anew would cap it.
    if (calls.option(descriptor, socket, option) >= octets) continue;
    calls.setOption(descriptor, socket, option, octets);
    calls.setOption(descriptor, socket, force, octets);
  }
}

function bind(descriptor: number, { ip, port }: ServerAddress, { reuseAddress }: UdpOptions, calls: SystemCalls): void {
  const ipv6 = isIPv6(ip);
  if (ipv6) calls.setOption(descriptor, SOCKET_OPTION.ipv6, SOCKET_OPTION.ipv6Only, 1);
  if (reuseAddress) calls.setOption(descriptor, SOCKET_OPTION.socket, SOCKET_OPTION.reuseAddress, 1);
  calls.bind(descriptor, makeSockaddr(parseIp(ip) as Uint8Array, port, ipv6));
}

function serve(
  descriptor: number,
  ipv6: boolean,
  { ip, descriptor: inherited }: UdpAddress,
  { handler, reportFault }: UdpOptions,
  calls: SystemCalls,
): UdpListener {
  const batch = new UdpBatch(calls, descriptor, ipv6);
  const bound = calls.boundAddress(descriptor);
  const boundIp = addressToText(ipv6 ? bound.subarray(8, 24) : bound.subarray(4, 8));
  let accepting = true;
  let open = true;

  /** A fault of ours costs the query that met it, not the others of its batch. */
  function handle(query: Uint8Array, i: number, out: Uint8Array): Handled {
    try {
      return handler.handle(query, batch.lengthOf(i), batch.sourceOf(i), false, out);
    } catch (error) {
      reportFault('fault while answering over UDP', error);
      return 0;
    }
  }

  /** Whether some replies come later. */
  function answerBatch(received: number): boolean {
    let replies = 0;
    let later = false;
    for (let i = 0; i < received; i++) {
      const out = batch.replies[replies] as Uint8Array;
      const query = batch.queries[i] as Uint8Array;
      const handled = handle(query, i, out);
      if (typeof handled !== 'number') {
        later = true;
        const to = batch.sockaddrOf(i);
        void sendLater(handled, reportFault, (octets) => {
          if (open) batch.sendTo(octets, octets.length, to);
        });
      } else if (handled > 0) {
        batch.address(replies, i, handled);
        replies += 1;
      }
    }
    batch.send(replies);
    return later;
  }

  function answer(): boolean {
    let later = false;
    try {
      for (let batches = 0; batches < BATCHES_MOST && accepting; batches++) {
        const received = batch.receive();
        if (answerBatch(received)) later = true;
        // Where several came at once more are often there by now, and to ask costs less than to wait and be told.
        if (received < 2) break;
      }
    } catch (error) {
      reportFault('fault while answering over UDP', error);
    }
    return later;
  }

  const watch = calls.onReadable(descriptor, answer);
  return {
    address: { ip: inherited === undefined ? ip : boundIp, port: portOf(bound) },
    stopAccepting(): void {
      accepting = false;
      // What arrives stays where it is, and would be told of again and again.
      watch.close();
    },
    close(): void {
      if (!open) return;
      open = false;
      watch.close();
      calls.close(descriptor);
    },
  };
}
