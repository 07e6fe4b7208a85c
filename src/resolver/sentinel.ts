// The root key trust anchor sentinel (RFC 8509): by names of their own anyone learns which root keys are trusted here.

import { keyTag } from '../dnssec/keys.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { TYPE } from '../wire/types.ts';
import { failed } from './chain.ts';
import { fail } from './failure.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';
import type { TrustState } from './zone-status.ts';

/**
 * The resolution; or SERVFAIL, where the name that was asked says of a root key that it is trusted here, or that it is
 * not, and that is wrong (RFC 8509, 3.2). By 3.1 that goes for addresses alone, and where the answer is secure, so that
 * CD is not set.
 */
export function withSentinel(scope: Scope, { name, type }: Lookup, resolution: Resolution): Resolution {
  const { trust } = scope.shared;
  if (resolution.security !== 'secure' || trust === undefined || !scope.validates) return resolution;
  if (type !== TYPE.A && type !== TYPE.AAAA) return resolution;
  const said = readSentinel(name);
  if (said === undefined) return resolution;
  const trusted = isRootAnchor(trust, said.tag);
  if (trusted === said.trusted) return resolution;
  const is = trusted ? 'a trust anchor' : 'no trust anchor';
  return failed(fail('sentinel', `key ${said.tag} is ${is} of the root here (root key sentinel)`));
}

/** What the first label of `name` says; undefined: it is no sentinel. The first character of a Name is that label's length. */
function readSentinel(name: Name): { readonly tag: number; readonly trusted: boolean } | undefined {
  const length = name.charCodeAt(0);
  if (length !== IS.length + 5 && length !== NOT.length + 5) return undefined;
  const label = name.slice(1, 1 + length);
  const trusted = label.startsWith(IS);
  // RFC 8509, 2: five digits, led by zeros.
  const digits = label.slice(-5);
  if (label.slice(0, -5) !== (trusted ? IS : NOT) || !/^\d{5}$/.test(digits)) return undefined;
  return { tag: Number(digits), trusted };
}

const IS = 'root-key-sentinel-is-ta-';
const NOT = 'root-key-sentinel-not-ta-';

function isRootAnchor({ anchors }: TrustState, tag: number): boolean {
  const root = anchors.get(ROOT);
  if (root === undefined) return false;
  return root.ds.some((ds) => ds.keyTag === tag) || root.keys.some((rdata) => keyTag(rdata) === tag);
}
