// The doctor's look at the way to the root servers: UDP, TCP, EDNS, interception, IPv6, and the clock by their signatures.

import type { ServerAddress } from '../base/ports.ts';
import { serverAddressToText } from '../config/address.ts';
import { checkValidity, defaultSkew } from '../dnssec/verify.ts';
import { WireError } from '../wire/error.ts';
import type { Message } from '../wire/message.ts';
import { readRrsig } from '../wire/rdata.ts';
import { RCODE, rcodeToText, TYPE } from '../wire/types.ts';
import { type Probe, probe } from './doctor-probe.ts';
import type { World } from './doctor-world.ts';

/** What one check found: `text` is one line, and so is the `remedy`. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'fault';
  readonly text: string;
  readonly remedy?: string;
}

/** Whom the resolver asks first, and how. */
export interface Upstream {
  /** Root servers, or the forwarders that are asked in their place. */
  readonly servers: readonly ServerAddress[];
  readonly forwarded: boolean;
  readonly port: number;
  readonly udpPayloadOctets: number;
  readonly validate: boolean;
  readonly ipv6: boolean;
}

/** What was asked of one server. */
interface Asked {
  readonly server: ServerAddress;
  readonly plain: Probe;
  /** EDNS with a small answer, and with the largest that the root gives. */
  readonly small: Probe;
  readonly large: Probe;
  readonly tcp: Probe;
}

/** Servers asked in each address family. */
const SERVERS_MAX = 3;
/** In TEST-NET-3 (RFC 5737), where no server can be. */
const NOBODY = '203.0.113.53';
const FORWARD = 'set a forwarder: zones: [{ zone: ., forward: [ADDRESS] }]';

/** Asks, and judges what came back. */
export async function checkNetwork(world: World, upstream: Upstream): Promise<Finding[]> {
  const chosen = [false, true].flatMap((ipv6) =>
    some(
      world,
      upstream.servers.filter(({ ip }) => ip.includes(':') === ipv6),
    ),
  );
  const [asked, stray] = await Promise.all([
    Promise.all(chosen.map((server) => askAll(world, server, upstream))),
    probe(world, { ip: NOBODY, port: upstream.port }, { protocol: 'udp', type: TYPE.SOA, recursionDesired: true }),
  ]);
  const who = upstream.forwarded ? 'forwarder' : 'root server';
  const ipv4 = asked.filter(({ server }) => !server.ip.includes(':'));
  const ipv6 = asked.filter(({ server }) => server.ip.includes(':'));
  // A machine without IPv6 is not ill: the servers with IPv4 then speak for the way out.
  const judged = ipv4.length > 0 ? ipv4 : ipv6;
  return [
    udpFinding(judged, who),
    tcpFinding(judged, who),
    ednsFinding(judged, upstream),
    ...(upstream.forwarded ? [] : [interceptionFinding(asked, stray)]),
    ...(upstream.ipv6 ? [ipv6Finding(world, ipv4, ipv6)] : []),
    ...(upstream.validate ? [clockFinding(world, asked)] : []),
  ];
}

function some(world: World, servers: readonly ServerAddress[]): ServerAddress[] {
  const left = [...servers];
  const chosen: ServerAddress[] = [];
  while (left.length > 0 && chosen.length < SERVERS_MAX) {
    chosen.push(...left.splice(world.random.integer(left.length), 1));
  }
  return chosen;
}

async function askAll(world: World, server: ServerAddress, upstream: Upstream): Promise<Asked> {
  const recursionDesired = upstream.forwarded;
  const edns = { octets: upstream.udpPayloadOctets, dnssecOk: false };
  const signed = { type: TYPE.DNSKEY, recursionDesired, edns: { ...edns, dnssecOk: true } };
  const [plain, small, large, tcp] = await Promise.all([
    probe(world, server, { protocol: 'udp', type: TYPE.SOA, recursionDesired }),
    probe(world, server, { protocol: 'udp', type: TYPE.SOA, recursionDesired, edns }),
    probe(world, server, { protocol: 'udp', ...signed }),
    probe(world, server, { protocol: 'tcp', ...signed }),
  ]);
  return { server, plain, small, large, tcp };
}

