// Names as text (RFC 1035, 5.1): escapes and dots to labels and back, case kept.

import { WireError } from './error.ts';

/** Octets of the longest name (RFC 1035, 2.3.4). */
export const nameOctetsMax = 255;
/** Octets of the longest label (RFC 1035, 2.3.4). */
export const labelOctetsMax = 63;

/**
 * The uncompressed wire form, case kept, of the name that `text` presents: one character an octet. Final dot or none;
 * `\.` and `\DDD` escapes. Throws WireError.
 */
export function rawNameFromText(text: string): string {
  if (text === '.') return '\0';
  if (text === '') throw new WireError('empty name');
  let wire = '';
  let label = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '.') {
      wire += finishLabel(label, text);
      label = '';
    } else if (character === '\\') {
      const { octet, length } = readEscape(text, i);
      label += String.fromCharCode(octet);
      i += length - 1;
    } else {
      if (character > '\x7f') throw new WireError(`not ASCII in name: ${escapeText(text)}`);
      label += character;
    }
    if (wire.length + label.length > nameOctetsMax) throw new WireError(`name exceeds 255 octets: ${escapeText(text)}`);
  }
  if (label !== '') wire += finishLabel(label, text);
  if (wire.length >= nameOctetsMax) throw new WireError(`name exceeds 255 octets: ${escapeText(text)}`);
  return `${wire}\0`;
}

/** The octet that the escape at `at` of `text` stands for (`\X` or `\DDD`), and its length in characters. */
export function readEscape(text: string, at: number): { octet: number; length: number } {
  const code = text.charCodeAt(at + 1);
  if (code >= 0x30 && code <= 0x39) {
    const digits = text.slice(at + 1, at + 4);
    const octet = /^\d\d\d$/.test(digits) ? Number(digits) : 256;
    if (octet > 255) throw new WireError(`bad escape \\${escapeText(digits)}: three digits up to 255 are needed`);
    return { octet, length: 4 };
  }
  if (!(code <= 0x7f)) throw new WireError(`bad escape in ${escapeText(text)}`); // NaN: nothing follows
  return { octet: code, length: 2 };
}

function finishLabel(label: string, text: string): string {
  if (label === '') throw new WireError(`empty label in name: ${escapeText(text)}`);
  if (label.length > labelOctetsMax) throw new WireError(`label exceeds 63 octets: ${escapeText(text)}`);
  return String.fromCharCode(label.length) + label;
}

/** The presentation form of an uncompressed wire-form name, whatever its case. */
export function rawNameToText(name: string): string {
  if (name.length <= 1) return '.';
  let text = '';
  for (let at = 0; ; ) {
    const end = at + 1 + name.charCodeAt(at);
    if (end === at + 1) return text;
    for (let i = at + 1; i < end; i++) text += nameCharacters[name.charCodeAt(i)] as string;
    text += '.';
    at = end;
  }
}

/** How each octet of a label is written. */
const nameCharacters: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`;
  const character = String.fromCharCode(octet);
  return '.\\";()@$'.includes(character) ? `\\${character}` : character;
});

/** `text` cut to 100 characters and safe to print: what is not printable ASCII is escaped. For messages. */
export function escapeText(text: string): string {
  const safe = text.slice(0, 100).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return text.length > 100 ? `${safe}...` : safe;
}
