// Values as octets and back: what the packed caches keep, written once and read when asked for.

import { Buffer } from 'node:buffer';
import { newOctets } from '../base/octets.ts';
import type { ExtendedError } from '../wire/message.ts';
import { isSubdomainOf, type Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { CLASS } from '../wire/types.ts';

/** The longest value that is written: a message and as much again in proofs. */
const octetsMax = 0x20000;
/** Texts of extended errors are short (failure.ts); beyond this they are cut. Characters. */
const textMax = 255;
/** What stands where a name's place in its owner's would, when it is no ancestor of the owner. No name is so long. */
const elsewhere = 255;

/** Writes one value. What does not fit sets `full`, and is not to be kept. */
export class PackWriter {
  /** What was written is in the first {@link at} octets. */
  readonly octets: Buffer = Buffer.alloc(octetsMax);
  at = 0;
  full = false;

  /** Begins anew. */
  restart(): void {
    this.at = 0;
    this.full = false;
  }

  u8(value: number): void {
    if (this.#takes(1)) this.octets[this.at++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 0xff);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  f64(value: number): void {
    if (this.#takes(8)) this.at = this.octets.writeDoubleBE(value, this.at);
  }

  bytes(octets: Uint8Array): void {
    const { length } = octets;
    if (!this.#takes(length)) return;
    const into = this.octets;
    for (let i = 0, at = this.at; i < length; i++) into[at++] = octets[i] as number;
    this.at += length;
  }

  /** A string of characters 0..255, at most 255 of them: names, addresses. */
  latin1(text: string): void {
    const { length } = text;
    this.u8(length);
    if (!this.#takes(length)) return;
    const into = this.octets;
    for (let i = 0, at = this.at; i < length; i++) into[at++] = text.charCodeAt(i);
    this.at += length;
  }

  /** A name that is often `owner` or one of its ancestors. */
  nameNear(name: Name, owner: Name): void {
    if (isSubdomainOf(owner, name)) {
      this.u8(owner.length - name.length);
    } else {
      this.u8(elsewhere);
      this.latin1(name);
    }
  }

  rrset({ name, type, ttl, rdatas, signatures }: RRset, owner: Name): void {
    this.nameNear(name, owner);
    this.u16(type);
    this.u32(ttl);
    this.u16(rdatas.length);
    this.u8(signatures.length);
    for (const rdata of rdatas) {
      this.u16(rdata.length);
      this.bytes(rdata);
    }
    for (const rdata of signatures) {
      this.u16(rdata.length);
      this.bytes(rdata);
    }
  }

  rrsets(rrsets: readonly RRset[], owner: Name): void {
    this.u16(rrsets.length);
    for (const rrset of rrsets) this.rrset(rrset, owner);
  }

  error(error: ExtendedError | undefined): void {
    this.u8(error === undefined ? 0 : 1);
    if (error === undefined) return;
    this.u16(error.code);
    const text = Buffer.from(error.text.slice(0, textMax), 'utf8');
    this.u16(text.length);
    this.bytes(text);
  }

  #takes(octets: number): boolean {
    if (this.at + octets <= octetsMax) return true;
    this.full = true;
    return false;
  }
}

/** Reads what {@link PackWriter} wrote, in the same order. What it gives are copies. */
export class PackReader {
  readonly #octets: Buffer;
  at = 0;
  /** Whether what is read is to be kept: then it has memory of its own (see base/octets.ts). */
  lasting = false;

  /** `octets` hold the values; reading begins at `at`. */
  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  u8(): number {
    return this.#octets[this.at++] as number;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  f64(): number {
    this.at += 8;
    return this.#octets.readDoubleBE(this.at - 8);
  }

  bytes(length: number): Uint8Array {
    const copy = this.lasting ? new Uint8Array(length) : newOctets(length);
    const from = this.#octets;
    const start = this.at;
    for (let i = 0; i < length; i++) copy[i] = from[start + i] as number;
    this.at += length;
    return copy;
  }

  latin1(): string {
    const length = this.u8();
    this.at += length;
    return this.#octets.toString('latin1', this.at - length, this.at);
  }

  nameNear(owner: Name): Name {
    const start = this.u8();
    if (start === 0) return owner;
    return (start === elsewhere ? this.latin1() : owner.slice(start)) as Name;
  }

  rrset(owner: Name): RRset {
    const name = this.nameNear(owner);
    const type = this.u16();
    const ttl = this.u32();
    const rdatas = new Array<Uint8Array>(this.u16());
    const signatures = new Array<Uint8Array>(this.u8());
    for (let i = 0; i < rdatas.length; i++) rdatas[i] = this.bytes(this.u16());
    for (let i = 0; i < signatures.length; i++) signatures[i] = this.bytes(this.u16());
    return { name, type, class: CLASS.IN, ttl, rdatas, signatures };
  }

  rrsets(owner: Name): RRset[] {
    const rrsets = new Array<RRset>(this.u16());
    for (let i = 0; i < rrsets.length; i++) rrsets[i] = this.rrset(owner);
    return rrsets;
  }

  error(): ExtendedError | undefined {
    if (this.u8() === 0) return undefined;
    const code = this.u16();
    const length = this.u16();
    this.at += length;
    return { code, text: this.#octets.toString('utf8', this.at - length, this.at) };
  }
}