function udpFinding(asked: readonly Asked[], who: string): Finding {
  const check = 'UDP';
  const heard = asked.filter(({ plain, small }) => plain.kind === 'reply' || small.kind === 'reply');
  if (heard.length > 0) {
    const rtts = heard.map(({ plain, small }) => rttOf(plain) ?? rttOf(small) ?? 0);
    const fastest = Math.max(1, Math.round(Math.min(...rtts)));
    return { check, state: 'ok', text: `${heard.length} of ${asked.length} ${who}s answered, within ${fastest} ms` };
  }
  if (asked.length === 0) {
    return fault(check, `there is no address of a ${who} to ask`, 'mend root.hints, or take it out of the settings');
  }
  const whys = new Set(asked.map(({ plain }) => (plain.kind === 'none' ? plain.why : '')));
  if (whys.has('ENETUNREACH') && whys.size === 1) {
    return fault(check, 'this machine has no way to the Internet (ENETUNREACH)', 'connect it; without: rootwalk lab');
  }
  const text = `no ${who} answered (${[...whys].join(', ')})`;
  const blocked = asked.some(({ tcp }) => tcp.kind === 'reply') ? ', though by TCP they do: UDP is blocked' : '';
  return fault(check, text + blocked, `allow UDP to port 53 on the way out, or ${FORWARD}`);
}

function tcpFinding(asked: readonly Asked[], who: string): Finding {
  const check = 'TCP';
  const heard = asked.filter(({ tcp }) => tcp.kind === 'reply').length;
  if (heard > 0) return { check, state: 'ok', text: `${heard} of ${asked.length} ${who}s answered` };
  const whys = new Set(asked.map(({ tcp }) => (tcp.kind === 'none' ? tcp.why : '')));
  return fault(
    check,
    `no ${who} answered (${[...whys].join(', ')}); answers too long for UDP cannot be had`,
    'allow TCP to port 53 on the way out (RFC 7766)',
  );
}

function ednsFinding(asked: readonly Asked[], { udpPayloadOctets }: Upstream): Finding {
  const check = `EDNS ${udpPayloadOctets}`;
  const heard = asked.filter(({ plain, small }) => plain.kind === 'reply' || small.kind === 'reply');
  if (heard.length === 0) return unknown(check);
  const good = heard.flatMap(({ large }) => (hasEdns(large) ? [large.octets] : []));
  if (good.length > 0) return { check, state: 'ok', text: `answers of ${Math.max(...good)} octets arrive` };
  if (heard.some(({ small }) => hasEdns(small))) {
    return fault(
      check,
      'small answers arrive, large ones get lost: a firewall drops UDP over 512 octets, or fragments',
      'allow DNS messages over 512 octets there, or set upstream: { udpPayloadOctets: 512 }',
    );
  }
  const what = heard.some(({ small }) => small.kind === 'reply')
    ? 'EDNS is taken out on the way'
    : 'queries with EDNS get no answer, those without do';
  return fault(
    check,
    `${what}: a firewall or router that reads DNS; nothing can be validated`,
    `switch off its DNS inspection (ALG, proxy), or ${FORWARD}`,
  );
}

function interceptionFinding(asked: readonly Asked[], stray: Probe): Finding {
  const check = 'interception';
  const remedy = `have the provider or the router stop it, use another network, or ${FORWARD}`;
  if (stray.kind === 'reply') {
    const text = `an answer came from ${NOBODY}, where no server is: port 53 is intercepted on the way`;
    return fault(check, text, remedy);
  }
  for (const { server, plain, small, large } of asked) {
    for (const found of [plain, small, large]) {
      if (found.kind !== 'reply') continue;
      const mark = foreignMark(found.message);
      if (mark === undefined) continue;
      const text = `the answer from ${serverAddressToText(server)} ${mark}: port 53 is intercepted on the way`;
      return fault(check, text, remedy);
    }
  }
  const heard = asked.some(({ plain, small }) => plain.kind === 'reply' || small.kind === 'reply');
  return heard ? { check, state: 'ok', text: 'root servers answer themselves, and nobody else does' } : unknown(check);
}

