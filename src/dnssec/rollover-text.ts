// The state of rolling trust anchors as text that people can read: one line a key, a version, and an end that shows a torn file.

import { WireError } from '../wire/error.ts';
import { type Name, nameFromText, nameToText } from '../wire/name.ts';
import { readDnskey, readDs } from '../wire/rdata.ts';
import { rdataFromText, rdataToText } from '../wire/rdata-text.ts';
import { TYPE } from '../wire/types.ts';
import { revokeFlag } from './keys.ts';
import { type Anchor, type AnchorState, anchorsMax, anchorTag, type TrustPoint } from './trust-point.ts';

const VERSION = 1;
const HEAD = 'rootwalk-trust-anchors';
/** Lines read: zones with anchors are few, and so are their keys. */
const LINES_MAX = 10_000;
const STATES: readonly AnchorState[] = ['AddPend', 'Valid', 'Missing', 'Revoked', 'Removed'];

/** The text of a state; times are UTC by the wall clock. */
export function rolloverToText(points: readonly TrustPoint[], nowSeconds: number): string {
  const keys = points.flatMap(({ zone, anchors }) => anchors.map((anchor) => anchorLine(zone, anchor)));
  const zones = points.map(({ zone, refreshed }) => {
    return `zone ${nameToText(zone)}${refreshed === undefined ? '' : ` refreshed=${timeToText(refreshed)}`}`;
  });
  return `${[
    `; Trust anchors as they roll over (RFC 5011), written by rootwalk at ${timeToText(nowSeconds)}.`,
    '; AddPend waits until its time is over; Valid and Missing are trusted; Revoked and Removed never again.',
    '; To begin anew from the configured anchors, delete this file while the resolver is stopped.',
    `${HEAD} ${VERSION}`,
    ...zones,
    ...keys,
    `end ${keys.length}`,
  ].join('\n')}\n`;
}

/** Reads what {@link rolloverToText} wrote. Throws WireError with the line for anything else, a text cut short included. */
export function rolloverFromText(text: string): TrustPoint[] {
  const points = new Map<Name, { refreshed: number | undefined; anchors: Anchor[] }>();
  let anchors = 0;
  let stage: 'head' | 'body' | 'end' = 'head';
  const lines = text.split(/\r?\n/, LINES_MAX + 1);
  if (lines.length > LINES_MAX) throw new WireError(`more than ${LINES_MAX} lines`);
  for (const [index, line] of lines.entries()) {
    const words = line
      .replace(/(?:^|\s);.*$/, '')
      .trim()
      .split(/\s+/);
    if (words[0] === '') continue;
    try {
      if (stage === 'end') throw new WireError('text after the end');
      if (stage === 'head') {
        readHead(words);
        stage = 'body';
      } else if (words[0] === 'end') {
        if (words.length !== 2 || words[1] !== `${anchors}`) throw new WireError(`not the end of ${anchors} keys`);
        stage = 'end';
      } else if (words[0] === 'zone') {
        readZone(words, points);
      } else {
        readAnchor(words, points);
        anchors++;
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new WireError(`line ${index + 1}: ${error.message}`);
    }
  }
  if (stage !== 'end') throw new WireError('cut short: the end is missing');
  return [...points].map(([zone, point]) => ({ zone, ...point }));
}

function anchorLine(zone: Name, anchor: Anchor): string {
  const { type, rdata, state, since, seen, until, signers } = anchor;
  const fields = [
    `tag=${anchorTag(anchor)}`,
    `since=${timeToText(since)}`,
    ...(seen === undefined ? [] : [`seen=${timeToText(seen)}`]),
    ...(until === undefined ? [] : [`until=${timeToText(until)}`]),
    ...(signers.length === 0 ? [] : [`signers=${signers.join(',')}`]),
  ];
  const record = `${type} ${rdataToText(TYPE[type], rdata)}`;
  return `key ${nameToText(zone)} ${state} ${fields.join(' ')} ${record}`;
}

type Points = Map<Name, { refreshed: number | undefined; anchors: Anchor[] }>;

function readHead(words: readonly string[]): void {
  if (words[0] !== HEAD || words.length !== 2) throw new WireError(`not a trust anchor state: ${HEAD} is missing`);
  if (words[1] !== `${VERSION}`) throw new WireError(`version ${words[1]} is not known, only ${VERSION}`);
}

function readZone(words: readonly string[], points: Points): void {
  const [, zoneText = '', ...rest] = words;
  const zone = nameFromText(zoneText);
  const fields = readFields(rest, ['refreshed']);
  if (points.has(zone)) throw new WireError(`zone ${nameToText(zone)} is there twice`);
  points.set(zone, { refreshed: timeOf(fields, 'refreshed'), anchors: [] });
}

function readAnchor(words: readonly string[], points: Points): void {
  const [verb, zoneText = '', stateText, ...rest] = words;
  if (verb !== 'key') throw new WireError('neither key, zone nor end');
  const point = points.get(nameFromText(zoneText));
  if (point === undefined) throw new WireError('a key of a zone that has no line above');
  const state = STATES.find((one) => one === stateText);
  if (state === undefined) throw new WireError('the state is none');
  const at = rest.findIndex((word) => word === 'DNSKEY' || word === 'DS');
  if (at < 0) throw new WireError('neither DNSKEY nor DS');
  const fields = readFields(rest.slice(0, at), ['tag', 'since', 'seen', 'until', 'signers']);
  const since = timeOf(fields, 'since');
  const until = timeOf(fields, 'until');
  if (since === undefined) throw new WireError('since is missing');
  if ((until === undefined) === (state === 'AddPend')) throw new WireError('until is for AddPend, and needed there');
  const type = rest[at] === 'DS' ? 'DS' : 'DNSKEY';
  const rdata = readRecord(type, rest.slice(at + 1).join(' '));
  const anchor = { type, rdata, state, since, seen: timeOf(fields, 'seen'), until, signers: tagsOf(fields) } as const;
  // A key of whose octets some were changed has another tag.
  if (fields.get('tag') !== `${anchorTag(anchor)}`) throw new WireError(`the key tag is ${anchorTag(anchor)}`);
  point.anchors.push(anchor);
}

function readRecord(type: 'DNSKEY' | 'DS', text: string): Uint8Array {
  const rdata = rdataFromText(TYPE[type], text);
  if (type === 'DS') readDs(rdata);
  else if ((readDnskey(rdata).flags & revokeFlag) !== 0) throw new WireError('keys are written without REVOKE');
  return rdata;
}

function readFields(words: readonly string[], known: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(0, Math.max(0, equals));
    if (!known.includes(name) || fields.has(name)) throw new WireError('a field that does not belong there');
    fields.set(name, word.slice(equals + 1));
  }
  return fields;
}

function timeOf(fields: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = fields.get(name);
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new WireError(`${name} is no time such as 2026-06-01T00:00:00Z`);
  return ms / 1000;
}

function tagsOf(fields: ReadonlyMap<string, string>): number[] {
  const text = fields.get('signers');
  if (text === undefined) return [];
  const tags = text.split(',', anchorsMax).map((tag) => (/^\d{1,5}$/.test(tag) ? Number(tag) : Number.NaN));
  if (tags.some((tag) => !(tag <= 0xffff))) throw new WireError('signers are no key tags');
  return tags;
}

function timeToText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
