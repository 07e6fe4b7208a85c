// Protection against DNS rebinding: private addresses in the answers of public names are left out.

import { type Prefix, parsePrefix, prefixContains } from '../base/prefix.ts';
import { addressesInRdata, holdsAddresses } from '../wire/address-rdata.ts';
import { isSubdomainOf, ROOT } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { EDE } from '../wire/types.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Resolution } from './types.ts';

/** Where a browser that is told of them reaches this machine, its link or its site; `0.0.0.0` is this machine to many. */
const PRIVATE: readonly Prefix[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::/127',
  'fc00::/7',
  'fe80::/10',
].map((text) => parsePrefix(text) as Prefix);

/** IPv6 prefixes before an IPv4 address, and where that begins: mapped, compatible, NAT64, 6to4. */
const EMBEDDING: readonly (readonly [prefix: readonly number[], at: number])[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255], 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0x20, 0x02], 2],
];

/** What clients are told of a private address that is left out. */
const WHY = 'private addresses of a public name are left out (clients.dropPrivateAddresses)';

/**
 * The resolution without the private addresses that a public name leads to. It is the name that was asked which counts,
 * wherever its aliases lead: a page is of that name. Names of one's own are exempt: those that host data answer, those in
 * zones with configured servers (but for the root), and those in zones that the settings except.
 */
export function withoutPrivateAddresses(scope: Scope, lookup: Lookup, resolution: Resolution): Resolution {
  const { privateAddresses, zones } = scope.shared.options;
  if (privateAddresses === undefined || resolution.authoritative) return resolution;
  if (!resolution.answer.some(holdsPrivate)) return resolution;
  const { name } = lookup;
  if (privateAddresses.except.some((zone) => isSubdomainOf(name, zone))) return resolution;
  if (zones.some(({ zone }) => zone !== ROOT && isSubdomainOf(name, zone))) return resolution;
  const answer: RRset[] = [];
  for (const rrset of resolution.answer) {
    if (!holdsPrivate(rrset)) {
      answer.push(rrset);
      continue;
    }
    if (scope.observer) {
      scope.emit(lookup, { kind: 'dropped', name: rrset.name, type: rrset.type, section: 'answer', why: WHY });
    }
    const rdatas = rrset.rdatas.filter((rdata) => !isPrivate(rrset.type, rdata));
    // Signatures are of the whole RRset.
    if (rdatas.length > 0) answer.push({ ...rrset, rdatas, signatures: [] });
  }
  const extendedErrors = [...resolution.extendedErrors, { code: EDE.blocked, text: WHY }];
  return { ...resolution, answer, authority: [], security: 'insecure', extendedErrors };
}

function holdsPrivate({ type, rdatas }: RRset): boolean {
  return holdsAddresses(type) && rdatas.some((rdata) => isPrivate(type, rdata));
}

function isPrivate(type: number, rdata: Uint8Array): boolean {
  return addressesInRdata(type, rdata).some(isPrivateAddress);
}

function isPrivateAddress(address: Uint8Array): boolean {
  if (PRIVATE.some((prefix) => prefixContains(prefix, address))) return true;
  if (address.length !== 16) return false;
  return EMBEDDING.some(
    ([octets, at]) =>
      octets.every((octet, i) => address[i] === octet) && isPrivateAddress(address.subarray(at, at + 4)),
  );
}
