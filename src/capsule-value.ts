// The JSON form of what a resolution read of the engine's memory, both ways: exact in octets, readable beside them.

import { Buffer } from 'node:buffer';
import type { DenialEntry, FailureEntry, Rank, RecordEntry, Security } from './cache/entry.ts';
import type { Delegation, Glue, NamedAddress, NameServerAddresses } from './cache/hierarchy.ts';
import type { HostAnswer } from './cache/host.ts';
import type { Nsec3Range, NsecRange, SoaOfZone } from './cache/range.ts';
import type { ServerCookie } from './cache/server-cookies.ts';
import type { HashParameters } from './cache/zone-ranges.ts';
import { base64Of, type CapsuleRRset, rrsetOut } from './capsule-rrset.ts';
import type { Reply } from './resolver/exchange.ts';
import type { KeptReply, Reads, Waits } from './resolver/journal.ts';
import type { Standing, Terms } from './resolver/server-facts.ts';
import type { FailureReason } from './resolver/types.ts';
import type { ZoneStatus } from './resolver/zone-status.ts';
import type { ExtendedError } from './wire/message.ts';
import { type Name, nameToText } from './wire/name.ts';
import { typeToText } from './wire/types.ts';

/** A moment of the monotonic clock, in ms. */
export type Moment = number | 'never' | 'forever';

interface Judged {
  readonly security: Security;
  readonly expiresAtMs: Moment;
  /** The zone of the server that gave it. */
  readonly zone: string;
  readonly proof: readonly CapsuleRRset[];
  readonly why?: ExtendedError;
}

/** One value that was read. Names are presentation text. */
export type CapsuleValue =
  | ({ readonly is: 'rrset'; readonly rrset: CapsuleRRset; readonly rank: Rank } & Judged)
  | ({
      readonly is: 'denial';
      readonly kind: 'nodata' | 'nxdomain';
      readonly name: string;
      readonly type: string;
      readonly soa?: CapsuleRRset;
    } & Judged)
  | {
      readonly is: 'failure';
      readonly name: string;
      readonly type: string;
      readonly checkingDisabled: boolean;
      readonly reason: string;
      readonly extendedErrors: readonly ExtendedError[];
      readonly expiresAtMs: Moment;
      readonly count: number;
    }
  | {
      readonly is: 'delegation';
      readonly zone: string;
      readonly nameServers: readonly string[];
      readonly source: Delegation['source'];
      readonly expiresAtMs: Moment;
      readonly addresses: Delegation['addresses'];
      readonly ds?: CapsuleRRset;
      readonly dsProof: readonly CapsuleRRset[];
      readonly dsExpiresAtMs: Moment;
    }
  | {
      readonly is: 'addresses';
      readonly addresses: readonly string[];
      readonly expiresAtMs: Moment;
      readonly source: NameServerAddresses['source'];
    }
  | {
      readonly is: 'glue';
      readonly nameServer: string;
      readonly family: 4 | 6;
      readonly addresses: readonly string[];
      readonly expiresAtMs: Moment;
    }
  | { readonly is: 'servers'; readonly addresses: readonly (readonly [nameServer: string, ip: string])[] }
  /** Of each server of a zone; null: it never answered. */
  | { readonly is: 'standing'; readonly penalties?: readonly number[]; readonly rttsUs: readonly (number | null)[] }
  | ({ readonly is: 'terms'; readonly crowded?: Terms['crowded'] } & Omit<Terms, 'crowded'>)
  | { readonly is: 'cookie'; readonly octets: string; readonly drawnAtMs: number; readonly lapses: number }
  | {
      readonly is: 'status';
      readonly kind: ZoneStatus['kind'];
      readonly zone: string;
      readonly expiresAtMs: Moment;
      /** DNSKEY RDATA, of a secure zone. */
      readonly keys?: readonly string[];
      readonly why?: ExtendedError;
      readonly anchorEndsAtMs?: Moment;
    }
  | {
      readonly is: 'failed';
      readonly reason: FailureReason;
      readonly extendedErrors: readonly ExtendedError[];
      readonly security?: Security;
    }
  | {
      readonly is: 'range';
      readonly kind: 'nsec' | 'nsec3' | 'soa';
      readonly zone: string;
      readonly rrset: CapsuleRRset;
      readonly expiresAtMs: Moment;
      /** Hexadecimal, of NSEC3. */
      readonly ownerHash?: string;
    }
  | {
      readonly is: 'parameters';
      readonly sets: readonly { readonly iterations: number; readonly salt: string }[];
    }
  | {
      readonly is: 'host';
      readonly rcode: number;
      readonly answer: readonly CapsuleRRset[];
      readonly authority: readonly CapsuleRRset[];
    }
  | {
      readonly is: 'reply';
      readonly kind: Reply['kind'];
      readonly octets?: string;
      readonly protocol?: 'udp' | 'tcp';
      readonly detail?: string;
    }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'flag'; readonly flag: boolean }
  | { readonly is: 'moment'; readonly atMs: Moment };

