// What a scrubbed response means for the question: one of seven outcomes. Pure.

import { isSubdomainOf, type Name } from '../wire/name.ts';
import { nameInRdata } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { RCODE, rcodeToText, TYPE } from '../wire/types.ts';
import { cnameTarget, dnameTarget } from './alias.ts';
import type { Scrubbed } from './scrub.ts';

/** The outcome, with what of the response carries it. `why` is for people. */
export type Classified =
  | { readonly kind: 'answer'; readonly rrsets: readonly RRset[]; readonly why: string }
  | {
      readonly kind: 'alias';
      readonly rrset: RRset;
      readonly target: Name | undefined;
      /** The server followed it although the type CNAME was asked: see {@link followsCname}. */
      readonly followed: boolean;
      readonly why: string;
    }
  | {
      readonly kind: 'referral';
      readonly zone: Name;
      readonly ns: RRset;
      readonly ds: RRset | undefined;
      readonly dsProof: readonly RRset[];
      readonly why: string;
    }
  | {
      readonly kind: 'nodata' | 'nxdomain';
      readonly soa: RRset | undefined;
      readonly proof: readonly RRset[];
      readonly why: string;
    }
  /** `recurses`: not authoritative, but it offers recursion: of use when no other server is left. */
  | { readonly kind: 'lame'; readonly recurses: boolean; readonly why: string }
  | { readonly kind: 'unusable'; readonly why: string };

/** The question as it was put, and to whom. */
export interface Asked {
  readonly zone: Name;
  readonly name: Name;
  readonly type: number;
  /**
   * Whose word is taken without AA: `configured` servers (root hints, stubs), a `forwarder` that recurses for us, and a
   * server asked to recurse as a `lastResort`. Everybody else is an `authority` or lame.
   */
  readonly role: 'authority' | 'configured' | 'forwarder' | 'lastResort';
}

/** Judges a response in the order of Unbound's response_type_from_server(). */
export function classify(response: Scrubbed, asked: Asked): Classified {
  const { rcode } = response;
  // RFC 6672, 3.2: YXDOMAIN says that the name after DNAME substitution is too long; the DNAME is the answer.
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN && rcode !== RCODE.YXDOMAIN) {
    const why = `the server answers ${rcodeToText(rcode)}`;
    const refused = rcode === RCODE.REFUSED || rcode === RCODE.NOTAUTH;
    return refused ? { kind: 'lame', recurses: false, why } : { kind: 'unusable', why };
  }
  const positive = classifyAnswer(response, asked);
  if (positive !== undefined) return positive;
  const proof = response.authority.filter((rrset) => rrset.type === TYPE.NSEC || rrset.type === TYPE.NSEC3);
  const soa = response.authority.find((rrset) => rrset.type === TYPE.SOA);
  if (rcode === RCODE.YXDOMAIN) return { kind: 'unusable', why: 'YXDOMAIN without a DNAME' };
  if (rcode === RCODE.NXDOMAIN) return classifyNxdomain(response, asked, soa, proof);
  if (soa !== undefined) {
    const childSide = soa.name !== asked.zone && isSubdomainOf(soa.name, asked.zone);
    if (childSide || response.authoritative || asked.role !== 'authority' || !response.recursionAvailable) {
      return { kind: 'nodata', soa, proof, why: 'SOA and no record of this type' };
    }
    return ONLY_RECURSES;
  }
  return classifyNs(response, asked, proof);
}

const ONLY_RECURSES: Classified = { kind: 'lame', recurses: true, why: 'not authoritative: it only recurses' };

/** RFC 2181, 5.4.1: an answer without AA from a server that recurses is somebody else's word. */
function recursiveOnly(response: Scrubbed, asked: Asked): boolean {
  return asked.role === 'authority' && !response.authoritative && response.recursionAvailable;
}

