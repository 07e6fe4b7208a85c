// What one step of an alias chain finds, from the caches or from the network.

import type { DenialEntry, RecordEntry, Security } from '../cache/entry.ts';
import type { ExtendedError } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { FailureReason } from './types.ts';

/** Records of the name and type asked for; several RRsets only for QTYPE ANY. */
export interface FoundRecords {
  readonly kind: 'records';
  readonly entries: readonly RecordEntry[];
}

/** A CNAME at the name, or a DNAME above it. `target` undefined: the new name would be too long (YXDOMAIN). */
export interface FoundAlias {
  readonly kind: 'alias';
  readonly entry: RecordEntry;
  readonly target: Name | undefined;
  /** It is followed though the type CNAME was asked, as the server did. */
  readonly followed?: boolean;
}

/** The name or the type does not exist. */
export interface FoundDenial {
  readonly kind: 'denial';
  readonly entry: DenialEntry;
}

/** It could not be found out. */
export interface FoundFailure {
  readonly kind: 'failure';
  readonly reason: FailureReason;
  readonly extendedErrors: readonly ExtendedError[];
  readonly security?: Security;
}

/** One step's finding. */
export type Found = FoundRecords | FoundAlias | FoundDenial | FoundFailure;
