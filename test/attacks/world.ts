// A hostile little Internet on virtual time: servers are functions of the question, and every send is counted.
import type { Limits } from '../../src/base/limits.ts';
import { makeLimits } from '../../src/base/limits.ts';
import type { Clock, Log } from '../../src/base/ports.ts';
import type { DnssecOptions, PrivateAddressOptions, UpstreamOptions } from '../../src/resolver/options.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { ConfiguredZone, Resolution } from '../../src/resolver/types.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type QueryContext, type ServeOptions, VirtualNetwork } from '../../src/testing/virtual-network.ts';
import {
  buildMessage,
  type EdnsOption,
  type Message,
  parseMessage,
  type ResourceRecord,
} from '../../src/wire/message.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText } from '../../src/wire/rdata-text.ts';
import { type RRset, toRecords } from '../../src/wire/rrset.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/types.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';

/** A question as it reached a server; `text` is QNAME as text, in lower case, with the final dot. */
export interface Asked {
  readonly name: Name;
  readonly text: string;
  readonly type: number;
  readonly query: Message;
  readonly octets: Uint8Array;
  readonly context: QueryContext;
}

/** A section: master-file text, records, or RRsets with their signatures. */
export type Section = string | readonly ResourceRecord[] | readonly RRset[];

/** What a server says. Default: NOERROR with AA and empty sections. */
export interface Reply {
  readonly rcode?: number;
  readonly aa?: boolean;
  readonly ra?: boolean;
  readonly tc?: boolean;
  readonly answer?: Section;
  readonly authority?: Section;
  readonly additional?: Section;
  /** False: no OPT. */
  readonly edns?: boolean;
  /** The data of a COOKIE option. */
  readonly cookie?: Uint8Array | undefined;
}

/** A server: octets go out as they are, undefined is silence. */
export type Behaviour = (asked: Asked) => Reply | Uint8Array | readonly Uint8Array[] | undefined;

/** How a world differs from the usual one. */
export interface WorldOptions {
  /** Beyond the bounds of the table too: to lift one. */
  readonly limits?: Partial<Limits>;
  readonly upstream?: Partial<UpstreamOptions>;
  readonly dnssec?: Partial<DnssecOptions>;
  readonly cacheOctets?: number;
  readonly log?: Log;
  /** Sends that the trace keeps; default 20,000. */
  readonly exchangesMax?: number;
  readonly zones?: readonly ConfiguredZone[];
  readonly privateAddresses?: PrivateAddressOptions;
  /** Instead of virtual time; then `ask` waits for real. */
  readonly clock?: Clock;
}

/** The root server of every world. */
export const ROOT_IP = '198.41.0.4';
/** 2026-06-01T00:00:00Z: signatures of the tests' keys are valid around it. */
export const WALL_SECONDS: number = Date.UTC(2026, 5, 1) / 1000;

/** Servers, a resolver and their clock. */
export class World {
  readonly virtual: VirtualClock | undefined;
  readonly clock: Clock;
  readonly network: VirtualNetwork;
  readonly limits: Limits;
  readonly resolver: Resolver;
  /** Milliseconds of this thread's CPU that the servers took: not the resolver's. */
  serverCpuMs = 0;
  readonly #sent = new Map<string, number>();

  constructor(options: WorldOptions = {}) {
    this.virtual = options.clock === undefined ? new VirtualClock({ wallSeconds: WALL_SECONDS }) : undefined;
    this.clock = options.clock ?? (this.virtual as VirtualClock);
    this.network = new VirtualNetwork({ clock: this.clock, exchangesMax: options.exchangesMax ?? 20_000 });
    this.limits = { ...makeLimits(), ...options.limits };
    const engine = testEngineOptions({
      transport: this.network,
      clock: this.clock,
      random: new SeededRandom(7),
      roots: [{ nameServer: nameFromText('a.root.'), ip: ROOT_IP }],
      upstream: { ipv6: false, cookies: true, ...options.upstream },
      ...(options.zones === undefined ? {} : { zones: options.zones }),
      ...(options.privateAddresses && { privateAddresses: options.privateAddresses }),
      ...(options.dnssec === undefined ? {} : { dnssec: { validate: true, ...options.dnssec } }),
      cache: {
        maxTtl: this.limits.ttlSeconds,
        ...(options.cacheOctets === undefined ? {} : { maxOctets: options.cacheOctets }),
      },
    });
    this.resolver = new Resolver({ ...engine, limits: this.limits, log: options.log ?? engine.log });
  }

