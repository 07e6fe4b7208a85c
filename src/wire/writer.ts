// Writes messages: names compressed within bounds, whole RRsets cut to size.

import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { limitTable } from '../base/limits.ts';
import { optOctets, writeOpt } from './edns.ts';
import type { BuildOptions, Message, ResourceRecord } from './message.ts';
import type { Name } from './name.ts';
import { compressibleNames } from './rdata-layout.ts';
import { CLASS, TYPE } from './types.ts';

/** The longest message (RFC 1035, 4.2.2). */
const messageOctetsMax = 0xffff;
/** RFC 1035, 4.1.4: a pointer has 14 bits. */
const pointerTargetMax = 0x3fff;
/** Lookups of suffixes for each name that may be remembered; past them names go uncompressed (CVE-2024-8508). */
const lookupsPerEntry = 16;

/** Where messages are put together: the longest one, and one record more that turns out not to fit. */
const scratch = Buffer.alloc(messageOctetsMax + 0xffff + 0x400);

/** The work of `buildMessage()` in message.ts, where it is described; what it gives is void with the next message. */
export function writeMessage(message: Message, options: BuildOptions): Uint8Array {
  const limit = options.maxOctets ?? messageOctetsMax;
  const { edns } = message;
  assert(limit <= messageOctetsMax, 'a message has at most 65535 octets');
  assert(message.rcode < 16 || (edns !== undefined && message.rcode < 0x1000), 'an extended RCODE needs EDNS');
  const writer = new Writer(options.compressionEntries ?? limitTable.compressionEntries.value);

  message.questions.forEach(({ name, type, class: questionClass }, i) => {
    writer.question(name, i === 0 ? options.questionOctets : undefined, type, questionClass);
  });
  assert(writer.at + (edns === undefined ? 0 : optOctets(edns, 0)) <= limit, 'the question alone exceeds the limit');

  // RFC 8945, 5.1 and RFC 2931, 3.1: TSIG and SIG(0) come last, after OPT, and are no part of what may be left off.
  const closing = message.additional.at(-1);
  const closed = closing !== undefined && isTransactionSignature(closing);
  const plain = closed ? message.additional.slice(0, -1) : message.additional;
  const closingOctets = closed ? closing.name.length + 10 + closing.rdata.length : 0;
  let optionCount = edns?.options.length ?? 0;
  while (optionCount > 0 && edns && writer.at + closingOctets + optOctets(edns, optionCount) > limit) optionCount--;
  const room = limit - closingOctets - (edns === undefined ? 0 : optOctets(edns, optionCount));

  const answer = writer.records(message.answer, room, true);
  const authority = writer.cut ? 0 : writer.records(message.authority, room, true);
  let additional = writer.cut ? 0 : writer.records(plain, room, false);
  if (edns !== undefined) {
    writer.at = writeOpt(scratch, writer.at, edns, message.rcode, optionCount);
    additional++;
  }
  if (closed) additional += writer.records([closing], messageOctetsMax, false);
  assert(writer.at <= limit, 'TSIG and OPT alone exceed the limit');
  writeHeader(message, writer.cut, [message.questions.length, answer, authority, additional]);
  return scratch.subarray(0, writer.at);
}

function isTransactionSignature({ type, rdata }: ResourceRecord): boolean {
  return type === TYPE.TSIG || (type === TYPE.SIG && rdata[0] === 0 && rdata[1] === 0);
}

function writeHeader(message: Message, cut: boolean, counts: readonly number[]): void {
  put16(0, message.id);
  scratch[2] =
    (message.response ? 0x80 : 0) |
    (message.opcode << 3) |
    (message.authoritative ? 0x04 : 0) |
    (message.truncated || cut ? 0x02 : 0) |
    (message.recursionDesired ? 0x01 : 0);
  scratch[3] =
    (message.recursionAvailable ? 0x80 : 0) |
    (message.authenticData ? 0x20 : 0) |
    (message.checkingDisabled ? 0x10 : 0) |
    (message.rcode & 0xf);
  for (let i = 0; i < 4; i++) put16(4 + 2 * i, counts[i] as number);
}

