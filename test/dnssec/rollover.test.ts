// RFC 5011, transition by transition, on single DNSKEY RRsets.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseTrustAnchors } from '../../src/dnssec/anchors.ts';
import type { Trust } from '../../src/dnssec/delegation.ts';
import {
  type AnchorChange,
  advance,
  changeToText,
  examineKeys,
  queryIntervalSeconds,
  retryIntervalSeconds,
} from '../../src/dnssec/rollover.ts';
import { anchorsMax, anchorTag, startRollover, type TrustPoint, trustOf } from '../../src/dnssec/trust-point.ts';
import { runChecks } from '../../src/dnssec/verify.ts';
import { ROOT } from '../../src/wire/name.ts';
import { readDs } from '../../src/wire/rdata.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { at, context, Signer, support } from './data.ts';
import { DAY, type KeyForm, keySet, RollingKey } from './rolling.ts';

const start = at('2026-06-01T00:00:00Z');

function trustIn(...keys: RollingKey[]): Trust {
  return { zone: ROOT, ds: keys.map((key) => readDs(key.ds())), keys: [] };
}

/** A trust point that sees one RRset after the other. */
class Watched {
  point: TrustPoint;

  constructor(...keys: RollingKey[]) {
    [this.point] = startRollover([trustIn(...keys)], [], start) as [TrustPoint];
  }

  see(day: number, rrset: RRset, algorithms: ReadonlySet<number> = support.algorithms): string[] {
    const now = start + day * DAY;
    const checking = context(now, { support: { ...support, algorithms } });
    const sighting = runChecks(examineKeys(this.point, rrset, checking), 100);
    if (sighting === undefined) throw new Error('too many checks');
    const step = advance(this.point, sighting, now);
    this.point = step.point;
    return step.changes.map((change: AnchorChange) => changeToText(change));
  }

  /** The zone publishes `keys`, signed by `signers`. */
  publish(day: number, keys: KeyForm[], signers: KeyForm[], ttl?: number): string[] {
    return this.see(day, keySet(keys, signers, start + day * DAY, ttl));
  }

  get states(): string[] {
    return this.point.anchors.map((anchor) => `${anchorTag(anchor)} ${anchor.state}`);
  }

  get trusted(): number {
    return trustOf([this.point]).reduce((sum, trust) => sum + trust.ds.length + trust.keys.length, 0);
  }
}

const [a, b, c] = [new RollingKey(), new RollingKey(), new RollingKey()];

