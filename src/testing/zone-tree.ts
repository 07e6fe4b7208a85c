// A tree of zones in memory: what honest authoritative servers say of it, and what is true of a name.

import type { Message, Question, ResourceRecord } from '../wire/message.ts';
import {
  ancestorOf,
  isSubdomainOf,
  labelCount,
  type Name,
  nameOctets,
  replaceSuffix,
  wildcardOf,
} from '../wire/name.ts';
import { nameInRdata } from '../wire/rdata.ts';
import { CLASS, OPCODE, RCODE, TYPE } from '../wire/types.ts';

/** Records of one type at one name. */
export interface TreeRecords {
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
}

/** A zone: its records by name and type, and the zones delegated from it. Build it with {@link makeZone}. */
export interface Zone {
  readonly name: Name;
  readonly nodes: Map<Name, Map<number, TreeRecords>>;
  readonly cuts: Map<Name, Zone>;
}

/** Names looked through along one alias chain before it counts as endless. */
const aliasLinksMax = 64;

/** An empty zone. */
export function makeZone(name: Name): Zone {
  return { name, nodes: new Map([[name, new Map()]]), cuts: new Map() };
}

/** Adds records, and the empty non-terminals above them. */
export function addRecords(zone: Zone, name: Name, type: number, records: TreeRecords): void {
  for (let labels = labelCount(name); labels >= labelCount(zone.name); labels--) {
    const above = ancestorOf(name, labels);
    if (!zone.nodes.has(above)) zone.nodes.set(above, new Map());
  }
  zone.nodes.get(name)?.set(type, records);
}

/** What a server of `zones` replies to a question; undefined: it serves no zone that holds the name. */
export function authoritativeReply(query: Message, zones: readonly Zone[]): Message | undefined {
  const question = query.questions[0];
  if (question === undefined) return undefined;
  const zone = zoneFor(question, zones);
  if (zone === undefined) return undefined;
  const parts = lookUp(zone, question.name, question.type);
  return {
    ...query,
    opcode: OPCODE.QUERY,
    response: true,
    truncated: false,
    recursionAvailable: false,
    authenticData: false,
    edns: query.edns && { udpPayloadOctets: 1232, version: 0, dnssecOk: query.edns.dnssecOk, options: [] },
    ...parts,
  };
}

/** The deepest of the zones that holds the name; for DS the one above the cut (RFC 4035, 3.1.4.1). */
function zoneFor({ name, type }: Question, zones: readonly Zone[]): Zone | undefined {
  let best: Zone | undefined;
  for (const zone of zones) {
    if (!isSubdomainOf(name, zone.name) || (type === TYPE.DS && zone.name === name)) continue;
    if (best === undefined || labelCount(zone.name) > labelCount(best.name)) best = zone;
  }
  return best;
}

type ReplyParts = Pick<Message, 'authoritative' | 'rcode' | 'answer' | 'authority' | 'additional'>;

/** RFC 1034, 4.3.2, within one zone. */
function lookUp(zone: Zone, name: Name, type: number): ReplyParts {
  const plain = { authoritative: true, rcode: RCODE.NOERROR, answer: [], authority: [], additional: [] };
  for (let labels = labelCount(zone.name) + 1; labels <= labelCount(name); labels++) {
    const above = ancestorOf(name, labels);
    const child = zone.cuts.get(above);
    if (child && !(type === TYPE.DS && above === name)) return referral(zone, child);
    const dname = above === name ? undefined : zone.nodes.get(above)?.get(TYPE.DNAME);
    if (dname) return { ...plain, ...throughDname(name, above, dname) };
  }
  const found = zone.nodes.get(name) ?? wildcardNode(zone, name);
  if (found === undefined) return { ...plain, rcode: RCODE.NXDOMAIN, authority: soaOf(zone) };
  const records = found.get(type) ?? found.get(TYPE.CNAME);
  if (records === undefined) return { ...plain, authority: soaOf(zone) };
  const answeredType = found.has(type) ? type : TYPE.CNAME;
  const additional = answeredType === TYPE.NS ? addressesOf(records, [zone]) : [];
  return { ...plain, answer: toRecords(name, answeredType, records), additional };
}