/** The place in the message while it is written, and the names written so far. */
class Writer {
  at = 12;
  /** Set once something that TC must tell of was left off. */
  cut = false;
  readonly #entriesMax: number;
  #lookupsLeft: number;
  /** Offsets by name: wire form, for names of RDATA in the case they have there, so that nothing is lost. */
  readonly #offsets: Map<string, number> = new Map();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
    this.#lookupsLeft = entriesMax * lookupsPerEntry;
  }

  question(name: Name, inCase: Uint8Array | undefined, type: number, questionClass: number): void {
    const start = this.at;
    this.#name(name);
    if (inCase !== undefined) {
      assert(inCase.length === name.length && this.at === start + name.length, 'the QNAME in another case');
      scratch.set(inCase, start);
    }
    put16(this.at, type);
    put16(this.at + 2, questionClass);
    this.at += 4;
  }

  /** Writes the RRsets that fit below `room` and returns the number of their records. `required`: the first that does
   * not fit ends the message; else it is passed over. */
  records(records: readonly ResourceRecord[], room: number, required: boolean): number {
    let count = 0;
    for (let i = 0; i < records.length; ) {
      const end = runEnd(records, i);
      const start = this.at;
      for (let j = i; j < end && this.at <= room; j++) this.#record(records[j] as ResourceRecord);
      if (this.at <= room) {
        count += end - i;
      } else {
        this.#takeBack(start);
        if (required) {
          this.cut = true;
          return count;
        }
      }
      i = end;
    }
    return count;
  }

  #record({ name, type, class: recordClass, ttl, rdata }: ResourceRecord): void {
    this.#name(name);
    const at = this.at;
    put16(at, type);
    put16(at + 2, recordClass);
    put16(at + 4, ttl >>> 16);
    put16(at + 6, ttl);
    this.at = at + 10;
    const names = recordClass < CLASS.NONE ? compressibleNames(type) : undefined;
    if (names === undefined || !this.#rdataNames(rdata, names)) {
      scratch.set(rdata, at + 10);
      this.at = at + 10 + rdata.length;
    }
    assert(this.at - at - 10 <= 0xffff, 'RDATA has at most 65535 octets');
    put16(at + 8, this.at - at - 10);
  }

  /** Writes RDATA with its names compressed; false, nothing written, when its names do not stand where they should. */
  #rdataNames(rdata: Uint8Array, { before, names }: { before: number; names: number }): boolean {
    const middle = plainNameEnd(rdata, before);
    const end = names === 2 && middle > 0 ? plainNameEnd(rdata, middle) : middle;
    if (end < 0) return false;
    for (let i = 0; i < before; i++) scratch[this.at++] = rdata[i] as number;
    this.#name(latin1(rdata, before, middle));
    if (names === 2) this.#name(latin1(rdata, middle, end));
    for (let i = end; i < rdata.length; i++) scratch[this.at++] = rdata[i] as number;
    return true;
  }

  #name(name: string): void {
    let at = this.at;
    for (let i = 0; i < name.length - 1; ) {
      if (this.#lookupsLeft > 0) {
        this.#lookupsLeft--;
        const suffix = i === 0 ? name : name.slice(i);
        const offset = this.#offsets.get(suffix);
        if (offset !== undefined) {
          put16(at, 0xc000 | offset);
          this.at = at + 2;
          return;
        }
        if (at <= pointerTargetMax && this.#offsets.size < this.#entriesMax) this.#offsets.set(suffix, at);
      }
      const end = i + 1 + name.charCodeAt(i);
      while (i < end) scratch[at++] = name.charCodeAt(i++);
    }
    scratch[at] = 0;
    this.at = at + 1;
  }

  /** Forgets all that was written from `start` on. */
  #takeBack(start: number): void {
    this.at = start;
    for (const [name, offset] of this.#offsets) if (offset >= start) this.#offsets.delete(name);
  }
}

/** The end of the RRset that begins at `start`: records of one name, type and class, and the RRSIGs that cover them. */
function runEnd(records: readonly ResourceRecord[], start: number): number {
  const first = records[start] as ResourceRecord;
  let end = start + 1;
  for (; end < records.length; end++) {
    const record = records[end] as ResourceRecord;
    if (record.name !== first.name || record.class !== first.class) break;
    if (record.type !== first.type && !(record.type === TYPE.RRSIG && typeCovered(record) === first.type)) break;
  }
  return end;
}

function typeCovered({ rdata }: ResourceRecord): number {
  return rdata.length < 2 ? 0 : ((rdata[0] as number) << 8) | (rdata[1] as number);
}

/** The end of the uncompressed name at `at` of `rdata`; -1 when there is none. */
function plainNameEnd(rdata: Uint8Array, at: number): number {
  for (let next = at; next - at < 255; ) {
    const size = rdata[next];
    if (size === undefined || size > 63) return -1;
    next += size + 1;
    if (size === 0) return next - at <= 255 ? next : -1;
  }
  return -1;
}

function latin1(octets: Uint8Array, start: number, end: number): string {
  return Buffer.from(octets.buffer, octets.byteOffset + start, end - start).toString('latin1');
}

function put16(at: number, value: number): void {
  scratch[at] = value >>> 8;
  scratch[at + 1] = value;
}
