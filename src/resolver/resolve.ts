// One client question, from its name to the end of its alias chain.

import type { ExtendedError } from '../wire/message.ts';
import { findReported, fromHost } from './answer.ts';
import { type Chain, extendChain, startChain } from './chain.ts';
import type { Found, FoundFailure } from './found.ts';
import { iterate } from './iterate.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';
import { validate } from './validate.ts';

/** Resolves the client's question: host, records, then the network for each link that is not in memory. */
export function resolve(scope: Scope, lookup: Lookup): Promise<Resolution> {
  const host = fromHost(scope, lookup);
  return host === undefined
    ? walkChain(scope, lookup, startChain(lookup.name, lookup.type), true)
    : Promise.resolve(host);
}

/** `validated`: false for what only the walk itself uses. */
async function walkChain(scope: Scope, lookup: Lookup, chain: Chain, validated: boolean): Promise<Resolution> {
  // The chain bounds its links: each pass adds one or ends it.
  for (;;) {
    const link = chain.current === lookup.name ? lookup : { ...lookup, name: chain.current };
    // Records are the word of the zone that has the name: of its parent's they tell nothing.
    const cached = link.cut === undefined ? findReported(scope, link, link.name, link.type, validated) : undefined;
    const first = cached ?? (await iterate(scope, link, find));
    const found = validated ? await validateOrRetry(scope, link, first) : first;
    const resolution = extendChain(scope, lookup, chain, found);
    if (resolution !== undefined) return resolution;
  }
}

/** DS and DNSKEY for the chain of trust, from records or the network, as they are. */
function findLink(scope: Scope, link: Lookup): Promise<Found> {
  const known = findReported(scope, link, link.name, link.type, false);
  return known === undefined ? iterate(scope, link, find) : Promise.resolve(known);
}

/** RFC 4035, 5.5 leaves it to us: bogus data are asked for again, of other servers, before they count as bogus. */
async function validateOrRetry(scope: Scope, link: Lookup, first: Found): Promise<Found> {
  let found = first;
  // Each pass spends a retry of the budget, but for one that asks in full.
  for (;;) {
    const judged = await validate(scope, link, found, findLink);
    if (isBeside(judged, link)) {
      found = await iterate(scope, link, find, false);
      if (found.kind === 'failure') return found;
      continue;
    }
    if (judged.kind !== 'failure' || !isDoubtful(judged, found) || !scope.distrust(found)) return judged;
    const doubted = found;
    found = await iterate(scope, link, find);
    // What cannot be asked again stays as bogus as it was, and is remembered so (RFC 4035, 4.7).
    if (found.kind === 'failure') {
      if (judged.reason === 'bogus') keepBogus(scope, doubted, judged.extendedErrors[0]);
      return judged;
    }
  }
}

/**
 * Whether what was said not to exist does, without a type that nobody asked for: an ancestor of the name, or the name for
 * another question. That says nothing of this one, which is asked in full then.
 */
function isBeside(found: Found, { name, type }: Lookup): boolean {
  if (found.kind !== 'denial' || found.entry.kind === 'nxdomain') return false;
  return found.entry.name !== name || found.entry.type !== type;
}

function keepBogus(scope: Scope, found: Found, why: ExtendedError | undefined): void {
  if (found.kind === 'failure') return;
  const entries = found.kind === 'records' ? found.entries : [found.entry];
  for (const entry of entries) scope.upgrade(entry, 'bogus', Number.POSITIVE_INFINITY, why);
}

/** Bogus data, and unsigned data of which nobody could say whether they may be: another server may have signed ones. */
function isDoubtful(judged: FoundFailure, found: Found): boolean {
  if (judged.reason === 'bogus') return true;
  const unsigned = found.kind === 'records' && found.entries.every((entry) => entry.rrset.signatures.length === 0);
  return unsigned && judged.reason === 'servers-failed';
}

/**
 * Resolves a name server's address for a walk. Host data has no say in it. It never waits on keys: what it finds is
 * used as glue is, unvalidated, and reaches no client by this way.
 */
export function find(scope: Scope, lookup: Lookup): Promise<Resolution> {
  return walkChain(scope, lookup, startChain(lookup.name, lookup.type), false);
}
