// A small Internet on virtual time for the gallery of failures: real root addresses, signed zones, servers to spoil.
import type { Transport } from '../../src/base/ports.ts';
import { parseIp } from '../../src/base/prefix.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import { explainLines } from '../../src/resolver/explain-tree.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { diagnose, type Verdict } from '../../src/resolver/verdict.ts';
import { type RootServer, type TestEngineSettings, testEngineOptions } from '../../src/testing/engine.ts';
import { type Behaviour, faultyServer } from '../../src/testing/faulty-server.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type ServeOptions, type ServerHandler, VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { type Validity, ZoneSigner } from '../../src/testing/zone-signer.ts';
import { addRecords, makeZone, signZone, truthOf, type Zone } from '../../src/testing/zone-tree.ts';
import { buildMessage, parseMessage } from '../../src/wire/message.ts';
import { isSubdomainOf, labelCount, type Name, nameFromText, nameOctets, ROOT } from '../../src/wire/name.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import { TYPE, typeFromText } from '../../src/wire/types.ts';

/** One zone of a world. */
export interface ZonePlan {
  /** Its name servers by name: their addresses, all of which are given as glue where they lie in the zone. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
  /** `owner type rdata` lines, owners in full. */
  readonly records?: string;
  /** Absent: not signed. */
  readonly signed?: true | Validity;
  /** What the parent says of its keys; default `right`. */
  readonly ds?: 'right' | 'wrong';
  /** Leaves out the addresses of its servers everywhere. */
  readonly noGlue?: true;
}

/** A world, and the question that is asked in it. */
export interface Plan {
  readonly asks: readonly [name: string, type?: string];
  /** Beside the root, com and org; a name given here replaces the usual zone. */
  readonly zones?: Readonly<Record<string, ZonePlan>>;
  /** By address: how it misbehaves. */
  readonly servers?: Readonly<Record<string, Behaviour>>;
  /** By address: how it is reached. */
  readonly paths?: Readonly<Record<string, ServeOptions>>;
  /** A resolver that answers in the place of every server. */
  readonly intercepted?: true;
  /** Asks a second time, and tells of that. */
  readonly again?: true;
  /** Addresses to which the network says that there is no way. */
  readonly noRoute?: readonly string[];
  /** Of chance; default 5. */
  readonly seed?: number;
  /** Nothing leaves the machine. */
  readonly offline?: true;
  readonly wallSeconds?: number;
  readonly hints?: readonly RootServer[];
  /** DNSKEY RDATA that is trusted in place of the root's. */
  readonly anchors?: readonly Uint8Array[];
  readonly settings?: Partial<Pick<TestEngineSettings, 'upstream' | 'limits' | 'zones'>>;
}

/** What came of it. */
export interface Shown {
  readonly verdict: Verdict;
  readonly resolution: Resolution;
  /** As `rootwalk explain` prints it. */
  readonly lines: readonly string[];
}

const usual: Readonly<Record<string, ZonePlan>> = {
  '.': {
    servers: { 'a.root-servers.net.': ['198.41.0.4'], 'b.root-servers.net.': ['170.247.170.2'] },
    signed: true,
  },
  'com.': { servers: { 'a.nic.com.': ['192.0.2.10'], 'b.nic.com.': ['192.0.2.11'] }, signed: true },
  'org.': { servers: { 'a.nic.org.': ['192.0.2.20'] }, signed: true },
};

/** The zone of most cases. */
export const example: ZonePlan = {
  servers: { 'ns1.example.com.': ['203.0.113.1'], 'ns2.example.com.': ['203.0.113.2'] },
  records: 'www.example.com. A 203.0.113.80',
};

const realHints: readonly RootServer[] = [
  { nameServer: nameFromText('a.root-servers.net.'), ip: '198.41.0.4' },
  { nameServer: nameFromText('b.root-servers.net.'), ip: '170.247.170.2' },
];

/** 2026-06-01T00:00:00Z. */
const WALL_SECONDS = Date.UTC(2026, 5, 1) / 1000;

/** Builds the world, asks, and tells. */
export async function show(plan: Plan): Promise<Shown> {
  const clock = new VirtualClock({ wallSeconds: plan.wallSeconds ?? WALL_SECONDS });
  const network = new VirtualNetwork({ clock, path: { rttMs: 12 } });
  const { zones, anchor } = build({ ...usual, 'example.com.': example, ...plan.zones });
  if (!plan.offline) serve(network, zones, plan);
  const engine = testEngineOptions({
    transport: withoutRoutes(network, plan.noRoute ?? []),
    clock,
    random: new SeededRandom(plan.seed ?? 5),
    roots: plan.hints ?? realHints,
    dnssec: { validate: true, anchors: [{ zone: ROOT, ds: [], keys: plan.anchors ?? [anchor] }] },
    ...plan.settings,
  });
  const resolver = new Resolver(engine);
  const [text, typeText = 'A'] = plan.asks;
  const question = { name: nameFromText(text), type: typeFromText(typeText) ?? 0 };
  if (plan.again) await clock.runUntil(resolver.resolve({ ...question, checkingDisabled: false }));
  const events: ResolutionEvent[] = [];
  const startMs = clock.nowMs();
  const resolution = await clock.runUntil(
    resolver.resolve({ ...question, checkingDisabled: false, observer: (event) => events.push(event) }),
  );
  const told = [...events];
  const lines = explainLines(question, told, resolution, clock.nowMs() - startMs);
  return { verdict: diagnose(told, resolution), resolution, lines };
}