  /** Puts a server at an address. */
  serve(ip: string, behaviour: Behaviour, options?: ServeOptions): void {
    this.network.serve(
      ip,
      (octets, context) => {
        const startMs = threadCpuMs();
        this.#sent.set(ip, this.sentTo(ip) + 1);
        const reply = respond(behaviour, octets, context);
        this.serverCpuMs += threadCpuMs() - startMs;
        return reply;
      },
      options,
    );
  }

  /** Queries that reached a server put here with `serve`. */
  sentTo(ip: string): number {
    return this.#sent.get(ip) ?? 0;
  }

  /** Queries that reached any address beginning with `prefix`. */
  sentToAny(prefix: string): number {
    return this.network.exchanges.filter(({ server }) => server.ip.startsWith(prefix)).length;
  }

  /** Asks; time does not pass by itself. */
  start(text: string, type: number = TYPE.A, checkingDisabled = false): Promise<Resolution> {
    return this.resolver.resolve({ name: nameFromText(text), type, checkingDisabled });
  }

  /** Asks and lets time pass until there is an answer. Not to be called while another call is awaited. */
  ask(text: string, type: number = TYPE.A, checkingDisabled = false): Promise<Resolution> {
    const promise = this.start(text, type, checkingDisabled);
    return this.virtual === undefined ? promise : this.virtual.runUntil(promise);
  }

  /** Asks, and gives the sends that it took and the milliseconds (virtual, and of CPU without the servers'). */
  async cost(text: string, type: number = TYPE.A): Promise<Cost> {
    const sent = this.network.sent;
    const startMs = this.clock.nowMs();
    const startCpuMs = threadCpuMs() - this.serverCpuMs;
    const resolution = await this.ask(text, type);
    const cpuMs = threadCpuMs() - this.serverCpuMs - startCpuMs;
    return { resolution, sent: this.network.sent - sent, ms: this.clock.nowMs() - startMs, cpuMs };
  }

  /** Lets virtual seconds pass. */
  async pass(seconds: number): Promise<void> {
    await this.virtual?.advance(seconds * 1000);
  }
}

/** What a question took. */
export interface Cost {
  readonly resolution: Resolution;
  readonly sent: number;
  readonly ms: number;
  readonly cpuMs: number;
}

/** CPU of this thread so far, ms. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function respond(behaviour: Behaviour, octets: Uint8Array, context: QueryContext): Uint8Array | readonly Uint8Array[] {
  const query = parseMessage(octets);
  const question = query.questions[0];
  if (question === undefined) return [];
  const { name, type } = question;
  const reply = behaviour({ name, text: nameToText(name), type, query, octets, context });
  if (reply === undefined) return [];
  if (reply instanceof Uint8Array || Array.isArray(reply)) return reply as Uint8Array | readonly Uint8Array[];
  return encode(octets, reply as Reply, context.protocol === 'udp' ? 1232 : 65_535);
}

/** A reply as octets: truncated when it does not fit. */
export function encode(query: Uint8Array, reply: Reply, maxOctets = 65_535): Uint8Array {
  const message = parseMessage(query);
  return buildMessage(
    {
      ...message,
      response: true,
      authoritative: reply.aa ?? true,
      recursionAvailable: reply.ra ?? false,
      truncated: reply.tc ?? false,
      rcode: reply.rcode ?? RCODE.NOERROR,
      answer: recordsOf(reply.answer),
      authority: recordsOf(reply.authority),
      additional: recordsOf(reply.additional),
      edns:
        message.edns === undefined || reply.edns === false
          ? undefined
          : {
              udpPayloadOctets: 1232,
              version: 0,
              dnssecOk: message.edns.dnssecOk,
              options: cookieOption(reply.cookie),
            },
    },
    { maxOctets, questionOctets: query.subarray(12, 12 + (message.questions[0]?.name.length ?? 0)) },
  );
}

