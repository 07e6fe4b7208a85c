// Records and questions as scenarios write them: master-file lines with every liberty that the format's users took.

import type { Question, ResourceRecord } from '../wire/message.ts';
import { type Name, nameFromText, nameOctets, nameToText, ROOT } from '../wire/name.ts';
import { rdataFromText } from '../wire/rdata-text.ts';
import { CLASS, TYPE, typeFromText } from '../wire/types.ts';

/** What `$ORIGIN` and `$TTL` said last. */
export interface RecordDefaults {
  origin: Name;
  ttl: number;
}

/** One record on one line (comments and parentheses already taken out). Throws Error that says what is wrong. */
export function parseRecordLine(line: string, defaults: RecordDefaults): ResourceRecord {
  const tokens = splitTokens(line);
  const owner = tokens[0];
  if (owner === undefined) throw new Error('a record is missing');
  let ttl = defaults.ttl;
  let rdataClass: number = CLASS.IN;
  let at = 1;
  for (; at < tokens.length; at++) {
    const token = tokens[at]?.text ?? '';
    const seconds = ttlFromText(token);
    const asClass = classFromText(token);
    if (seconds !== undefined) ttl = seconds;
    else if (asClass !== undefined && !(token.toUpperCase() === 'ANY' && at === tokens.length - 1))
      rdataClass = asClass;
    else break;
  }
  const typeToken = tokens[at];
  const type = typeToken && typeFromText(typeToken.text.toUpperCase());
  if (typeToken === undefined || type === undefined) throw new Error(`unknown record type: ${line}`);
  const text = line.slice(typeToken.end).trim();
  return {
    name: relativeName(owner.text, defaults.origin),
    type,
    class: rdataClass,
    ttl: ttl >>> 0,
    rdata: readRdata(type, text, defaults.origin),
  };
}

/** `name [class] type` of a QUESTION section. Throws Error that says what is wrong. */
export function parseQuestionLine(line: string, origin: Name): Question {
  const tokens = line.split(';', 1)[0]?.trim().split(/\s+/) ?? [];
  let questionClass: number = CLASS.IN;
  let type: number | undefined;
  for (const [i, token] of tokens.entries()) {
    if (i === 0 || type !== undefined) continue;
    const asClass = classFromText(token);
    // ANY is a class only where a type follows it
    if (asClass !== undefined && i < tokens.length - 1) questionClass = asClass;
    else if (ttlFromText(token) === undefined) {
      type = typeFromText(token.toUpperCase());
      if (type === undefined) throw new Error(`unknown type ${token}`);
    }
  }
  if (tokens[0] === undefined || type === undefined) throw new Error(`a question without a type: ${line}`);
  return { name: relativeName(tokens[0], origin), type, class: questionClass };
}

/** A name relative to `origin` unless it ends in a dot; `@` is the origin. */
export function relativeName(text: string, origin: Name): Name {
  if (text === '@') return origin;
  const absolute = /(^|[^\\])(\\\\)*\.$/.test(text);
  if (absolute || origin === ROOT) return nameFromText(text);
  return nameFromText(`${text}.${nameToText(origin)}`);
}

/** Comments, parentheses and line ends taken out, quoted text and escapes left alone. */
export function flattenLines(text: string): string {
  let out = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '\\' && i + 1 < text.length) {
      out += char + text[++i];
    } else if (char === '"') {
      quoted = !quoted;
      out += char;
    } else if (quoted) {
      out += char;
    } else if (char === ';') {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end;
      out += ' ';
    } else {
      out += char === '(' || char === ')' || char === '\n' ? ' ' : char;
    }
  }
  return out.trim();
}

/** Parentheses still open at the end of `text`, comments and quoted text apart. */
export function openParentheses(text: string): number {
  let open = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === ';') {
      const end = text.indexOf('\n', i);
      if (end < 0) break;
      i = end;
    } else if (char === '(') open++;
    else if (char === ')') open--;
  }
  return open;
}

function readRdata(type: number, text: string, origin: Name): Uint8Array {
  if (text === '' || /^\\#\s+0$/.test(text)) return new Uint8Array(0);
  const plain = withAlgorithmNumber(type, text);
  try {
    return rdataFromText(type, plain, origin);
  } catch (error) {
    const odd = oddRdata(type, plain.split(/\s+/), origin);
    if (odd === undefined) throw error;
    return odd;
  }
}

/** Mnemonics of RFC 4034, A.1, and after. */
const algorithmNumbers: { readonly [mnemonic: string]: number } = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
};

/** Which field of RDATA is an algorithm. */
const algorithmFields: { readonly [type: number]: number } = {
  [TYPE.RRSIG]: 1,
  [TYPE.SIG]: 1,
  [TYPE.DS]: 1,
  [TYPE.DLV]: 1,
  [TYPE.DNSKEY]: 2,
  [TYPE.KEY]: 2,
};

function withAlgorithmNumber(type: number, text: string): string {
  const index = algorithmFields[type];
  if (index === undefined) return text;
  const fields = text.split(/\s+/);
  const number = algorithmNumbers[fields[index]?.toUpperCase() ?? ''];
  if (number !== undefined) fields[index] = String(number);
  return fields.join(' ');
}

/** RDATA that is wrong on purpose: an RRSIG without signature, a DS with an odd digest, a SOA with fields to spare. */
function oddRdata(type: number, fields: readonly string[], origin: Name): Uint8Array | undefined {
  if (type === TYPE.RRSIG && fields.length >= 8) {
    const base64 = fields.slice(8).join('');
    const whole = [...fields.slice(0, 8), 'AA=='].join(' ');
    const head = rdataFromText(type, whole, origin).slice(0, -1);
    return concat(head, Buffer.from(base64.slice(0, base64.length & ~3), 'base64'));
  }
  if (type === TYPE.DS && fields.length >= 3) {
    const tag = Number(fields[0]);
    const digest = fields.slice(3).join('');
    return concat(Uint8Array.of(tag >> 8, tag & 255, Number(fields[1]), Number(fields[2])), Buffer.from(digest, 'hex'));
  }
  if (type === TYPE.SOA && fields.length > 7) return rdataFromText(type, fields.slice(0, 7).join(' '), origin);
  if (type === TYPE.NS || type === TYPE.CNAME) return nameOctets(relativeName(fields[0] ?? '', origin));
  return undefined;
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const out = new Uint8Array(head.length + tail.length);
  out.set(head);
  out.set(tail, head.length);
  return out;
}

function splitTokens(line: string): { text: string; end: number }[] {
  return [...line.matchAll(/\S+/g)].map((match) => ({ text: match[0], end: match.index + match[0].length }));
}

const unitSeconds: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function ttlFromText(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(digits) * (unitSeconds[(unit ?? '').toLowerCase() || 's'] ?? 1);
  }
  return seconds;
}

function classFromText(text: string): number | undefined {
  const known: { readonly [name: string]: number } = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 };
  const upper = text.toUpperCase();
  const generic = /^CLASS(\d+)$/.exec(upper);
  return generic ? Number(generic[1]) : known[upper];
}
