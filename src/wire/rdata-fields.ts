// The fields that RDATA is made of, each with its presentation form in both directions.

import { Buffer } from 'node:buffer';
import { addressFromText, addressToText } from './address.ts';
import { WireError } from './error.ts';
import { decodeName, type Name } from './name.ts';
import { escapeText, rawNameFromText, rawNameToText } from './name-text.ts';
import { bitmapTypes, readBitmap } from './rdata.ts';
import { type Token, tokenOctets } from './tokens.ts';
import { typeFromText, typeToText } from './types.ts';

/** A field: how it is printed ('' for nothing) and how it is read from text. Both throw WireError. */
export interface Field {
  toText(input: RdataInput): string;
  fromText(input: TextInput, out: number[]): void;
}

/** RDATA being read, field by field; each method throws WireError where the octets end too soon. */
export class RdataInput {
  readonly octets: Uint8Array;
  at = 0;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  /** Octets not yet read. */
  get left(): number {
    return this.octets.length - this.at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new WireError(`RDATA ends at octet ${this.octets.length}, inside a field`);
    this.at += count;
    return Buffer.from(this.octets.buffer, this.octets.byteOffset + this.at - count, count);
  }

  number(size: number): number {
    return this.take(size).readUIntBE(0, size);
  }

  /** A name in wire form, case kept. */
  name(): string {
    const out = Buffer.alloc(256);
    const read = decodeName(this.octets, this.at, this.octets.length, false, out, 0, false);
    this.at = read >>> 8;
    return out.toString('latin1', 0, read & 0xff);
  }
}

/** Tokens of RDATA being read. */
export class TextInput {
  readonly #tokens: readonly Token[];
  readonly #origin: Name | undefined;
  #at = 0;

  constructor(tokens: readonly Token[], origin: Name | undefined) {
    this.#tokens = tokens;
    this.#origin = origin;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  token(what: string): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new WireError(`${what} is missing`);
    return token;
  }

  text(what: string): string {
    return this.token(what).text;
  }

  /** The rest of the tokens, joined. */
  rest(): string {
    const text = this.#tokens.slice(this.#at).map((token) => token.text);
    this.#at = this.#tokens.length;
    return text.join('');
  }

  number(what: string, most: number): number {
    const text = this.text(what);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= most)) throw new WireError(`${what}: ${escapeText(text)} is not within 0..${most}`);
    return value;
  }

  /** A name in wire form, case kept; relative ones end in the origin when there is one. */
  name(): string {
    return relativeName(this.text('a name'), this.#origin);
  }
}

/** The wire form, case kept, of a name that may be `@` or relative to `origin` (none: all names are absolute). */
export function relativeName(text: string, origin: Name | undefined): string {
  if (origin === undefined) return rawNameFromText(text);
  if (text === '@') return origin;
  const name = rawNameFromText(text);
  if (/^(?:[^\\]|\\\d{3}|\\\D)*\.$/s.test(text)) return name; // the final dot is no escaped one
  const full = name.slice(0, -1) + origin;
  if (full.length > 255) throw new WireError(`name exceeds 255 octets: ${escapeText(text)}`);
  return full;
}

/** Appends `value` in `size` octets. */
export function pushNumber(out: number[], value: number, size: number): void {
  for (let i = size - 1; i >= 0; i--) out.push(Math.floor(value / 256 ** i) % 256);
}

/** Appends a string of octets. */
export function pushLatin1(out: number[], text: string): void {
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i));
}

/** An unsigned number of `size` octets. */
export function integer(size: number): Field {
  const most = 256 ** size - 1;
  return {
    toText: (input) => String(input.number(size)),
    fromText: (input, out) => pushNumber(out, input.number(`a number of ${size} octets`, most), size),
  };
}

/** An unsigned number that may be written by name. */
export function named(size: number, names: Readonly<Record<string, number>>): Field {
  const texts = new Map(Object.entries(names).map(([text, value]) => [value, text]));
  const numbers = new Map(Object.entries(names));
  return {
    toText: (input) => {
      const value = input.number(size);
      return texts.get(value) ?? String(value);
    },
    fromText: (input, out) => {
      const text = input.text('a number or mnemonic').toUpperCase();
      const value = numbers.get(text) ?? (/^\d{1,5}$/.test(text) ? Number(text) : Number.NaN);
      if (!(value < 256 ** size)) throw new WireError(`unknown mnemonic ${escapeText(text)}`);
      pushNumber(out, value, size);
    },
  };
}

