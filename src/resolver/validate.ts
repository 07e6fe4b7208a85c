// Judges what a lookup found, RRset by RRset, by the chain of trust: secure, insecure, bogus, or not to be found out.

import type { DenialEntry, RecordEntry } from '../cache/entry.ts';
import {
  type DenialVerdict,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcard,
  readDenial,
} from '../dnssec/denial.ts';
import { type SecureRRset, verifyRRset } from '../dnssec/verify.ts';
import type { ExtendedError } from '../wire/message.ts';
import { isSubdomainOf, type Name, nameToText, ROOT } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { Checks, type Proofs, whyUnproven } from './checks.ts';
import { describe } from './failure.ts';
import type { Found, FoundFailure } from './found.ts';
import { keepRanges, keepSoa, keepWildcard } from './keep-ranges.ts';
import type { Lookup, Scope } from './scope.ts';
import { holder, isAnchoredBelow, signerOf, zoneTarget } from './signer.ts';
import { type FindLink, zoneStatus } from './trust.ts';
import type { TrustState, ZoneStatus } from './zone-status.ts';

/**
 * A verdict on one entry. `ttl`: seconds that a secure one may be kept at most; `untilMs` (Clock.nowMs): an insecure one.
 * `proof`: what of the entry's is signed, where it is not all needed.
 */
type Verdict =
  | { readonly kind: 'secure'; readonly ttl: number; readonly proof?: readonly RRset[] }
  | { readonly kind: 'insecure'; readonly why: ExtendedError | undefined; readonly untilMs?: number | undefined }
  | { readonly kind: 'bogus'; readonly why: ExtendedError }
  | FoundFailure;

/** Whether a finding still has to be validated before a client who wants that may see it. */
export function needsValidation(scope: Scope, found: Found): boolean {
  if (!scope.validates || found.kind === 'failure') return false;
  if (found.kind === 'records') return found.entries.some((entry) => entry.security === 'unchecked');
  return found.entry.security === 'unchecked';
}

/** The finding with its security told, kept so in the cache. Bogus data become a failure that says why. */
export async function validate(scope: Scope, lookup: Lookup, found: Found, findLink: FindLink): Promise<Found> {
  const { trust } = scope.shared;
  if (trust === undefined || !needsValidation(scope, found)) return found;
  const validation = new Validation(scope, lookup, trust, findLink);
  switch (found.kind) {
    case 'failure':
      return found;
    case 'denial': {
      const entry = await validation.settleDenial(found.entry);
      return entry.kind === 'failure' ? entry : { ...found, entry };
    }
    case 'alias': {
      const entry = await validation.settle(found.entry, (one) => validation.records(one));
      return entry.kind === 'failure' ? entry : { ...found, entry };
    }
    case 'records': {
      const entries: RecordEntry[] = [];
      for (const one of found.entries) {
        const entry = await validation.settle(one, (unchecked) => validation.records(unchecked));
        if (entry.kind === 'failure') return entry;
        entries.push(entry);
      }
      return { ...found, entries };
    }
  }
}

/** The failure that bogus data become for a client that does not set CD (RFC 4035, 5.5). */
export function bogusFailure(why: ExtendedError | undefined): FoundFailure {
  const error = why ?? { code: EDE.dnssecBogus, text: '' };
  return { kind: 'failure', reason: 'bogus', extendedErrors: [error], security: 'bogus' };
}

class Validation {
  readonly #scope: Scope;
  readonly #lookup: Lookup;
  readonly #trust: TrustState;
  readonly #findLink: FindLink;
  readonly #checks: Checks;

  constructor(scope: Scope, lookup: Lookup, trust: TrustState, findLink: FindLink) {
    this.#scope = scope;
    this.#lookup = lookup;
    this.#trust = trust;
    this.#findLink = findLink;
    this.#checks = new Checks(scope, lookup, trust);
  }

  /** The entry with its verdict, in the cache too; a failure for bogus data or when there is no verdict. */
  async settle<E extends RecordEntry | DenialEntry>(
    entry: E,
    judge: (entry: E) => Promise<Verdict>,
  ): Promise<E | FoundFailure> {
    if (entry.security !== 'unchecked') return entry;
    const verdict = await judge(entry);
    if (verdict.kind === 'failure') return verdict;
    const why = verdict.kind === 'bogus' ? this.#advised(verdict.why, entry.zone) : whyNot(verdict);
    const proof = verdict.kind === 'secure' ? (verdict.proof ?? entry.proof) : entry.proof;
    const settled = this.#scope.upgrade({ ...entry, proof }, verdict.kind, this.#ttlOf(verdict), why);
    if (this.#scope.observer) this.#report(settled, why, settled.expiresAtMs < entry.expiresAtMs);
    return verdict.kind === 'bogus' ? bogusFailure(why) : settled;
  }

  /** A private zone below a signed parent has to be excepted (RFC 7646, 2): servers we were told to ask know it best. */
  #advised(why: ExtendedError, zone: Name): ExtendedError {
    const source = zone === ROOT ? undefined : this.#scope.delegation(zone)?.source;
    if (source !== 'stub' && source !== 'forward') return why;
    const name = nameToText(zone);
    return { ...why, text: `${why.text}; if ${name} is private, it needs an entry in dnssec.negativeTrustAnchors` };
  }