/** What a root server would not say of its own zone. */
function foreignMark({ rcode, authoritative, recursionAvailable }: Message): string | undefined {
  // A server that has no EDNS says so (RFC 6891, 7): another check tells.
  if (rcode === RCODE.FORMERR) return undefined;
  if (recursionAvailable) return 'comes from a resolver (RA)';
  if (rcode !== RCODE.NOERROR) return `is ${rcodeToText(rcode)}`;
  return authoritative ? undefined : 'is not authoritative (no AA)';
}

function ipv6Finding(world: World, ipv4: readonly Asked[], ipv6: readonly Asked[]): Finding {
  const check = 'IPv6';
  if (!world.hasGlobalIpv6()) {
    const text = 'this machine has no global address; IPv6 is left once no server answers by it';
    return { check, state: 'ok', text };
  }
  if (ipv6.length === 0) return { check, state: 'ok', text: 'no root server to ask has an IPv6 address' };
  const heard = ipv6.filter(({ plain, small }) => plain.kind === 'reply' || small.kind === 'reply').length;
  if (heard > 0) return { check, state: 'ok', text: `${heard} of ${ipv6.length} root servers answered` };
  if (!ipv4.some(({ plain, small }) => plain.kind === 'reply' || small.kind === 'reply')) return unknown(check);
  return fault(
    check,
    'this machine has an address, but no root server answers by IPv6: lookups get slower',
    'mend its IPv6 route, or set upstream: { ipv6: false }',
  );
}

function clockFinding(world: World, asked: readonly Asked[]): Finding {
  const check = 'clock';
  const replies = asked.flatMap(({ large, tcp }) => [large, tcp]).filter((found) => found.kind === 'reply');
  const whole = replies.filter(({ message }) => message.edns !== undefined && !message.truncated);
  if (whole.length === 0) return unknown(check);
  let told: string | undefined;
  for (const { message } of whole) {
    for (const { rdata } of message.answer.filter(({ type }) => type === TYPE.RRSIG)) {
      const found = validityOf(rdata, world.clock.wallSeconds());
      if (found === undefined) return { check, state: 'ok', text: 'within the times of the signatures of the root' };
      told = found;
    }
  }
  if (told === undefined) {
    const text = 'the answers of the root have no signatures: DNSSEC is taken out on the way';
    return fault(check, text, `see EDNS and interception, or ${FORWARD}`);
  }
  const text = `a signature of the root ${told}, and the clock says ${timeText(world.clock.wallSeconds())}`;
  return fault(check, text, 'set the clock: sudo timedatectl set-ntp true; on macOS: sudo sntp -sS time.apple.com');
}

/** What is wrong with the times of a signature by this clock, if anything. */
function validityOf(rdata: Uint8Array, nowSeconds: number): string | undefined {
  try {
    const found = checkValidity(readRrsig(rdata), nowSeconds, defaultSkew);
    return typeof found === 'number' ? undefined : found.text;
  } catch (error) {
    if (error instanceof WireError) return 'is unreadable';
    throw error;
  }
}

function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;
}

function hasEdns(found: Probe): found is Extract<Probe, { readonly kind: 'reply' }> {
  return found.kind === 'reply' && found.message.edns !== undefined;
}

function rttOf(found: Probe): number | undefined {
  return found.kind === 'reply' ? found.rttMs : undefined;
}

function fault(check: string, text: string, remedy: string): Finding {
  return { check, state: 'fault', text, remedy };
}

function unknown(check: string): Finding {
  return { check, state: 'warning', text: 'cannot be told as long as nobody answers', remedy: 'mend the above first' };
}
