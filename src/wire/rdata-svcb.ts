// SVCB and HTTPS parameters (RFC 9460) in presentation form.

import { addressFromText, addressToText } from './address.ts';
import { WireError } from './error.ts';
import { escapeText } from './name-text.ts';
import { type Field, pushBase64, pushLatin1, pushNumber, quote, RdataInput } from './rdata-fields.ts';
import { type Token, tokenOctets } from './tokens.ts';

/** SvcParamKeys by number; the text of `undefined` ones is `key` and the number. */
const keyTexts: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
];

/** Any key whose value is plain octets. */
const unknownKey = 0xffff;

/** The SvcParams that end the RDATA, keys ascending, each once (RFC 9460, 2.2). */
export const serviceParameters: Field = {
  toText: (input) => {
    const texts: string[] = [];
    let previous = -1;
    while (input.left > 0) {
      const key = input.number(2);
      if (key <= previous) throw new WireError('SvcParams are not in order');
      previous = key;
      const value = valueToText(key, new RdataInput(input.take(input.number(2))));
      texts.push(value === undefined ? keyToText(key) : `${keyToText(key)}=${value}`);
    }
    return texts.join(' ');
  },
  fromText: (input, out) => {
    const values = new Map<number, number[]>();
    while (!input.done) {
      const { text, quoted } = input.token('a SvcParam');
      const [keyText = '', ...rest] = text.split('=');
      const key = keyFromText(keyText);
      if (quoted || values.has(key)) throw new WireError(`SvcParam ${escapeText(text)} is quoted whole or given twice`);
      // `key="value with spaces"` comes as two tokens.
      const apart = rest.length === 1 && rest[0] === '' && !input.done;
      const value = apart ? input.token('a value') : { text: rest.join('='), quoted: false };
      // RFC 9460, 2.1: a known key written by its number has its value in the form of an unknown one.
      const form = keyText.startsWith('key') ? unknownKey : key;
      values.set(key, valueFromText(form, rest.length === 0 ? undefined : value));
    }
    for (const [key, value] of [...values].sort(([a], [b]) => a - b)) {
      pushNumber(out, key, 2);
      pushNumber(out, value.length, 2);
      for (const octet of value) out.push(octet);
    }
  },
};

/** The text of a value; undefined: none is printed. A malformed one: WireError. */
function valueToText(key: number, input: RdataInput): string | undefined {
  switch (key) {
    case 0: {
      const keys = list(input, () => input.number(2));
      if (keys.some((one, i) => i > 0 && one <= (keys[i - 1] as number))) throw new WireError('mandatory: no order');
      return keys.map(keyToText).join(',');
    }
    case 1:
      return `"${list(input, () => protocolToText(input.take(input.number(1)))).join(',')}"`;
    case 2:
    case 8:
      if (input.left > 0) throw new WireError('a SvcParam that has no value has one');
      return undefined;
    case 3: {
      const port = input.number(2);
      if (input.left > 0) throw new WireError('port: more than two octets');
      return String(port);
    }
    case 4:
      return list(input, () => addressToText(input.take(4))).join(',');
    case 5:
      return nonEmpty(input.take(input.left)).toString('base64');
    case 6:
      return list(input, () => addressToText(input.take(16))).join(',');
    default:
      return input.left > 0 ? quote(input.take(input.left)) : undefined;
  }
}

function list<T>(input: RdataInput, read: () => T): T[] {
  const items: T[] = [];
  do items.push(read());
  while (input.left > 0);
  return items;
}

function nonEmpty<T extends Uint8Array>(octets: T): T {
  if (octets.length === 0) throw new WireError('empty SvcParam');
  return octets;
}

/** RFC 9460, A.1: commas and backslashes are escaped once for the list and once more for the string. */
function protocolToText(octets: Uint8Array): string {
  return quote(nonEmpty(octets)).slice(1, -1).replaceAll('\\\\', '\\\\\\\\').replaceAll(',', '\\\\,');
}

function valueFromText(key: number, value: Token | undefined): number[] {
  const out: number[] = [];
  const text = value?.text ?? '';
  if (key === 2 || key === 8 ? value !== undefined : value === undefined && key < 7) {
    throw new WireError(`${keyToText(key)}: a value too many or too few`);
  }
  if (key === 0) {
    for (const one of text
      .split(',')
      .map(keyFromText)
      .sort((a, b) => a - b))
      pushNumber(out, one, 2);
  } else if (key === 1) {
    for (const protocol of splitList(tokenOctets({ text, quoted: true }))) out.push(protocol.length, ...protocol);
  } else if (key === 3) {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 0xffff) throw new WireError(`not a port: ${escapeText(text)}`);
    pushNumber(out, Number(text), 2);
  } else if (key === 4 || key === 6) {
    for (const one of text.split(',')) {
      const octets = addressFromText(one);
      if (octets?.length !== (key === 4 ? 4 : 16)) throw new WireError(`not an address: ${escapeText(one)}`);
      out.push(...octets);
    }
  } else if (key === 5) {
    pushBase64(out, text);
  } else {
    pushLatin1(out, String.fromCharCode(...tokenOctets({ text, quoted: true })));
  }
  return out;
}

/** Parts a list of octets at commas; a backslash keeps the octet after it (RFC 9460, A.1). */
function splitList(octets: readonly number[]): number[][] {
  const items: number[][] = [[]];
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] === 0x2c) items.push([]);
    else items.at(-1)?.push((octets[i] === 0x5c ? octets[++i] : octets[i]) ?? 0x5c);
  }
  if (items.some((item) => item.length === 0 || item.length > 255)) throw new WireError('alpn: bad length');
  return items;
}

function keyToText(key: number): string {
  return keyTexts[key] ?? `key${key}`;
}

function keyFromText(text: string): number {
  const known = keyTexts.indexOf(text);
  if (known >= 0) return known;
  const key = /^key(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text.slice(3)) : 0x10000;
  if (key > 0xffff) throw new WireError(`unknown SvcParam ${escapeText(text)}`);
  return key;
}