function throughDname(name: Name, owner: Name, dname: TreeRecords): Pick<ReplyParts, 'rcode' | 'answer'> {
  const answer = toRecords(owner, TYPE.DNAME, dname);
  const target = replaceSuffix(name, owner, nameInRdata(dname.rdatas[0] as Uint8Array));
  // RFC 6672, 2.2: too long a name is YXDOMAIN.
  if (target === undefined) return { rcode: RCODE.YXDOMAIN, answer };
  const cname = { ttl: dname.ttl, rdatas: [nameOctets(target)] };
  return { rcode: RCODE.NOERROR, answer: [...answer, ...toRecords(name, TYPE.CNAME, cname)] };
}

/** RFC 4592, 3.3.1: the wildcard below the closest encloser. */
function wildcardNode(zone: Zone, name: Name): Map<number, TreeRecords> | undefined {
  for (let labels = labelCount(name) - 1; labels >= labelCount(zone.name); labels--) {
    const encloser = ancestorOf(name, labels);
    if (zone.nodes.has(encloser)) return zone.nodes.get(wildcardOf(encloser));
  }
  return undefined;
}

/** The child's NS set, with the addresses that this server knows of names in its own bailiwick. */
function referral(zone: Zone, child: Zone): ReplyParts {
  const records = child.nodes.get(child.name)?.get(TYPE.NS) ?? { ttl: 0, rdatas: [] };
  const authority = toRecords(child.name, TYPE.NS, records);
  const additional = addressesOf(records, [child, zone]);
  return { authoritative: false, rcode: RCODE.NOERROR, answer: [], authority, additional };
}

/** The addresses that the zones hold of the name servers: each from the first zone that its name lies in. */
function addressesOf(records: TreeRecords, zones: readonly Zone[]): ResourceRecord[] {
  return records.rdatas.flatMap((rdata) => {
    const nameServer = nameInRdata(rdata);
    const holder = zones.find((zone) => isSubdomainOf(nameServer, zone.name));
    return [TYPE.A, TYPE.AAAA].flatMap((type) => {
      const addresses = holder?.nodes.get(nameServer)?.get(type);
      return addresses ? toRecords(nameServer, type, addresses) : [];
    });
  });
}

function soaOf(zone: Zone): ResourceRecord[] {
  const soa = zone.nodes.get(zone.name)?.get(TYPE.SOA);
  return soa ? toRecords(zone.name, TYPE.SOA, soa) : [];
}

function toRecords(name: Name, type: number, { ttl, rdatas }: TreeRecords): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name, type, class: CLASS.IN, ttl, rdata }));
}

/** What is true of a question in the whole tree under `root`; `endless`: its aliases lead back or go on too long. */
export interface Truth {
  readonly rcode: number;
  readonly answer: readonly ResourceRecord[];
  readonly links: number;
  readonly endless: boolean;
}

/** Follows delegations and aliases from the root. */
export function truthOf(root: Zone, question: { readonly name: Name; readonly type: number }): Truth {
  const answer: ResourceRecord[] = [];
  let { name } = question;
  for (let links = 0; links < aliasLinksMax; links++) {
    const zone = holderOf(root, name, question.type);
    const parts = lookUp(zone, name, question.type);
    answer.push(...parts.answer);
    const alias = parts.answer.find((record) => record.type === TYPE.CNAME && record.name === name);
    if (alias === undefined || question.type === TYPE.CNAME)
      return { rcode: parts.rcode, answer, links, endless: false };
    name = nameInRdata(alias.rdata);
  }
  return { rcode: RCODE.SERVFAIL, answer: [], links: aliasLinksMax, endless: true };
}

/** The zone that holds a name. */
function holderOf(root: Zone, name: Name, type: number): Zone {
  let zone = root;
  for (let labels = 1; labels <= labelCount(name); labels++) {
    const above = ancestorOf(name, labels);
    const child = zone.cuts.get(above);
    if (child && !(type === TYPE.DS && above === name)) zone = child;
  }
  return zone;
}
