// What an authoritative server says about a name: the lookup of RFC 1034, 4.3.2 over zones held as tables.

import type { Answer } from 'dns-packet';
import type { LabZone } from './zones.ts';

/** A record as `dns-packet` takes it, OPT left out. Names are without final dot; `.` is the root. */
export type ZoneRecord = Exclude<Answer, { type: 'OPT' }>;

/** A zone ready to be asked: all records by lower-case owner name. */
export interface Zone {
  readonly apex: string;
  readonly nodes: ReadonlyMap<string, readonly ZoneRecord[]>;
}

/** The sections of a response. `rcode` is the number of the wire. */
export interface ZoneReply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly ZoneRecord[];
  readonly authorities: readonly ZoneRecord[];
  readonly additionals: readonly ZoneRecord[];
}

const noError = 0;
const nxDomain = 3;
const refused = 5;
const yxDomain = 6;

/** Alias links that a server follows inside its own zones. */
const aliasLinksMost = 16;

/** What happened at one link of the chain: the end of it, or a further name to look up. */
type Step =
  | { readonly kind: 'found' | 'alias'; readonly records: readonly ZoneRecord[]; readonly next?: string }
  | { readonly kind: 'referral'; readonly nameServers: readonly ZoneRecord[] }
  | { readonly kind: 'nodata' | 'nxdomain' }
  | { readonly kind: 'too-long'; readonly records: readonly ZoneRecord[] };

/** The reply of a server that holds `zones` to a question for `name` and `type` ("A", "ANY", "UNKNOWN_65"). */
export function lookUp(zones: readonly Zone[], name: string, type: string): ZoneReply {
  const answers: ZoneRecord[] = [];
  const visited = new Set<string>();
  let owner = fold(name);
  let spelled = name;
  for (let link = 0; link <= aliasLinksMost; link++) {
    const zone = closestZone(zones, owner, type);
    if (zone === undefined) break;
    visited.add(owner);
    const step = lookUpInZone(zone, owner, type, spelled);
    if (step.kind === 'found' || step.kind === 'alias' || step.kind === 'too-long') answers.push(...step.records);
    if (step.kind === 'alias' && step.next !== undefined) {
      owner = fold(step.next);
      spelled = step.next;
      if (visited.has(owner)) return reply(zones, noError, answers, []);
      continue;
    }
    if (step.kind === 'referral') return referral(zone, answers, step.nameServers);
    if (step.kind === 'nodata') return reply(zones, noError, answers, negativeSoa(zone));
    if (step.kind === 'nxdomain') return reply(zones, nxDomain, answers, negativeSoa(zone));
    // RFC 6672, 2.2: a name that would become too long.
    if (step.kind === 'too-long') return reply(zones, yxDomain, answers, []);
    return reply(zones, noError, answers, []);
  }
  // The chain left our zones, or nothing here was ours at all.
  if (answers.length === 0)
    return { rcode: refused, authoritative: false, answers: [], authorities: [], additionals: [] };
  return reply(zones, noError, answers, []);
}

/** The zone of `text`; a row that cannot be read throws an Error that quotes it. */
export function readZone(source: LabZone): Zone {
  const nodes = new Map<string, ZoneRecord[]>();
  for (const row of source.rows.split('\n')) {
    if (row.trim() === '') continue;
    const record = readRow(row, source.apex);
    const owner = fold(record.name);
    const node = nodes.get(owner);
    if (node === undefined) nodes.set(owner, [record]);
    else node.push(record);
  }
  if (!nodes.get(source.apex)?.some((record) => record.type === 'SOA')) throw new Error(`${source.apex}: no SOA`);
  return { apex: source.apex, nodes };
}

function lookUpInZone(zone: Zone, owner: string, type: string, spelled: string): Step {
  const path = namesBelowApex(zone.apex, owner);
  for (const name of path) {
    const node = zone.nodes.get(name) ?? [];
    if (name !== zone.apex) {
      const nameServers = node.filter((record) => record.type === 'NS');
      // RFC 4035, 3.1.4.1: the parent answers for DS at the cut.
      if (nameServers.length > 0 && !(name === owner && type === 'DS')) return { kind: 'referral', nameServers };
    }
    const dname = node.find((record) => record.type === 'DNAME');
    if (dname?.type === 'DNAME' && name !== owner) return substitute(dname, owner, spelled);
  }
  const node = zone.nodes.get(owner);
  if (node !== undefined) return fromNode(node, type, spelled);
  if (hasNamesBelow(zone, owner)) return { kind: 'nodata' };
  // RFC 4592, 3.3.1: only the wildcard of the closest encloser is a source of synthesis.
  const encloser = path.findLast((name) => zone.nodes.has(name) || hasNamesBelow(zone, name)) ?? zone.apex;
  const wildcard = zone.nodes.get(encloser === '.' ? '*' : `*.${encloser}`);
  return wildcard === undefined ? { kind: 'nxdomain' } : fromNode(wildcard, type, spelled);
}

function fromNode(node: readonly ZoneRecord[], type: string, spelled: string): Step {
  const alias = node.find((record) => record.type === 'CNAME');
  if (alias?.type === 'CNAME' && type !== 'CNAME' && type !== 'ANY') {
    return { kind: 'alias', records: [{ ...alias, name: spelled }], next: alias.data };
  }
  const records = node.filter((record) => record.type === type || type === 'ANY');
  if (records.length === 0) return { kind: 'nodata' };
  return { kind: 'found', records: records.map((record) => ({ ...record, name: spelled })) };
}

