// `lookup()` and `resolve4()`… with the signatures of Node's `dns`: programs change one import.

import { parseIp } from './base/prefix.ts';
import { canonicalIp } from './config/address.ts';
import { parseQuestionText, QuestionError } from './library.ts';
import type { Resolver } from './resolver/resolver.ts';
import type { Resolution } from './resolver/types.ts';
import { nameToText } from './wire/name.ts';
import { nameInRdata, readSoa } from './wire/rdata.ts';
import { RCODE, TYPE, typeToText } from './wire/types.ts';

/** An address as `dns.lookup` gives it. */
export interface LookupAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Options of `dns.lookup` that have a meaning here; others are taken and ignored. */
export interface LookupOptions {
  /** 4, 6, or 0 (default): both. */
  readonly family?: number | 'IPv4' | 'IPv6' | undefined;
  /** Whether an array of all addresses is given. Default false. */
  readonly all?: boolean | undefined;
  /** `verbatim` (default) and `ipv4first`: IPv4 addresses first; `ipv6first`. */
  readonly order?: 'ipv4first' | 'ipv6first' | 'verbatim' | undefined;
}

/** The callback of `dns.lookup`: one address and its family, or with `all` an array. */
export type LookupCallback = (error: DnsError | null, address: string | LookupAddress[], family?: number) => void;

/** An error as Node's `dns` gives it: `code` is ENOTFOUND, ENODATA, ESERVFAIL, EAI_AGAIN, EBADNAME… */
export class DnsError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly hostname: string;

  constructor(code: string, syscall: string, hostname: string, detail?: string) {
    super(`${syscall} ${code} ${hostname}${detail === undefined || detail === '' ? '' : `: ${detail}`}`);
    this.code = code;
    this.syscall = syscall;
    this.hostname = hostname;
  }
}

/** All addresses of a host, as `dns.lookup` finds them. Throws {@link DnsError}. */
export async function lookupAll(
  resolver: Resolver,
  hostname: string,
  options: LookupOptions = {},
): Promise<LookupAddress[]> {
  const literal = parseIp(hostname);
  if (literal !== undefined) return [{ address: hostname, family: literal.length === 4 ? 4 : 6 }];
  const wanted =
    options.family === 4 || options.family === 'IPv4'
      ? [4]
      : options.family === 6 || options.family === 'IPv6'
        ? [6]
        : [4, 6];
  if (options.order === 'ipv6first') wanted.reverse();
  const resolutions = await Promise.all(
    wanted.map((family) => ask(resolver, hostname, family === 4 ? TYPE.A : TYPE.AAAA, 'getaddrinfo')),
  );
  const addresses = resolutions.flatMap((resolution, i) =>
    dataOf(resolution, wanted[i] === 4 ? TYPE.A : TYPE.AAAA).map(({ octets }) => ({
      address: canonicalIp(octets),
      family: wanted[i] as 4 | 6,
    })),
  );
  if (addresses.length > 0) return addresses;
  const failure = resolutions.find(({ rcode }) => rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN);
  const detail = failure?.extendedErrors[0]?.text;
  throw new DnsError(failure === undefined ? 'ENOTFOUND' : 'EAI_AGAIN', 'getaddrinfo', hostname, detail);
}

/** A record's TTL and RDATA. */
interface Datum {
  readonly ttl: number;
  readonly octets: Uint8Array;
}

async function ask(resolver: Resolver, hostname: string, type: number, syscall: string): Promise<Resolution> {
  try {
    const question = { ...parseQuestionText(hostname, typeToText(type)), checkingDisabled: false };
    return await resolver.resolve(question);
  } catch (error) {
    if (error instanceof QuestionError) throw new DnsError('EBADNAME', syscall, hostname, error.message);
    throw error;
  }
}

function dataOf(resolution: Resolution, type: number): Datum[] {
  return resolution.answer
    .filter((rrset) => rrset.type === type)
    .flatMap(({ ttl, rdatas }) => rdatas.map((octets) => ({ ttl, octets })));
}

/** The records of one type, or the error that Node's `dns.resolve` gives in their place. */
async function query(resolver: Resolver, hostname: string, type: number): Promise<Datum[]> {
  const syscall = `query${capitalised(typeToText(type))}`;
  const resolution = await ask(resolver, hostname, type, syscall);
  const detail = resolution.extendedErrors[0]?.text;
  if (resolution.rcode === RCODE.NXDOMAIN) throw new DnsError('ENOTFOUND', syscall, hostname, detail);
  if (resolution.rcode === RCODE.REFUSED) throw new DnsError('EREFUSED', syscall, hostname, detail);
  if (resolution.rcode !== RCODE.NOERROR) throw new DnsError('ESERVFAIL', syscall, hostname, detail);
  const data = dataOf(resolution, type);
  if (data.length === 0) throw new DnsError('ENODATA', syscall, hostname, detail);
  return data;
}

function capitalised(text: string): string {
  return text.charAt(0) + text.slice(1).toLowerCase();
}

/** Options of `resolve4` and `resolve6`. */
export interface TtlOption {
  /** Whether each address comes with its TTL in seconds. Default false. */
  readonly ttl?: boolean | undefined;
}

/** An address with its TTL. */
export interface AddressWithTtl {
  readonly address: string;
  readonly ttl: number;
}

