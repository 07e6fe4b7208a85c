// What a server of the parent zone says of a name server inside the child when it is asked for its address: glue.

import { RANK, type RecordEntry } from '../cache/entry.ts';
import { isSubdomainOf, type Name } from '../wire/name.ts';
import type { Classified } from './classify.ts';
import type { FoundRecords } from './found.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Scrubbed } from './scrub.ts';
import { keptTtl } from './store.ts';

/**
 * The glue in a response to a lookup above `cut`, perhaps none: an answer, or what stands beside the referral there. Not
 * kept in records: RFC 2181, 5.4.1 ranks it below all that could be given to a client. Undefined: somebody else is to be
 * asked, a zone further down or another server.
 */
export function glueIn(
  scope: Scope,
  { name, type }: Lookup,
  cut: Name,
  response: Scrubbed,
  outcome: Classified,
): FoundRecords | undefined {
  switch (outcome.kind) {
    case 'lame':
    case 'unusable':
      return undefined;
    case 'referral':
      if (!isSubdomainOf(outcome.zone, cut)) return undefined;
      break;
    default:
      // RFC 2181, 10.3: the name of a name server is no alias. A denial is the child's to give: no client sees this one.
      break;
  }
  const given = outcome.kind === 'answer' ? outcome.rrsets : response.glue;
  const entries = given
    .filter((rrset) => rrset.name === name && rrset.type === type)
    .map((rrset): RecordEntry => {
      const ttl = keptTtl(scope, rrset.ttl);
      const expiresAtMs = scope.nowMs() + ttl * 1000;
      const common = { kind: 'rrset', rank: RANK.glue, security: 'unchecked', zone: cut, proof: [] } as const;
      return { ...common, rrset: { ...rrset, ttl }, expiresAtMs };
    });
  return { kind: 'records', entries };
}
