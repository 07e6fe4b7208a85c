// Keeps of a response what its server may speak of (bailiwick) and what belongs to the question; the rest is dropped.

import type { Limits } from '../base/limits.ts';
import type { ServerAddress } from '../base/ports.ts';
import { isSubdomainOf, type Name } from '../wire/name.ts';
import { nameInRdata } from '../wire/rdata.ts';
import type { ServerResponse } from '../wire/response.ts';
import type { RRset } from '../wire/rrset.ts';
import { CLASS, TYPE } from '../wire/types.ts';
import { dnameTarget } from './alias.ts';

/** A record that was not believed, and why. */
export interface Dropped {
  readonly rrset: RRset;
  readonly section: 'answer' | 'authority' | 'additional';
  readonly why: string;
}

/** What is left of a response. */
export interface Scrubbed {
  readonly server: ServerAddress;
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly recursionAvailable: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  /** The NS RRset that a server of the zone put beside an answer of its own: it does not replace the parent's. */
  readonly zoneServers: RRset | undefined;
  /** A and AAAA of the name servers in `authority` (or in the answer to an NS question). */
  readonly glue: readonly RRset[];
  readonly dropped: readonly Dropped[];
}

/**
 * Cleans the response that a server of `zone` gave to a question for `name` and `type`. The same rules hold for
 * authoritative servers, stubs and forwarders: nothing from outside `zone` is kept, whoever says it.
 */
export function scrub(
  response: ServerResponse,
  server: ServerAddress,
  zone: Name,
  name: Name,
  type: number,
  limits: Limits,
): Scrubbed {
  const dropped: Dropped[] = [];
  const answer = scrubAnswer(response.answer.map(single), zone, name, type, limits, dropped);
  const last = answer.last;
  const answered = answer.kept.some((rrset) => rrset.type === type || type === TYPE.ANY);
  const beside = response.authority;
  const authority = scrubAuthority(beside, zone, last, answered, answer.kept.length > 0, dropped);
  const { additional } = response;
  const glue = additional.length === 0 ? [] : scrubGlue(additional, zone, [...authority, ...answer.kept], dropped);
  return {
    server,
    rcode: response.rcode,
    authoritative: response.authoritative,
    recursionAvailable: response.recursionAvailable,
    answer: answer.kept,
    authority,
    zoneServers: answered && response.authoritative ? beside.find((rrset) => isNsOf(rrset, zone)) : undefined,
    glue,
    dropped,
  };
}

/** Neither an answer nor anything that says why there is none. */
export function isBare({ answer, authority }: Scrubbed): boolean {
  return answer.length === 0 && authority.length === 0;
}

function isNsOf(rrset: RRset, zone: Name): boolean {
  return rrset.type === TYPE.NS && rrset.name === zone && rrset.class === CLASS.IN;
}

/** RFC 2181, 10.1 and RFC 6672, 2.4: a name has one CNAME or DNAME. Of more the first counts, and clients get no other. */
function single(rrset: RRset): RRset {
  if (rrset.rdatas.length < 2 || (rrset.type !== TYPE.CNAME && rrset.type !== TYPE.DNAME)) return rrset;
  return { ...rrset, rdatas: rrset.rdatas.slice(0, 1) };
}

/** Follows the alias chain within the section: only its links and the RRset at its end belong to the question. */
function scrubAnswer(
  section: readonly RRset[],
  zone: Name,
  name: Name,
  type: number,
  limits: Limits,
  dropped: Dropped[],
): { readonly kept: readonly RRset[]; readonly last: Name } {
  const kept: RRset[] = [];
  if (section.length === 0) return { kept, last: name };
  let current = name;
  for (let links = 0; links <= limits.aliasLinks; links++) {
    if (!isSubdomainOf(current, zone)) break;
    const alias = aliasAt(section, current, type, zone);
    // RFC 6672, 3.1: under a DNAME nothing else exists.
    const underDname = alias?.rrset.type === TYPE.DNAME;
    const here = underDname ? [] : section.filter((rrset) => rrset.name === current && wanted(rrset, type));
    // RFC 8482, 4.1: ANY may be answered with a part of what there is. Whole RRsets, in the order they came.
    const most = type === TYPE.ANY ? limits.anyRRsets : here.length;
    for (const rrset of here.slice(0, most)) if (!kept.includes(rrset)) kept.push(rrset);
    if (alias === undefined || here.some((rrset) => rrset.type === type)) break;
    if (!kept.includes(alias.rrset)) kept.push(alias.rrset);
    if (alias.target === undefined) break;
    current = alias.target;
  }
  for (const rrset of section) {
    if (kept.includes(rrset)) continue;
    const why = isSubdomainOf(rrset.name, zone) ? 'not part of the answer to this question' : 'outside the zone asked';
    const more = type === TYPE.ANY && rrset.name === name;
    dropped.push({ rrset, section: 'answer', why: more ? 'more RRsets than an answer to ANY may have' : why });
  }
  return { kept, last: current };
}

