// Trust anchors that roll over by themselves: the state machine of RFC 5011, fed with DNSKEY RRsets as they are seen.

import { Buffer } from 'node:buffer';
import type { Name } from '../wire/name.ts';
import { nameToText } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { TYPE } from '../wire/types.ts';
import { dsMatches, type Trust, usableTrust } from './delegation.ts';
import { readZoneKeys, revokeFlag, signsZoneData, type ZoneKey } from './keys.ts';
import {
  type Anchor,
  type AnchorState,
  anchorsMax,
  anchorTag,
  entered,
  isKey,
  isSame,
  isTrusted,
  keyed,
  type TrustPoint,
  trustAt,
  trustedStates,
  withoutRevoke,
} from './trust-point.ts';
import { type Candidate, type VerifyContext, verifyRRset } from './verify.ts';

/** What one DNSKEY RRset shows, its signatures checked. */
export interface Sighting {
  /** Keys of the RRset. */
  readonly keys: readonly ZoneKey[];
  /** Keys that an anchor names and whose signature over the RRset verifies; none: the RRset proves nothing. */
  readonly signers: readonly ZoneKey[];
  /** RDATA, without REVOKE, of anchors that have REVOKE set here and signed the RRset themselves. */
  readonly revoked: readonly Uint8Array[];
  /** Keys that may become anchors: SEP, not revoked, of an algorithm that is supported here. */
  readonly eligible: readonly ZoneKey[];
  /** Original TTL, seconds; the least of the signers' signatures. */
  readonly originalTtl: number;
  /** Seconds until the first of the signers' signatures expires, 0 or more. */
  readonly expiresInSeconds: number;
}

/** One transition. */
export interface AnchorChange {
  readonly zone: Name;
  readonly tag: number;
  readonly from: AnchorState | 'Start';
  readonly to: AnchorState | 'Start';
}

const DAY = 86_400;
/** RFC 5011, 2.4.1 and 2.4.2. Seconds. */
export const addHoldDownSeconds: number = 30 * DAY;
/** RFC 5011, 2.4.2. Seconds. */
export const removeHoldDownSeconds: number = 30 * DAY;

/** What has to be known of the RRset last validated for the time of the next question. */
export type Timing = Pick<Sighting, 'originalTtl' | 'expiresInSeconds'>;

/** Seconds from a validated DNSKEY RRset to the next question (RFC 5011, 2.3). */
export function queryIntervalSeconds({ originalTtl, expiresInSeconds }: Timing): number {
  return Math.max(3600, Math.min(15 * DAY, Math.floor(originalTtl / 2), Math.floor(expiresInSeconds / 2)));
}

/** Seconds from a question that failed to the next (RFC 5011, 2.3); an hour when no RRset was ever validated. */
export function retryIntervalSeconds(timing: Timing | undefined): number {
  if (timing === undefined) return 3600;
  const { originalTtl, expiresInSeconds } = timing;
  return Math.max(3600, Math.min(DAY, Math.floor(originalTtl / 10), Math.floor(expiresInSeconds / 10)));
}

/** Whether a transition adds or takes away a key that is trusted. */
export function changesTrust({ from, to }: AnchorChange): boolean {
  return trustedStates.has(from) !== trustedStates.has(to);
}

/**
 * Checks the signatures of a DNSKEY RRset by the anchors of its zone. Yields before each cryptographic check, as
 * `verifyRRset` does; at most `signatureChecksPerRRset` for each key that an anchor names.
 */
