// Why a resolution failed, as clients are told: each reason of the closed list and its extended error (RFC 8914).

import { type LimitName, limitTable } from '../base/limits.ts';
import type { Delegation } from '../cache/hierarchy.ts';
import type { ExtendedError } from '../wire/message.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { EDE, typeToText } from '../wire/types.ts';
import type { FoundFailure } from './found.ts';
import type { Lookup, Scope } from './scope.ts';
import type { FailureReason } from './types.ts';

/** Texts in extended errors stay short: a reply must fit a datagram. Octets. */
const TEXT_OCTETS_MAX = 200;

const CODES: { readonly [Reason in FailureReason]: number } = {
  'no-servers': EDE.noReachableAuthority,
  'servers-failed': EDE.noReachableAuthority,
  network: EDE.networkError,
  loop: EDE.other,
  limit: EDE.other,
  timeout: EDE.noReachableAuthority,
  'cached-failure': EDE.cachedError,
  bogus: EDE.dnssecBogus,
  sentinel: EDE.other,
  busy: EDE.notReady,
  closed: EDE.notReady,
};

/** A failure with its reason in a sentence. */
export function fail(reason: FailureReason, text: string): FoundFailure {
  return { kind: 'failure', reason, extendedErrors: [extendedError(reason, text)] };
}

/** The extended error of a reason. */
export function extendedError(reason: FailureReason, text: string): ExtendedError {
  return { code: CODES[reason], text: text.slice(0, TEXT_OCTETS_MAX) };
}

/** A failure for a bound that was reached; the text names it. */
export function failLimit(limit: LimitName, value: number): FoundFailure {
  return fail('limit', `limit reached: ${limit} (${value} ${limitTable[limit].unit})`);
}

/** Why work that may not go on has to stop, if it has to. */
export function stopReason(scope: Scope, lookup: Lookup): FoundFailure | undefined {
  const { limits } = scope.shared.options;
  if (scope.shared.closed) return fail('closed', 'the resolver is shutting down');
  if (scope.budget.left('upstreamQueries') <= 0) {
    scope.exhaust(lookup, 'upstreamQueries');
    return failLimit('upstreamQueries', limits.upstreamQueries);
  }
  if (scope.budget.remainingMs(scope.nowMs()) <= 0) {
    scope.exhaust(lookup, 'resolutionMs');
    return fail(
      'timeout',
      `no answer within ${limits.resolutionMs} ms while asking for ${describe(lookup.name, lookup.type)}`,
    );
  }
  return undefined;
}

/** The failure of a lookup for which no server of a zone is left to ask; `troubles` says what each of them did. */
export function giveUp(
  scope: Scope,
  delegation: Delegation,
  troubles: readonly string[],
  addresses: number,
  lookup: Lookup,
): FoundFailure {
  const { exhausted } = scope.budget;
  if (troubles.length === 0 && exhausted !== undefined)
    return failLimit(exhausted, scope.shared.options.limits[exhausted]);
  const zone = nameToText(delegation.zone);
  if (troubles.length === 0 && addresses > 0) {
    return fail(
      'servers-failed',
      `none of the ${addresses} known servers of ${zone} is of use: each has been asked often enough`,
    );
  }
  if (troubles.length === 0) {
    const servers = delegation.nameServers.slice(0, 3).map(nameToText).join(' ');
    return fail(
      'no-servers',
      `no address for the name servers of ${zone} (${servers}) while asking for ${describe(lookup.name, lookup.type)}`,
    );
  }
  const silent = troubles.every((trouble) => / (timeout|unreachable|E[A-Z]+)\b/.test(trouble));
  const told = `servers of ${zone}: ${[...new Set(troubles)].slice(-4).join(', ')}`;
  return fail(silent ? 'network' : 'servers-failed', told);
}

/** `www.example.com. A`, for texts. */
export function describe(name: Name, type: number): string {
  return `${nameToText(name)} ${typeToText(type)}`;
}

/** Waits for work that another question started, but not past this question's own deadline: then undefined. */
export async function withinDeadline<T>(scope: Scope, work: Promise<T>): Promise<T | undefined> {
  let cancel: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = scope.clock.after(scope.budget.remainingMs(scope.nowMs()), () => resolve(undefined));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
    scope.goOn();
  }
}
