// Domain names: wire form held in a string, one character an octet, so that names compare with === and are Map keys.

import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { WireError } from './error.ts';
import { labelOctetsMax, nameOctetsMax, rawNameFromText, rawNameToText } from './name-text.ts';

declare const nameBrand: unique symbol;

/**
 * A domain name in uncompressed wire form, one character (0..255) per octet, ASCII upper case folded to lower, the
 * final zero octet included: 1..255 characters. Exact for every label, whatever its octets.
 */
export type Name = string & { readonly [nameBrand]: true };

/** The name of the root. */
export const ROOT: Name = '\0' as Name;

/** Pointers followed while one name is read: a name has at most 127 labels, and a pointer serves one of them. */
const pointerHopsMax = 127;
/** RFC 1035, 4.1.4: a pointer points to a prior name, and there is none in the header. */
const firstPointerTarget = 12;

/** Where names are assembled; used and left within one synchronous call. */
const scratch = Buffer.alloc(256);
const fold = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) fold[octet] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;

/**
 * Reads the name at `offset` of a message, compression pointers included, and folds its case. `end` is the offset
 * after it. Throws WireError when it is longer than 255 octets, leaves the octets, or points anywhere but backwards.
 */
export function readName(octets: Uint8Array, offset: number): { name: Name; end: number } {
  const read = decodeName(octets, offset, octets.length, true, scratch, 0, true);
  return { name: scratch.toString('latin1', 0, read & 0xff) as Name, end: Math.floor(read / 256) };
}

/**
 * Reads the uncompressed name at `offset`, which must end at or before `limit` (default: the end), and folds its case:
 * for RDATA taken out of its message, where no pointer can stand. Throws WireError.
 */
export function readPlainName(
  octets: Uint8Array,
  offset: number,
  limit: number = octets.length,
): { name: Name; end: number } {
  const read = decodeName(octets, offset, limit, false, scratch, 0, true);
  return { name: scratch.toString('latin1', 0, read & 0xff) as Name, end: Math.floor(read / 256) };
}

/**
 * Copies the name at `offset` in uncompressed form to `out` at `outOffset` and returns the offset after it times 256
 * plus the octets written (two numbers without an object). The part before the first pointer must end by `limit`;
 * `fold`: upper case becomes lower. `out` must have room for 255 octets. Throws WireError.
 */
export function decodeName(
  octets: Uint8Array,
  offset: number,
  limit: number,
  pointers: boolean,
  out: Uint8Array,
  outOffset: number,
  folding: boolean,
): number {
  let at = offset;
  let bound = limit; // what is being read must stay below this
  let lowest = offset; // pointers must lead below this: every hop goes strictly backwards
  let end = -1;
  let hops = 0;
  let length = 0;
  for (;;) {
    if (at >= bound) throw new WireError(`name at octet ${offset} runs past its end`);
    const size = octets[at] as number;
    if (size <= labelOctetsMax) {
      const next = at + 1 + size;
      if (length + size + 1 > nameOctetsMax) throw new WireError(`name at octet ${offset} exceeds 255 octets`);
      if (next > bound) throw new WireError(`label at octet ${at} runs past its end`);
      const shift = outOffset + length - at;
      out[at + shift] = size;
      if (folding) for (let i = at + 1; i < next; i++) out[i + shift] = fold[octets[i] as number] as number;
      else for (let i = at + 1; i < next; i++) out[i + shift] = octets[i] as number;
      length += size + 1;
      at = next;
      if (size === 0) break;
    } else if (size >= 0xc0) {
      if (!pointers) throw new WireError(`compressed name at octet ${offset}, where none may be`);
      if (at + 2 > bound) throw new WireError(`pointer at octet ${at} is cut off`);
      const target = ((size & 0x3f) << 8) | (octets[at + 1] as number);
      if (target >= lowest) throw new WireError(`pointer at octet ${at} does not point backwards`);
      if (target < firstPointerTarget) throw new WireError(`pointer at octet ${at} points into the header`);
      if (++hops > pointerHopsMax) throw new WireError(`name at octet ${offset} has over ${pointerHopsMax} pointers`);
      if (end < 0) end = at + 2;
      lowest = target;
      at = target;
      bound = octets.length;
    } else {
      throw new WireError(`label type ${size >> 6} at octet ${at}`); // RFC 6891, 5: obsolete
    }
  }
  return (end < 0 ? at : end) * 256 + length;
}

/** The uncompressed wire form as octets of their own. */
export function nameOctets(name: Name): Uint8Array {
  const octets = new Uint8Array(name.length);
  for (let i = 0; i < name.length; i++) octets[i] = name.charCodeAt(i);
  return octets;
}

