// The link from parent to child: which DS records count, which keys they vouch for, and the zone's keys so secured.

import { Buffer } from 'node:buffer';
import { WireError } from '../wire/error.ts';
import type { ExtendedError } from '../wire/message.ts';
import { type Name, nameOctets, nameToText } from '../wire/name.ts';
import { type Ds, readDs } from '../wire/rdata.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { algorithmToText, digestOctets } from './algorithms.ts';
import { keyTag, readZoneKeys, signsZoneData, type ZoneKey, type ZoneKeys, zoneKeyFlag } from './keys.ts';
import type { Support } from './support.ts';
import { type Bogus, type Candidate, type VerifyContext, verifyRRset } from './verify.ts';

/** What vouches for a zone's keys: a secure DS RRset of the parent, or configured trust anchors. */
export interface Trust {
  readonly zone: Name;
  readonly ds: readonly Ds[];
  /** RDATA of DNSKEYs trusted as they are. */
  readonly keys: readonly Uint8Array[];
}

/** A zone whose data cannot or need not be validated, and why. */
export interface Insecure {
  readonly kind: 'insecure';
  readonly why: ExtendedError;
}

/** Keys that the chain of trust reaches. */
export interface SecureKeys {
  readonly kind: 'secure';
  readonly keys: ZoneKeys;
  /** Seconds that they may be kept. */
  readonly ttl: number;
}

/**
 * Judges the DNSKEY RRset of `trust.zone`: insecure when nothing in `trust` is supported here, secure when a key that
 * `trust` names signed it, bogus otherwise (RFC 4035, 5.2 and 5.3). Yields before each cryptographic check, as
 * {@link verifyRRset}.
 */
export function* verifyKeys(
  dnskeys: RRset,
  trust: Trust,
  context: VerifyContext,
): Generator<Candidate, SecureKeys | Insecure | Bogus, void> {
  const usable = usableTrust(trust, context.support);
  if (usable.kind === 'insecure') return usable;
  if (dnskeys.name !== trust.zone || dnskeys.type !== TYPE.DNSKEY) {
    return { kind: 'bogus', why: { code: EDE.dnskeyMissing, text: `${nameToText(trust.zone)}: no DNSKEY RRset` } };
  }
  const all = readZoneKeys(trust.zone, dnskeys.rdatas);
  const vouched = vouchedKeys(all, usable.trust, context.limits.keysPerTag);
  if (vouched.fault !== undefined) return { kind: 'bogus', why: vouched.fault };
  const verdict = yield* verifyRRset(dnskeys, { zone: trust.zone, keys: vouched.keys }, context);
  return verdict.kind === 'secure' ? { kind: 'secure', keys: all, ttl: verdict.ttl } : verdict;
}

/** The trust that a secure DS RRset of the parent gives; RDATA too short to be a DS is left out. */
export function trustOfDs(ds: RRset): Trust {
  const list: Ds[] = [];
  for (const rdata of ds.rdatas) {
    try {
      list.push(readDs(rdata));
    } catch (error) {
      if (!(error instanceof WireError)) throw error; // what cannot be read vouches for nothing
    }
  }
  return { zone: ds.name, ds: list, keys: [] };
}

/**
 * `trust` cut down to what counts here, or insecure with the extended error that says what is not supported. A referral
 * with such a DS RRset leads to an insecure zone (RFC 4035, 5.2; RFC 6840, 5.2).
 */
