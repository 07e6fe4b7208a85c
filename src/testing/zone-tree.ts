// A tree of zones in memory, signed or not: what honest authoritative servers say of it, and what is true of a name.

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
import { nameInRdata, readSoa } from '../wire/rdata.ts';
import { CLASS, OPCODE, RCODE, TYPE } from '../wire/types.ts';
import { DenialChain, type Denied } from './zone-denial.ts';
import type { ZoneSigner } from './zone-signer.ts';

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
  /** Set by {@link signZone}. */
  signed: { readonly signer: ZoneSigner; readonly denial: DenialChain } | undefined;
  /** Whether the chain of trust from the root reaches it. */
  secure: boolean;
}

/** Names looked through along one alias chain before it counts as endless. */
const aliasLinksMax = 64;

/** An empty zone. */
export function makeZone(name: Name): Zone {
  return { name, nodes: new Map([[name, new Map()]]), cuts: new Map(), signed: undefined, secure: false };
}

/** Adds records, and the empty non-terminals above them. */
export function addRecords(zone: Zone, name: Name, type: number, records: TreeRecords): void {
  for (let labels = labelCount(name); labels >= labelCount(zone.name); labels--) {
    const above = ancestorOf(name, labels);
    if (!zone.nodes.has(above)) zone.nodes.set(above, new Map());
  }
  zone.nodes.get(name)?.set(type, records);
}

/** Signs a zone that is complete, the DS of its children included. */
export function signZone(zone: Zone, signer: ZoneSigner, nsec3: boolean): void {
  addRecords(zone, zone.name, TYPE.DNSKEY, { ttl: 3600, rdatas: [signer.dnskey] });
  const soa = zone.nodes.get(zone.name)?.get(TYPE.SOA);
  const minimum = soa?.rdatas[0] ? readSoa(soa.rdatas[0]).minimum : 0;
  // RFC 9077, 3: the lesser of SOA TTL and MINIMUM.
  zone.signed = { signer, denial: new DenialChain(zone, nsec3, Math.min(soa?.ttl ?? 0, minimum)) };
}

