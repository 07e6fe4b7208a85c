// Asks servers single questions and tells what came back, for the doctor.

import type { ServerAddress } from '../base/ports.ts';
import { WireError } from '../wire/error.ts';
import { type Message, parseMessage } from '../wire/message.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import type { World } from './doctor-world.ts';

/** What to ask: of the root by default, without EDNS by default. */
export interface Probing {
  readonly protocol: 'udp' | 'tcp';
  readonly type: number;
  readonly name?: Name;
  readonly recursionDesired?: boolean;
  /** With EDNS (RFC 6891): the octets offered, and whether DNSSEC records are wanted. */
  readonly edns?: { readonly octets: number; readonly dnssecOk: boolean };
}

/** A reply, or why there is none: `timeout`, the system's code, or `unreadable`. */
export type Probe =
  | { readonly kind: 'reply'; readonly message: Message; readonly octets: number; readonly rttMs: number }
  | { readonly kind: 'none'; readonly why: string };

/** The longest wait for one reply, ms: a healthy path to a root server takes less than a tenth of it. */
const TIMEOUT_MS = 1500;
/** A datagram may get lost without anybody's fault. */
const UDP_TRIES = 2;

/** Asks `server` once by TCP, or up to {@link UDP_TRIES} times by UDP. */
export async function probe(world: World, server: ServerAddress, what: Probing): Promise<Probe> {
  let found: Probe = { kind: 'none', why: 'timeout' };
  for (let tries = what.protocol === 'udp' ? UDP_TRIES : 1; tries > 0; tries -= 1) {
    found = await probeOnce(world, server, what);
    if (found.kind === 'reply' || found.why !== 'timeout') break;
  }
  return found;
}

async function probeOnce(world: World, server: ServerAddress, what: Probing): Promise<Probe> {
  const id = world.random.integer(0x1_0000);
  const query = buildQuery({
    id,
    name: what.name ?? ROOT,
    type: what.type,
    recursionDesired: what.recursionDesired ?? false,
    checkingDisabled: false,
    edns:
      what.edns === undefined
        ? undefined
        : { udpPayloadOctets: what.edns.octets, version: 0, dnssecOk: what.edns.dnssecOk, options: [] },
  });
  const request = { server, protocol: what.protocol, query, timeoutMs: TIMEOUT_MS };
  const outcome = await world.transport.send(request, (octets) =>
    octets.length >= 12 && ((octets[0] as number) << 8) + (octets[1] as number) === id && (octets[2] as number) >= 0x80
      ? 'take'
      : 'ignore',
  );
  if (outcome.kind === 'unreachable') return { kind: 'none', why: outcome.detail };
  if (outcome.kind !== 'response') return { kind: 'none', why: 'timeout' };
  try {
    const { octets, rttMs } = outcome;
    return { kind: 'reply', message: parseMessage(octets), octets: octets.length, rttMs };
  } catch (error) {
    if (error instanceof WireError) return { kind: 'none', why: 'unreadable' };
    throw error;
  }
}