// RFC 6672, 3.1: the DNAME itself and a CNAME made from it, with the same TTL.
function substitute(dname: ZoneRecord & { data: string }, owner: string, spelled: string): Step {
  const prefix = owner.slice(0, owner.length - fold(dname.name).length);
  const next = dname.data === '.' ? prefix.slice(0, -1) : prefix + dname.data;
  if (next.length > 253) return { kind: 'too-long', records: [dname] };
  const cname: ZoneRecord = { name: spelled, type: 'CNAME', ttl: dname.ttl, data: next };
  return { kind: 'alias', records: [dname, cname], next };
}

function referral(zone: Zone, answers: readonly ZoneRecord[], nameServers: readonly ZoneRecord[]): ZoneReply {
  // Not authoritative below the cut, unless the answer begins with an alias that is ours.
  const authoritative = answers.length > 0;
  const additionals = targetsOf(nameServers).flatMap((name) => addressesIn(zone, name));
  return { rcode: noError, authoritative, answers, authorities: nameServers, additionals };
}

function reply(zones: readonly Zone[], rcode: number, answers: ZoneRecord[], authorities: ZoneRecord[]): ZoneReply {
  const additionals = targetsOf(answers).flatMap((name) => {
    const zone = closestZone(zones, name, 'A');
    return zone === undefined ? [] : addressesIn(zone, name);
  });
  return { rcode, authoritative: true, answers, authorities, additionals };
}

// RFC 2308, 3: the TTL of the SOA in a denial is the smaller of its own and MINIMUM.
function negativeSoa(zone: Zone): ZoneRecord[] {
  const soa = zone.nodes.get(zone.apex)?.find((record) => record.type === 'SOA');
  if (soa?.type !== 'SOA') return [];
  return [{ ...soa, ttl: Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0) }];
}

function targetsOf(records: readonly ZoneRecord[]): string[] {
  const targets = records.flatMap((record) => {
    if (record.type === 'NS') return [fold(record.data)];
    if (record.type === 'MX') return [fold(record.data.exchange)];
    if (record.type === 'SRV') return [fold(record.data.target)];
    return [];
  });
  return [...new Set(targets)];
}

function addressesIn(zone: Zone, name: string): ZoneRecord[] {
  return (zone.nodes.get(name) ?? []).filter((record) => record.type === 'A' || record.type === 'AAAA');
}

/** The deepest zone at or above `name`; for DS strictly above it, where there is one. */
function closestZone(zones: readonly Zone[], name: string, type: string): Zone | undefined {
  const holding = zones.filter((zone) => isAtOrBelow(name, zone.apex));
  holding.sort((a, b) => labelsOf(b.apex).length - labelsOf(a.apex).length);
  if (type === 'DS' && holding.length > 1 && holding[0]?.apex === name) return holding[1];
  return holding[0];
}

function hasNamesBelow(zone: Zone, name: string): boolean {
  for (const owner of zone.nodes.keys()) if (owner !== name && isAtOrBelow(owner, name)) return true;
  return false;
}

/** `name` and its ancestors up to the apex, apex first. */
function namesBelowApex(apex: string, name: string): string[] {
  const labels = labelsOf(name);
  const apexLabels = labelsOf(apex).length;
  const names: string[] = [];
  for (let count = apexLabels; count <= labels.length; count++) {
    names.push(count === 0 ? '.' : labels.slice(labels.length - count).join('.'));
  }
  return names;
}

function isAtOrBelow(name: string, ancestor: string): boolean {
  return ancestor === '.' || name === ancestor || name.endsWith(`.${ancestor}`);
}

function labelsOf(name: string): string[] {
  return name === '.' ? [] : name.split('.');
}

// RFC 4343: only ASCII letters are folded.
function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Words of a row; quoted strings stay one word, with their quotes taken off by the caller. */
const word = /"[^"]*"|\S+/g;

function readRow(row: string, apex: string): ZoneRecord {
  const [owner = '', ttlText = '', type = '', ...data] = row.match(word) ?? [];
  const absolute = (name: string): string => {
    if (name === '@') return apex;
    if (name === '.') return name;
    if (name.endsWith('.')) return name.slice(0, -1);
    return apex === '.' ? name : `${name}.${apex}`;
  };
  const bad = (): never => {
    throw new Error(`${apex}: cannot read the row "${row.trim()}"`);
  };
  const text = (index: number): string => data[index] ?? bad();
  const number = (index: number): number => (/^\d+$/.test(text(index)) ? Number(data[index]) : bad());
  const ttl = /^\d+$/.test(ttlText) ? Number(ttlText) : bad();
  const common = { name: absolute(owner), ttl };
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, type, data: text(0) };
    case 'NS':
    case 'CNAME':
    case 'DNAME':
      return { ...common, type, data: absolute(text(0)) };
    case 'MX':
      return { ...common, type, data: { preference: number(0), exchange: absolute(text(1)) } };
    case 'TXT':
      return { ...common, type, data: data.map(unquote) };
    case 'CAA':
      return { ...common, type, data: { flags: number(0), tag: caaTag(text(1)) ?? bad(), value: unquote(text(2)) } };
    case 'SRV':
      return {
        ...common,
        type,
        data: { priority: number(0), weight: number(1), port: number(2), target: absolute(text(3)) },
      };
    case 'SOA': {
      const [serial, refresh, retry, expire, minimum] = [2, 3, 4, 5, 6].map(number);
      const names = { mname: absolute(text(0)), rname: absolute(text(1)) };
      return { ...common, type, data: { ...names, serial, refresh, retry, expire, minimum } };
    }
    default:
      return bad();
  }
}

function unquote(text: string): string {
  return text.replace(/^"|"$/g, '');
}

function caaTag(text: string): 'issue' | 'issuewild' | 'iodef' | undefined {
  return (['issue', 'issuewild', 'iodef'] as const).find((tag) => tag === text);
}