function wanted(rrset: RRset, type: number): boolean {
  return rrset.class === CLASS.IN && (rrset.type === type || type === TYPE.ANY);
}

/** The CNAME at `name`, or the DNAME above it; for a DNAME a CNAME beside it is left to be made anew (RFC 6672, 3.1). */
function aliasAt(
  section: readonly RRset[],
  name: Name,
  type: number,
  zone: Name,
): { rrset: RRset; target: Name | undefined } | undefined {
  for (const rrset of section) {
    if (rrset.type !== TYPE.DNAME || rrset.name === name || rrset.class !== CLASS.IN) continue;
    if (!isSubdomainOf(name, rrset.name) || !isSubdomainOf(rrset.name, zone)) continue;
    return { rrset, target: dnameTarget(rrset, name) };
  }
  if (type === TYPE.CNAME || type === TYPE.ANY) return undefined;
  const cname = section.find((rrset) => rrset.type === TYPE.CNAME && rrset.name === name && rrset.class === CLASS.IN);
  if (cname === undefined) return undefined;
  return { rrset: cname, target: nameInRdata(cname.rdatas[0] as Uint8Array) };
}

/** SOA, NS and denial proofs that speak of the question; NS beside an answer is never taken (promiscuous NS). */
function scrubAuthority(
  section: readonly RRset[],
  zone: Name,
  name: Name,
  answered: boolean,
  aliased: boolean,
  dropped: Dropped[],
): RRset[] {
  const kept: RRset[] = [];
  const hasSoa = section.some((rrset) => rrset.type === TYPE.SOA);
  for (const rrset of section) {
    const why = authorityFault(rrset, zone, name, answered, aliased, hasSoa);
    if (why === undefined) kept.push(rrset);
    else dropped.push({ rrset, section: 'authority', why });
  }
  return kept;
}

function authorityFault(
  rrset: RRset,
  zone: Name,
  name: Name,
  answered: boolean,
  aliased: boolean,
  hasSoa: boolean,
): string | undefined {
  if (rrset.class !== CLASS.IN) return 'class is not IN';
  switch (rrset.type) {
    case TYPE.NS:
      if (answered || aliased || hasSoa) return 'name servers beside an answer are not taken';
      // An NS above the zone asked is an upward referral: classify() must see it.
      return isSubdomainOf(name, rrset.name) ? undefined : 'no ancestor of the name asked';
    case TYPE.SOA:
      if (!isSubdomainOf(rrset.name, zone)) return 'outside the zone asked';
      return isSubdomainOf(name, rrset.name) ? undefined : 'no ancestor of the name asked';
    case TYPE.DS:
      if (!isSubdomainOf(rrset.name, zone)) return 'outside the zone asked';
      return isSubdomainOf(name, rrset.name) ? undefined : 'no ancestor of the name asked';
    case TYPE.NSEC:
    case TYPE.NSEC3:
      return isSubdomainOf(rrset.name, zone) ? undefined : 'outside the zone asked';
    default:
      return 'has no place in this section';
  }
}

/** Addresses of the name servers that this very response names, within the zone asked: sibling glue included. */
function scrubGlue(additional: readonly RRset[], zone: Name, kept: readonly RRset[], dropped: Dropped[]): RRset[] {
  const servers = new Set<Name>();
  for (const rrset of kept) {
    if (rrset.type === TYPE.NS) for (const rdata of rrset.rdatas) servers.add(nameInRdata(rdata));
  }
  const glue: RRset[] = [];
  for (const rrset of additional) {
    if (rrset.type !== TYPE.A && rrset.type !== TYPE.AAAA) continue;
    if (!servers.has(rrset.name)) {
      dropped.push({ rrset, section: 'additional', why: 'not the address of a name server of this response' });
    } else if (!isSubdomainOf(rrset.name, zone) || rrset.class !== CLASS.IN) {
      dropped.push({ rrset, section: 'additional', why: 'outside the zone asked' });
    } else {
      glue.push(rrset);
    }
  }
  return glue;
}
