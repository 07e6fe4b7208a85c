// Octets of a message beside what they say, for people who read a capsule.

import { WireError } from './wire/error.ts';
import { type Message, parseMessage, type ResourceRecord } from './wire/message.ts';
import { nameToText } from './wire/name.ts';
import { rdataToText } from './wire/rdata-text.ts';
import { classToText, rcodeToText, typeToText } from './wire/types.ts';

/** A message in words. `unreadable`: why it could not be decoded. */
export interface Readable {
  readonly flags?: string;
  readonly rcode?: string;
  readonly question?: readonly string[];
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
  readonly unreadable?: string;
}

/** What the octets say; empty sections are left out. Never throws. */
export function readable(octets: Uint8Array): Readable {
  try {
    return inWords(parseMessage(octets));
  } catch (error) {
    if (error instanceof WireError) return { unreadable: error.message };
    throw error;
  }
}

function inWords(message: Message): Readable {
  const { edns } = message;
  const opt = edns ? [`OPT ${edns.udpPayloadOctets}${edns.dnssecOk ? ' DO' : ''}${optionsText(edns.options)}`] : [];
  const sections = {
    question: message.questions.map(({ name, type, class: rrClass }) => {
      return `${nameToText(name)} ${classToText(rrClass)} ${typeToText(type)}`;
    }),
    answer: message.answer.map(recordToText),
    authority: message.authority.map(recordToText),
    additional: [...message.additional.map(recordToText), ...opt],
  };
  const filled = Object.fromEntries(Object.entries(sections).filter(([, lines]) => lines.length > 0));
  return { flags: flagsText(message), rcode: rcodeToText(message.rcode), ...filled };
}

function optionsText(options: readonly { readonly code: number }[]): string {
  return options.length === 0 ? '' : ` options ${options.map(({ code }) => code).join(' ')}`;
}

/** The header flags that are set, as words. */
export function flagsText(message: Message): string {
  const flags: readonly (readonly [boolean, string])[] = [
    [message.response, 'QR'],
    [message.authoritative, 'AA'],
    [message.truncated, 'TC'],
    [message.recursionDesired, 'RD'],
    [message.recursionAvailable, 'RA'],
    [message.authenticData, 'AD'],
    [message.checkingDisabled, 'CD'],
  ];
  return flags.flatMap(([set, word]) => (set ? [word] : [])).join(' ');
}

/** A record in master-file form. */
export function recordToText({ name, ttl, class: rrClass, type, rdata }: ResourceRecord): string {
  return `${nameToText(name)} ${ttl} ${classToText(rrClass)} ${typeToText(type)} ${rdataToText(type, rdata)}`;
}
