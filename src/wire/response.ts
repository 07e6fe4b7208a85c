// Reads the response of a server: as parseMessage() does, but straight into RRsets.

import { limitTable } from '../base/limits.ts';
import type { Edns } from './message.ts';
import { MessageReader } from './message-reader.ts';
import { Grouping, type RRset, type RRsetBounds } from './rrset.ts';

/** What of a message tells about its question. `rcode` has 12 bits with EDNS; OPT is in `edns`. */
export interface ServerResponse {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionAvailable: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
  readonly edns: Edns | undefined;
}

/** Parses a whole response; its RDATA are views of `octets`. Throws WireError as `parseMessage()` does. */
export function parseResponse(octets: Uint8Array, bounds: RRsetBounds): ServerResponse {
  const reader = new MessageReader(octets, limitTable.ednsOptions.value);
  reader.questions();
  const answer = readSection(reader, 0, bounds);
  const authority = readSection(reader, 1, bounds);
  const additional = readSection(reader, 2, bounds);
  return responseOf(octets, answer, authority, additional, reader.extendedRcode, reader.edns);
}

/** The header alone: of a response that is cut off, nothing else counts (RFC 2181, 9). */
export function truncatedResponse(octets: Uint8Array): ServerResponse {
  return responseOf(octets, [], [], [], 0, undefined);
}

function readSection(reader: MessageReader, section: number, bounds: RRsetBounds): RRset[] {
  const grouping = new Grouping(bounds);
  reader.records(section, (name, type, recordClass, ttl, rdata) => grouping.add(name, type, recordClass, ttl, rdata));
  return grouping.finish();
}

function responseOf(
  octets: Uint8Array,
  answer: readonly RRset[],
  authority: readonly RRset[],
  additional: readonly RRset[],
  extendedRcode: number,
  edns: Edns | undefined,
): ServerResponse {
  const high = octets[2] as number;
  const low = octets[3] as number;
  return {
    rcode: (extendedRcode << 4) | (low & 0xf),
    authoritative: (high & 0x04) !== 0,
    truncated: (high & 0x02) !== 0,
    recursionAvailable: (low & 0x80) !== 0,
    answer,
    authority,
    additional,
    edns,
  };
}
