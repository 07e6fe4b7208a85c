// Keys that could not be fetched: what is said of it, and that it is remembered for a moment.

import type { FailureEntry } from '../cache/entry.ts';
import type { ExtendedError } from '../wire/message.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { EDE, TYPE } from '../wire/types.ts';
import type { FoundFailure } from './found.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';

/** Whether the keys of `zone` could not be fetched a moment ago: kept as a failure of its DNSKEY, checking disabled. */
export function keysFailure(scope: Scope, zone: Name): FailureEntry | undefined {
  const failure = scope.shared.caches.records.failure(zone, TYPE.DNSKEY, true, scope.nowMs());
  return scope.read(LOOK.keysFailure, failure, zone);
}

/** Remembers that; what this question could not afford says nothing of the zone. */
export function noteKeysFailure(scope: Scope, zone: Name, { reason, extendedErrors }: FoundFailure): void {
  if (reason !== 'network' && reason !== 'servers-failed' && reason !== 'no-servers') return;
  const failure = { name: zone, type: TYPE.DNSKEY, checkingDisabled: true, reason, extendedErrors };
  scope.shared.caches.records.putFailure(failure, scope.nowMs());
}

/** The zone has no DNSKEY. */
export function noKeys(zone: Name): ExtendedError {
  return { code: EDE.dnskeyMissing, text: `${nameToText(zone)}: no DNSKEY` };
}

/** Why its keys could not be fetched, in words. */
export function keysMissing(zone: Name, failure: FoundFailure): string {
  return `keys of ${nameToText(zone)} could not be fetched: ${failure.extendedErrors[0]?.text ?? failure.reason}`;
}
