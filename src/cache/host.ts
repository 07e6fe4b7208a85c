// Step 2 of the notes, the operating system's cache: the hosts file, local zones and local data, special-use names.

import { type Name, nameFromText, nameOctets, parentOf, ROOT } from '../wire/name.ts';
import { readSoa } from '../wire/rdata.ts';
import { type RRset, toRRsets } from '../wire/rrset.ts';
import { CLASS, RCODE, TYPE } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import type { LayerStats } from './entry.ts';
import { compactRRset, entryFootprint, rrsetFootprint, stringFootprint } from './footprint.ts';
import { type HostsFile, parseHostsFile } from './hosts-file.ts';
import { specialZones } from './special-use.ts';

/**
 * How a local zone answers what its data do not: `static` NODATA or NXDOMAIN; `refuse` REFUSED; `redirect` gives all
 * names in it the data of its apex; `transparent` resolves other names as usual; `nodefault` is `transparent` and lifts
 * a special-use zone of the same name.
 */
export type LocalZoneKind = 'static' | 'refuse' | 'redirect' | 'transparent' | 'nodefault';

/** A zone answered from the configuration. */
export interface LocalZone {
  readonly zone: Name;
  readonly kind: LocalZoneKind;
}

/** What {@link Host} is made with. */
export interface HostOptions {
  /** The text of a hosts file; undefined: none. */
  readonly hostsText: string | undefined;
  readonly zones: readonly LocalZone[];
  /** Master-file lines; the TTL is 3600 s where a line has none. */
  readonly data: readonly string[];
  /** Whether the special-use names (RFC 6761, 6303, 7686, 8375) are answered here. */
  readonly specialUse: boolean;
}

/** What this layer says to a question, by its own authority. RRsets carry their whole TTL. */
export interface HostAnswer {
  readonly rcode: number;
  readonly answer: readonly RRset[];
  /** The SOA of a local zone beside a denial. */
  readonly authority: readonly RRset[];
}

/** TTL of what the hosts file says, in seconds; Unbound's of local data. */
const hostsTtl = 3600;

/**
 * Local data and local zones are asked first, as the configuration's own word; then the hosts file, whose names are
 * answered even inside a local zone that would deny them. A name of the hosts file has no other addresses, and no
 * HTTPS or SVCB that could bring some; its other types are resolved as usual.
 */
export class Host {
  #data: Map<Name, RRset[]> = new Map();
  /** Names with data at or below them. */
  #existing: Set<Name> = new Set();
  #zones: Map<Name, LocalZoneKind> = new Map();
  #hosts: HostsFile = parseHostsFile('');
  #hostsOctets = 0;
  #dataOctets = 0;
  #hits = 0;
  #misses = 0;

