// How a verdict is printed, and what programs get of it.

import { printable } from '../base/printable.ts';
import { nameToText } from '../wire/name.ts';
import { serverText, zoneWords } from './explain-words.ts';
import type { Accused, Remedy, Verdict } from './verdict.ts';

/** A verdict with names as text, for JSON. */
export interface VerdictJson {
  readonly [key: string]:
    | string
    | boolean
    | null
    | readonly string[]
    | readonly { readonly [key: string]: string | number | null }[];
}

/** The lines of a verdict: who, what happened, by what evidence, and what to do. Texts are escaped. */
export function verdictLines(verdict: Verdict): string[] {
  const { evidence, remedy, servers } = verdict;
  return [
    `Verdict: ${blame(verdict)}`,
    `  ${verdict.summary}`,
    ...list('Servers', servers.slice(0, SERVERS_MAX).map(accusedText)),
    ...list('Evidence', evidence),
    ...list(
      'What to do',
      remedy.map((one) => `${whoText(one)}: ${one.what}`),
    ),
  ].map(printable);
}

/** Servers shown; the evidence tells of them too. */
const SERVERS_MAX = 6;

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    - ${line}`)];
}

/** The headline. */
function blame({ fault, zone, works, servers }: Verdict): string {
  const where = zone === undefined ? 'the zone' : zoneWords(zone);
  switch (fault) {
    case 'nobody':
      return servers.length === 0 ? 'nothing is broken' : 'it works, though not everything is in order';
    case 'parent zone':
      return `the parent zone of ${where} is at fault`;
    case 'child zone':
      return `${where} itself is at fault`;
    case 'its keys':
      return `the keys or signatures of ${where} are at fault`;
    case 'its servers':
      return `the servers of ${where} are at fault`;
    case 'our network or a middlebox':
      return works ? 'it works, but something on the way interferes' : 'our network, or a box on the way, is at fault';
    case 'our policy':
      return 'it is due to our own configuration';
    case 'our limit':
      return 'a limit of this resolver was reached';
    case 'our clock':
      return 'the clock of this machine is wrong';
  }
}

function accusedText({ server, nameServer }: Accused): string {
  if (server === undefined) return `${nameServer === undefined ? '?' : nameToText(nameServer)} (no address known)`;
  return nameServer === undefined ? serverText(server) : `${serverText(server)} (${nameToText(nameServer)})`;
}

function whoText({ who }: Remedy): string {
  return who === 'you' ? 'you' : `the owner of ${zoneWords(who.owner)}`;
}

/** The same for programs. */
export function verdictToJson(verdict: Verdict): VerdictJson {
  const { fault, works, zone, servers, summary, evidence, remedy } = verdict;
  return {
    fault,
    works,
    zone: zone === undefined ? null : nameToText(zone),
    servers: servers.map(({ server, nameServer }) => ({
      ip: server?.ip ?? null,
      port: server?.port ?? null,
      name: nameServer === undefined ? null : nameToText(nameServer),
    })),
    summary,
    evidence,
    remedy: remedy.map((one) => ({
      who: one.who === 'you' ? 'you' : `owner of ${nameToText(one.who.owner)}`,
      what: one.what,
    })),
  };
}
