// Fields of the types whose RDATA has a form of its own: addresses in parts, gateways, bits, identifiers, tags.

import { addressFromText, addressToText } from './address.ts';
import { WireError } from './error.ts';
import { escapeText, rawNameToText } from './name-text.ts';
import {
  type Field,
  hex,
  pushBase64,
  pushHex,
  pushLatin1,
  pushNumber,
  type RdataInput,
  type TextInput,
  words,
} from './rdata-fields.ts';
import { typeFromText, typeToText } from './types.ts';

/** APL (RFC 3123): address prefixes. */
export const prefixes: Field = {
  toText: (input) => {
    const texts: string[] = [];
    while (input.left > 0) {
      const family = input.number(2);
      const prefix = input.number(1);
      const size = input.number(1);
      const octets = new Uint8Array(family === 1 ? 4 : 16);
      const length = size & 0x7f;
      if ((family !== 1 && family !== 2) || length > octets.length || prefix > octets.length * 8) {
        throw new WireError('APL: no address prefix');
      }
      octets.set(input.take(length));
      // RFC 3123, 4: trailing zero octets are not sent.
      if (length > 0 && octets[length - 1] === 0) throw new WireError('APL: padded');
      texts.push(`${size & 0x80 ? '!' : ''}${family}:${addressToText(octets)}/${prefix}`);
    }
    return texts.join(' ');
  },
  fromText: (input, out) => {
    while (!input.done) {
      const text = input.text('a prefix');
      const [, negative, family, addressText = '', prefix] = /^(!?)([12]):([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
      const octets = addressFromText(addressText);
      if (octets?.length !== (family === '1' ? 4 : 16) || Number(prefix) > octets.length * 8) {
        throw new WireError(`APL: ${escapeText(text)} is no address prefix`);
      }
      let length = octets.length;
      while (length > 0 && octets[length - 1] === 0) length--;
      pushNumber(out, Number(family), 2);
      out.push(Number(prefix), length | (negative ? 0x80 : 0), ...octets.subarray(0, length));
    }
  },
};

/** A gateway or relay of the type that a number before it gives: 0 none, 1 IPv4, 2 IPv6, 3 a name. */
function gatewayToText(input: RdataInput, kind: number): string {
  if (kind === 0) return '.';
  if (kind === 3) return rawNameToText(input.name());
  if (kind > 3) throw new WireError(`gateway of unknown kind ${kind}`);
  return addressToText(input.take(kind === 1 ? 4 : 16));
}

function gatewayFromText(input: TextInput, kind: number, out: number[]): void {
  if (kind === 3) {
    pushLatin1(out, input.name());
    return;
  }
  const text = input.text('a gateway');
  const octets = kind === 0 && text === '.' ? new Uint8Array() : addressFromText(text);
  if (octets === undefined || octets.length !== [0, 4, 16][kind])
    throw new WireError(`bad gateway ${escapeText(text)}`);
  out.push(...octets);
}

/** The whole RDATA of IPSECKEY (RFC 4025). */
export const ipsecKey: Field = {
  toText: (input) => {
    const [precedence, kind, algorithm] = [input.number(1), input.number(1), input.number(1)];
    const gateway = gatewayToText(input, kind);
    return `${precedence} ${kind} ${algorithm} ${gateway} ${words(input.take(input.left).toString('base64'))}`.trim();
  },
  fromText: (input, out) => {
    for (const what of ['precedence', 'gateway type', 'algorithm']) out.push(input.number(what, 255));
    gatewayFromText(input, out[1] as number, out);
    pushBase64(out, input.rest());
  },
};

/** The whole RDATA of AMTRELAY (RFC 8777). */
export const relay: Field = {
  toText: (input) => {
    const precedence = input.number(1);
    const kind = input.number(1);
    return `${precedence} ${kind >>> 7} ${kind & 0x7f} ${gatewayToText(input, kind & 0x7f)}`;
  },
  fromText: (input, out) => {
    out.push(input.number('precedence', 255));
    const discovery = input.number('discovery', 1);
    const kind = input.number('relay type', 127);
    out.push((discovery << 7) | kind);
    gatewayFromText(input, kind, out);
  },
};

/** The whole RDATA of HIP (RFC 8005): the lengths of the first two fields stand before both. */
export const hostIdentity: Field = {
  toText: (input) => {
    const [tagOctets, algorithm, keyOctets] = [input.number(1), input.number(1), input.number(2)];
    if (tagOctets === 0 || keyOctets === 0) throw new WireError('HIP: an empty field');
    const texts = [String(algorithm), hex(input.take(tagOctets)), input.take(keyOctets).toString('base64')];
    while (input.left > 0) texts.push(rawNameToText(input.name()));
    return texts.join(' ');
  },
  fromText: (input, out) => {
    const algorithm = input.number('algorithm', 255);
    const tag: number[] = [];
    const key: number[] = [];
    pushHex(tag, input.text('a tag'));
    pushBase64(key, input.text('a key'));
    if (tag.length > 255 || key.length > 0xffff) throw new WireError('HIP: a field is too long');
    out.push(tag.length, algorithm, key.length >>> 8, key.length & 0xff, ...tag, ...key);
    while (!input.done) pushLatin1(out, input.name());
  },
};

/** The ports that end WKS (RFC 1035, 3.4.2): the numbers of the bits that are set. */
export const portBits: Field = {
  toText: (input) => {
    const octets = input.take(input.left);
    if (octets.length > 0x2000 || octets.at(-1) === 0) throw new WireError('WKS: padded');
    return bitsOf(octets).join(' ');
  },
  fromText: (input, out) => {
    const ports: number[] = [];
    while (!input.done) ports.push(input.number('a port', 0xffff));
    pushBits(out, ports);
  },
};

/** `groups` groups of `size` octets in hexadecimal, parted by `mark`, zeros leading to `digits` digits: EUI48, EUI64 (RFC 7043), NID, L64 (RFC 6742). */
export function hexGroups(groups: number, size: number, mark: string, digits: number): Field {
  const form = new RegExp(`^(?:[\\da-f]{1,${size * 2}}(?:${mark}|$)){${groups}}$`, 'i');
  return {
    toText: (input) => {
      const texts: string[] = [];
      for (let i = 0; i < groups; i++) texts.push(input.number(size).toString(16).padStart(digits, '0'));
      return texts.join(mark);
    },
    fromText: (input, out) => {
      const text = input.text('an identifier');
      const parts = text.split(mark);
      if (!form.test(text) || parts.length !== groups) throw new WireError(`bad identifier ${escapeText(text)}`);
      for (const part of parts) pushNumber(out, Number.parseInt(part, 16), size);
    },
  };
}

/** All octets that are left in hexadecimal after `0x` (NSAP, RFC 1706; dots in text are passed over). */
export const nsapAddress: Field = {
  toText: (input) => `0x${input.take(input.left).toString('hex')}`,
  fromText: (input, out) => {
    const text = input.text('an NSAP address');
    if (!/^0x/i.test(text)) throw new WireError(`bad NSAP address ${escapeText(text)}`);
    pushHex(out, text.slice(2).replaceAll('.', ''));
  },
};

/** A property tag (RFC 8659, 4.1): letters and digits after their number, printed without quotes. */
export const tag: Field = {
  toText: (input) => {
    const text = input.take(input.number(1)).toString('latin1');
    if (!/^[a-z\d]+$/i.test(text)) throw new WireError('CAA: malformed tag');
    return text;
  },
  fromText: (input, out) => {
    const text = input.text('a tag');
    if (!/^[a-z\d]{1,255}$/i.test(text)) throw new WireError(`CAA: ${escapeText(text)} is no tag`);
    out.push(text.length);
    pushLatin1(out, text);
  },
};

/** The whole RDATA of A6 (RFC 2874): the low bits of an address, and the name that has the `prefix` bits above them. */
export const addressSuffix: Field = {
  toText: (input) => {
    const prefix = input.number(1);
    if (prefix > 128) throw new WireError('A6: no such prefix');
    const octets = new Uint8Array(16);
    const low = input.take(16 - (prefix >>> 3));
    octets.set(low, prefix >>> 3);
    // RFC 2874, 3.1: the bits that pad the suffix to octets are zero.
    if (low.length > 0 && (low[0] as number) >>> (8 - (prefix & 7)) !== 0) throw new WireError('A6: padded by ones');
    const texts = [String(prefix)];
    texts.push(prefix < 128 ? addressToText(octets) : '');
    if (prefix > 0) texts.push(rawNameToText(input.name()));
    return texts.join(' ');
  },
  fromText: (input, out) => {
    const prefix = input.number('a prefix', 128);
    out.push(prefix);
    if (prefix < 128) {
      const text = input.text('an address');
      const octets = addressFromText(text);
      if (octets?.length !== 16) throw new WireError(`${escapeText(text)} is no IPv6 address`);
      const low = octets.subarray(prefix >>> 3);
      low[0] = (low[0] as number) & (0xff >>> (prefix & 7));
      out.push(...low);
    }
    if (prefix > 0) pushLatin1(out, input.name());
  },
};

/** The whole RDATA of ATMA: an ATM end system address in hexadecimal, or `+` and digits (E.164). */
export const atmAddress: Field = {
  toText: (input) => {
    const format = input.number(1);
    const octets = nonEmpty(input.take(input.left));
    if (format === 0) return octets.toString('hex');
    const digits = octets.toString('latin1');
    if (format !== 1 || !/^\d+$/.test(digits)) throw new WireError('ATMA: unknown form');
    return `+${digits}`;
  },
  fromText: (input, out) => {
    const text = input.text('an ATM address');
    if (/^\+\d+$/.test(text)) {
      out.push(1);
      pushLatin1(out, text.slice(1));
    } else {
      out.push(0);
      pushHex(out, text.replaceAll('.', ''));
    }
  },
};

/** The type bitmap that ends NXT (RFC 2535, 5.2): one bit for each of the types 1..127. */
export const oldBitmap: Field = {
  toText: (input) => {
    const octets = nonEmpty(input.take(input.left));
    if (octets.length > 16 || octets.at(-1) === 0) throw new WireError('NXT: malformed bitmap');
    return bitsOf(octets).map(typeToText).join(' ');
  },
  fromText: (input, out) => {
    const types: number[] = [];
    while (!input.done) {
      const text = input.text('a type');
      const type = typeFromText(text) ?? 128;
      if (type > 127) throw new WireError(`NXT: no bit for type ${escapeText(text)}`);
      types.push(type);
    }
    pushBits(out, types);
  },
};

function nonEmpty<T extends Uint8Array>(octets: T): T {
  if (octets.length === 0) throw new WireError('an empty field');
  return octets;
}

/** The numbers of the bits that are set, from the highest of the first octet. */
function bitsOf(octets: Uint8Array): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < octets.length * 8; bit++) {
    if ((octets[bit >>> 3] as number) & (0x80 >>> (bit & 7))) bits.push(bit);
  }
  return bits;
}

function pushBits(out: number[], bits: readonly number[]): void {
  let most = -1;
  for (const bit of bits) most = Math.max(most, bit);
  const octets = new Uint8Array((most >> 3) + 1);
  for (const bit of bits) octets[bit >>> 3] = (octets[bit >>> 3] as number) | (0x80 >>> (bit & 7));
  for (const octet of octets) out.push(octet);
}
