// Grows a random tree of zones with servers: delegations with and without glue, aliases, wildcards, shared servers.

import { parseIp } from '../base/prefix.ts';
import { isSubdomainOf, type Name, nameFromText, nameOctets, nameToText, ROOT } from '../wire/name.ts';
import { rdataFromText } from '../wire/rdata-text.ts';
import { TYPE } from '../wire/types.ts';
import type { RootServer } from './engine.ts';
import type { SeededRandom } from './seeded-random.ts';
import { ZoneSigner } from './zone-signer.ts';
import { addRecords, makeZone, signZone, type Zone } from './zone-tree.ts';

/** A name server: where it listens and what it serves. */
export interface TreeServer {
  readonly name: Name;
  readonly ip: string;
  readonly zones: Zone[];
}

/** A tree, its servers by address, and names worth asking for. */
export interface RandomTree {
  readonly root: Zone;
  readonly roots: readonly RootServer[];
  readonly servers: ReadonlyMap<string, TreeServer>;
  /** For each zone, its servers' addresses: to keep one of them honest. */
  readonly zones: readonly { readonly zone: Zone; readonly ips: readonly string[] }[];
  readonly names: readonly Name[];
  /** RDATA of the root's DNSKEY, when the tree is signed: the trust anchor. */
  readonly anchor: Uint8Array | undefined;
}

/** How a tree is grown. */
export interface TreeOptions {
  /** Zones beside the root; default 20. */
  readonly zones?: number;
  /** Whether the root and most zones are signed, some without a DS; default false. */
  readonly signed?: boolean;
}

const ttls = [0, 1, 30, 300, 3600, 86_400];
const labels = ['a', 'b', 'www', 'mail', 'x1', 'deep', 'api', 'cdn', 'long-label-of-some-length', 'ns0', '\\001odd'];

interface Growth {
  readonly random: SeededRandom;
  readonly servers: Map<string, TreeServer>;
  readonly zones: { zone: Zone; ips: string[] }[];
  readonly names: Name[];
  addresses: number;
}

/** The tree of a seed: the same each time. */
export function growTree(random: SeededRandom, { zones = 20, signed = false }: TreeOptions = {}): RandomTree {
  const growth: Growth = { random, servers: new Map(), zones: [], names: [], addresses: 0 };
  const root = makeZone(ROOT);
  addApex(growth, root, 'root-servers.');
  const rootServers = [...growth.servers.values()].map(({ name, ip }) => ({ nameServer: name, ip }));
  const topLevels = Math.max(2, Math.floor(zones / 6));
  for (let i = 0; i < zones; i++) {
    const parent = i < topLevels ? root : random.pick(growth.zones.slice(1)).zone;
    delegate(growth, parent, childName(parent.name, `z${i}`));
  }
  for (const { zone } of growth.zones) addHosts(growth, zone);
  for (const { zone } of growth.zones) addAliases(growth, zone);
  if (signed) signBelow(growth, root);
  const anchor = root.signed?.signer.dnskey;
  return { root, roots: rootServers, servers: growth.servers, zones: growth.zones, names: growth.names, anchor };
}

/** Signs a zone after its children, since their DS are part of it. */
function signBelow(growth: Growth, zone: Zone): void {
  const { random } = growth;
  const isRoot = zone.name === ROOT;
  const signer = isRoot || random.chance(0.8) ? new ZoneSigner(zone.name, random) : undefined;
  zone.secure = isRoot;
  for (const [cut, child] of zone.cuts) {
    signBelow(growth, child);
    const ds = child.signed?.signer.ds();
    // A zone may be signed without its parent saying so: an island.
    if (ds && random.chance(0.9)) addRecords(zone, cut, TYPE.DS, { ttl: random.pick([60, 3600]), rdatas: [ds] });
  }
  if (signer) signZone(zone, signer, random.chance(0.5));
  if (isRoot) markSecure(zone);
}

/** Trust follows DS from the root down. */
function markSecure(zone: Zone): void {
  for (const [cut, child] of zone.cuts) {
    child.secure = zone.signed !== undefined && zone.secure && (zone.nodes.get(cut)?.has(TYPE.DS) ?? false);
    markSecure(child);
  }
}

/** A zone below `parent`, sometimes a few labels below. */
function delegate(growth: Growth, parent: Zone, name: Name): void {
  const { random } = growth;
  const at =
    parent.name !== ROOT && random.chance(0.2) ? childName(parent.name, `${nameToText(name).split('.')[0]}.ent`) : name;
  const zone = makeZone(at);
  parent.cuts.set(at, zone);
  addApex(growth, zone, undefined);
  // The cut is a name of the parent's too: it makes empty non-terminals above it exist.
  addRecords(parent, at, TYPE.NS, zone.nodes.get(at)?.get(TYPE.NS) ?? { ttl: 0, rdatas: [] });
  growth.names.push(at);
}

