// Takes the JSON form of what a resolution read back to what it was.

import { Buffer } from 'node:buffer';
import type { DenialEntry, FailureEntry, RecordEntry } from './cache/entry.ts';
import type { Delegation, NamedAddress } from './cache/hierarchy.ts';
import { nsec3Range, nsecRange, type RangeEntry } from './cache/range.ts';
import type { ServerCookie } from './cache/server-cookies.ts';
import type { CapsuleRRset } from './capsule-rrset.ts';
import type { CapsuleValue, Moment } from './capsule-value.ts';
import { readZoneKeys } from './dnssec/keys.ts';
import type { Reply } from './resolver/exchange.ts';
import type { Standing, Terms } from './resolver/server-facts.ts';
import type { ZoneStatus } from './resolver/zone-status.ts';
import { nameFromText } from './wire/name.ts';
import { parseResponse } from './wire/response.ts';
import { defaultBounds, type RRset } from './wire/rrset.ts';
import { typeFromText } from './wire/types.ts';

type Of<Is extends CapsuleValue['is']> = Extract<CapsuleValue, { readonly is: Is }>;

/** The value. Throws WireError for names and octets that are none. */
export function valueIn(value: CapsuleValue): unknown {
  switch (value.is) {
    case 'rrset': {
      const { is: _, rank, rrset, ...judged } = value;
      return { kind: 'rrset', rrset: rrsetIn(rrset), rank, ...judgedIn(judged) } satisfies RecordEntry;
    }
    case 'denial':
      return denialIn(value);
    case 'failure': {
      const { is: _, name, type, expiresAtMs, ...rest } = value;
      const question = { name: nameFromText(name), type: typeIn(type) };
      return { kind: 'failure', ...question, ...rest, expiresAtMs: momentIn(expiresAtMs) } satisfies FailureEntry;
    }
    case 'delegation':
      return delegationIn(value);
    case 'addresses': {
      const { addresses, expiresAtMs, source } = value;
      return { addresses, expiresAtMs: momentIn(expiresAtMs), source };
    }
    case 'glue': {
      const { nameServer, family, addresses, expiresAtMs } = value;
      return { nameServer: nameFromText(nameServer), family, addresses, expiresAtMs: momentIn(expiresAtMs) };
    }
    case 'servers':
      return value.addresses.map(([nameServer, ip]): NamedAddress => ({ nameServer: nameFromText(nameServer), ip }));
    case 'standing': {
      const { penalties, rttsUs } = value;
      return { penalties, rttsUs: rttsUs.map((rttUs) => rttUs ?? undefined) } satisfies Standing;
    }
    case 'terms': {
      const { is: _, crowded, ...terms } = value;
      return { crowded, ...terms } satisfies Terms;
    }
    case 'cookie': {
      const { is: _, octets, ...rest } = value;
      return { octets: octetsIn(octets), ...rest } satisfies ServerCookie;
    }
    case 'status':
      return statusIn(value);
    case 'failed': {
      const { is: _, ...rest } = value;
      return { kind: 'failure', ...rest };
    }
    case 'range':
      return rangeIn(value);
    case 'parameters':
      return value.sets.map(({ iterations, salt }) => ({ iterations, salt: octetsIn(salt) }));
    case 'host': {
      const { rcode, answer, authority } = value;
      return { rcode, answer: answer.map(rrsetIn), authority: authority.map(rrsetIn) };
    }
    case 'reply':
      return replyIn(value);
    case 'name':
      return nameFromText(value.name);
    case 'flag':
      return value.flag;
    case 'moment':
      return momentIn(value.atMs);
  }
}

function denialIn(value: Of<'denial'>): DenialEntry {
  const { is: _, kind, name, type, soa, ...judged } = value;
  return {
    kind,
    name: nameFromText(name),
    type: typeIn(type),
    soa: soa && rrsetIn(soa),
    ...judgedIn(judged),
  };
}

function judgedIn(
  judged: Pick<Of<'rrset'>, 'security' | 'expiresAtMs' | 'zone' | 'proof' | 'why'>,
): Pick<RecordEntry, 'security' | 'expiresAtMs' | 'zone' | 'proof' | 'why'> {
  const { security, expiresAtMs, zone, proof, why } = judged;
  const common = { security, expiresAtMs: momentIn(expiresAtMs), zone: nameFromText(zone) };
  return { ...common, proof: proof.map(rrsetIn), ...(why && { why }) };
}

function delegationIn(value: Of<'delegation'>): Delegation {
  const { zone, nameServers, source, expiresAtMs, addresses, ds, dsProof, dsExpiresAtMs } = value;
  return {
    zone: nameFromText(zone),
    nameServers: nameServers.map(nameFromText),
    source,
    expiresAtMs: momentIn(expiresAtMs),
    addresses,
    ds: ds && rrsetIn(ds),
    dsProof: dsProof.map(rrsetIn),
    dsExpiresAtMs: momentIn(dsExpiresAtMs),
  };
}

function statusIn(value: Of<'status'>): ZoneStatus {
  const { kind, keys = [], why, anchorEndsAtMs } = value;
  const zone = nameFromText(value.zone);
  const expiresAtMs = momentIn(value.expiresAtMs);
  if (kind === 'inside') return { kind, zone, expiresAtMs };
  if (kind === 'secure') return { kind, zone, keys: readZoneKeys(zone, keys.map(octetsIn)), expiresAtMs };
  const ends = anchorEndsAtMs === undefined ? {} : { anchorEndsAtMs: momentIn(anchorEndsAtMs) };
  return { kind, zone, why, expiresAtMs, ...ends };
}

function rangeIn(value: Of<'range'>): RangeEntry | undefined {
  const zone = nameFromText(value.zone);
  const rrset = rrsetIn(value.rrset);
  const expiresAtMs = momentIn(value.expiresAtMs);
  if (value.kind === 'soa') return { kind: 'soa', zone, rrset, expiresAtMs };
  if (value.kind === 'nsec') return nsecRange(zone, rrset, expiresAtMs);
  const ownerHash = Buffer.from(value.ownerHash ?? '', 'hex').toString('latin1');
  return nsec3Range(zone, rrset, ownerHash, expiresAtMs);
}

function replyIn({ kind, octets = '', protocol = 'udp', detail = '' }: Of<'reply'>): Reply {
  switch (kind) {
    case 'message': {
      const received = octetsIn(octets);
      return { kind, message: parseResponse(received, defaultBounds), protocol, octets: received };
    }
    case 'unreachable':
    case 'malformed':
      return { kind, detail };
    case 'timeout':
    case 'spent':
      return { kind };
  }
}

function rrsetIn({ name, type, class: rrClass, ttl, rdatas, signatures }: CapsuleRRset): RRset {
  return {
    name: nameFromText(name),
    type: typeIn(type),
    class: rrClass,
    ttl,
    rdatas: rdatas.map(octetsIn),
    signatures: signatures.map(octetsIn),
  };
}

function typeIn(text: string): number {
  const type = typeFromText(text);
  if (type === undefined) throw new Error(`unknown type ${text}`);
  return type;
}

function momentIn(moment: Moment): number {
  if (moment === 'forever') return Number.POSITIVE_INFINITY;
  return moment === 'never' ? Number.NEGATIVE_INFINITY : moment;
}

/** Octets from base64. */
export function octetsIn(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}
