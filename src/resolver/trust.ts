// The chain of trust: which zones are secure, and with which keys, from the anchors down (RFC 4035, 5).

import { type Trust, usableTrust, verifyKeys } from '../dnssec/delegation.ts';
import type { ExtendedError } from '../wire/message.ts';
import { ancestorOf, labelCount, type Name, nameToText, parentOf, ROOT } from '../wire/name.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { Checks } from './checks.ts';
import { fail, withinDeadline } from './failure.ts';
import type { Found, FoundFailure } from './found.ts';
import { LOOK, type WaitFor } from './journal.ts';
import { bogusStatus, INSECURE_TTL, insecureStatus, judgeDs, judgeFound, judgeNoDs } from './judge-ds.ts';
import { keysFailure, keysUnfetched, noKeys, noteKeysFailure } from './keys-failure.ts';
import type { Lookup, Scope } from './scope.ts';
import { statusTag, type TrustState, type ZoneStatus } from './zone-status.ts';

/** Asks for one name and type without validating: resolve.ts, handed in so that imports run one way. */
export type FindLink = (scope: Scope, lookup: Lookup) => Promise<Found>;

/**
 * The status of the deepest zone at or above `target` that the chain of trust can tell of: the first that is not secure,
 * or the zone that holds `target`. A failure means that it could not be found out (a network's fault, or a bound).
 */
export async function zoneStatus(
  scope: Scope,
  lookup: Lookup,
  trust: TrustState,
  target: Name,
  findLink: FindLink,
): Promise<ZoneStatus | FoundFailure> {
  const top = topStatus(scope, trust, target);
  let status = typeof top === 'string' ? await shared(scope, lookup, trust, undefined, top, findLink) : top;
  // One label further down each time.
  for (let labels = status.kind === 'failure' ? 0 : labelCount(status.zone) + 1; ; labels++) {
    if (status.kind !== 'secure' || labels > labelCount(target)) return status;
    const next = await shared(scope, lookup, trust, status, ancestorOf(target, labels), findLink);
    if (next.kind !== 'inside') status = next;
  }
}

/** The deepest status known at or above `target` to start from, by a negative anchor or kept, or the name of an anchor. */
function topStatus(scope: Scope, trust: TrustState, target: Name): ZoneStatus | Name {
  for (let name = target; ; name = parentOf(name)) {
    const negative = negativeStatus(scope, trust, name);
    if (negative !== undefined) return negative;
    const kept = scope.read(LOOK.status, trust.zones.get(name, statusTag, scope.nowMs()), name);
    if (kept !== undefined && kept.kind !== 'inside') return kept;
    if (trust.anchors.has(name)) return name;
    if (name === ROOT) break;
  }
  return { kind: 'insecure', zone: target, why: undefined, expiresAtMs: scope.nowMs() + INSECURE_TTL * 1000 };
}

function negativeStatus(scope: Scope, trust: TrustState, name: Name): ZoneStatus | undefined {
  const negative = trust.negativeAnchors.get(name);
  if (negative === undefined) return undefined;
  const { untilSeconds = Number.POSITIVE_INFINITY, reason } = negative;
  const left = untilSeconds - scope.wallSeconds();
  if (left <= 0) return undefined;
  const text = `negative trust anchor at ${nameToText(name)}${reason === undefined ? '' : `: ${reason}`}`;
  const anchorEndsAtMs = scope.nowMs() + left * 1000;
  return {
    kind: 'insecure',
    zone: name,
    why: { code: EDE.other, text },
    expiresAtMs: Number.POSITIVE_INFINITY,
    anchorEndsAtMs,
  };
}

const STATUS: WaitFor<'status', Name> = { kind: 'status', key: nameToText, kept: (status) => status };

/** Finds a status out once for all that want it at the same time, and keeps it. */
async function shared(
  scope: Scope,
  lookup: Lookup,
  trust: TrustState,
  parent: (ZoneStatus & { readonly kind: 'secure' }) | undefined,
  name: Name,
  findLink: FindLink,
): Promise<ZoneStatus | FoundFailure> {
  const negative = negativeStatus(scope, trust, name);
  if (negative !== undefined) return negative;
  const kept = scope.read(LOOK.status, trust.zones.get(name, statusTag, scope.nowMs()), name);
  if (kept !== undefined) return kept;
  const running = scope.wait(STATUS, trust.inFlight.get(name), name);
  if (running !== undefined) {
    const status = await withinDeadline(scope, running);
    if (status === undefined) return fail('timeout', `the keys of ${nameToText(name)} were not known in time`);
    // A joiner whose starter ran out of budget finds out for itself, unshared.
    if (status.kind !== 'failure' || (status.reason !== 'limit' && status.reason !== 'timeout')) return status;
    return statusOf(scope, lookup, trust, parent, name, findLink);
  }
  // RFC 9520, 3.2: keys that could not be fetched a moment ago are not asked for by every name of the zone.
  const failed = keysFailure(scope, name);
  if (failed !== undefined) {
    return { kind: 'failure', reason: 'servers-failed', extendedErrors: failed.extendedErrors };
  }
  const { anchors } = trust;
  const started = { work: statusOf(scope, lookup, trust, parent, name, findLink), by: scope };
  trust.inFlight.set(name, started);
  try {
    const status = await started.work;
    // What was found by anchors that were replaced meanwhile serves this question alone.
    if (status.kind === 'failure') noteKeysFailure(scope, name, status);
    else if (trust.anchors === anchors) trust.zones.set(name, statusTag, status, status.expiresAtMs);
    return status;
  } finally {
    if (trust.inFlight.get(name) === started) trust.inFlight.delete(name);
  }
}