function cookieOption(data: Uint8Array | undefined): EdnsOption[] {
  return data === undefined ? [] : [{ code: OPTION.COOKIE, data }];
}

/** Makes a behaviour's octets once for each question: later ones cost the server next to nothing. */
export function frozen(behaviour: (asked: Asked) => Reply | undefined): Behaviour {
  const made = new Map<string, Uint8Array>();
  return (asked) => {
    const { protocol } = asked.context;
    const key = `${protocol} ${asked.type} ${asked.name}`;
    let octets = made.get(key);
    if (octets === undefined) {
      const reply = behaviour(asked);
      if (reply === undefined) return undefined;
      octets = encode(asked.octets, reply, protocol === 'udp' ? 1232 : 65_535);
      made.set(key, octets);
    }
    const copy = octets.slice();
    copy.set(asked.octets.subarray(0, 2));
    return copy;
  };
}

function recordsOf(section: Section | undefined): readonly ResourceRecord[] {
  if (section === undefined) return [];
  if (typeof section === 'string') return parseZoneText(section.replace(/^ +/gm, ''), { ttl: 300 });
  return (section as readonly (ResourceRecord | RRset)[]).flatMap((one) =>
    'rdatas' in one ? toRecords(one, { signatures: true }) : [one],
  );
}

/** A referral: NS lines with their glue. */
export function referral(zone: string, nameServers: Readonly<Record<string, string>>, ttl = 300): Reply {
  const servers = Object.entries(nameServers);
  return {
    aa: false,
    authority: servers.map(([server]) => `${zone} ${ttl} NS ${server}`).join('\n'),
    additional: servers
      .filter(([, ip]) => ip !== '')
      .map(([server, ip]) => `${server} ${ttl} A ${ip}`)
      .join('\n'),
  };
}

/** A behaviour that refers to each of the zones given, by the longest match, and denies everything else. */
export function delegating(zones: Readonly<Record<string, Readonly<Record<string, string>>>>, ttl = 300): Behaviour {
  const names = Object.keys(zones).sort((a, b) => b.length - a.length);
  return ({ text }) => {
    const zone = names.find((name) => text === name || text.endsWith(`.${name}`));
    if (zone === undefined) return nxdomain('.');
    return referral(zone, zones[zone] ?? {}, ttl);
  };
}

/** NXDOMAIN with the SOA of a zone. */
export function nxdomain(zone: string): Reply {
  return { rcode: RCODE.NXDOMAIN, authority: soa(zone) };
}

/** NODATA with the SOA of a zone. */
export function nodata(zone: string): Reply {
  return { authority: soa(zone) };
}

function soa(zone: string): string {
  return `${zone} 300 SOA ns.test. host.test. 1 7200 3600 1209600 300`;
}

/** Answers A with `ip` for every name, NODATA for other types. */
export function addressServer(zone: string, ip: string, ttl = 300): Behaviour {
  return ({ text, type }) => (type === TYPE.A ? { answer: `${text} ${ttl} A ${ip}` } : nodata(zone));
}

/** The addresses of a resolution, sorted. */
export function addresses(resolution: Resolution): string[] {
  return resolution.answer
    .filter((rrset) => rrset.type === TYPE.A)
    .flatMap((rrset) => rrset.rdatas.map((rdata) => rdataToText(TYPE.A, rdata)))
    .sort();
}