export function* examineKeys(
  point: TrustPoint,
  dnskeys: RRset,
  context: VerifyContext,
): Generator<Candidate, Sighting, void> {
  const { zone } = point;
  const { keys } = readZoneKeys(zone, dnskeys.name === zone && dnskeys.type === TYPE.DNSKEY ? dnskeys.rdatas : []);
  const revoked: Uint8Array[] = [];
  for (const key of keys) {
    const plain = withoutRevoke(key.rdata);
    if (plain === key.rdata) continue;
    const anchor = point.anchors.find((one) => isKey(zone, one, plain));
    if (anchor === undefined || anchor.state === 'Revoked' || anchor.state === 'Removed') continue;
    // RFC 5011, 2.1: for its own revocation, and for nothing else, the revoked key signs.
    const signer = { ...key, fields: { ...key.fields, flags: key.fields.flags & ~revokeFlag } };
    if ((yield* signatureBy(dnskeys, zone, signer, context)) !== undefined) revoked.push(plain);
  }
  const trusted = point.anchors.filter((one) => !revoked.some((plain) => isKey(zone, one, plain)));
  const usable = usableTrust(trustAt({ ...point, anchors: trusted }), context.support);
  const signers: ZoneKey[] = [];
  let originalTtl = Number.POSITIVE_INFINITY;
  let expiresInSeconds = Number.POSITIVE_INFINITY;
  for (const key of keys) {
    if (usable.kind !== 'usable' || !signsZoneData(key) || !names(usable.trust, key)) continue;
    const signature = yield* signatureBy(dnskeys, zone, key, context);
    if (signature === undefined) continue;
    signers.push(key);
    originalTtl = Math.min(originalTtl, signature.rrsig.originalTtl);
    expiresInSeconds = Math.min(expiresInSeconds, Math.max(0, signature.validSeconds));
  }
  const eligible = keys.filter(
    (key) =>
      signsZoneData(key) && (key.fields.flags & sepFlag) !== 0 && context.support.algorithms.has(key.fields.algorithm),
  );
  return { keys, signers, revoked, eligible, originalTtl, expiresInSeconds };
}

/** The trust point after a sighting, and what changed (RFC 5011, 4.1). Without a signer only revocations count. */
export function advance(
  point: TrustPoint,
  sighting: Sighting,
  nowSeconds: number,
): { readonly point: TrustPoint; readonly changes: readonly AnchorChange[] } {
  const { zone } = point;
  const before = point.anchors.map((anchor) => rewound(anchor, nowSeconds));
  // RevBit: at once and for ever, whatever other keys the RRset is signed with (RFC 5011, 2.1).
  const told = before.map((anchor) => {
    const plain = sighting.revoked.find((rdata) => isKey(zone, anchor, rdata));
    return plain === undefined ? anchor : entered(keyed(anchor, plain), 'Revoked', nowSeconds);
  });
  const validated = sighting.signers.length > 0;
  const after = validated ? afterKeys(zone, told, sighting, nowSeconds) : told;
  const anchors = withoutTwins(after);
  return {
    point: { zone, refreshed: validated ? nowSeconds : point.refreshed, anchors },
    changes: changesBetween(zone, before, anchors),
  };
}

/** What a validated RRset does to each anchor that is known, and the keys that are new in it. */
function afterKeys(zone: Name, told: readonly Anchor[], sighting: Sighting, nowSeconds: number): Anchor[] {
  const kept: Anchor[] = [];
  const trustedTags = new Set(told.filter(isTrusted).map(anchorTag));
  for (const anchor of told) {
    const key = sighting.keys.find(({ rdata }) => isKey(zone, anchor, withoutRevoke(rdata)));
    const plain = key !== undefined && (key.fields.flags & revokeFlag) === 0;
    const seen = plain ? { ...keyed(anchor, key.rdata), seen: nowSeconds } : anchor;
    switch (anchor.state) {
      case 'AddPend':
        // KeyRem. RFC 5011, 2.2: likewise when every key that vouched for it is revoked; then the time begins anew below.
        if (!plain || !anchor.signers.some((tag) => trustedTags.has(tag))) break;
        // AddTime: the hold-down is over, and the key is here in an RRset validated after that.
        kept.push(nowSeconds >= (anchor.until ?? 0) ? entered(seen, 'Valid', nowSeconds) : seen);
        break;
      case 'Valid':
        kept.push(plain ? seen : entered(anchor, 'Missing', nowSeconds));
        break;
      case 'Missing':
        kept.push(plain ? entered(seen, 'Valid', nowSeconds) : anchor);
        break;
      case 'Revoked': {
        const gone = key === undefined && nowSeconds - (anchor.seen ?? anchor.since) >= removeHoldDownSeconds;
        if (gone) kept.push(entered(anchor, 'Removed', nowSeconds));
        else kept.push(key === undefined ? anchor : { ...anchor, seen: nowSeconds });
        break;
      }
      case 'Removed':
        kept.push(anchor);
        break;
    }
  }
  return withNewKeys(zone, kept, sighting, nowSeconds);
}

