// Runs cryptographic checks: each is paid from the budget, and the thread is yielded between them.

import type { LimitName } from '../base/limits.ts';
import type { DenialOptions } from '../dnssec/denial.ts';
import type { ZoneKeys } from '../dnssec/keys.ts';
import { type Candidate, defaultSkew, type SecureRRset, type VerifyContext, verifyRRset } from '../dnssec/verify.ts';
import type { ExtendedError } from '../wire/message.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE } from '../wire/types.ts';
import { failLimit } from './failure.ts';
import type { FoundFailure } from './found.ts';
import type { WaitFor } from './journal.ts';
import type { Lookup, Scope } from './scope.ts';
import { signerOf } from './signer.ts';
import type { TrustState } from './zone-status.ts';

/** NSEC and NSEC3 RRsets of one response. */
export interface Proofs {
  readonly secure: readonly SecureRRset[];
  /** What is wrong with the first that is not secure. */
  readonly fault: ExtendedError | undefined;
}

/**
 * Why nothing was proven. RFC 8914, 4.13: missing is what was not given; what was given and did not verify is told with
 * its own fault.
 */
export function whyUnproven(why: ExtendedError, { fault }: Proofs): ExtendedError {
  return why.code === EDE.nsecMissing && fault !== undefined ? fault : why;
}

/** The checks of one lookup. */
export class Checks {
  readonly #scope: Scope;
  readonly #lookup: Lookup;
  /** What dnssec/ needs beside the data. */
  readonly context: VerifyContext;
  /** Bounds of proofs: the hashes left to the client question. */
  readonly denialOptions: DenialOptions;

  constructor(scope: Scope, lookup: Lookup, trust: TrustState) {
    const { limits } = scope.shared.options;
    this.#scope = scope;
    this.#lookup = lookup;
    this.context = {
      support: trust.support,
      imported: trust.imported,
      verified: trust.verified,
      limits,
      nowSeconds: scope.wallSeconds(),
      skew: defaultSkew,
    };
    this.denialOptions = { meter: scope.budget.nsec3Meter, nsec3IterationsMax: limits.nsec3Iterations };
  }

  /** Runs a verification to its end, or to the end of the budget. */
  async run<T>(steps: Generator<Candidate, T, void>): Promise<T | FoundFailure> {
    const { pacer } = this.#scope.shared;
    for (;;) {
      const step = pacer.run(() => steps.next());
      if (step.done) return step.value;
      if (!this.#scope.budget.spend('signatureChecks')) return this.spent('signatureChecks');
      const work = pacer.admit();
      const turn = this.#scope.wait(TURN, work && { work, by: undefined }, undefined);
      if (turn !== undefined) {
        await turn;
        this.#scope.goOn();
      }
    }
  }

  /**
   * Sorts out which of `rrsets` keys of their zone signed, of at most {@link PROOFS_MAX}; the rest proves nothing. What
   * another zone signed is no fault: an alias leads from zone to zone, and one response may hold the proofs of several.
   */
  async proofs(rrsets: readonly RRset[], keys: ZoneKeys): Promise<Proofs | FoundFailure> {
    const secure: SecureRRset[] = [];
    let fault: ExtendedError | undefined;
    const own = rrsets.filter((rrset) => (signerOf(rrset) ?? keys.zone) === keys.zone);
    for (const rrset of own.slice(0, PROOFS_MAX)) {
      const verdict = await this.run(verifyRRset(rrset, keys, this.context));
      if (verdict.kind === 'failure') return verdict;
      if (verdict.kind === 'secure') secure.push(verdict);
      else fault ??= verdict.why;
    }
    return { secure, fault };
  }

  /** The failure of a spent budget: neither secure nor bogus, but not found out (RFC 8914, 4.6). */
  spent(limit: LimitName): FoundFailure {
    this.#scope.exhaust(this.#lookup, limit);
    const failure = failLimit(limit, this.#scope.shared.options.limits[limit]);
    const extendedErrors = failure.extendedErrors.map(({ text }) => ({ code: EDE.dnssecIndeterminate, text }));
    return { ...failure, extendedErrors };
  }
}

const TURN: WaitFor<'turn', undefined> = { kind: 'turn', key: () => '', kept: () => undefined };

/** NSEC and NSEC3 RRsets checked of one response: a proof needs four at most, twice that while parameters change. */
const PROOFS_MAX = 8;