  /** Seconds for which the verdict allows its data to be kept. */
  #ttlOf(verdict: Exclude<Verdict, FoundFailure>): number {
    if (verdict.kind === 'secure') return verdict.ttl;
    // RFC 7646, 4: with a negative anchor goes what was cached under it.
    const untilMs = verdict.kind === 'insecure' ? verdict.untilMs : undefined;
    return untilMs === undefined ? Number.POSITIVE_INFINITY : (untilMs - this.#scope.nowMs()) / 1000;
  }

  /** As {@link settle}; NXDOMAIN with a proof of NODATA becomes that, as in Unbound: of its own name and type, asked or not. */
  async settleDenial(entry: DenialEntry): Promise<DenialEntry | FoundFailure> {
    if (entry.security !== 'unchecked') return entry;
    const verdict = await this.denial(entry);
    if (verdict.kind !== 'bogus' || entry.kind !== 'nxdomain') return this.settle(entry, async () => verdict);
    const noData: DenialEntry = { ...entry, kind: 'nodata' };
    const asNoData = await this.denial(noData);
    if (asNoData.kind !== 'secure') return this.settle(entry, async () => verdict);
    // The name exists: what was kept of the NXDOMAIN would deny all its types.
    this.#scope.forget(entry);
    return this.settle(noData, async () => asNoData);
  }

  /** `shortened`: it is not to be kept for as long as it was when it came. */
  #report(entry: RecordEntry | DenialEntry, why: ExtendedError | undefined, shortened: boolean): void {
    const { name, type } = entry.kind === 'rrset' ? entry.rrset : entry;
    const { security } = entry;
    if (security === 'unchecked') return;
    const text = why?.text ?? (security === 'secure' ? 'signed by its zone' : 'its zone is not signed');
    const code = why === undefined ? {} : { code: why.code };
    const { zone } = entry;
    const atSeconds = this.#checks.context.nowSeconds;
    this.#scope.emit(this.#lookup, { kind: 'validated', name, type, security, zone, why: text, ...code, atSeconds });
    if (!shortened) return;
    const ttl = (entry.expiresAtMs - this.#scope.nowMs()) / 1000;
    this.#scope.emit(this.#lookup, { kind: 'cached', layer: 'records', name, type, ttl });
  }

