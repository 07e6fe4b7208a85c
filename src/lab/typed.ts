// What a person types at the lab's prompt: a name, perhaps a type behind it, perhaps a whole URL, perhaps nonsense.

import { domainToASCII } from 'node:url';
import { WireError } from '../wire/error.ts';
import { nameFromText } from '../wire/name.ts';
import { TYPE, typeFromText, typeToText } from '../wire/types.ts';

/** A question, the wish to leave, a call for help, nothing, or what was wrong in words for a person. */
export type Typed =
  | { readonly kind: 'question'; readonly name: string; readonly type: number }
  | { readonly kind: 'quit' | 'help' | 'nothing' }
  | { readonly kind: 'bad'; readonly why: string };

/** Longer lines are not read. */
const lineMost = 1000;

/** Reads a line. The name comes back without final dot (`.` for the root), in ASCII. */
export function readTyped(line: string): Typed {
  if (line.length > lineMost) return bad('That line is too long for a name.');
  const [word = '', typeText, ...rest] = line.trim().split(/\s+/);
  if (word === '') return { kind: 'nothing' };
  if (typeText === undefined && /^(quit|exit|q|bye)$/i.test(word)) return { kind: 'quit' };
  if (typeText === undefined && /^(help|\?)$/i.test(word)) return { kind: 'help' };
  if (rest.length > 0) return bad('Type one name, and a type behind it if you like: example.com MX');
  const type = typeText === undefined ? TYPE.A : typeFromText(typeText.toUpperCase());
  // Types from 128 to 255 are questions for servers, not records (RFC 6895, 3.1).
  if (type === undefined || type === 0 || (type >= 128 && type <= 255)) {
    return bad(`"${shown(typeText ?? '')}" is not a type of record. Some are: A, AAAA, MX, TXT, NS, CNAME, SOA.`);
  }
  return readName(word, type);
}

/** The question as text: `example.com MX`, the type left out where it is A. */
export function questionText(name: string, type: number): string {
  return type === TYPE.A ? name : `${name} ${typeToText(type)}`;
}

function readName(word: string, type: number): Typed {
  // Of a URL only the host, without its port.
  const host = word
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[/?#].*$/, '')
    .replace(/^([^:]+):\d*$/, '$1');
  if (host.includes('\\')) return bad('Escapes are for experts: ask with dig.');
  if (/^(?=.*\d)[\d.]+$/.test(host) || host.includes(':')) {
    return bad(`"${shown(host)}" looks like an address. Type a name, and get its address.`);
  }
  // Letters beyond ASCII travel in their ASCII form (RFC 5890); domainToASCII() gives '' for what has none.
  const ascii = /^[ -~]*$/.test(host) ? host : domainToASCII(host);
  const name = ascii === '.' ? ascii : ascii.replace(/\.$/, '');
  if (name === '') return bad(`"${shown(word)}" is not a name.`);
  try {
    nameFromText(name);
  } catch (error) {
    if (error instanceof WireError) return bad(`"${shown(word)}" is not a name: ${error.message}.`);
    throw error;
  }
  return { kind: 'question', name, type };
}

function bad(why: string): Typed {
  return { kind: 'bad', why };
}

/** Typed text, fit to be printed again. */
function shown(text: string): string {
  const clean = text.replace(/\p{C}/gu, '?');
  return clean.length > 60 ? `${clean.slice(0, 59)}…` : clean;
}