export function usableTrust(
  trust: Trust,
  support: Support,
): { readonly kind: 'usable'; readonly trust: Trust } | Insecure {
  const known = trust.ds.filter((ds) => support.algorithms.has(ds.algorithm));
  const supported = known.filter((ds) => support.digests.has(ds.digestType));
  const keys = trust.keys.filter((rdata) => support.algorithms.has(rdata[3] ?? 0));
  if (supported.length + keys.length > 0) {
    // RFC 4509, 3: SHA-1 is ignored beside a better digest, lest an attacker choose the weaker.
    const strong = supported.filter((ds) => ds.digestType !== sha1);
    return { kind: 'usable', trust: { ...trust, ds: strong.length > 0 ? strong : supported, keys } };
  }
  const zone = nameToText(trust.zone);
  if (known.length > 0) {
    const types = listOf(known.map((ds) => `${ds.digestType} (key ${ds.keyTag})`));
    const text = `${zone}: no DS with a supported digest type, only ${types}`;
    return { kind: 'insecure', why: { code: EDE.unsupportedDsDigestType, text } };
  }
  const anchored = trust.keys.map((rdata) => ({ keyTag: keyTag(rdata), algorithm: rdata[3] ?? 0 }));
  const named = [...trust.ds, ...anchored].map(
    ({ keyTag, algorithm }) => `${algorithmToText(algorithm)} (key ${keyTag})`,
  );
  const text = `${zone}: no DS of a supported algorithm, only ${listOf(named)}`;
  return { kind: 'insecure', why: { code: EDE.unsupportedDnskeyAlgorithm, text } };
}

/** Whether `ds` is the digest of `key` at `zone` (RFC 4034, 5.1.4): algorithm, key tag and digest agree. */
export function dsMatches(zone: Name, key: ZoneKey, ds: Ds): boolean {
  if (key.tag !== ds.keyTag || key.fields.algorithm !== ds.algorithm) return false;
  const digest = dsDigest(zone, key.rdata, ds.digestType);
  return digest !== undefined && Buffer.compare(digest, ds.digest) === 0;
}

/** The digest field of a DS for a DNSKEY; undefined when the type is unknown. */
export function dsDigest(zone: Name, dnskeyRdata: Uint8Array, digestType: number): Uint8Array | undefined {
  return digestOctets(digestType, Buffer.concat([nameOctets(zone), dnskeyRdata]));
}

const sha1 = 1;

/** The zone's keys that `trust` names, or what to say when there is none. */
function vouchedKeys(
  all: ZoneKeys,
  trust: Trust,
  keysPerTag: number,
): { readonly keys: readonly ZoneKey[]; readonly fault?: undefined } | { readonly fault: ExtendedError } {
  const keys = new Set<ZoneKey>();
  for (const rdata of trust.keys) {
    const key = all.keys.find((one) => Buffer.compare(one.rdata, rdata) === 0);
    if (key !== undefined) keys.add(key);
  }
  for (const ds of trust.ds) {
    // KeyTrap: a DS is compared with a few keys of its tag only.
    const alike = all.keys.filter((key) => key.tag === ds.keyTag && key.fields.algorithm === ds.algorithm);
    for (const key of alike.slice(0, keysPerTag)) if (dsMatches(all.zone, key, ds)) keys.add(key);
  }
  const zone = nameToText(all.zone);
  if (keys.size === 0) {
    const named = trust.ds.map((ds) => `${ds.keyTag}/${algorithmToText(ds.algorithm)}`);
    const wanted = named.length > 0 ? `DS ${listOf(named)}` : 'the trust anchors';
    return { fault: { code: EDE.dnskeyMissing, text: `${zone}: no DNSKEY matches ${wanted}` } };
  }
  const fit = [...keys].filter(signsZoneData);
  if (fit.length > 0) return { keys: fit };
  // RFC 4034, 5.2: the key that a DS refers to must be a zone key.
  const flagged = [...keys].some((key) => (key.fields.flags & zoneKeyFlag) !== 0);
  const tags = listOf([...keys].map((key) => `${key.tag}`));
  const text = `${zone}: key ${tags} is ${flagged ? 'revoked or not for DNSSEC' : 'not a zone key'}`;
  return { fault: { code: flagged ? EDE.dnskeyMissing : EDE.noZoneKeyBitSet, text } };
}

/** A few of `items`, each once, for messages. */
function listOf(items: readonly string[]): string {
  const unique = [...new Set(items)];
  return unique.slice(0, 4).join(', ') + (unique.length > 4 ? ', ...' : '');
}
