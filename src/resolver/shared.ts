// What all resolutions of one engine share: its options, its caches and what is in progress.

import type { LimitName } from '../base/limits.ts';
import type { PrefixSet } from '../base/prefix.ts';
import type { Answers } from '../cache/answers.ts';
import type { DenialRanges } from '../cache/denial-ranges.ts';
import type { Hierarchy, NamedAddress } from '../cache/hierarchy.ts';
import type { Host } from '../cache/host.ts';
import type { NameHash } from '../cache/name-hash.ts';
import type { Records } from '../cache/records.ts';
import type { FamilyHealth, Servers } from '../cache/servers.ts';
import type { Crowds } from './crowds.ts';
import type { Reply } from './exchange.ts';
import type { EngineOptions } from './options.ts';
import type { Pacer } from './pacer.ts';
import type { Candidate } from './select-server.ts';
import type { TrustState } from './zone-status.ts';

/** The caches of an engine, one field a layer (servers belong to the hierarchy). */
export interface Caches {
  /** What all that is kept by name is hashed with. */
  readonly names: NameHash;
  readonly answers: Answers;
  readonly host: Host;
  readonly records: Records;
  /** Beside `records`: what secure NSEC and NSEC3 deny. */
  readonly denialRanges: DenialRanges;
  readonly hierarchy: Hierarchy;
  readonly servers: Servers;
  readonly families: FamilyHealth;
}

/** Work in progress, and the question (its scope) that began it. */
export interface Running<T> {
  /** Undefined until its first step is done: nobody can join before. */
  work: Promise<T> | undefined;
  readonly by: unknown;
}

/** What all resolutions of one engine share. */
export interface Shared {
  readonly options: EngineOptions;
  /** Those of `home`. */
  readonly caches: Caches;
  /** Where they are kept: given empty ones when later options contradict what is being found by these. */
  readonly home: { caches: Caches };
  /** The servers at addresses that the hierarchy gave, as long as it gives the same: gathered once for many lookups. */
  readonly gathered: WeakMap<readonly NamedAddress[], readonly Candidate[]>;
  /** Prefixes never asked. */
  readonly denied: PrefixSet;
  /** Exchanges in flight, by server and question: identical ones are asked once. */
  readonly exchanges: Map<string, Running<Reply>>;
  /** The same, counted by zone and by server. */
  readonly crowds: Crowds;
  /** Undefined: nothing is validated. */
  readonly trust: TrustState | undefined;
  readonly pacer: Pacer;
  /** The priming question in flight. */
  priming: Running<undefined> | undefined;
  /** No priming before this moment (Clock.nowMs): the last one failed. */
  primeAgainMs: number;
  /** Times that each bound was reached. */
  readonly limitHits: Map<LimitName, number>;
  readonly closed: boolean;
}