describe('a key that is new', () => {
  test('waits 30 days and is seen again after them before it is trusted (2.4.1)', () => {
    const zone = new Watched(a);
    expect(zone.publish(0, [a, b], [a])).toEqual([`. ${b.tag} Start -> AddPend`]);
    expect(zone.publish(29.9, [a, b], [a])).toEqual([]);
    expect(zone.trusted).toBe(1);
    expect(zone.publish(30, [a, b], [a])).toEqual([`. ${b.tag} AddPend -> Valid`]);
    expect(zone.trusted).toBe(2);
  });

  test('waits for its TTL when that is longer', () => {
    const zone = new Watched(a);
    zone.publish(0, [a, b], [a], 40 * DAY);
    expect(zone.publish(39, [a, b], [a], 40 * DAY)).toEqual([]);
    expect(zone.publish(40, [a, b], [a], 40 * DAY)).toEqual([`. ${b.tag} AddPend -> Valid`]);
  });

  test('starts anew when it was left out once (KeyRem)', () => {
    const zone = new Watched(a);
    zone.publish(0, [a, b], [a]);
    expect(zone.publish(20, [a], [a])).toEqual([`. ${b.tag} AddPend -> Start`]);
    zone.publish(21, [a, b], [a]);
    expect(zone.publish(40, [a, b], [a])).toEqual([]);
    expect(zone.publish(51, [a, b], [a])).toEqual([`. ${b.tag} AddPend -> Valid`]);
  });

  test('starts anew when all keys that vouched for it are revoked (2.2)', () => {
    const zone = new Watched(a, c);
    zone.publish(0, [a, b], [a]);
    const gone = a.revoked;
    zone.publish(20, [gone, b, c], [gone, c]);
    expect(zone.publish(31, [b, c], [c])).toEqual([]);
    expect(zone.publish(50, [b, c], [c])).toContain(`. ${b.tag} AddPend -> Valid`);
  });

  test('goes on waiting while one of them is trusted', () => {
    const zone = new Watched(a, c);
    zone.publish(0, [a, b, c], [a, c]);
    const gone = a.revoked;
    zone.publish(20, [gone, b, c], [gone, c]);
    expect(zone.publish(30, [b, c], [c])).toContain(`. ${b.tag} AddPend -> Valid`);
  });

  test('is no anchor without SEP, nor with an algorithm that is not supported', () => {
    const zone = new Watched(a);
    const plain = new Signer('.', 15, { flags: 256 });
    const rrset = keySet([a], [], start);
    expect(zone.see(0, a.sign({ ...rrset, rdatas: [...rrset.rdatas, plain.dnskey] }))).toEqual([]);
    const other = new Signer('.', 13, { flags: 257 });
    const mixed = a.sign({ ...rrset, rdatas: [...rrset.rdatas, other.dnskey] });
    expect(zone.see(0, mixed, new Set([15]))).toEqual([]);
    expect(zone.see(0, mixed)).toEqual([`. ${other.tag} Start -> AddPend`]);
  });

  test('that nobody trusted signed for does not exist, however it is signed', () => {
    const zone = new Watched(a);
    expect(zone.publish(0, [a, b], [b])).toEqual([]);
    expect(zone.publish(0, [a, b], [])).toEqual([]);
    const signed = keySet([a, b], [a], start);
    const changed = { ...signed, rdatas: [...signed.rdatas, c.dnskey] };
    expect(zone.see(0, changed)).toEqual([]);
    expect(zone.point.refreshed).toBeUndefined();
    // A pending key vouches for nothing.
    zone.publish(0, [a, b], [a]);
    expect(zone.publish(1, [b, c], [b])).toEqual([]);
  });

  test('is left when there are many already', () => {
    const zone = new Watched(a);
    const many = Array.from({ length: anchorsMax + 3 }, () => new RollingKey());
    zone.publish(0, [a, ...many], [a]);
    expect(zone.states).toHaveLength(anchorsMax);
  });
});

describe('a key that is trusted', () => {
  test('stays trusted while it is missing, and is valid when it comes back', () => {
    const zone = new Watched(a, b);
    expect(zone.publish(0, [a], [a])).toEqual([`. ${b.tag} Valid -> Missing`]);
    expect(zone.trusted).toBe(2);
    expect(zone.publish(400, [a, b], [b])).toEqual([`. ${b.tag} Missing -> Valid`]);
  });

  test('is revoked at once by its own signature alone, for ever, and removed 30 days after it was last seen', () => {
    const zone = new Watched(a, b);
    zone.publish(0, [a, b], [a, b]);
    const gone = a.revoked;
    expect(zone.publish(1, [gone, b], [gone])).toEqual([`. ${a.tag} Valid -> Revoked`]);
    expect(zone.point.refreshed).toBe(start);
    expect(zone.trusted).toBe(1);
    expect(zone.publish(2, [a, b], [a])).toEqual([]);
    expect(zone.publish(20, [gone, b], [gone, b])).toEqual([]);
    expect(zone.point.anchors[0]).toMatchObject({ since: start + DAY, seen: start + 20 * DAY });
    expect(zone.publish(49, [b], [b])).toEqual([]);
    expect(zone.publish(50, [b], [b])).toEqual([`. ${a.tag} Revoked -> Removed`]);
    expect(zone.publish(51, [a, b], [a, b])).toEqual([]);
    expect(zone.trusted).toBe(1);
  });

  test('vouches for nothing in the very RRset that revokes it', () => {
    const zone = new Watched(a);
    expect(zone.publish(0, [a, a.revoked, b], [a, a.revoked])).toEqual([`. ${a.tag} Valid -> Revoked`]);
  });

  test('named by two DS is one key', () => {
    const zone = new Watched(a);
    const sha384 = createHash('sha384').update(Uint8Array.of(0)).update(a.dnskey).digest();
    const ds = { keyTag: a.tag, algorithm: 15, digestType: 4, digest: sha384 };
    [zone.point] = startRollover([{ ...trustIn(a), ds: [...trustIn(a).ds, ds] }], [], start) as [TrustPoint];
    expect(zone.states).toHaveLength(2);
    expect(zone.publish(0, [a], [a])).toEqual([]);
    expect(zone.states).toEqual([`${a.tag} Valid`]);
  });

  test('is not revoked by the signature of others', () => {
    const zone = new Watched(a, b);
    const gone = a.revoked;
    expect(zone.publish(0, [gone, b], [b])).toEqual([`. ${a.tag} Valid -> Missing`]);
    // A signature by the key as it was does not count for the key as it is.
    expect(zone.publish(0, [gone, b], [a, b])).toEqual([]);
  });

  test('is followed from the first sight, by the DS that names it, revoked or not', () => {
    const zone = new Watched(a, b);
    const gone = a.revoked;
    expect(zone.publish(0, [gone, b], [gone, b])).toEqual([`. ${a.tag} Valid -> Revoked`]);
    expect(zone.point.anchors.map(({ type }) => type)).toEqual(['DNSKEY', 'DNSKEY']);
  });

  test('gone with all others, the zone is as if it had no anchor (5)', () => {
    const zone = new Watched(a);
    const gone = a.revoked;
    zone.publish(0, [gone], [gone]);
    expect(trustOf([zone.point])).toEqual([]);
  });
});