/** SOA and NS; servers of its own with glue, or those of a zone that has glue itself. */
function addApex(growth: Growth, zone: Zone, serversAt: string | undefined): void {
  const { random } = growth;
  const text = nameToText(zone.name);
  const soa = rdataFromText(TYPE.SOA, `ns. host. 1 7200 3600 1209600 ${random.pick([30, 300, 3600])}`);
  addRecords(zone, zone.name, TYPE.SOA, { ttl: random.pick([60, 300, 3600]), rdatas: [soa] });
  const ttl = random.pick([60, 300, 3600, 86_400]);
  const lenders = growth.zones.filter(({ zone: other }) => other.name !== ROOT && hasOwnServers(other));
  const servers: TreeServer[] = [];
  if (serversAt === undefined && lenders.length > 0 && random.chance(0.35)) {
    const lender = random.pick(lenders);
    for (const ip of lender.ips) servers.push(growth.servers.get(ip) as TreeServer);
  } else {
    const count = 1 + random.integer(3);
    for (let i = 0; i < count; i++) {
      const name = nameFromText(serversAt ? `s${i}.${serversAt}` : `ns${i}.${text === '.' ? '' : text}`);
      servers.push(addServer(growth, zone, name, serversAt !== undefined));
    }
  }
  for (const server of servers) server.zones.push(zone);
  const names = [...new Set(servers.map(({ name }) => name))];
  addRecords(zone, zone.name, TYPE.NS, { ttl, rdatas: names.map((name) => nameOctets(name)) });
  growth.zones.push({ zone, ips: servers.map(({ ip }) => ip) });
}

function hasOwnServers(zone: Zone): boolean {
  return [...zone.nodes.keys()].some((name) => /^ns\d\./.test(nameToText(name)));
}

function addServer(growth: Growth, zone: Zone, name: Name, alwaysIpv4: boolean): TreeServer {
  const { random } = growth;
  const number = ++growth.addresses;
  const ipv6 = !alwaysIpv4 && random.chance(0.15);
  const ip = ipv6 ? `2001:db8::${number.toString(16)}` : `198.18.${number >> 8}.${number & 255}`;
  const server: TreeServer = { name, ip, zones: [] };
  growth.servers.set(ip, server);
  const rdata = parseIp(ip) as Uint8Array;
  addRecords(zone, name, ipv6 ? TYPE.AAAA : TYPE.A, { ttl: random.pick([60, 3600]), rdatas: [rdata] });
  return server;
}

function addHosts(growth: Growth, zone: Zone): void {
  const { random, names } = growth;
  const count = 2 + random.integer(6);
  for (let i = 0; i < count; i++) {
    const depth = 1 + random.integer(random.chance(0.1) ? 12 : 3);
    const wild = random.chance(0.1) ? '*.' : '';
    const text = wild + Array.from({ length: depth }, () => random.pick(labels)).join('.');
    const name = childName(zone.name, text);
    if (belongsElsewhere(zone, name) || zone.nodes.get(name)?.size) continue;
    const octets = Array.from({ length: 1 + random.integer(3) }, (_, k) =>
      Uint8Array.of(10, random.integer(256), i, k),
    );
    addRecords(zone, name, TYPE.A, { ttl: random.pick(ttls), rdatas: octets });
    if (random.chance(0.3)) {
      const text64 = Uint8Array.from([60, ...Array.from({ length: 60 }, () => 97 + random.integer(26))]);
      const large = random.chance(0.2) ? 40 : 1;
      const rdatas = Array.from({ length: large }, (_, k) => text64.map((octet, at) => (at === 1 ? 65 + k : octet)));
      addRecords(zone, name, TYPE.TXT, { ttl: random.pick(ttls), rdatas });
    }
    names.push(name, ...(wild ? [childName(zone.name, `w${i}.${text.slice(2)}`)] : []));
  }
}

function addAliases(growth: Growth, zone: Zone): void {
  const { random, names } = growth;
  const count = random.integer(4);
  for (let i = 0; i < count; i++) {
    const dname = random.chance(0.2);
    const name = childName(zone.name, dname ? `dn${i}` : `alias${i}`);
    const target = dname ? random.pick(growth.zones).zone.name : random.pick(names);
    if (belongsElsewhere(zone, name)) continue;
    const rdatas = [nameOctets(target)];
    addRecords(zone, name, dname ? TYPE.DNAME : TYPE.CNAME, { ttl: random.pick(ttls), rdatas });
    names.push(name, ...(dname ? [childName(name, random.pick(labels))] : []));
  }
}

/** Whether a name lies at or below a cut of the zone. */
function belongsElsewhere(zone: Zone, name: Name): boolean {
  return [...zone.cuts.keys()].some((cut) => isSubdomainOf(name, cut));
}

function childName(parent: Name, text: string): Name {
  return nameFromText(parent === ROOT ? `${text}.` : `${text}.${nameToText(parent)}`);
}
