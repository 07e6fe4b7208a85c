// Which fields the RDATA of each type is made of, in order.

import {
  address,
  base32,
  base64Rest,
  bitmap,
  countedBase64,
  type Field,
  hexRest,
  integer,
  name,
  named,
  quotedRest,
  salt,
  string,
  strings,
  time,
  type,
} from './rdata-fields.ts';
import { location } from './rdata-loc.ts';
import {
  addressSuffix,
  atmAddress,
  hexGroups,
  hostIdentity,
  ipsecKey,
  nsapAddress,
  oldBitmap,
  portBits,
  prefixes,
  relay,
  tag,
} from './rdata-special.ts';
import { serviceParameters } from './rdata-svcb.ts';
import { RCODE, TYPE } from './types.ts';

const u8 = integer(1);
const u16 = integer(2);
const u32 = integer(4);
const key: readonly Field[] = [u16, u8, u8, base64Rest];
const digest: readonly Field[] = [u16, u8, u8, hexRest];
const signature: readonly Field[] = [type, u8, u8, u32, time, time, u16, name, base64Rest];
const service: readonly Field[] = [u16, name, serviceParameters];
const oneName: readonly Field[] = [name];
const certificate: readonly Field[] = [u8, u8, u8, hexRest];

/** RFC 4398, 2.1. */
const certificateTypes = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};
/** Mnemonics of DNSSEC algorithms (RFC 4034, A.1, and the registry). */
const algorithms = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  NSEC3DSA: 6,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};
/** RCODEs of TSIG and TKEY errors (RFC 8945, 4.2; RFC 2930, 2.6). */
const signatureErrors = {
  ...RCODE,
  BADSIG: 16,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
};

const fieldTable: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [TYPE.A, [address(4)]],
  [TYPE.NS, oneName],
  [TYPE.MD, oneName],
  [TYPE.MF, oneName],
  [TYPE.CNAME, oneName],
  [TYPE.SOA, [name, name, u32, u32, u32, u32, u32]],
  [TYPE.MB, oneName],
  [TYPE.MG, oneName],
  [TYPE.MR, oneName],
  [TYPE.WKS, [address(4), u8, portBits]],
  [TYPE.PTR, oneName],
  [TYPE.HINFO, [string, string]],
  [TYPE.MINFO, [name, name]],
  [TYPE.MX, [u16, name]],
  [TYPE.TXT, [strings(1)]],
  [TYPE.RP, [name, name]],
  [TYPE.AFSDB, [u16, name]],
  [TYPE.X25, [string]],
  [TYPE.ISDN, [strings(1)]],
  [TYPE.RT, [u16, name]],
  [TYPE.NSAP, [nsapAddress]],
  [TYPE['NSAP-PTR'], oneName],
  [TYPE.SIG, signature],
  [TYPE.KEY, key],
  [TYPE.PX, [u16, name, name]],
  [TYPE.GPOS, [string, string, string]],
  [TYPE.AAAA, [address(16)]],
  [TYPE.LOC, [location]],
  [TYPE.NXT, [name, oldBitmap]],
  [TYPE.EID, [hexRest]],
  [TYPE.NIMLOC, [hexRest]],
  [TYPE.SRV, [u16, u16, u16, name]],
  [TYPE.ATMA, [atmAddress]],
  [TYPE.NAPTR, [u16, u16, string, string, string, name]],
  [TYPE.KX, [u16, name]],
  [TYPE.CERT, [named(2, certificateTypes), u16, named(1, algorithms), base64Rest]],
  [TYPE.A6, [addressSuffix]],
  [TYPE.DNAME, oneName],
  [TYPE.SINK, [u8, u8, u8, base64Rest]],
  [TYPE.APL, [prefixes]],
  [TYPE.DS, digest],
  [TYPE.SSHFP, [u8, u8, hexRest]],
  [TYPE.IPSECKEY, [ipsecKey]],
  [TYPE.RRSIG, signature],
  [TYPE.NSEC, [name, bitmap]],
  [TYPE.DNSKEY, key],
  [TYPE.DHCID, [base64Rest]],
  [TYPE.NSEC3, [u8, u8, u16, salt, base32, bitmap]],
  [TYPE.NSEC3PARAM, [u8, u8, u16, salt]],
  [TYPE.TLSA, certificate],
  [TYPE.SMIMEA, certificate],
  [TYPE.HIP, [hostIdentity]],
  [TYPE.NINFO, [strings(1)]],
  [TYPE.RKEY, key],
  [TYPE.TALINK, [name, name]],
  [TYPE.CDS, digest],
  [TYPE.CDNSKEY, key],
  [TYPE.OPENPGPKEY, [base64Rest]],
  [TYPE.CSYNC, [u32, u16, bitmap]],
  [TYPE.ZONEMD, [u32, u8, u8, hexRest]],
  [TYPE.SVCB, service],
  [TYPE.HTTPS, service],
  [TYPE.SPF, [strings(1)]],
  [TYPE.NID, [u16, hexGroups(4, 2, ':', 1)]],
  [TYPE.L32, [u16, address(4)]],
  [TYPE.L64, [u16, hexGroups(4, 2, ':', 1)]],
  [TYPE.LP, [u16, name]],
  [TYPE.EUI48, [hexGroups(6, 1, '-', 2)]],
  [TYPE.EUI64, [hexGroups(8, 1, '-', 2)]],
  [TYPE.TKEY, [name, u32, u32, u16, named(2, signatureErrors), countedBase64(2), countedBase64(2)]],
  [TYPE.TSIG, [name, integer(6), u16, countedBase64(2), u16, named(2, signatureErrors), countedBase64(2)]],
  [TYPE.URI, [u16, u16, quotedRest]],
  [TYPE.CAA, [u8, tag, quotedRest]],
  [TYPE.AVC, [strings(1)]],
  [TYPE.DOA, [u32, u32, u8, string, base64Rest]],
  [TYPE.AMTRELAY, [relay]],
  [TYPE.RESINFO, [strings(1)]],
  [TYPE.WALLET, [strings(1)]],
  [TYPE.TA, digest],
  [TYPE.DLV, digest],
]);

/** The fields of a type; undefined when only the generic form (RFC 3597, 5) is known for it. */
export function fieldsOf(recordType: number): readonly Field[] | undefined {
  return fieldTable.get(recordType);
}