  /** Throws WireError, with the line, for local data that is not a master-file line. */
  constructor(options: HostOptions) {
    for (const { zone, kind } of options.zones) this.#zones.set(zone, kind);
    if (options.specialUse) this.#addSpecialZones();
    for (const line of options.data) this.#addData(line);
    // Data that stand in no zone make their names exist, and other names are resolved.
    for (const name of this.#data.keys()) if (this.#zoneOf(name) === undefined) this.#zones.set(name, 'transparent');
    this.setHosts(options.hostsText);
  }

  /** What is said here of this question; undefined: nothing, so it is to be resolved. A CNAME is not followed. */
  find(name: Name, type: number): HostAnswer | undefined {
    const local = this.#local(name, type);
    const found = local !== undefined && local.answer.length > 0 ? local : (this.#fromHosts(name, type) ?? local);
    if (found === undefined) this.#misses++;
    else this.#hits++;
    return found;
  }

  /** Sets the text of the hosts file anew. Returns how many lines and names in it were left out. */
  setHosts(text: string | undefined): number {
    this.#hosts = parseHostsFile(text ?? '');
    this.#hostsOctets = hostsFootprint(this.#hosts);
    return this.#hosts.skipped;
  }

  /** Takes over what another has, and keeps its own counts. */
  become(other: Host): void {
    this.#data = other.#data;
    this.#existing = other.#existing;
    this.#zones = other.#zones;
    this.#hosts = other.#hosts;
    this.#hostsOctets = other.#hostsOctets;
    this.#dataOctets = other.#dataOctets;
  }

  /** The figures of this layer. It is filled by configuration alone, so it has no bound to be put out by. */
  stats(): LayerStats {
    const octets = this.#dataOctets + this.#hostsOctets;
    const entries = this.#data.size + this.#hosts.addresses.size + this.#hosts.reverse.size;
    return { hits: this.#hits, misses: this.#misses, entries, octets, octetsMax: octets, evictions: 0 };
  }

  /** All RRsets: local data with that of special-use names, then the hosts file. */
  *dump(): Generator<RRset> {
    for (const rrsets of this.#data.values()) yield* rrsets;
    for (const name of this.#hosts.addresses.keys()) yield* this.#hostsRRsets(name, TYPE.ANY);
    for (const [name, target] of this.#hosts.reverse) yield ptr(name, target);
  }

  #addSpecialZones(): void {
    for (const { zone, kind, data } of specialZones()) {
      const name = nameFromText(zone);
      // A zone of the same name in the configuration takes the place of the default, data and all.
      if (this.#zones.has(name)) continue;
      this.#zones.set(name, kind);
      for (const line of data) this.#addData(line);
    }
  }

  #addData(line: string): void {
    for (const added of toRRsets(parseZoneText(line, { origin: ROOT, ttl: hostsTtl }))) {
      const rrsets = this.#data.get(added.name) ?? [];
      const at = rrsets.findIndex((rrset) => rrset.type === added.type);
      const merged = compactRRset(at < 0 ? added : merge(rrsets[at] ?? added, added));
      if (at < 0) rrsets.push(merged);
      else rrsets[at] = merged;
      this.#data.set(added.name, rrsets);
      this.#dataOctets += rrsetFootprint(added) + entryFootprint(added.name);
      for (let name = added.name; !this.#existing.has(name) && name !== ROOT; name = parentOf(name)) {
        this.#existing.add(name);
      }
    }
  }

  #zoneOf(name: Name): Name | undefined {
    for (let zone = name; ; zone = parentOf(zone)) {
      if (this.#zones.has(zone)) return zone;
      if (zone === ROOT) return undefined;
    }
  }

  #local(name: Name, type: number): HostAnswer | undefined {
    // RFC 4035, 3.1.4.1: the DS RRset of a zone is on the parent's side of the cut.
    const zone = this.#zoneOf(type === TYPE.DS && name !== ROOT ? parentOf(name) : name);
    if (zone === undefined) return undefined;
    const kind = this.#zones.get(zone);
    const redirected = kind === 'redirect';
    const rrsets = this.#data.get(redirected ? zone : name) ?? [];
    const answer = matching(rrsets, type).map((rrset) => (redirected ? { ...rrset, name } : rrset));
    if (answer.length > 0) return { rcode: RCODE.NOERROR, answer, authority: [] };
    if (kind === 'refuse') return { rcode: RCODE.REFUSED, answer: [], authority: [] };
    if (kind === 'static' || redirected) {
      const exists = redirected || this.#existing.has(name);
      return { rcode: exists ? RCODE.NOERROR : RCODE.NXDOMAIN, answer: [], authority: this.#soaOf(zone) };
    }
    return rrsets.length > 0 ? { rcode: RCODE.NOERROR, answer: [], authority: this.#soaOf(zone) } : undefined;
  }

  #soaOf(zone: Name): RRset[] {
    const soa = this.#data.get(zone)?.find((rrset) => rrset.type === TYPE.SOA);
    const rdata = soa?.rdatas[0];
    if (soa === undefined || rdata === undefined) return [];
    // RFC 2308, 3: the TTL of a denial is the smaller of SOA TTL and MINIMUM.
    return [{ ...soa, ttl: Math.min(soa.ttl, readSoa(rdata).minimum) }];
  }

  #fromHosts(name: Name, type: number): HostAnswer | undefined {
    const target = type === TYPE.PTR || type === TYPE.ANY ? this.#hosts.reverse.get(name) : undefined;
    if (target !== undefined) return { rcode: RCODE.NOERROR, answer: [ptr(name, target)], authority: [] };
    if (!this.#hosts.addresses.has(name) || !hostsTypes.has(type)) return undefined;
    return { rcode: RCODE.NOERROR, answer: this.#hostsRRsets(name, type), authority: [] };
  }

  #hostsRRsets(name: Name, type: number): RRset[] {
    const all = this.#hosts.addresses.get(name) ?? [];
    const rrset = (wanted: number, octets: number): RRset[] => {
      const rdatas = type === wanted || type === TYPE.ANY ? all.filter((rdata) => rdata.length === octets) : [];
      return rdatas.length > 0 ? [{ name, type: wanted, class: CLASS.IN, ttl: hostsTtl, rdatas, signatures: [] }] : [];
    };
    return [...rrset(TYPE.A, 4), ...rrset(TYPE.AAAA, 16)];
  }
}

/** Types that a name of the hosts file answers, if only with NODATA. */
const hostsTypes: ReadonlySet<number> = new Set([TYPE.A, TYPE.AAAA, TYPE.ANY, TYPE.HTTPS, TYPE.SVCB]);

function matching(rrsets: readonly RRset[], type: number): readonly RRset[] {
  if (type === TYPE.ANY) return rrsets;
  const own = rrsets.filter((rrset) => rrset.type === type);
  // RFC 1034, 3.6.2: where the type is missing, an alias answers.
  return own.length > 0 ? own : rrsets.filter((rrset) => rrset.type === TYPE.CNAME);
}

function merge(known: RRset, added: RRset): RRset {
  return { ...known, ttl: Math.min(known.ttl, added.ttl), rdatas: [...known.rdatas, ...added.rdatas] };
}

function ptr(name: Name, target: Name): RRset {
  return { name, type: TYPE.PTR, class: CLASS.IN, ttl: hostsTtl, rdatas: [nameOctets(target)], signatures: [] };
}

function hostsFootprint(hosts: HostsFile): number {
  let octets = 0;
  for (const [name, rdatas] of hosts.addresses) octets += entryFootprint(name) + 8 * rdatas.length;
  for (const name of hosts.reverse.keys()) octets += entryFootprint('') + stringFootprint(name);
  return octets;
}