/** A name, never compressed. */
export const name: Field = {
  toText: (input) => rawNameToText(input.name()),
  fromText: (input, out) => pushLatin1(out, input.name()),
};

/** An IPv4 (4) or IPv6 (16) address. */
export function address(size: 4 | 16): Field {
  return {
    toText: (input) => addressToText(input.take(size)),
    fromText: (input, out) => {
      const text = input.text('an address');
      const octets = addressFromText(text);
      if (octets?.length !== size) throw new WireError(`${escapeText(text)} is no IPv${size === 4 ? 4 : 6} address`);
      out.push(...octets);
    },
  };
}

/** A character string (RFC 1035, 3.3), printed in quotes. */
export const string: Field = {
  toText: (input) => quote(input.take(input.number(1))),
  fromText: (input, out) => pushString(out, tokenOctets(input.token('a string'))),
};

/** Character strings up to the end: `least` or more. */
export function strings(least: number): Field {
  return {
    toText: (input) => {
      const list: string[] = [];
      while (input.left > 0 || list.length < least) list.push(string.toText(input));
      return list.join(' ');
    },
    fromText: (input, out) => {
      for (let count = 0; !input.done || count < least; count++) string.fromText(input, out);
    },
  };
}

/** All octets that are left as one string without a length, printed in quotes (CAA, URI). */
export const quotedRest: Field = {
  toText: (input) => quote(input.take(input.left)),
  fromText: (input, out) => {
    for (const octet of tokenOctets(input.token('a string'))) out.push(octet);
  },
};

/** All octets that are left, in hexadecimal, in words of 56 characters. */
export const hexRest: Field = {
  toText: (input) => words(hex(input.take(input.left))),
  fromText: (input, out) => pushHex(out, input.rest()),
};

/** All octets that are left, in base64, in words of 56 characters. */
export const base64Rest: Field = {
  toText: (input) => words(input.take(input.left).toString('base64')),
  fromText: (input, out) => pushBase64(out, input.rest()),
};

/** Octets after a length of `size` octets, in base64, in words of 56 characters; the length is printed before. */
export function countedBase64(size: number): Field {
  return {
    toText: (input) => {
      const octets = input.take(input.number(size));
      return `${octets.length} ${words(octets.toString('base64'))}`.trim();
    },
    fromText: (input, out) => {
      const count = input.number('a length', 256 ** size - 1);
      let text = '';
      while (text.length < Math.ceil(count / 3) * 4) text += input.text('base64');
      pushNumber(out, count, size);
      const before = out.length;
      pushBase64(out, text);
      if (out.length - before !== count) throw new WireError(`base64 of ${out.length - before} octets, not ${count}`);
    },
  };
}

/** A salt (RFC 5155, 3.3): a length octet; `-` for none, else hexadecimal. */
export const salt: Field = {
  toText: (input) => hex(input.take(input.number(1))) || '-',
  fromText: (input, out) => {
    const text = input.text('a salt');
    const octets: number[] = [];
    if (text !== '-') pushHex(octets, text);
    pushString(out, octets);
  },
};

/** A hashed name (RFC 5155, 3.3): a length octet, base32 with the extended hex alphabet. */
export const base32: Field = {
  toText: (input) => {
    const octets = input.take(input.number(1));
    if (octets.length === 0) throw new WireError('hash without octets');
    return toBase32(octets);
  },
  fromText: (input, out) => pushString(out, fromBase32(input.text('a hash'))),
};

/** A type, by mnemonic. */
export const type: Field = {
  toText: (input) => typeToText(input.number(2)),
  fromText: (input, out) => pushNumber(out, parseType(input.text('a type')), 2),
};

/** The type bitmap that ends RDATA (RFC 4034, 4.1.2). */
export const bitmap: Field = {
  toText: (input) => {
    const types = bitmapTypes(readBitmap(input.octets, input.at));
    // One form for one set of types: a bitmap with bits to spare could not be read back as it was.
    if (!Buffer.from(bitmapOctets(types)).equals(input.take(input.left))) throw new WireError('type bitmap is padded');
    return types.map(typeToText).join(' ');
  },
  fromText: (input, out) => {
    const types: number[] = [];
    while (!input.done) types.push(parseType(input.text('a type')));
    for (const octet of bitmapOctets(types)) out.push(octet);
  },
};

