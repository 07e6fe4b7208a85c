// Answers from the layers that are in memory, without waiting: host first, then records, link by link.

import { RANK } from '../cache/entry.ts';
import type { HostAnswer } from '../cache/host.ts';
import type { Name } from '../wire/name.ts';
import { TYPE } from '../wire/types.ts';
import { cnameTarget, dnameTarget } from './alias.ts';
import { type Chain, extendChain } from './chain.ts';
import { extendedError } from './failure.ts';
import type { Found } from './found.ts';
import type { Lookup, Scope } from './scope.ts';
import { synthesise } from './synthesise.ts';
import type { Resolution } from './types.ts';
import { bogusFailure, needsValidation } from './validate.ts';

/** What the host layer says of the client's own question: files, local data, special names (step 2 of the notes). */
export function fromHost(scope: Scope, lookup: Lookup): Resolution | undefined {
  const { name, type } = lookup;
  const found = scope.host(name, type);
  if (scope.observer) {
    scope.emit(lookup, { kind: 'layer', layer: 'host', name, type, outcome: found === undefined ? 'miss' : 'hit' });
  }
  return found === undefined ? undefined : hostResolution(found);
}

function hostResolution(found: HostAnswer): Resolution {
  return {
    rcode: found.rcode,
    answer: found.answer,
    authority: found.authority,
    security: 'insecure',
    extendedErrors: [],
    authoritative: true,
    ttl: Math.min(...[...found.answer, ...found.authority].map((rrset) => rrset.ttl), HOST_TTL_MOST),
  };
}

/** Host data without a TTL of its own, a refusal for instance, is kept as briefly as this in the answers layer. */
const HOST_TTL_MOST = 60;

/** Follows the chain as far as the records layer reaches. Undefined: the network has to be asked for `chain.current`. */
export function fromRecords(scope: Scope, lookup: Lookup, chain: Chain): Resolution | undefined {
  // The chain itself bounds its links, so this loop ends.
  for (;;) {
    const name = chain.current;
    const found = findReported(scope, lookup, name, chain.type, true);
    if (found === undefined || needsValidation(scope, found)) return undefined;
    const resolution = extendChain(scope, lookup, chain, found);
    if (resolution !== undefined) return resolution;
  }
}

/**
 * What the records layer has, told to the observer. `forClient`: bogus data and failures of a moment ago are errors. The
 * walk itself, for addresses of name servers and for keys, reads data as they are, whoever asked for them before.
 */
export function findReported(
  scope: Scope,
  lookup: Lookup,
  name: Name,
  type: number,
  forClient: boolean,
): Found | undefined {
  const cached = findCached(scope, name, type);
  const found = forClient ? (judgedForClient(scope, cached) ?? failedBefore(scope, name, type)) : cached;
  if (scope.observer) reportLayer(scope, lookup, name, type, found);
  return found;
}

/** One name and type in the records layer: records, an alias, a denial, or what validated denials tell. */
function findCached(scope: Scope, name: Name, type: number): Found | undefined {
  const entry = type === TYPE.ANY ? undefined : scope.rrset(name, type);
  // RFC 2181, 5.4.1: what stood beside an answer never becomes one.
  if (entry !== undefined && entry.rank >= RANK.answer) return { kind: 'records', entries: [entry] };
  if (type !== TYPE.CNAME && type !== TYPE.ANY) {
    const cname = scope.rrset(name, TYPE.CNAME);
    if (cname !== undefined) return { kind: 'alias', entry: cname, target: cnameTarget(cname.rrset) };
  }
  const denial = scope.denial(name, type);
  if (denial !== undefined) return { kind: 'denial', entry: denial };
  const dname = scope.dnameAbove(name);
  if (dname !== undefined) return { kind: 'alias', entry: dname, target: dnameTarget(dname.rrset, name) };
  return type === TYPE.ANY ? undefined : synthesise(scope, name, type);
}

/** RFC 4035, 4.7: data known to be bogus are an error for a moment, but for clients that set CD. */
function judgedForClient(scope: Scope, found: Found | undefined): Found | undefined {
  if (found === undefined || found.kind === 'failure' || !scope.validates) return found;
  const entry = found.kind === 'records' ? found.entries[0] : found.entry;
  return entry?.security === 'bogus' ? bogusFailure(entry.why) : found;
}

/** RFC 9520, 3.2: what failed is not tried again at once. The first error says what the failure was. */
function failedBefore(scope: Scope, name: Name, type: number): Found | undefined {
  const failure = scope.failure(name, type);
  if (failure === undefined) return undefined;
  const seconds = Math.ceil((failure.expiresAtMs - scope.nowMs()) / 1000);
  const cached = extendedError('cached-failure', `failed a moment ago; asked again in ${seconds} s`);
  return { kind: 'failure', reason: 'cached-failure', extendedErrors: [...failure.extendedErrors, cached] };
}

function reportLayer(scope: Scope, lookup: Lookup, name: Name, type: number, found: Found | undefined): void {
  const common = { kind: 'layer', layer: 'records', name, type } as const;
  if (found === undefined) {
    scope.emit(lookup, { ...common, outcome: 'miss' });
    return;
  }
  const what = found.kind === 'records' ? 'rrset' : found.kind === 'denial' ? found.entry.kind : found.kind;
  const entry = found.kind === 'records' ? found.entries[0] : found.kind === 'failure' ? undefined : found.entry;
  // By the engine's clock: a reading of the resolution's own would be missing where nobody watches.
  const nowMs = scope.shared.options.clock.nowMs();
  const ttl = entry === undefined ? {} : { ttl: Math.ceil((entry.expiresAtMs - nowMs) / 1000) };
  scope.emit(lookup, { ...common, outcome: 'hit', what, ...ttl });
}
