// What a resolution reads of the world, and who may stand in between: a recorder that writes it down, a player that puts
// the old in its place.

import { Buffer } from 'node:buffer';
import {
  addressKey,
  type Clock,
  type Random,
  type ServerAddress,
  type Transport,
  type TransportOutcome,
  type TransportRequest,
  type Verdict,
} from '../base/ports.ts';
import type { DenialEntry, FailureEntry, RecordEntry } from '../cache/entry.ts';
import type { Delegation, Glue, NamedAddress, NameServerAddresses } from '../cache/hierarchy.ts';
import type { HostAnswer } from '../cache/host.ts';
import type { Nsec3Range, NsecRange, SoaOfZone } from '../cache/range.ts';
import type { ServerCookie } from '../cache/server-cookies.ts';
import type { HashParameters } from '../cache/zone-ranges.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/types.ts';
import type { Reply } from './exchange.ts';
import type { FoundFailure } from './found.ts';
import type { Standing, Terms } from './server-facts.ts';
import type { Shared } from './shared.ts';
import type { ZoneStatus } from './zone-status.ts';

/** What is read at once, by kind. Undefined: there is none. */
export interface Reads {
  readonly host: HostAnswer | undefined;
  readonly rrset: RecordEntry | undefined;
  /** The closest secure DNAME above a name. */
  readonly dname: RecordEntry | undefined;
  readonly denial: DenialEntry | undefined;
  readonly failure: FailureEntry | undefined;
  /** The deepest delegation at or above a name, that of a zone, and what a referral came to beside what was known. */
  readonly closest: Delegation;
  readonly delegation: Delegation | undefined;
  readonly placed: Delegation;
  readonly addresses: NameServerAddresses | undefined;
  /** The addresses of all name servers of a zone that is kept. */
  readonly servers: readonly NamedAddress[] | undefined;
  readonly glue: Glue | undefined;
  /** What is known of a zone's servers, and of one: see server-facts.ts. */
  readonly standing: Standing;
  readonly terms: Terms;
  readonly timedOut: boolean;
  readonly cookie: ServerCookie | undefined;
  readonly status: ZoneStatus | undefined;
  /** The zone whose denial ranges speak for a name, and they. */
  readonly ranges: Name | undefined;
  readonly parameters: readonly HashParameters[];
  readonly nsec: NsecRange | undefined;
  readonly nsec3: Nsec3Range | undefined;
  readonly soa: SoaOfZone | undefined;
  /** Whether a zone has as many questions in flight as it may. */
  readonly crowded: boolean;
  /** Whether the cache took an RRset. */
  readonly kept: boolean;
  /** When priming may be tried again (Clock.nowMs). */
  readonly primeAgain: number;
}

/** What was in progress already, to be waited for, by kind. */
export interface Waits {
  readonly exchange: Reply;
  readonly status: ZoneStatus | FoundFailure;
  readonly priming: undefined;
  /** For the turn of a signature check. */
  readonly turn: undefined;
}

/** A thing that is looked at. */
export interface Look<Kind extends keyof Reads> {
  readonly kind: Kind;
  /** Which one it was, in words. `detail`: what beside the name tells one look from another of its kind. */
  key(name: Name, detail: Detail): string;
}

/** What tells one look from another: a type, a family, a zone, a hash, a server. */
export type Detail = number | string | ServerAddress;

/** All that is looked at, but for what `detail` is: 0 where nothing else is said. */
export const LOOK: {
  readonly [Kind in Exclude<keyof Reads, 'addresses'>]: Look<Kind>;
} & {
  readonly addresses4: Look<'addresses'>;
  readonly addresses6: Look<'addresses'>;
  readonly keysFailure: Look<'failure'>;
} = {
  /** `detail`: the type. */
  host: { kind: 'host', key: byType },
  rrset: { kind: 'rrset', key: byType },
  dname: { kind: 'dname', key: nameToText },
  denial: { kind: 'denial', key: byType },
  failure: { kind: 'failure', key: byType },
  kept: { kind: 'kept', key: byType },
  keysFailure: { kind: 'failure', key: (zone) => `${nameToText(zone)} keys` },
  closest: { kind: 'closest', key: nameToText },
  delegation: { kind: 'delegation', key: nameToText },
  placed: { kind: 'placed', key: nameToText },
  /** `detail`: the zone for which. */
  addresses4: { kind: 'addresses', key: (name, zone) => `${nameToText(name)} IPv4 for ${nameToText(zone as Name)}` },
  addresses6: { kind: 'addresses', key: (name, zone) => `${nameToText(name)} IPv6 for ${nameToText(zone as Name)}` },
  /** `detail`: 4 or 6. */
  glue: { kind: 'glue', key: (name, family) => `${nameToText(name)} IPv${family}` },
  servers: { kind: 'servers', key: nameToText },
  standing: { kind: 'standing', key: nameToText },
  /** `detail`: the server, here and below. */
  terms: { kind: 'terms', key: byServer },
  timedOut: { kind: 'timedOut', key: byServer },
  cookie: { kind: 'cookie', key: byServer },
  status: { kind: 'status', key: nameToText },
  ranges: { kind: 'ranges', key: nameToText },
  parameters: { kind: 'parameters', key: nameToText },
  /** `detail`: the zone. */
  nsec: { kind: 'nsec', key: (name, zone) => `${nameToText(name)} in ${nameToText(zone as Name)}` },
  /** `detail`: the hash, one character per octet. */
  nsec3: {
    kind: 'nsec3',
    key: (zone, hash) => `${nameToText(zone)} ${Buffer.from(`${hash}`, 'latin1').toString('hex')}`,
  },
  soa: { kind: 'soa', key: nameToText },
  primeAgain: { kind: 'primeAgain', key: nameToText },
  crowded: { kind: 'crowded', key: nameToText },
};

function byType(name: Name, type: Detail): string {
  return `${nameToText(name)} ${typeToText(Number(type))}`;
}

function byServer(_name: Name, server: Detail): string {
  return addressKey(server as ServerAddress);
}

/** Something in progress that may be waited for. */
export interface WaitFor<Kind extends keyof Waits, About> {
  readonly kind: Kind;
  /** Which one it is, in words. */
  key(about: About): string;
  /** What it came to, without what nobody needs for a replay. */
  kept(value: Waits[Kind]): Waits[Kind] | KeptReply;
}

/** A reply without what was parsed of it. */
export type KeptReply = Omit<Extract<Reply, { readonly kind: 'message' }>, 'message'>;

/** Stands between one resolution and what it reads: a recorder writes it down, a replay puts the old in its place. */
export interface Journal {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  /** Called before anything is read. */
  begin(shared: Shared): void;
  /** Called when the resolution is done: what still goes on in the background is not part of it. */
  end(): void;
  /** What the resolution is to see where the engine has `live`. */
  read<Kind extends keyof Reads>(look: Look<Kind>, name: Name, detail: Detail, live: Reads[Kind]): Reads[Kind];
  /** What the resolution is to wait for where `running` is in progress (undefined: nothing is); `own`: it began that. */
  wait<Kind extends keyof Waits, About>(
    what: WaitFor<Kind, About>,
    about: About,
    running: Promise<Waits[Kind]> | undefined,
    own: boolean,
  ): Promise<Waits[Kind]> | undefined;
  /** A message goes out; gives a number for it. */
  sending(request: TransportRequest): number;
  /** What arrived for the message of that number. */
  arrived(sent: number, octets: Uint8Array, verdict: Verdict): void;
  /** Called when the resolution goes on with the outcome, and has read the clock for that. */
  sendEnded(sent: number, outcome: TransportOutcome): void;
}
