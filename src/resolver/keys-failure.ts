// Keys that could not be fetched: what is said of it, and that it is remembered for a moment.

import type { FailureEntry } from '../cache/entry.ts';
import type { ExtendedError } from '../wire/message.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { fail } from './failure.ts';
import type { FoundFailure } from './found.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';
import type { FailureReason } from './types.ts';

/** Whether the keys of `zone` could not be fetched a moment ago: kept as a failure of its DNSKEY, checking disabled. */
export function keysFailure(scope: Scope, zone: Name): FailureEntry | undefined {
  const failure = scope.shared.caches.records.failure(zone, TYPE.DNSKEY, true, scope.nowMs());
  return scope.read(LOOK.keysFailure, failure, zone);
}

/** Remembers that; what this question could not afford says nothing of the zone. */
export function noteKeysFailure(scope: Scope, zone: Name, { reason, extendedErrors }: FoundFailure): void {
  if (!isOfServers(reason)) return;
  const failure = { name: zone, type: TYPE.DNSKEY, checkingDisabled: true, reason, extendedErrors };
  scope.shared.caches.records.putFailure(failure, scope.nowMs());
}

/** The zone has no DNSKEY. */
export function noKeys(zone: Name): ExtendedError {
  return { code: EDE.dnskeyMissing, text: `${nameToText(zone)}: no DNSKEY` };
}

/** Its keys could not be fetched: a fault of the network, and what that comes to (RFC 8914, 4.10). */
export function keysUnfetched(zone: Name, { reason, extendedErrors }: FoundFailure): FoundFailure {
  const why = extendedErrors[0]?.text ?? reason;
  const failure = fail(reason, `keys of ${nameToText(zone)} could not be fetched: ${why}`);
  const missing: ExtendedError = { code: EDE.dnskeyMissing, text: '' };
  return isOfServers(reason) ? { ...failure, extendedErrors: [...failure.extendedErrors, missing] } : failure;
}

/** Whether it is a fault of servers or of the way to them, and none of this question alone. */
function isOfServers(reason: FailureReason): boolean {
  return reason === 'network' || reason === 'servers-failed' || reason === 'no-servers';
}