test('a pending key that is revoked is never trusted', () => {
  const zone = new Watched(a);
  zone.publish(0, [a, b], [a]);
  const gone = b.revoked;
  expect(zone.publish(1, [a, gone], [a, gone])).toEqual([`. ${b.tag} AddPend -> Revoked`]);
  expect(zone.publish(40, [a, b], [a])).toEqual([]);
  expect(zone.trusted).toBe(1);
});

test('a time ahead of the clock begins the wait anew', () => {
  const zone = new Watched(a);
  zone.publish(100, [a, b], [a]);
  expect(zone.publish(90, [a, b], [a])).toEqual([]);
  expect(zone.publish(119, [a, b], [a])).toEqual([]);
  expect(zone.publish(120, [a, b], [a])).toEqual([`. ${b.tag} AddPend -> Valid`]);
});

describe('the beginning', () => {
  const saved = (...states: ['AddPend' | 'Valid' | 'Revoked' | 'Removed', RollingKey][]): TrustPoint => ({
    zone: ROOT,
    refreshed: start,
    anchors: states.map(([state, key]) => {
      const until = state === 'AddPend' ? start + DAY : undefined;
      return { type: 'DNSKEY', rdata: key.dnskey, state, since: start, seen: start, until, signers: [] };
    }),
  });
  const begin = (configured: RollingKey[], ...states: Parameters<typeof saved>): string[] => {
    const [point] = startRollover([trustIn(...configured)], [saved(...states)], start);
    return (point as TrustPoint).anchors.map((anchor) => `${anchorTag(anchor)} ${anchor.state}`);
  };

  test('takes configured anchors that are new or pending as valid, and keeps what rolled in', () => {
    expect(begin([a, b], ['AddPend', b], ['Valid', c])).toEqual([`${b.tag} Valid`, `${c.tag} Valid`, `${a.tag} Valid`]);
  });

  test('never takes a revoked or removed anchor back, and forgets removed ones that are not configured', () => {
    expect(begin([a, b], ['Revoked', a], ['Removed', b], ['Removed', c])).toEqual([
      `${a.tag} Revoked`,
      `${b.tag} Removed`,
    ]);
  });

  test('drops zones that are not configured', () => {
    expect(startRollover([], [saved(['Valid', a])], start)).toEqual([]);
  });

  test('reads DNSKEY anchors as DS ones', () => {
    const text = `. DNSKEY 257 3 15 ${Buffer.from(a.dnskey.subarray(4)).toString('base64')}`;
    const [point] = startRollover(parseTrustAnchors(text), [saved(['Revoked', a])], start);
    expect(trustOf([point as TrustPoint])).toEqual([]);
  });
});

test.each([
  // originalTtl, expiresInSeconds, query, retry (2.3)
  [172_800, 14 * DAY, DAY, 17_280],
  [60, 14 * DAY, 3600, 3600],
  [400 * DAY, 400 * DAY, 15 * DAY, DAY],
  [172_800, 10_800, 5400, 3600],
])(
  'with TTL %i and %i s to expiry it asks after %i s, after a failure %i s',
  (originalTtl, expiresInSeconds, ask, retry) => {
    expect(queryIntervalSeconds({ originalTtl, expiresInSeconds })).toBe(ask);
    expect(retryIntervalSeconds({ originalTtl, expiresInSeconds })).toBe(retry);
    expect(retryIntervalSeconds(undefined)).toBe(3600);
  },
);