function classifyAnswer(response: Scrubbed, asked: Asked): Classified | undefined {
  // RFC 6672, 3.1 and 5.3.1: under a DNAME nothing else exists; a CNAME beside it is made from it.
  for (const rrset of response.answer) {
    if (rrset.type !== TYPE.DNAME || rrset.name === asked.name || !isSubdomainOf(asked.name, rrset.name)) continue;
    if (recursiveOnly(response, asked)) return ONLY_RECURSES;
    const target = dnameTarget(rrset, asked.name);
    return { kind: 'alias', rrset, target, followed: followsCname(response, asked), why: 'a DNAME above this name' };
  }
  const followed = followsCname(response, asked);
  const rrsets = response.answer.filter(
    (rrset) => rrset.name === asked.name && (rrset.type === asked.type || asked.type === TYPE.ANY),
  );
  // RFC 6604, 3: an RCODE beside records is that of a later name.
  if (rrsets.length > 0 && !followed) {
    if (recursiveOnly(response, asked)) return ONLY_RECURSES;
    return { kind: 'answer', rrsets, why: 'records of this name and type' };
  }
  const cname = response.answer.find((rrset) => rrset.type === TYPE.CNAME && rrset.name === asked.name);
  if (cname === undefined || (asked.type === TYPE.CNAME && !followed)) return undefined;
  if (recursiveOnly(response, asked)) return ONLY_RECURSES;
  return { kind: 'alias', rrset: cname, target: cnameTarget(cname), followed, why: 'a CNAME at this name' };
}

/**
 * The question for type CNAME is answered by the CNAME (RFC 1034, 4.3.2 step 3a). There are servers that follow it all
 * the same, as an NXDOMAIN shows, which can only be its target's (RFC 6604, 3): then that denial is the answer they
 * mean, and it is asked for where it can be judged, as Unbound does.
 */
function followsCname({ rcode }: Scrubbed, { type }: Asked): boolean {
  return type === TYPE.CNAME && rcode === RCODE.NXDOMAIN;
}

function classifyNxdomain(
  response: Scrubbed,
  asked: Asked,
  soa: RRset | undefined,
  proof: readonly RRset[],
): Classified {
  if (recursiveOnly(response, asked) && soa === undefined) {
    return ONLY_RECURSES;
  }
  return { kind: 'nxdomain', soa, proof, why: soa === undefined ? 'NXDOMAIN without SOA' : 'NXDOMAIN with SOA' };
}

/** No answer and no SOA: the NS RRset decides between referral, NODATA and lame. */
function classifyNs(response: Scrubbed, asked: Asked, proof: readonly RRset[]): Classified {
  // A recursive server's empty answer without SOA proves nothing.
  if (asked.role === 'lastResort') return ONLY_RECURSES;
  const ns = response.authority.find((rrset) => rrset.type === TYPE.NS);
  if (ns === undefined) {
    if (recursiveOnly(response, asked)) return ONLY_RECURSES;
    return { kind: 'nodata', soa: undefined, proof, why: 'an empty answer' };
  }
  if (ns.name === asked.zone && (response.authoritative || asked.role === 'forwarder')) {
    return { kind: 'nodata', soa: undefined, proof, why: 'the zone itself, and no record of this type' };
  }
  if (ns.name === asked.zone || !isSubdomainOf(ns.name, asked.zone)) {
    return {
      kind: 'lame',
      recurses: false,
      why: ns.name === asked.zone ? 'refers to the zone itself' : 'refers upwards',
    };
  }
  // RFC 1034, 4.3.1: whoever recurses for us answers and never refers. Beside an empty answer that lacks its SOA some
  // forwarders name the servers that they had it from; Unbound takes it so, too. Where signatures are due it needs proof.
  if (asked.role === 'forwarder') {
    return { kind: 'nodata', soa: undefined, proof, why: 'an empty answer, with the servers that gave it' };
  }
  // RFC 4035, 3.1.4.1: DS lives above the cut, so a referral to the very name is the parent's "no DS".
  if (asked.type === TYPE.DS && ns.name === asked.name) {
    return { kind: 'nodata', soa: undefined, proof, why: 'a referral without DS' };
  }
  const ds = response.authority.find((rrset) => rrset.type === TYPE.DS && rrset.name === ns.name);
  return { kind: 'referral', zone: ns.name, ns, ds, dsProof: ds === undefined ? proof : [], why: 'a delegation' };
}

/** The names of an NS RRset, at most `most`, each once. */
export function nameServersOf(ns: RRset, most: number): Name[] {
  const names: Name[] = [];
  for (const rdata of ns.rdatas) {
    if (names.length >= most) break;
    const name = nameInRdata(rdata);
    if (!names.includes(name)) names.push(name);
  }
  return names;
}