/** Whether `name` is `ancestor` or below it. */
export function isSubdomainOf(name: Name, ancestor: Name): boolean {
  // Label by label: the octets of the ancestor may also stand inside a label.
  let at = 0;
  while (name.length - at > ancestor.length) at += name.charCodeAt(at) + 1;
  return name.length - at === ancestor.length && name.endsWith(ancestor);
}

/** The name without its first label; of the root: AssertionError. */
export function parentOf(name: Name): Name {
  assert(name.length > 1, 'the root has no parent');
  return name.slice(name.charCodeAt(0) + 1) as Name;
}

/** The number of labels, the root's not counted: 0..127. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let at = 0; name.charCodeAt(at) > 0; at += name.charCodeAt(at) + 1) count++;
  return count;
}

/** The last `labels` labels of `name`; AssertionError when it has fewer. */
export function ancestorOf(name: Name, labels: number): Name {
  let surplus = labelCount(name) - labels;
  assert(surplus >= 0 && labels >= 0, 'a name has no ancestor of so many labels');
  let at = 0;
  for (; surplus > 0; surplus--) at += name.charCodeAt(at) + 1;
  return name.slice(at) as Name;
}

/** The deepest name that both are at or below. */
export function commonAncestor(a: Name, b: Name): Name {
  let i = labelCount(a);
  let j = labelCount(b);
  let left: Name = a;
  let right: Name = b;
  for (; i > j; i--) left = parentOf(left);
  for (; j > i; j--) right = parentOf(right);
  while (left !== right) {
    left = parentOf(left);
    right = parentOf(right);
  }
  return left;
}

/** The canonical order of names (RFC 4034, 6.1): negative, 0 or positive. */
export function compareNames(a: Name, b: Name): number {
  if (a === b) return 0;
  const left = labelsOf(a);
  const right = labelsOf(b);
  for (let i = left.length - 1, j = right.length - 1; i >= 0 && j >= 0; i--, j--) {
    const x = left[i] as string;
    const y = right[j] as string;
    // One character is one octet, so the order of strings is the order of octets, a prefix before what it begins.
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

/** `*.` before `name`, which fits whenever `name` has a child; else (over 255 octets) AssertionError. */
export function wildcardOf(name: Name): Name {
  const wildcard = prependLabel('*', name);
  assert(wildcard !== undefined, 'no wildcard fits below so long a name');
  return wildcard;
}

/** Whether the first label is the asterisk (RFC 4592, 2.1.1). */
export function isWildcard(name: Name): boolean {
  return name.startsWith('\x01*');
}

/** `name` with its ancestor `from` replaced by `to` (RFC 6672, 2.2); undefined when over 255 octets. */
export function replaceSuffix(name: Name, from: Name, to: Name): Name | undefined {
  assert(isSubdomainOf(name, from), 'a suffix is replaced that the name does not have');
  if (name.length - from.length + to.length > nameOctetsMax) return undefined;
  return (name.slice(0, name.length - from.length) + to) as Name;
}

/** The labels, leftmost first, without length octets, the root's left out. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let at = 0; ; ) {
    const size = name.charCodeAt(at);
    if (size === 0) return labels;
    labels.push(name.slice(at + 1, at + 1 + size));
    at += size + 1;
  }
}

/** `label` (1..63 characters, each an octet; folded here) before `name`; undefined when that has over 255 octets. */
export function prependLabel(label: string, name: Name): Name | undefined {
  assert(label.length > 0 && label.length <= labelOctetsMax, 'a label has 1..63 octets');
  if (name.length + label.length + 1 > nameOctetsMax) return undefined;
  return (String.fromCharCode(label.length) + foldText(label) + name) as Name;
}

/**
 * The name that `text` presents (RFC 1035, 5.1): labels parted by dots, `\.` and `\DDD` escapes, final dot or none.
 * Non-ASCII characters are refused, not guessed at. Throws WireError.
 */
export function nameFromText(text: string): Name {
  return foldName(rawNameFromText(text));
}

/** The name whose uncompressed wire form, case kept, is `wire`: as {@link rawNameFromText} gives it. */
export function foldName(wire: string): Name {
  return foldText(wire) as Name;
}

/** The presentation form, with a final dot; `.` for the root; escapes as dig writes them. */
export function nameToText(name: Name): string {
  return rawNameToText(name);
}

/** ASCII upper case to lower; String.toLowerCase would also fold octets above 127. */
function foldText(text: string): string {
  // Most have none, and a look costs less than a replacement.
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
