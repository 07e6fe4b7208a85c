// The alias chain of one question: links gathered so far, and the resolution once its end is found.

import type { Security } from '../cache/entry.ts';
import type { ExtendedError } from '../wire/message.ts';
import { type Name, nameToText } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { RCODE, TYPE } from '../wire/types.ts';
import { synthesiseCname } from './alias.ts';
import { extendedError, failLimit } from './failure.ts';
import type { Found, FoundFailure } from './found.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';

/** A chain that is not at its end yet. */
export interface Chain {
  /** The name to look up next. */
  current: Name;
  readonly type: number;
  readonly answer: RRset[];
  readonly authority: RRset[];
  readonly extendedErrors: ExtendedError[];
  /** As many as aliasLinks allows, and one. */
  readonly seen: Name[];
  security: Security;
}

/** A chain at its first name. */
export function startChain(name: Name, type: number): Chain {
  return {
    current: name,
    type,
    answer: [],
    authority: [],
    extendedErrors: [],
    seen: [name],
    security: 'secure',
  };
}

/** Adds a finding to the chain. Gives the resolution when it ends the chain, undefined when another link follows. */
export function extendChain(scope: Scope, lookup: Lookup, chain: Chain, found: Found): Resolution | undefined {
  switch (found.kind) {
    case 'failure':
      return failed(found);
    case 'records': {
      for (const entry of found.entries) {
        chain.answer.push(aged(scope, entry.rrset, entry.expiresAtMs));
        for (const rrset of entry.proof) chain.authority.push(aged(scope, rrset, entry.expiresAtMs));
        weaken(chain, entry.security, entry.why);
      }
      return finished(chain, RCODE.NOERROR);
    }
    case 'denial': {
      const { entry } = found;
      if (entry.soa !== undefined) chain.authority.push(aged(scope, entry.soa, entry.expiresAtMs));
      for (const rrset of entry.proof) chain.authority.push(aged(scope, rrset, entry.expiresAtMs));
      weaken(chain, entry.security, entry.why);
      return finished(chain, entry.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR);
    }
    case 'alias':
      return followLink(scope, lookup, chain, found);
  }
}

function followLink(
  scope: Scope,
  lookup: Lookup,
  chain: Chain,
  { entry, target, followed = false }: Extract<Found, { kind: 'alias' }>,
): Resolution | undefined {
  const link = aged(scope, entry.rrset, entry.expiresAtMs);
  const synthesised = link.type === TYPE.DNAME;
  // One DNAME may make several links.
  if (!chain.answer.some(({ name, type }) => name === link.name && type === link.type)) chain.answer.push(link);
  for (const rrset of entry.proof) chain.authority.push(aged(scope, rrset, entry.expiresAtMs));
  weaken(chain, entry.security, entry.why);
  // RFC 6672, 2.2: a name that becomes too long is YXDOMAIN.
  if (target === undefined) return finished(chain, RCODE.YXDOMAIN);
  if (synthesised) {
    chain.answer.push(synthesiseCname(link, chain.current, target));
    if (chain.type === TYPE.CNAME && !followed) return finished(chain, RCODE.NOERROR);
  }
  if (scope.observer) scope.emit(lookup, { kind: 'alias', from: chain.current, to: target, synthesised });
  if (chain.seen.includes(target)) {
    const text = `alias loop: ${nameToText(chain.current)} leads back to ${nameToText(target)}`;
    // RFC 1034, 3.6.2: a loop is an error.
    return broken(chain, { kind: 'failure', reason: 'loop', extendedErrors: [extendedError('loop', text)] });
  }
  const { aliasLinks } = scope.shared.options.limits;
  if (chain.seen.length > aliasLinks) {
    scope.exhaust(lookup, 'aliasLinks');
    return broken(chain, failLimit('aliasLinks', aliasLinks));
  }
  chain.seen.push(target);
  chain.current = target;
  return undefined;
}

/** An error carries no records, but for a DNAME and what was made from it: RFC 6672, 3.1 wants that shown in all cases. */
function broken(chain: Chain, failure: FoundFailure): Resolution {
  const redirected = chain.answer.some(({ type }) => type === TYPE.DNAME);
  return redirected ? { ...failed(failure), answer: chain.answer } : failed(failure);
}

/** The RRset with the seconds that it has left. */
export function aged(scope: Scope, rrset: RRset, expiresAtMs: number): RRset {
  const left = Math.max(0, Math.ceil((expiresAtMs - scope.nowMs()) / 1000));
  return left >= rrset.ttl ? rrset : { ...rrset, ttl: left };
}

const STRENGTH: readonly Security[] = ['bogus', 'unchecked', 'indeterminate', 'insecure', 'secure'];

/** A chain is as secure as its weakest link. */
function weaken(chain: Chain, security: Security, why: ExtendedError | undefined): void {
  if (STRENGTH.indexOf(security) < STRENGTH.indexOf(chain.security)) chain.security = security;
  if (why !== undefined && !chain.extendedErrors.some(({ code, text }) => code === why.code && text === why.text)) {
    chain.extendedErrors.push(why);
  }
}

function finished(chain: Chain, rcode: number): Resolution {
  let ttl = Number.POSITIVE_INFINITY;
  for (const rrset of chain.answer) ttl = Math.min(ttl, rrset.ttl);
  for (const rrset of chain.authority) ttl = Math.min(ttl, rrset.ttl);
  return {
    rcode,
    answer: chain.answer,
    authority: withoutRepeats(chain.authority),
    security: chain.security === 'unchecked' ? 'indeterminate' : chain.security,
    extendedErrors: chain.extendedErrors,
    authoritative: false,
    ttl: ttl === Number.POSITIVE_INFINITY ? 0 : ttl,
  };
}

/** Links of one chain may carry the same proof. */
function withoutRepeats(rrsets: readonly RRset[]): RRset[] {
  return rrsets.filter(
    (rrset, i) => rrsets.findIndex((other) => other.name === rrset.name && other.type === rrset.type) === i,
  );
}

/** The SERVFAIL that a failure becomes (never a denial: "could not find out" is not "does not exist"). */
export function failed(failure: FoundFailure): Resolution {
  return {
    rcode: RCODE.SERVFAIL,
    answer: [],
    authority: [],
    security: failure.security ?? 'indeterminate',
    extendedErrors: failure.extendedErrors,
    authoritative: false,
    ttl: 0,
    failure: failure.reason,
  };
}