/** Seconds since 1970 modulo 2^32 as YYYYMMDDHHmmSS, or as a number of up to 10 digits (RFC 4034, 3.2). */
export const time: Field = {
  toText: (input) => timeToText(input.number(4)),
  fromText: (input, out) => {
    const text = input.text('a time');
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number);
    if (parts === undefined && !/^\d{1,10}$/.test(text)) throw new WireError(`not a time: ${escapeText(text)}`);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts ?? [];
    const seconds = parts ? Date.UTC(year, month - 1, day, hour, minute, second) / 1000 : Number(text);
    // The second test refuses a month 13 and the like.
    if (!(seconds >= 0 && seconds <= 0xffffffff) || (parts && timeToText(seconds) !== text)) {
      throw new WireError(`no such time: ${text}`);
    }
    pushNumber(out, seconds, 4);
  },
};

function timeToText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z|[-:T]/g, '');
}

/** Appends a length octet and the octets; over 255: WireError. */
export function pushString(out: number[], octets: readonly number[]): void {
  if (octets.length > 255) throw new WireError(`string of ${octets.length} octets exceeds 255`);
  out.push(octets.length, ...octets);
}

/** Appends the octets of hexadecimal text. */
export function pushHex(out: number[], text: string): void {
  if (!/^(?:[\da-f]{2})*$/i.test(text)) throw new WireError(`not hexadecimal: ${escapeText(text)}`);
  for (const octet of Buffer.from(text, 'hex')) out.push(octet);
}

/** Appends the octets of base64 text, padded. */
export function pushBase64(out: number[], text: string): void {
  if (!/^(?:[a-z\d+/]{4})*(?:[a-z\d+/]{2}==|[a-z\d+/]{3}=)?$/i.test(text)) {
    throw new WireError(`not base64: ${escapeText(text)}`);
  }
  for (const octet of Buffer.from(text, 'base64')) out.push(octet);
}

/** Upper-case hexadecimal. */
export function hex(octets: Buffer): string {
  return octets.toString('hex').toUpperCase();
}

/** dig parts long words after 56 characters. */
export function words(text: string): string {
  return text.replace(/.{56}(?!$)/g, '$& ');
}

/** A quoted string with escapes. */
export function quote(octets: Uint8Array): string {
  let text = '"';
  for (const octet of octets) {
    if (octet < 0x20 || octet >= 0x7f) text += `\\${String(octet).padStart(3, '0')}`;
    else text += octet === 0x22 || octet === 0x5c ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet);
  }
  return `${text}"`;
}

function parseType(text: string): number {
  const value = typeFromText(text);
  if (value === undefined) throw new WireError(`unknown type ${escapeText(text)}`);
  return value;
}

/** The bitmap of a set of types (RFC 4034, 4.1.2). */
export function bitmapOctets(types: readonly number[]): number[] {
  const out: number[] = [];
  const sorted = [...new Set(types)].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; ) {
    const window = (sorted[i] as number) >>> 8;
    const bits: number[] = [];
    for (; i < sorted.length && (sorted[i] as number) >>> 8 === window; i++) {
      const low = (sorted[i] as number) & 0xff;
      while (bits.length <= low >>> 3) bits.push(0);
      bits[low >>> 3] = (bits[low >>> 3] as number) | (0x80 >>> (low & 7));
    }
    out.push(window, bits.length, ...bits);
  }
  return out;
}

const base32Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

/** Base32 with the extended hex alphabet, without padding (RFC 5155, 3.3). */
export function toBase32(octets: Uint8Array): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const octet of octets) {
    value = ((value << 8) | octet) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += base32Digits[(value >>> (bits - 5)) & 31] as string;
  }
  return bits > 0 ? text + (base32Digits[(value << (5 - bits)) & 31] as string) : text;
}

/** The octets of base32 text (extended hex alphabet, either case, no padding). Throws WireError. */
export function fromBase32(text: string): number[] {
  const octets: number[] = [];
  let value = 0;
  let bits = 0;
  for (const character of text.toUpperCase()) {
    const digit = base32Digits.indexOf(character);
    if (digit < 0) throw new WireError(`not base32: ${escapeText(text)}`);
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      octets.push((value >>> bits) & 0xff);
    }
  }
  return octets;
}
