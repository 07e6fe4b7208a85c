// DNS messages (RFC 1035, 4): octets to values and back.

import { limitTable } from '../base/limits.ts';
import { WireError } from './error.ts';
import { headerOctets, MessageReader } from './message-reader.ts';
import { type Name, readName } from './name.ts';
import { writeMessage } from './writer.ts';

/** An entry of the question section. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/**
 * A resource record. `ttl` is the unsigned 32-bit number received. `rdata` has its embedded names decompressed where
 * RFC 3597, 4 allows compression, case kept; all else is byte for byte. It may be a view of the message, or of a
 * piece with other octets, and then keeps all of that in memory: whatever keeps it for long must copy it, as the caches do.
 */
export interface ResourceRecord {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

/** One EDNS option; `data` is never a view of a message. */
export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** What the OPT record says (RFC 6891, 6.1); its extended RCODE is in {@link Message.rcode}. */
export interface Edns {
  readonly udpPayloadOctets: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

/** An extended error (RFC 8914): an info-code of `EDE` and a text, which may be empty. */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** A whole message. `rcode` has 12 bits with EDNS. The OPT record is in `edns`, not in `additional`. */
export interface Message {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  readonly edns: Edns | undefined;
}

/** Bounds and extras of {@link buildMessage}. */
export interface BuildOptions {
  /** The longest message wanted, 512..65535 octets; default 65535. */
  readonly maxOctets?: number;
  /** The first QNAME in the client's case, uncompressed; the name of the question when absent. */
  readonly questionOctets?: Uint8Array;
  /** Names remembered for compression; default the bound `compressionEntries`; 0: none is compressed. */
  readonly compressionEntries?: number;
}

/**
 * Parses a whole message. Throws WireError when anything in it is malformed, when it holds two OPT records or one
 * outside of the additional section or not at the root (RFC 6891, 6.1.1), more than `ednsOptionsMax` options, or names
 * of which compression hides over 524,288 octets.
 * Octets after the last counted record are passed over, as Unbound does.
 */
export function parseMessage(octets: Uint8Array, ednsOptionsMax: number = limitTable.ednsOptions.value): Message {
  const reader = new MessageReader(octets, ednsOptionsMax);
  const questions = reader.questions();
  const [answer, authority, additional] = [0, 1, 2].map((section) => {
    const records: ResourceRecord[] = [];
    reader.records(section, (name, type, recordClass, ttl, rdata) => {
      records.push({ name, type, class: recordClass, ttl, rdata });
    });
    return records;
  }) as [ResourceRecord[], ResourceRecord[], ResourceRecord[]];
  const high = octets[2] as number;
  const low = octets[3] as number;
  return {
    id: uint16(octets, 0),
    response: (high & 0x80) !== 0,
    opcode: (high >> 3) & 0xf,
    authoritative: (high & 0x04) !== 0,
    truncated: (high & 0x02) !== 0,
    recursionDesired: (high & 0x01) !== 0,
    recursionAvailable: (low & 0x80) !== 0,
    authenticData: (low & 0x20) !== 0,
    checkingDisabled: (low & 0x10) !== 0,
    rcode: (reader.extendedRcode << 4) | (low & 0xf),
    questions,
    answer,
    authority,
    additional,
    edns: reader.edns,
  };
}

/**
 * Reads the header's QDCOUNT, which must be 1, and the question; `end` is the offset after it. Nothing behind is
 * looked at. Throws WireError.
 */
export function parseQuestion(octets: Uint8Array): { question: Question; end: number } {
  if (octets.length < headerOctets) throw new WireError(`message of ${octets.length} octets has no header`);
  if (octets[4] !== 0 || octets[5] !== 1) throw new WireError(`${uint16(octets, 4)} questions, not one`);
  const { name, end } = readName(octets, headerOctets);
  if (end + 4 > octets.length) throw new WireError('question is cut off');
  return { question: { name, type: uint16(octets, end), class: uint16(octets, end + 2) }, end: end + 4 };
}

/**
 * Writes a message, names compressed in the sections and in the RDATA of RFC 1035's types alone (RFC 3597, 4). What
 * does not fit `maxOctets` goes by whole RRsets (RFC 2181, 9): those of `additional` silently, of `authority` and
 * `answer` with TC set. OPT stays; should even its options not fit, they are left off from the last.
 */
export function buildMessage(message: Message, options: BuildOptions = {}): Uint8Array {
  return new Uint8Array(writeMessage(message, options));
}

function uint16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}