/** How a value of each kind is written. */
const WRITERS: {
  readonly [Kind in keyof Reads]: (value: NonNullable<Reads[Kind]>) => CapsuleValue;
} = {
  host: ({ rcode, answer, authority }: HostAnswer) => {
    return { is: 'host', rcode, answer: answer.map(rrsetOut), authority: authority.map(rrsetOut) };
  },
  rrset: recordOut,
  dname: recordOut,
  denial: (entry: DenialEntry) => {
    const { kind, name, type, soa } = entry;
    const question = { name: nameToText(name), type: typeToText(type) };
    return { is: 'denial', kind, ...question, ...(soa && { soa: rrsetOut(soa) }), ...judgedOut(entry) };
  },
  failure: ({ name, type, checkingDisabled, reason, extendedErrors, expiresAtMs, count }: FailureEntry) => {
    const question = { name: nameToText(name), type: typeToText(type), checkingDisabled };
    return { is: 'failure', ...question, reason, extendedErrors, expiresAtMs: momentOut(expiresAtMs), count };
  },
  closest: delegationOut,
  delegation: delegationOut,
  placed: delegationOut,
  addresses: ({ addresses, expiresAtMs, source }: NameServerAddresses) => {
    return { is: 'addresses', addresses, expiresAtMs: momentOut(expiresAtMs), source };
  },
  glue: ({ nameServer, family, addresses, expiresAtMs }: Glue) => {
    return { is: 'glue', nameServer: nameToText(nameServer), family, addresses, expiresAtMs: momentOut(expiresAtMs) };
  },
  servers: (addresses: readonly NamedAddress[]) => {
    return { is: 'servers', addresses: addresses.map(({ nameServer, ip }) => [nameToText(nameServer), ip]) };
  },
  standing: ({ penalties, rttsUs }: Standing) => {
    return { is: 'standing', ...(penalties && { penalties }), rttsUs: rttsUs.map((rttUs) => rttUs ?? null) };
  },
  terms: ({ crowded, ...terms }: Terms) => ({ is: 'terms', ...terms, ...(crowded && { crowded }) }),
  timedOut: (flag) => ({ is: 'flag', flag }),
  cookie: ({ octets, ...rest }: ServerCookie) => ({ is: 'cookie', octets: base64Of(octets), ...rest }),
  status: statusOut,
  ranges: (name: Name) => ({ is: 'name', name: nameToText(name) }),
  parameters: (sets: readonly HashParameters[]) => {
    return { is: 'parameters', sets: sets.map(({ iterations, salt }) => ({ iterations, salt: base64Of(salt) })) };
  },
  nsec: rangeOut,
  nsec3: rangeOut,
  soa: rangeOut,
  crowded: (flag) => ({ is: 'flag', flag }),
  kept: (flag) => ({ is: 'flag', flag }),
  primeAgain: (atMs) => ({ is: 'moment', atMs: momentOut(atMs) }),
};

/** A value that was read, as JSON. */
export function readOut<Kind extends keyof Reads>(kind: Kind, value: NonNullable<Reads[Kind]>): CapsuleValue {
  return WRITERS[kind](value);
}

/** What was waited for, as JSON; undefined for what has no value but its end. */
export function waitOut(value: Waits[keyof Waits] | KeptReply): CapsuleValue | undefined {
  if (value === undefined) return undefined;
  switch (value.kind) {
    case 'message':
      return { is: 'reply', kind: value.kind, octets: base64Of(value.octets), protocol: value.protocol };
    case 'unreachable':
    case 'malformed':
      return { is: 'reply', kind: value.kind, detail: value.detail };
    case 'timeout':
    case 'spent':
      return { is: 'reply', kind: value.kind };
    case 'failure': {
      const { reason, extendedErrors, security } = value;
      return { is: 'failed', reason, extendedErrors, ...(security && { security }) };
    }
    default:
      return statusOut(value);
  }
}

function recordOut(entry: RecordEntry): CapsuleValue {
  return { is: 'rrset', rrset: rrsetOut(entry.rrset), rank: entry.rank, ...judgedOut(entry) };
}

function delegationOut(delegation: Delegation): CapsuleValue {
  const { zone, nameServers, source, expiresAtMs, addresses, ds, dsProof, dsExpiresAtMs } = delegation;
  return {
    is: 'delegation',
    zone: nameToText(zone),
    nameServers: nameServers.map(nameToText),
    source,
    expiresAtMs: momentOut(expiresAtMs),
    addresses,
    ...(ds && { ds: rrsetOut(ds) }),
    dsProof: dsProof.map(rrsetOut),
    dsExpiresAtMs: momentOut(dsExpiresAtMs),
  };
}

function statusOut(status: ZoneStatus): CapsuleValue {
  const { kind, zone, expiresAtMs } = status;
  const common = { is: 'status', kind, zone: nameToText(zone), expiresAtMs: momentOut(expiresAtMs) } as const;
  if (status.kind === 'inside') return common;
  if (status.kind === 'secure') return { ...common, keys: status.keys.keys.map(({ rdata }) => base64Of(rdata)) };
  const { why, anchorEndsAtMs } = status;
  const ends = anchorEndsAtMs === undefined ? {} : { anchorEndsAtMs: momentOut(anchorEndsAtMs) };
  return { ...common, ...(why && { why }), ...ends };
}

function rangeOut(range: NsecRange | Nsec3Range | SoaOfZone): CapsuleValue {
  const { kind, zone, rrset, expiresAtMs } = range;
  const hash = range.kind === 'nsec3' ? { ownerHash: Buffer.from(range.ownerHash, 'latin1').toString('hex') } : {};
  return {
    is: 'range',
    kind,
    zone: nameToText(zone),
    rrset: rrsetOut(rrset),
    expiresAtMs: momentOut(expiresAtMs),
    ...hash,
  };
}

function judgedOut({ security, expiresAtMs, zone, proof, why }: RecordEntry | DenialEntry): Judged {
  const common = { security, expiresAtMs: momentOut(expiresAtMs), zone: nameToText(zone) };
  return { ...common, proof: proof.map(rrsetOut), ...(why && { why }) };
}

function momentOut(atMs: number): Moment {
  return Number.isFinite(atMs) ? atMs : atMs > 0 ? 'forever' : 'never';
}