function withoutRoutes(network: Transport, ips: readonly string[]): Transport {
  return {
    send: async (request, accept) => {
      if (ips.includes(request.server.ip)) return { kind: 'unreachable', detail: 'ENETUNREACH' };
      return network.send(request, accept);
    },
    close: () => network.close(),
  };
}

interface Built {
  readonly zone: Zone;
  readonly plan: ZonePlan;
}

function build(plans: Readonly<Record<string, ZonePlan>>): {
  readonly zones: readonly Built[];
  readonly anchor: Uint8Array;
} {
  const zones = Object.entries(plans).map(([name, plan]) => ({ zone: bare(nameFromText(name), plan), plan }));
  zones.sort((a, b) => labelCount(b.zone.name) - labelCount(a.zone.name));
  const random = new SeededRandom(3);
  let anchor = new Uint8Array(0);
  // The deepest first: the DS of a zone is part of its parent's data.
  for (const { zone, plan } of zones) {
    const parent = zones.find(({ zone: above }) => above !== zone && isSubdomainOf(zone.name, above.name))?.zone;
    const signer =
      plan.signed === undefined
        ? undefined
        : new ZoneSigner(zone.name, random, plan.signed === true ? undefined : plan.signed);
    if (signer !== undefined) signZone(zone, signer, false);
    if (parent === undefined) {
      anchor = Uint8Array.from(signer?.dnskey ?? []);
      continue;
    }
    parent.cuts.set(zone.name, zone);
    addRecords(parent, zone.name, TYPE.NS, zone.nodes.get(zone.name)?.get(TYPE.NS) ?? { ttl: 0, rdatas: [] });
    if (signer === undefined) continue;
    const ds = signer.ds().map((octet, at) => (plan.ds === 'wrong' && at > 3 ? octet ^ 0x5a : octet));
    addRecords(parent, zone.name, TYPE.DS, { ttl: 3600, rdatas: [ds] });
  }
  return { zones, anchor };
}

function bare(name: Name, { servers, records = '', noGlue }: ZonePlan): Zone {
  const zone = makeZone(name);
  const soa = rdataFromText(TYPE.SOA, 'ns. host. 1 7200 3600 1209600 300');
  addRecords(zone, name, TYPE.SOA, { ttl: 3600, rdatas: [soa] });
  const names = Object.keys(servers).map(nameFromText);
  addRecords(zone, name, TYPE.NS, { ttl: 3600, rdatas: names.map(nameOctets) });
  for (const [server, ips] of noGlue ? [] : Object.entries(servers)) {
    const owner = nameFromText(server);
    if (!isSubdomainOf(owner, name)) continue;
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const rdatas = ips
        .filter((ip) => ip.includes(':') === (type === TYPE.AAAA))
        .map((ip) => parseIp(ip) as Uint8Array);
      if (rdatas.length > 0) addRecords(zone, owner, type, { ttl: 3600, rdatas });
    }
  }
  const added = new Map<string, Uint8Array[]>();
  for (const line of records.split('\n').filter((text) => text.trim() !== '')) {
    const [owner = '', type = '', ...rest] = line.trim().split(' ');
    const key = `${owner} ${type}`;
    const rdatas = added.get(key) ?? [];
    added.set(key, rdatas);
    rdatas.push(rdataFromText(typeFromText(type) ?? 0, rest.join(' ')));
    addRecords(zone, nameFromText(owner), typeFromText(type) ?? 0, { ttl: 300, rdatas });
  }
  return zone;
}

function serve(network: VirtualNetwork, zones: readonly Built[], plan: Plan): void {
  const root = zones.at(-1)?.zone as Zone;
  if (plan.intercepted) {
    network.serveOthers(interceptor(root));
    return;
  }
  const held = new Map<string, Zone[]>();
  for (const { zone, plan: own } of zones) {
    for (const ip of Object.values(own.servers).flat()) held.set(ip, [...(held.get(ip) ?? []), zone]);
  }
  for (const ip of Object.keys(plan.servers ?? {})) if (!held.has(ip)) held.set(ip, []);
  for (const [ip, own] of held) {
    const handler = faultyServer(own, plan.servers?.[ip] ?? 'honest', new SeededRandom(plan.seed ?? 1));
    network.serve(ip, handler, plan.paths?.[ip]);
  }
}

/** A resolver in a router: it answers everything from what it finds itself, and knows nothing of DNSSEC. */
function interceptor(root: Zone): ServerHandler {
  return (octets) => {
    const query = parseMessage(octets);
    const question = query.questions[0];
    if (question === undefined) return undefined;
    const { rcode, answer } = truthOf(root, question);
    return buildMessage({
      ...query,
      response: true,
      authoritative: false,
      recursionAvailable: true,
      rcode,
      answer,
      authority: [],
      additional: [],
      edns: query.edns && { ...query.edns, options: [] },
    });
  };
}
