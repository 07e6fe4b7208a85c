// DNS messages (RFC 1035, 4): octets to values and back.

import { limitTable } from '../base/limits.ts';
import { readOptions } from './edns.ts';
import { WireError } from './error.ts';
import { type Name, ROOT, readName } from './name.ts';
import { readRdata } from './rdata-layout.ts';
import { TYPE } from './types.ts';
import { writeMessage } from './writer.ts';

/** An entry of the question section. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/**
 * A resource record. `ttl` is the unsigned 32-bit number received. `rdata` has its embedded names decompressed where
 * RFC 3597, 4 allows compression, case kept; all else is byte for byte. It may be a view of the message, and then
 * keeps the whole message in memory: whatever keeps it for long must copy it, as the caches do.
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

/** Octets of the header (RFC 1035, 4.1.1). */
export const headerOctets = 12;
/**
 * Octets that compression may hide in one message, all its names taken together: eight times the longest message.
 * 4,700 records of an IPv6 reverse zone hide 340,000; a message of pointers made to cost time and memory, millions.
 */
const hiddenOctetsMax = 0x80000;
/** Targets of pointers whose names are remembered while a message is read. */
const targetsMost = 16;
/** The least octets of a question: root, type, class. */
const questionOctetsLeast = 5;
/** The least octets of a record: root, type, class, TTL, RDLENGTH. */
const recordOctetsLeast = 11;

/**
 * Parses a whole message. Throws WireError when anything in it is malformed, when it holds two OPT records or one
 * outside of the additional section or not at the root (RFC 6891, 6.1.1), more than `ednsOptionsMax` options, or names
 * of which compression hides over 524,288 octets.
 * Octets after the last counted record are passed over, as Unbound does.
 */
export function parseMessage(octets: Uint8Array, ednsOptionsMax: number = limitTable.ednsOptions.value): Message {
  if (octets.length < headerOctets) throw new WireError(`message of ${octets.length} octets has no header`);
  const questionCount = uint16(octets, 4);
  const answerCount = uint16(octets, 6);
  const authorityCount = uint16(octets, 8);
  const additionalCount = uint16(octets, 10);
  const least =
    questionCount * questionOctetsLeast + (answerCount + authorityCount + additionalCount) * recordOctetsLeast;
  if (least > octets.length - headerOctets) throw new WireError('header counts more records than the message can hold');

  const reader = new Reader(octets, ednsOptionsMax);
  const questions: Question[] = [];
  for (let i = 0; i < questionCount; i++) questions.push(reader.question());
  const answer = reader.records(answerCount, false);
  const authority = reader.records(authorityCount, false);
  const additional = reader.records(additionalCount, true);
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
  return writeMessage(message, options);
}

/** The place in a message while it is parsed. */
class Reader {
  readonly #octets: Uint8Array;
  readonly #ednsOptionsMax: number;
  #at: number = headerOctets;
  /** Names that pointers led to lately, and where those pointed: most records point to few names. */
  readonly #targets: number[] = [];
  readonly #names: Name[] = [];
  #hiddenOctets = 0;
  edns: Edns | undefined;
  extendedRcode = 0;

  constructor(octets: Uint8Array, ednsOptionsMax: number) {
    this.#octets = octets;
    this.#ednsOptionsMax = ednsOptionsMax;
  }

  question(): Question {
    const name = this.#owner();
    const at = this.#at;
    if (at + 4 > this.#octets.length) throw new WireError(`question at octet ${at} is cut off`);
    this.#at = at + 4;
    return { name, type: uint16(this.#octets, at), class: uint16(this.#octets, at + 2) };
  }

  records(count: number, additional: boolean): ResourceRecord[] {
    const records: ResourceRecord[] = [];
    const octets = this.#octets;
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      const name = this.#owner();
      const at = this.#at;
      if (at + 10 > octets.length) throw new WireError(`record at octet ${start} is cut off`);
      const type = uint16(octets, at);
      const recordClass = uint16(octets, at + 2);
      const end = at + 10 + uint16(octets, at + 8);
      if (end > octets.length) throw new WireError(`RDATA at octet ${at + 10} runs past the message`);
      this.#at = end;
      if (type === TYPE.OPT) {
        if (!additional || name !== ROOT) throw new WireError(`misplaced OPT record at octet ${start}`);
        if (this.edns !== undefined) throw new WireError(`second OPT record at octet ${start}`);
        this.#readOpt(at, end);
        continue;
      }
      const ttl = uint16(octets, at + 4) * 0x10000 + uint16(octets, at + 6);
      const rdata = readRdata(octets, at + 10, end, type, recordClass);
      this.#reveal(rdata.length - (end - at - 10));
      records.push({ name, type, class: recordClass, ttl, rdata });
    }
    return records;
  }

  #reveal(hidden: number): void {
    this.#hiddenOctets += hidden;
    if (this.#hiddenOctets > hiddenOctetsMax) throw new WireError(`compression hides over ${hiddenOctetsMax} octets`);
  }

  #readOpt(at: number, end: number): void {
    const octets = this.#octets;
    this.extendedRcode = octets[at + 4] as number;
    this.edns = {
      udpPayloadOctets: uint16(octets, at + 2),
      version: octets[at + 5] as number,
      dnssecOk: ((octets[at + 6] as number) & 0x80) !== 0,
      options: readOptions(octets, at + 10, end, this.#ednsOptionsMax),
    };
  }

  #owner(): Name {
    const octets = this.#octets;
    const at = this.#at;
    const first = octets[at];
    if (first === 0) {
      this.#at = at + 1;
      return ROOT;
    }
    if (first === undefined || first < 0xc0) {
      const { name, end } = readName(octets, at);
      this.#reveal(name.length - (end - at));
      this.#at = end;
      return name;
    }
    const target = at + 1 < octets.length ? uint16(octets, at) & 0x3fff : at;
    this.#at = at + 2;
    const known = target < at ? this.#targets.lastIndexOf(target) : -1;
    if (known >= 0) return this.#names[known] as Name;
    const { name } = readName(octets, at);
    this.#reveal(name.length);
    if (this.#targets.length >= targetsMost) this.#forget();
    this.#targets.push(target);
    this.#names.push(name);
    return name;
  }

  #forget(): void {
    this.#targets.length = 0;
    this.#names.length = 0;
  }
}

function uint16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}
