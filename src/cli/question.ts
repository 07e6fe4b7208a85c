// The question on the command line: a name and a type, in dig's order and words, or `-x ADDRESS`.

import { domainToASCII } from 'node:url';
import { parseIp } from '../base/prefix.ts';
import { printable } from '../base/printable.ts';
import { domainNameFault } from '../config/address.ts';
import { nearest } from '../config/nearest.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { classFromText, TYPE, typeFromText } from '../wire/types.ts';
import { CliError } from './io.ts';

/** What is asked. Class is IN. */
export interface AskedQuestion {
  readonly name: Name;
  readonly type: number;
}

/** Types that are no question for a resolver (RFC 6895, 3.1: meta types), and why. */
const NOT_ASKED: { readonly [type: string]: string | undefined } = {
  AXFR: 'it is a zone transfer; ask an authoritative server with dig',
  IXFR: 'it is a zone transfer; ask an authoritative server with dig',
  OPT: 'it belongs to messages, not to names',
  TSIG: 'it belongs to messages, not to names',
  TKEY: 'it belongs to messages, not to names',
};

/** Reads NAME, TYPE and class words in any order, as dig does; `reverse` is the address of `-x`. Throws {@link CliError}. */
export function readQuestion(words: readonly string[], reverse: string | undefined, verb: string): AskedQuestion {
  let name: string | undefined;
  let type: number | undefined;
  for (const word of words) {
    if (word.startsWith('@')) {
      throw new CliError(
        `${printable(word)}: rootwalk asks the servers from the root down; to ask one server use dig ${printable(word)}`,
      );
    }
    const asType = typeFromText(word.toUpperCase());
    if (isClass(word)) continue;
    // `dig mx example.com` and `dig example.com mx` are the same; a lone word is a name.
    if (
      asType !== undefined &&
      type === undefined &&
      (name !== undefined || reverse !== undefined || words.length > 1)
    ) {
      type = checkType(word, asType);
    } else if (name === undefined && reverse === undefined) {
      name = word;
    } else if (type === undefined) {
      throw new CliError(
        `${printable(word)} is not a type${didYouMean(word)}; types are A, AAAA, MX, TXT, ... or TYPE123`,
      );
    } else {
      throw new CliError(`${printable(word)}: one name and one type are asked at a time`);
    }
  }
  if (reverse !== undefined) return { name: reverseName(reverse), type: type ?? TYPE.PTR };
  if (name === undefined) throw new CliError(`which name? For example: rootwalk ${verb} www.example.com AAAA`);
  return { name: readName(name), type: type ?? TYPE.A };
}

function isClass(word: string): boolean {
  const value = classFromText(word.toUpperCase());
  if (value === undefined || typeFromText(word.toUpperCase()) !== undefined) return false;
  if (value === 1) return true;
  throw new CliError(`class ${printable(word)} is not served; only IN is`);
}

function checkType(word: string, type: number): number {
  const why = NOT_ASKED[word.toUpperCase()];
  if (why !== undefined) throw new CliError(`${printable(word)} cannot be asked: ${why}`);
  if (type === 0) throw new CliError('TYPE0 cannot be asked: it is reserved');
  return type;
}

const COMMON_TYPES = Object.keys(TYPE);

function didYouMean(word: string): string {
  const near = nearest(word, COMMON_TYPES);
  return near === undefined ? '' : `; did you mean ${near.toUpperCase()}?`;
}

/** The name that `text` writes, other scripts included. Throws CliError. */
export function readName(text: string): Name {
  // Other scripts as browsers turn them (UTS 46).
  const ascii = /[^\x20-\x7e]/.test(text) ? domainToASCII(text) || text : text;
  const fault = domainNameFault(ascii);
  if (fault !== undefined) throw new CliError(`${JSON.stringify(printable(text))} is not a domain name: ${fault}`);
  return nameFromText(ascii);
}

function reverseName(address: string): Name {
  const octets = parseIp(address);
  if (octets === undefined) throw new CliError(`-x ${printable(address)}: not an IPv4 or IPv6 address`);
  if (octets.length === 4) return nameFromText(`${octets.toReversed().join('.')}.in-addr.arpa.`);
  // RFC 3596, 2.5: the nibbles, last first.
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]);
  return nameFromText(
    `${nibbles
      .toReversed()
      .map((nibble) => nibble.toString(16))
      .join('.')}.ip6.arpa.`,
  );
}