async function statusOf(
  scope: Scope,
  lookup: Lookup,
  trust: TrustState,
  parent: (ZoneStatus & { readonly kind: 'secure' }) | undefined,
  name: Name,
  findLink: FindLink,
): Promise<ZoneStatus | FoundFailure> {
  const anchor = trust.anchors.get(name);
  const checks = new Checks(scope, lookup, trust);
  const status =
    anchor !== undefined || parent === undefined
      ? await keysOf(scope, lookup, checks, anchor ?? { zone: name, ds: [], keys: [] }, findLink)
      : await statusBelow(scope, lookup, checks, parent, name, findLink);
  if (scope.observer && status.kind !== 'failure' && status.kind !== 'inside') {
    const { kind: security } = status;
    const why = status.kind === 'secure' ? 'the chain of trust reaches its keys' : (status.why?.text ?? 'no anchor');
    const code = status.kind === 'secure' || status.why === undefined ? {} : { code: status.why.code };
    const atSeconds = checks.context.nowSeconds;
    scope.emit(lookup, { kind: 'validated', name, type: TYPE.DNSKEY, security, zone: name, why, ...code, atSeconds });
  }
  return status;
}

/** The status of `name` by what its parent zone says of DS there: from the referral, else by asking. */
async function statusBelow(
  scope: Scope,
  lookup: Lookup,
  checks: Checks,
  parent: ZoneStatus & { readonly kind: 'secure' },
  name: Name,
  findLink: FindLink,
): Promise<ZoneStatus | FoundFailure> {
  const delegation = scope.delegation(name);
  let bogus: ZoneStatus | undefined;
  if (delegation !== undefined && delegation.dsExpiresAtMs > scope.nowMs()) {
    const { ds, dsProof, dsExpiresAtMs } = delegation;
    const told = await judgeDs(scope, checks, parent, name, ds, dsProof, dsExpiresAtMs);
    if (told.kind === 'insecure' || told.kind === 'failure') return told;
    if (told.kind === 'trust') {
      const status = await keysOf(scope, lookup, checks, told.trust, findLink, told.ttl);
      // Keys that do not match: the parent may have other DS by now.
      if (status.kind !== 'bogus') return status;
      bogus = status;
    }
  }
  const beside = scope.beside?.get(parent.zone);
  if (bogus === undefined && beside !== undefined) {
    // RFC 4035, 3.1.4: an alias that leads below an unsigned cut came with the proof that there is no DS.
    const told = await judgeNoDs(scope, checks, parent, name, beside.proof, beside.expiresAtMs);
    if (told.kind !== 'bogus') return told;
  }
  // RFC 4035, 5.2: DS is asked of the parent. Once more elsewhere before it counts as bogus.
  for (let attempt = 0; attempt <= scope.shared.options.limits.bogusRetries; attempt++) {
    const found = await findLink(scope, scope.subLookup(lookup, name, TYPE.DS));
    if (found.kind === 'failure') return bogus ?? found;
    const told = await judgeFound(scope, checks, parent, name, found);
    if (told.kind === 'trust') {
      const status = await keysOf(scope, lookup, checks, told.trust, findLink, told.ttl);
      // RFC 4035, 5.5: keys that were bogus and cannot be had again stay bogus.
      return status.kind === 'failure' ? (bogus ?? status) : status;
    }
    if (told.kind !== 'bogus') return told;
    bogus = told;
    if (!scope.distrust(found)) break;
  }
  return bogus as ZoneStatus;
}

/** The zone's keys, as its own servers give them, judged by what vouches for them. */
async function keysOf(
  scope: Scope,
  lookup: Lookup,
  checks: Checks,
  trust: Trust,
  findLink: FindLink,
  ttl: number = Number.POSITIVE_INFINITY,
): Promise<ZoneStatus | FoundFailure> {
  const { zone } = trust;
  const usable = usableTrust(trust, checks.context.support);
  if (usable.kind === 'insecure') return insecureStatus(scope, zone, usable, Math.min(ttl, INSECURE_TTL));
  let why: ExtendedError | undefined;
  for (let attempt = 0; attempt <= scope.shared.options.limits.bogusRetries; attempt++) {
    const found = await findLink(scope, scope.subLookup(lookup, zone, TYPE.DNSKEY));
    // RFC 4035, 5.5 leaves it open; keys that cannot be fetched are a failure of the network, not a forgery.
    if (found.kind === 'failure') {
      return why === undefined ? keysUnfetched(zone, found) : bogusStatus(scope, zone, why);
    }
    why = noKeys(zone);
    const entry = found.kind === 'records' ? found.entries[0] : undefined;
    if (entry !== undefined) {
      const verdict = await checks.run(verifyKeys(entry.rrset, trust, checks.context));
      if (verdict.kind === 'failure') return verdict;
      if (verdict.kind === 'insecure') return insecureStatus(scope, zone, verdict, ttl);
      if (verdict.kind === 'secure') {
        const seconds = Math.min(ttl, verdict.ttl);
        scope.upgrade(entry, 'secure', verdict.ttl, undefined);
        return { kind: 'secure', zone, keys: verdict.keys, expiresAtMs: scope.nowMs() + seconds * 1000 };
      }
      why = verdict.why;
    }
    if (!scope.distrust(found)) break;
  }
  return bogusStatus(scope, zone, why ?? noKeys(zone));
}