function withNewKeys(zone: Name, kept: readonly Anchor[], sighting: Sighting, nowSeconds: number): Anchor[] {
  const anchors = [...kept];
  for (const { rdata } of sighting.eligible) {
    if (anchors.some((anchor) => isKey(zone, anchor, rdata))) continue;
    if (anchors.length >= anchorsMax) {
      const removed = anchors.findIndex(({ state }) => state === 'Removed');
      if (removed < 0) break;
      anchors.splice(removed, 1);
    }
    anchors.push({
      type: 'DNSKEY',
      rdata,
      state: 'AddPend',
      since: nowSeconds,
      seen: nowSeconds,
      // RFC 5011, 2.4.1: a longer TTL makes for a longer wait.
      until: nowSeconds + Math.max(addHoldDownSeconds, sighting.originalTtl),
      signers: sighting.signers.map(({ tag }) => tag),
    });
  }
  return anchors;
}

/** The signature by this very key that verifies. */
function* signatureBy(
  dnskeys: RRset,
  zone: Name,
  key: ZoneKey,
  context: VerifyContext,
): Generator<Candidate, Candidate | undefined, void> {
  const steps = verifyRRset(dnskeys, { zone, keys: [key] }, context);
  let last: Candidate | undefined;
  // verifyRRset() bounds its steps.
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value.kind === 'secure' ? last : undefined;
    last = step.value;
    yield last;
  }
}

/** A time ahead of the clock was written while the clock was wrong: the wait begins anew, which is never too short. */
function rewound(anchor: Anchor, nowSeconds: number): Anchor {
  const { since, seen, until } = anchor;
  const ahead = since > nowSeconds;
  if (!ahead && (seen === undefined || seen <= nowSeconds)) return anchor;
  return {
    ...anchor,
    since: Math.min(since, nowSeconds),
    seen: seen === undefined ? undefined : Math.min(seen, nowSeconds),
    until: ahead && until !== undefined ? nowSeconds + Math.max(addHoldDownSeconds, until - since) : until,
  };
}

const sepFlag = 0x0001; // RFC 4034, 2.1.1
function names(trust: Trust, key: ZoneKey): boolean {
  return (
    trust.keys.some((rdata) => Buffer.compare(rdata, key.rdata) === 0) ||
    trust.ds.some((ds) => dsMatches(trust.zone, key, ds))
  );
}

/** Two DS of one key become that key twice: the first stays. */
function withoutTwins(anchors: readonly Anchor[]): Anchor[] {
  return anchors.filter((anchor, index) => {
    return !anchors.slice(0, index).some(({ rdata }) => Buffer.compare(rdata, anchor.rdata) === 0);
  });
}

function changesBetween(zone: Name, before: readonly Anchor[], after: readonly Anchor[]): AnchorChange[] {
  const changes: AnchorChange[] = [];
  const note = (anchor: Anchor, from: AnchorChange['from'], to: AnchorChange['to']): void => {
    if (from !== to) changes.push({ zone, tag: anchorTag(anchor), from, to });
  };
  for (const old of before) {
    const now = after.find((anchor) => isSame(zone, old, anchor));
    note(old, old.state, now?.state ?? 'Start');
  }
  for (const anchor of after) {
    if (!before.some((old) => isSame(zone, old, anchor))) note(anchor, 'Start', anchor.state);
  }
  return changes;
}

/** `. 20326 AddPend -> Valid`, for logs. */
export function changeToText({ zone, tag, from, to }: AnchorChange): string {
  return `${nameToText(zone)} ${tag} ${from} -> ${to}`;
}