  /** An RRset of an answer. */
  async records(entry: RecordEntry): Promise<Verdict> {
    const { rrset } = entry;
    // RRSIG RRsets are not signed (RFC 4035, 2.2): they prove nothing and need no proof.
    if (rrset.type === TYPE.RRSIG) return { kind: 'insecure', why: undefined };
    const signer = signerOf(rrset);
    const home = zoneTarget(rrset.name, rrset.type);
    let status = await this.#zone(holder(signer, entry.zone) ?? home);
    // An anchor below the signer speaks for the name: no signature may lead the chain around it.
    if (status.kind === 'insecure' && isAnchoredBelow(this.#trust, home, status.zone)) status = await this.#zone(home);
    if (status.kind !== 'secure') return notSecure(status);
    if (signer !== undefined && signer !== status.zone) {
      const text = `${describe(rrset.name, rrset.type)}: signed by ${nameToText(signer)}, which is not its zone`;
      return { kind: 'bogus', why: { code: EDE.dnssecBogus, text } };
    }
    const verdict = await this.#checks.run(verifyRRset(rrset, status.keys, this.#checks.context));
    if (verdict.kind !== 'secure') return verdict;
    // RFC 6672, 2.5 leaves DNAME at a wildcard open; as in Unbound it is not expanded.
    if (verdict.closestEncloser !== undefined && rrset.type === TYPE.DNAME) {
      const text = `${describe(rrset.name, rrset.type)}: expanded from a wildcard`;
      return { kind: 'bogus', why: { code: EDE.dnssecBogus, text } };
    }
    const proofs = await this.#checks.proofs(entry.proof, status.keys);
    if ('kind' in proofs) return proofs;
    // RFC 4035, 5.3.3: what rests on several signatures lives as long as the shortest.
    const ttl = Math.min(verdict.ttl, ...proofs.secure.map((one) => one.ttl));
    if (verdict.closestEncloser === undefined) {
      const proof = proofs.secure.map((one) => one.rrset);
      const expiresAtMs = Math.min(entry.expiresAtMs, this.#scope.nowMs() + ttl * 1000);
      if (proof.length > 0) {
        this.#scope.beside ??= new Map();
        this.#scope.beside.set(status.zone, { proof, expiresAtMs });
      }
      return { kind: 'secure', ttl, proof };
    }
    const denial = readDenial(status.zone, proofs.secure, this.#checks.denialOptions);
    const denied = proveWildcard(denial, rrset.name, verdict.closestEncloser);
    if (denied.kind === 'proven' && proofs.fault === undefined) {
      keepRanges(this.#scope, denial, proofs.secure, entry.expiresAtMs);
      keepWildcard(this.#scope, entry, verdict.closestEncloser, verdict.ttl);
    }
    return this.#fromDenial(denied, proofs, ttl);
  }

  /** A denial: its SOA and proofs, by the zone that signed them. */
  async denial(entry: DenialEntry): Promise<Verdict> {
    const signed = [...(entry.soa === undefined ? [] : [entry.soa]), ...entry.proof];
    const signer = signed.map(signerOf).find((name) => name !== undefined && isSubdomainOf(entry.name, name));
    // Above an anchor that is deeper a denial is judged where it was signed, as in Unbound: a parent may deny the child.
    const status = await this.#zone(holder(signer, entry.zone) ?? zoneTarget(entry.name, entry.type));
    if (status.kind !== 'secure') return notSecure(status);
    const { zone, keys } = status;
    let soa: SecureRRset | undefined;
    if (entry.soa !== undefined) {
      const verdict = await this.#checks.run(verifyRRset(entry.soa, keys, this.#checks.context));
      if (verdict.kind !== 'secure') return verdict;
      soa = verdict;
    }
    const proofs = await this.#checks.proofs(entry.proof, keys);
    if ('kind' in proofs) return proofs;
    const denial = readDenial(zone, proofs.secure, this.#checks.denialOptions);
    // RFC 4035, 5.3.3: what rests on several signatures lives as long as the shortest.
    const ttl = Math.min(...[...proofs.secure, ...(soa === undefined ? [] : [soa])].map((one) => one.ttl));
    const denied = prove(denial, entry);
    if (denied.kind === 'proven' && proofs.fault === undefined) {
      keepRanges(this.#scope, denial, proofs.secure, entry.expiresAtMs);
      if (soa !== undefined) keepSoa(this.#scope, zone, soa, entry.expiresAtMs);
    }
    return this.#fromDenial(denied, proofs, ttl);
  }

  #fromDenial(denied: DenialVerdict, proofs: Proofs, ttl: number): Verdict {
    // RFC 4035, 3.2.3: AD speaks for every record of the denial that is shown. As in Unbound, one that is shown to be
    // forged spoils the whole; what nobody has looked at is not shown. Nor does a forged one make it insecure: RFC 9276,
    // 3.2 wants the signatures of NSEC3 checked before their iterations excuse anything.
    if (denied.kind !== 'unproven' && proofs.fault !== undefined) return { kind: 'bogus', why: proofs.fault };
    switch (denied.kind) {
      case 'proven':
        return { kind: 'secure', ttl, proof: proofs.secure.map(({ rrset }) => rrset) };
      case 'optOut':
        // RFC 5155, 9.2: an opt-out span may hide an unsigned delegation: the answer stands, without AD.
        return { kind: 'insecure', why: undefined };
      case 'insecure':
        return { kind: 'insecure', why: denied.why };
      case 'unproven':
        return denied.limit
          ? this.#checks.spent('nsec3Hashes')
          : { kind: 'bogus', why: whyUnproven(denied.why, proofs) };
    }
  }

  #zone(target: Name): Promise<ZoneStatus | FoundFailure> {
    return zoneStatus(this.#scope, this.#lookup, this.#trust, target, this.#findLink);
  }
}

function prove(denial: ReturnType<typeof readDenial>, { kind, name, type }: DenialEntry): DenialVerdict {
  if (kind === 'nxdomain') return proveNameError(denial, name);
  return type === TYPE.DS ? proveNoDs(denial, name) : proveNoData(denial, name, type);
}

function notSecure(status: Exclude<ZoneStatus, { kind: 'secure' }> | FoundFailure): Verdict {
  switch (status.kind) {
    case 'failure':
      return status;
    case 'bogus':
      return { kind: 'bogus', why: status.why ?? { code: EDE.dnssecBogus, text: '' } };
    case 'insecure':
      return { kind: 'insecure', why: status.why, untilMs: status.anchorEndsAtMs };
    case 'inside':
      return { kind: 'insecure', why: undefined };
  }
}

function whyNot(verdict: Exclude<Verdict, FoundFailure>): ExtendedError | undefined {
  return verdict.kind === 'secure' ? undefined : verdict.why;
}
