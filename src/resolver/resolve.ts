// One client question, from its name to the end of its alias chain.

import { fromHost, fromRecords } from './answer.ts';
import { type Chain, extendChain, startChain } from './chain.ts';
import { iterate } from './iterate.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';

/** Resolves the client's question: host, records, then the network for each link that is not in memory. */
export async function resolve(scope: Scope, lookup: Lookup): Promise<Resolution> {
  return fromHost(scope, lookup) ?? (await walkChain(scope, lookup, startChain(lookup.name, lookup.type)));
}

async function walkChain(scope: Scope, lookup: Lookup, chain: Chain): Promise<Resolution> {
  // The chain bounds its links: each pass adds one or ends it.
  for (;;) {
    const known = fromRecords(scope, lookup, chain);
    if (known !== undefined) return known;
    const link = chain.current === lookup.name ? lookup : { ...lookup, name: chain.current };
    const found = await iterate(scope, link, find);
    const resolution = extendChain(scope, lookup, chain, found);
    if (resolution !== undefined) return resolution;
  }
}

/**
 * Resolves a name server's address for a walk. Host data has no say in it. It never waits on keys: what it finds is
 * used as glue is, unvalidated, and reaches no client by this way.
 */
export function find(scope: Scope, lookup: Lookup): Promise<Resolution> {
  return walkChain(scope, lookup, startChain(lookup.name, lookup.type));
}
