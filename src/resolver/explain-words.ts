// The words of explain: steps of the notes, judgements and reasons of failure, for people.

import { type LimitName, limitTable } from '../base/limits.ts';
import type { ServerAddress } from '../base/ports.ts';
import { shorten } from '../base/printable.ts';
import { WireError } from '../wire/error.ts';
import { labelCount, type Name, nameFromText, nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { edeToText, RCODE, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import type { ChoiceReason, LayerName, ResolutionEvent } from './events.ts';
import type { Resolution } from './types.ts';

/** One kind of event. */
export type EventOf<Kind extends ResolutionEvent['kind']> = Extract<ResolutionEvent, { kind: Kind }>;

/** The layers with both names, as the notes number them. */
export const layerTitles: { readonly [Layer in LayerName]: string } = {
  answers: '1 browser cache (answers)',
  host: '2 operating system cache (host)',
  records: '3 resolver cache (records)',
  hierarchy: '4-6 delegations (hierarchy)',
};

/** Which step a zone is: the root, a TLD, or further down. */
export function zoneTitle(zone: Name): string {
  const depth = labelCount(zone);
  if (depth === 0) return '4 root';
  return depth === 1 ? `5 TLD ${nameToText(zone)}` : `6 authoritative ${nameToText(zone)}`;
}

/** `www.example.com. A`. */
export function asked(name: Name, type: number): string {
  return `${nameToText(name)} ${typeToText(type)}`;
}

/** Milliseconds with as many digits as they deserve. */
export function ms(value: number): string {
  if (value < 0.095) return `${Math.max(0, value).toFixed(2)} ms`;
  return value < 9.95 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** Why a server was asked before its peers. */
export const choiceWords: { readonly [Why in ChoiceReason]: string } = {
  fastest: 'the fastest known',
  untried: 'never asked before',
  exploring: 'another than the fastest now and then, in case it became faster',
  only: 'the only one',
  hedge: 'a second server beside the first, which is late',
  retry: 'asked once more',
  configured: 'from the configuration',
};

/** Why a question went out as it did. */
export const sendWords: { readonly [Why in NonNullable<EventOf<'sent'>['why']>]: string } = {
  truncated: 'the reply was cut short (TC)',
  suspect: 'replies arrived that may be forged',
  'no-edns': 'without EDNS, which the server refused',
  'bad-cookie': 'with the cookie that the server has just given',
  minimised: 'no more of the name than needed',
};

/** What a layer said. */
export function layerWords(event: EventOf<'layer'>): string {
  if (event.outcome === 'miss') return 'miss';
  const what = {
    rrset: 'hit',
    alias: 'hit, an alias',
    nodata: 'hit, known to have no such record',
    nxdomain: 'hit, known not to exist',
    failure: 'hit, it failed a moment ago',
  }[event.what ?? 'rrset'];
  return event.ttl === undefined ? what : `${what}, ${Math.floor(event.ttl)} s left`;
}

/** A server; its port only where it is not 53. */
export function serverText(server: ServerAddress): string {
  if (server.port === 53) return server.ip;
  return server.ip.includes(':') ? `[${server.ip}]:${server.port}` : `${server.ip}:${server.port}`;
}

const SOURCES: { readonly [Source in EventOf<'delegation'>['source']]: string } = {
  hints: 'from the root hints',
  priming: 'as the root itself says',
  referral: 'by referral',
  stub: 'stub zone of the configuration',
  forward: 'forwarders of the configuration',
};

/** What is known of a zone when its servers are about to be asked. */
export function delegationWords(event: EventOf<'delegation'>): string {
  const { addresses, nameServers } = event;
  const names = `${nameServers.length} name server${nameServers.length === 1 ? '' : 's'}`;
  const known = `${addresses.length === 0 ? 'no' : addresses.length} address${addresses.length === 1 ? '' : 'es'} known`;
  const where = nameServers.length === 0 ? known : `${names}, ${known}`;
  return `${SOURCES[event.source]}${event.cached && event.source === 'referral' ? ', known before' : ''}; ${where}`;
}

/** How an exchange ended. */
export function receivedWords(event: EventOf<'received'>): string {
  const time = event.rttMs === undefined ? '' : ` after ${ms(event.rttMs)}`;
  const detail = event.detail === undefined ? '' : `, ${event.detail}`;
  switch (event.outcome) {
    case 'response': {
      const octets = event.octets === undefined ? '' : `, ${event.octets} octets`;
      return `${event.rcode === undefined ? 'a response' : rcodeToText(event.rcode)}${octets}${time}${detail}`;
    }
    case 'timeout':
      return `no answer in time${time}${detail}`;
    case 'unreachable':
      return `unreachable${time}${event.detail === undefined ? '' : `, ${troubleWords(event.detail)}`}`;
    case 'suspect':
      return `replies that may be forged${time}${detail}`;
    case 'malformed':
      return `an unreadable reply${time}${detail}`;
  }
}

/** Codes of the operating system for a send that failed, for people. */
const TROUBLES: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EHOSTUNREACH', 'no route to host'],
  ['ENETUNREACH', 'network is unreachable'],
  ['EADDRNOTAVAIL', 'this machine has no address to send from'],
  ['EACCES', 'not permitted here'],
  ['EPERM', 'not permitted here'],
  ['EMFILE', 'too many files are open here'],
  ['ENFILE', 'too many files are open here'],
]);

/** Why a server could not be reached, as `strerror` and dig say it; events and extended errors keep the code. */
export function troubleWords(detail: string): string {
  return TROUBLES.get(detail) ?? detail;
}

/** A record that was not believed. */
export function droppedWords(event: EventOf<'dropped'>): string {
  return `dropped from ${event.section}: ${asked(event.name, event.type)}, ${event.why}`;
}

/** What a server's response amounts to, in the server's words. */
export function responseWords(event: EventOf<'classified'>): string {
  switch (event.outcome) {
    case 'referral':
      return event.target === undefined ? '"ask others"' : `"ask ${nameToText(event.target)}"`;
    case 'answer':
      return answerWords(event);
    case 'alias':
      return event.target === undefined ? '"an alias"' : `"see ${nameToText(event.target)}"`;
    case 'nodata':
      return `"no ${typeToText(event.type)} at ${nameToText(event.name)}"`;
    case 'nxdomain':
      return '"no such name"';
    case 'lame':
      return `lame, not believed: ${event.why}`;
    case 'unusable':
      return `of no use: ${event.why}`;
  }
}

const SHOWN_MAX = 4;

function answerWords(event: EventOf<'classified'>): string {
  const rrset = event.answer?.find(({ type }) => type === event.type) ?? event.answer?.at(-1);
  if (rrset === undefined) return '"here it is"';
  const texts = rrset.rdatas.slice(0, SHOWN_MAX).map((rdata) => shorten(rdataToText(rrset.type, rdata), 60));
  const more = rrset.rdatas.length - texts.length;
  const words = `${texts.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return words.startsWith('"') ? words : `"${words}"`;
}

/** A bound with its value and unit. */
export function limitWords(limit: LimitName, value: number): string {
  return `${limit} (${value} ${limitTable[limit].unit}: ${limitTable[limit].reason})`;
}

/** Thirteen operators do not fail at once: who answers so is not a root server. */
export const INTERCEPTED =
  'what answers is not the root: something on the way (a router, the provider) seems to intercept port 53';

/** What came out, in one sentence: the effort and the kind of result. Who is at fault is the verdict's to say. */
export function outcome(events: readonly ResolutionEvent[], resolution: Resolution, elapsedMs: number): string {
  const sends = events.filter((event) => event.kind === 'sent' && !event.joined).length;
  const effort = `in ${ms(elapsedMs)}, ${sends === 0 ? 'without asking a server' : plural(sends, 'question to servers', 'questions to servers')}`;
  const question = events.find((event) => event.kind === 'question');
  const name = question === undefined ? 'The name' : nameToText(question.name);
  if (resolution.failure !== undefined) return `Failed (${rcodeToText(resolution.rcode)}) ${effort}.`;
  if (resolution.rcode === RCODE.NXDOMAIN) return `${name} does not exist (NXDOMAIN), found ${effort}.`;
  if (resolution.rcode !== RCODE.NOERROR) {
    const [error] = resolution.extendedErrors;
    const why = error === undefined ? '' : `: ${edeToText(error.code)}${error.text === '' ? '' : ` [${error.text}]`}`;
    return `Answered ${rcodeToText(resolution.rcode)} ${effort}${why}.`;
  }
  const found = resolution.answer.filter(({ type }) => type !== TYPE.CNAME && type !== TYPE.DNAME);
  const records = (found.length > 0 || question?.type === TYPE.CNAME ? resolution.answer : []).reduce(
    (sum, { rdatas }) => sum + rdatas.length,
    0,
  );
  if (records > 0) return `Answered with ${plural(records, 'record', 'records')} ${effort}.`;
  const type = question === undefined ? 'such' : typeToText(question.type);
  return `${name} exists but has no ${type} record (NODATA), found ${effort}.`;
}

/** A zone in a sentence. */
export function zoneWords(zone: Name): string {
  return labelCount(zone) === 0 ? 'the root' : nameToText(zone);
}

/** The name that a text of ours has where `pattern` captures; undefined: none that can be read. Texts may be cut short. */
export function nameIn(text: string, pattern: RegExp): Name | undefined {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) return undefined;
  try {
    return nameFromText(found);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