/** What a server of `zones` replies to a question; undefined: it serves no zone that holds the name. */
export function authoritativeReply(query: Message, zones: readonly Zone[]): Message | undefined {
  const question = query.questions[0];
  if (question === undefined) return undefined;
  const zone = zoneFor(question, zones);
  if (zone === undefined) return undefined;
  const parts = lookUp(zone, question.name, question.type, query.edns?.dnssecOk === true);
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

/** RFC 1034, 4.3.2 and RFC 4035, 3.1, within one zone. */
function lookUp(zone: Zone, name: Name, type: number, dnssecOk: boolean): ReplyParts {
  const plain = { authoritative: true, rcode: RCODE.NOERROR, answer: [], authority: [], additional: [] };
  for (let labels = labelCount(zone.name) + 1; labels <= labelCount(name); labels++) {
    const above = ancestorOf(name, labels);
    const child = zone.cuts.get(above);
    if (child && !(type === TYPE.DS && above === name)) return referral(zone, child, dnssecOk);
    const dname = above === name ? undefined : zone.nodes.get(above)?.get(TYPE.DNAME);
    if (dname) return { ...plain, ...throughDname(zone, name, above, dname, dnssecOk) };
  }
  const exact = zone.nodes.get(name);
  const encloser = closestEncloser(zone, name);
  const found = exact ?? zone.nodes.get(wildcardOf(encloser));
  const denial = (what: Denied): ResourceRecord[] => denialRecords(zone, what, name, encloser, dnssecOk);
  if (found === undefined) {
    return { ...plain, rcode: RCODE.NXDOMAIN, authority: [...soaOf(zone, dnssecOk), ...denial('name')] };
  }
  const answeredType = found.has(type) ? type : TYPE.CNAME;
  const records = found.get(answeredType);
  if (records === undefined) {
    return { ...plain, authority: [...soaOf(zone, dnssecOk), ...denial(exact ? 'type' : 'wildcard-type')] };
  }
  const source = exact ? name : wildcardOf(encloser);
  return {
    ...plain,
    answer: signedRecords(zone, name, answeredType, records, dnssecOk, source),
    authority: exact ? [] : denial('wildcard-answer'),
    additional: answeredType === TYPE.NS ? addressesOf(records, [zone]) : [],
  };
}

function throughDname(
  zone: Zone,
  name: Name,
  owner: Name,
  dname: TreeRecords,
  dnssecOk: boolean,
): Pick<ReplyParts, 'rcode' | 'answer'> {
  const answer = signedRecords(zone, owner, TYPE.DNAME, dname, dnssecOk);
  const target = replaceSuffix(name, owner, nameInRdata(dname.rdatas[0] as Uint8Array));
  // RFC 6672, 2.2: too long a name is YXDOMAIN.
  if (target === undefined) return { rcode: RCODE.YXDOMAIN, answer };
  const cname = { ttl: dname.ttl, rdatas: [nameOctets(target)] };
  return { rcode: RCODE.NOERROR, answer: [...answer, ...toRecords(name, TYPE.CNAME, cname)] };
}

/** RFC 4592, 3.3.1: the deepest name above this one that exists; the name itself if it does. */
function closestEncloser(zone: Zone, name: Name): Name {
  for (let labels = labelCount(name); labels > labelCount(zone.name); labels--) {
    const above = ancestorOf(name, labels);
    if (zone.nodes.has(above)) return above;
  }
  return zone.name;
}

/** The child's NS set, DS or the proof that there is none, and the addresses of servers in this bailiwick. */
function referral(zone: Zone, child: Zone, dnssecOk: boolean): ReplyParts {
  const records = child.nodes.get(child.name)?.get(TYPE.NS) ?? { ttl: 0, rdatas: [] };
  const ds = zone.nodes.get(child.name)?.get(TYPE.DS);
  const security = ds
    ? signedRecords(zone, child.name, TYPE.DS, ds, dnssecOk)
    : denialRecords(zone, 'type', child.name, child.name, dnssecOk);
  return {
    authoritative: false,
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [...toRecords(child.name, TYPE.NS, records), ...(dnssecOk ? security : [])],
    additional: addressesOf(records, [child, zone]),
  };
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

function soaOf(zone: Zone, dnssecOk: boolean): ResourceRecord[] {
  const soa = zone.nodes.get(zone.name)?.get(TYPE.SOA);
  return soa ? signedRecords(zone, zone.name, TYPE.SOA, soa, dnssecOk) : [];
}

function denialRecords(zone: Zone, what: Denied, name: Name, encloser: Name, dnssecOk: boolean): ResourceRecord[] {
  if (!dnssecOk || zone.signed === undefined) return [];
  const proofs = zone.signed.denial.prove(what, name, encloser);
  return proofs.flatMap(({ owner, type, records }) => signedRecords(zone, owner, type, records, dnssecOk));
}

/** Records and, for those who ask for it, their signature; `source`: the wildcard that they were made from. */
function signedRecords(
  zone: Zone,
  name: Name,
  type: number,
  records: TreeRecords,
  dnssecOk: boolean,
  source: Name = name,
): ResourceRecord[] {
  const plain = toRecords(name, type, records);
  if (!dnssecOk || zone.signed === undefined) return plain;
  const rdata = zone.signed.signer.sign(source, type, records);
  return [...plain, { name, type: TYPE.RRSIG, class: CLASS.IN, ttl: records.ttl, rdata }];
}

function toRecords(name: Name, type: number, { ttl, rdatas }: TreeRecords): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name, type, class: CLASS.IN, ttl, rdata }));
}

/** What is true of a question in the whole tree under `root`. */
export interface Truth {
  readonly rcode: number;
  readonly answer: readonly ResourceRecord[];
  readonly links: number;
  /** Its aliases lead back or go on too long. */
  readonly endless: boolean;
  /** The chain of trust reaches every zone on the way. */
  readonly secure: boolean;
}

/** Follows delegations and aliases from the root. */
export function truthOf(root: Zone, question: { readonly name: Name; readonly type: number }): Truth {
  const answer: ResourceRecord[] = [];
  let secure = true;
  let { name } = question;
  for (let links = 0; links < aliasLinksMax; links++) {
    const zone = holderOf(root, name, question.type);
    secure &&= zone.secure;
    const parts = lookUp(zone, name, question.type, false);
    answer.push(...parts.answer);
    const alias = parts.answer.find((record) => record.type === TYPE.CNAME && record.name === name);
    if (alias === undefined || question.type === TYPE.CNAME) {
      return { rcode: parts.rcode, answer, links, endless: false, secure };
    }
    name = nameInRdata(alias.rdata);
  }
  return { rcode: RCODE.SERVFAIL, answer: [], links: aliasLinksMax, endless: true, secure };
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
