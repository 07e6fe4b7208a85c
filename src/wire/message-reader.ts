// The place in a message while it is read: names, records, and the bounds that keep hostile ones cheap.

import { readOptions } from './edns.ts';
import { WireError } from './error.ts';
import type { Edns, Question } from './message.ts';
import { type Name, ROOT, readName } from './name.ts';
import { readRdata } from './rdata-layout.ts';
import { TYPE } from './types.ts';

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

/** Takes the records of a section as they are read, OPT left out. `rdata`: see ResourceRecord. */
export type TakeRecord = (name: Name, type: number, recordClass: number, ttl: number, rdata: Uint8Array) => void;

/** Reads a message from the front to the end: the questions, then the sections in their order. Throws WireError. */
export class MessageReader {
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
    if (octets.length < headerOctets) throw new WireError(`message of ${octets.length} octets has no header`);
    const records = uint16(octets, 6) + uint16(octets, 8) + uint16(octets, 10);
    const least = uint16(octets, 4) * questionOctetsLeast + records * recordOctetsLeast;
    if (least > octets.length - headerOctets) {
      throw new WireError('header counts more records than the message can hold');
    }
    this.#octets = octets;
    this.#ednsOptionsMax = ednsOptionsMax;
  }

  questions(): Question[] {
    const questions: Question[] = [];
    for (let left = uint16(this.#octets, 4); left > 0; left--) questions.push(this.#question());
    return questions;
  }

  #question(): Question {
    const name = this.#owner();
    const at = this.#at;
    if (at + 4 > this.#octets.length) throw new WireError(`question at octet ${at} is cut off`);
    this.#at = at + 4;
    return { name, type: uint16(this.#octets, at), class: uint16(this.#octets, at + 2) };
  }

  /** `section`: 0 answer, 1 authority, 2 additional. */
  records(section: number, take: TakeRecord): void {
    const octets = this.#octets;
    for (let left = uint16(octets, 6 + 2 * section); left > 0; left--) {
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
        if (section !== 2 || name !== ROOT) throw new WireError(`misplaced OPT record at octet ${start}`);
        if (this.edns !== undefined) throw new WireError(`second OPT record at octet ${start}`);
        this.#readOpt(at, end);
        continue;
      }
      const ttl = uint16(octets, at + 4) * 0x10000 + uint16(octets, at + 6);
      const rdata = readRdata(octets, at + 10, end, type, recordClass);
      this.#reveal(rdata.length - (end - at - 10));
      take(name, type, recordClass, ttl, rdata);
    }
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
