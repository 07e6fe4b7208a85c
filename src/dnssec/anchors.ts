// Trust anchors: the root's, built in, and those of DS and DNSKEY lines.

import { WireError } from '../wire/error.ts';
import { type Name, nameToText, ROOT } from '../wire/name.ts';
import { readDnskey, readDs } from '../wire/rdata.ts';
import { TYPE, typeToText } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import type { Trust } from './delegation.ts';
import { revokeFlag, zoneKeyFlag } from './keys.ts';

/** KSK-2017 (20326) and KSK-2024 (38696) of the root, as IANA publishes them. */
export const rootAnchors: string = `. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
`;

/**
 * Reads trust anchors from DS and DNSKEY records in master-file form, one {@link Trust} for each zone in order of
 * appearance. Revoked keys are left out (RFC 5011, 2.1). Throws WireError for any other record, a DNSKEY that is not a
 * zone key, or when no anchor remains.
 */
export function parseTrustAnchors(text: string): Trust[] {
  const zones = new Map<Name, { ds: Trust['ds'][number][]; keys: Uint8Array[] }>();
  for (const record of parseZoneText(text, { origin: ROOT, ttl: 0 })) {
    const zone = zones.get(record.name) ?? { ds: [], keys: [] };
    if (record.type === TYPE.DS) {
      zone.ds.push(readDs(record.rdata));
    } else if (record.type === TYPE.DNSKEY) {
      const { flags } = readDnskey(record.rdata);
      if ((flags & zoneKeyFlag) === 0) {
        throw new WireError(`trust anchor of ${nameToText(record.name)}: DNSKEY without the zone key flag`);
      }
      if ((flags & revokeFlag) !== 0) continue;
      zone.keys.push(record.rdata);
    } else {
      throw new WireError(`trust anchor of ${nameToText(record.name)}: ${typeToText(record.type)}, not DS or DNSKEY`);
    }
    zones.set(record.name, zone);
  }
  if (zones.size === 0) throw new WireError('no trust anchor: at least one DS or DNSKEY is needed');
  return [...zones].map(([zone, { ds, keys }]) => ({ zone, ds, keys }));
}