/** The methods of `dns.promises.Resolver` that ask one type each. All reject with {@link DnsError}. */
export interface TypedQueries {
  resolve4(hostname: string): Promise<string[]>;
  resolve4(hostname: string, options: { readonly ttl: true }): Promise<AddressWithTtl[]>;
  resolve4(hostname: string, options: TtlOption): Promise<string[] | AddressWithTtl[]>;
  resolve6(hostname: string): Promise<string[]>;
  resolve6(hostname: string, options: { readonly ttl: true }): Promise<AddressWithTtl[]>;
  resolve6(hostname: string, options: TtlOption): Promise<string[] | AddressWithTtl[]>;
  resolveCname(hostname: string): Promise<string[]>;
  resolveNs(hostname: string): Promise<string[]>;
  resolvePtr(hostname: string): Promise<string[]>;
  resolveMx(hostname: string): Promise<{ priority: number; exchange: string }[]>;
  resolveTxt(hostname: string): Promise<string[][]>;
  resolveSrv(hostname: string): Promise<{ priority: number; weight: number; port: number; name: string }[]>;
  resolveNaptr(
    hostname: string,
  ): Promise<
    { flags: string; service: string; regexp: string; replacement: string; order: number; preference: number }[]
  >;
  resolveSoa(hostname: string): Promise<{
    nsname: string;
    hostmaster: string;
    serial: number;
    refresh: number;
    retry: number;
    expire: number;
    minttl: number;
  }>;
  resolveCaa(hostname: string): Promise<{ critical: number; [tag: string]: number | string }[]>;
  /** The names of an address, by its PTR records. */
  reverse(address: string): Promise<string[]>;
}

/** The typed queries on a resolver. */
export function typedQueries(resolver: Resolver): TypedQueries {
  const names = async (hostname: string, type: number): Promise<string[]> =>
    (await query(resolver, hostname, type)).map(({ octets }) => hostText(octets, 0));
  const addresses = async (hostname: string, type: number, options: TtlOption = {}): Promise<never> => {
    const found = (await query(resolver, hostname, type)).map(({ octets, ttl }) => ({
      address: canonicalIp(octets),
      ttl,
    }));
    // The overloads of TypedQueries say which of the two a caller gets.
    return (options.ttl === true ? found : found.map(({ address }) => address)) as never;
  };
  return {
    resolve4: (hostname: string, options?: TtlOption) => addresses(hostname, TYPE.A, options),
    resolve6: (hostname: string, options?: TtlOption) => addresses(hostname, TYPE.AAAA, options),
    resolveCname: (hostname) => names(hostname, TYPE.CNAME),
    resolveNs: (hostname) => names(hostname, TYPE.NS),
    resolvePtr: (hostname) => names(hostname, TYPE.PTR),
    resolveMx: async (hostname) =>
      (await query(resolver, hostname, TYPE.MX)).map(({ octets }) => ({
        priority: u16(octets, 0),
        exchange: hostText(octets, 2),
      })),
    resolveTxt: async (hostname) => (await query(resolver, hostname, TYPE.TXT)).map(({ octets }) => strings(octets, 0)),
    resolveSrv: async (hostname) =>
      (await query(resolver, hostname, TYPE.SRV)).map(({ octets }) => ({
        priority: u16(octets, 0),
        weight: u16(octets, 2),
        port: u16(octets, 4),
        name: hostText(octets, 6),
      })),
    resolveNaptr: async (hostname) => (await query(resolver, hostname, TYPE.NAPTR)).map(({ octets }) => naptr(octets)),
    resolveSoa: async (hostname) => {
      const soa = readSoa(((await query(resolver, hostname, TYPE.SOA))[0] as Datum).octets);
      return {
        nsname: withoutDot(nameToText(soa.mname)),
        hostmaster: withoutDot(nameToText(soa.rname)),
        serial: soa.serial,
        refresh: soa.refresh,
        retry: soa.retry,
        expire: soa.expire,
        minttl: soa.minimum,
      };
    },
    resolveCaa: async (hostname) => (await query(resolver, hostname, TYPE.CAA)).map(({ octets }) => caa(octets)),
    reverse: (address) => names(reverseName(address), TYPE.PTR),
  };
}

/** The name under `in-addr.arpa` or `ip6.arpa` for an address. Throws {@link DnsError}. */
function reverseName(address: string): string {
  const octets = parseIp(address);
  if (octets === undefined) throw new DnsError('EINVAL', 'getHostByAddr', address);
  if (octets.length === 4) return `${[...octets].reverse().join('.')}.in-addr.arpa`;
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`;
}

function u16(octets: Uint8Array, offset: number): number {
  return ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0);
}

function hostText(octets: Uint8Array, offset: number): string {
  return withoutDot(nameToText(nameInRdata(octets, offset)));
}

function withoutDot(text: string): string {
  return text === '.' ? '' : text.replace(/\.$/, '');
}

/** The character-strings from `offset` to the end, as UTF-8 like Node's own. */
function strings(octets: Uint8Array, offset: number, most: number = Number.POSITIVE_INFINITY): string[] {
  const found: string[] = [];
  for (let at = offset; at < octets.length && found.length < most; at += 1 + (octets[at] as number)) {
    found.push(Buffer.from(octets.subarray(at + 1, at + 1 + (octets[at] as number))).toString());
  }
  return found;
}

function naptr(octets: Uint8Array): Awaited<ReturnType<TypedQueries['resolveNaptr']>>[number] {
  const [flags = '', service = '', regexp = ''] = strings(octets, 4, 3);
  const lengths = [flags, service, regexp].map((text) => 1 + Buffer.byteLength(text));
  const at = 4 + lengths.reduce((sum, length) => sum + length, 0);
  return {
    flags,
    service,
    regexp,
    replacement: hostText(octets, at),
    order: u16(octets, 0),
    preference: u16(octets, 2),
  };
}

function caa(octets: Uint8Array): { critical: number; [tag: string]: number | string } {
  const tagOctets = octets[1] ?? 0;
  const tag = Buffer.from(octets.subarray(2, 2 + tagOctets)).toString('latin1');
  return { critical: octets[0] ?? 0, [tag]: Buffer.from(octets.subarray(2 + tagOctets)).toString() };
}
