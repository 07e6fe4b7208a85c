// A small Internet on 127.0.0.0/8 for hostile.ts: its servers speak the truth, or damage what they say.

import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { SeededRandom } from '../src/testing/seeded-random.ts';
import { addRecords, authoritativeReply, makeZone, type Zone } from '../src/testing/zone-tree.ts';
import { buildMessage, parseMessage } from '../src/wire/message.ts';
import { type Name, nameFromText } from '../src/wire/name.ts';
import { parseZoneText } from '../src/wire/zone-text.ts';
import { mutate } from './mutate.ts';

/** The servers at work. */
export interface Authorities {
  /** The port of all of them. */
  readonly port: number;
  readonly hints: string;
  /** Whether responses are damaged now. */
  mutating: boolean;
  /** Responses damaged so far. */
  readonly mutated: number;
  close(): void;
}

/** Top-level zones t0, t1, … about which lies are told, and u0, u1, … about which they are not. */
const lyingZones = 1000;
const honestZones = 200;
/** Servers of the root, and servers of everything else: many, so that damage at one leaves others. */
const rootServers = 13;
const servers = 60;
/** The share of responses that are damaged: of the root few, since what is believed of it holds for everything. */
const mutatedShare = { root: 0.02, other: 0.8 };

/** Starts the servers; chance comes from `random`. */
export async function startAuthorities(random: SeededRandom): Promise<Authorities> {
  const { root, others, hints } = makeTree();
  const state = { mutating: false, mutated: 0 };
  const sockets: (Socket | Server)[] = [];
  const reply = (octets: Uint8Array, atRoot: boolean, mostOctets: number): Uint8Array | undefined => {
    const query = parseMessage(octets);
    const message = authoritativeReply(query, atRoot ? [root] : others.zonesOf(query.questions[0]?.name));
    const [question] = query.questions;
    if (message === undefined || question === undefined) return undefined;
    const questionEnd = 12 + question.name.length + 4;
    const built = buildMessage(message, {
      maxOctets: mostOctets,
      questionOctets: octets.subarray(12, questionEnd - 4),
    });
    const share = atRoot ? mutatedShare.root : mutatedShare.other;
    if (!state.mutating || !others.mayLie(question.name) || !random.chance(share)) return built;
    state.mutated++;
    return damaged(built, questionEnd, random);
  };

  let port = 0;
  for (let index = 0; index < rootServers + servers; index++) {
    const atRoot = index < rootServers;
    const ip = atRoot ? `127.61.0.${index + 1}` : `127.61.1.${index - rootServers + 1}`;
    const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    udp.on('message', (octets, from) => {
      const answer = reply(octets, atRoot, 1232);
      if (answer !== undefined) udp.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => udp.bind(port, ip, resolve));
    port = udp.address().port;
    const tcp = createServer((socket) => serveTcp(socket, (octets) => reply(octets, atRoot, 65_535)));
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(port, ip, resolve);
    });
    sockets.push(udp, tcp);
  }
  return {
    port,
    hints,
    get mutating() {
      return state.mutating;
    },
    set mutating(value) {
      state.mutating = value;
    },
    get mutated() {
      return state.mutated;
    },
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

/** Mostly header ID and question stay, so that the rest is read; now and then everything is fair game. */
function damaged(octets: Uint8Array, questionEnd: number, random: SeededRandom): Uint8Array {
  const kind = random.integer(10);
  if (kind === 0) return mutate(octets, random, 0);
  const result = mutate(octets, random, questionEnd);
  // Flags and counts that do not fit.
  if (kind <= 3) {
    const at = 2 + random.integer(10);
    if (at !== 4 && at !== 5) result[at] = (result[at] as number) ^ (1 << random.integer(8));
  }
  return result;
}

function serveTcp(socket: TcpSocket, reply: (octets: Uint8Array) => Uint8Array | undefined): void {
  let got = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    got = Buffer.concat([got, chunk]);
    while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
      const end = 2 + got.readUInt16BE(0);
      const answer = reply(got.subarray(2, end));
      got = got.subarray(end);
      if (answer === undefined) continue;
      socket.write(Uint8Array.of(answer.length >> 8, answer.length));
      socket.write(answer);
    }
  });
}

/** Root, top-level zones and one zone `d` below each; `steady` holds what is asked all the while. */
function makeTree() {
  const rootNames = Array.from({ length: rootServers }, (_, index) => `ns${index}.root.`);
  const rootRecords = rootNames.flatMap((name, index) => [`. 1 NS ${name}`, `${name} 3600 A 127.61.0.${index + 1}`]);
  const root = zoneOf('.', ['. 60 SOA ns0.root. h.root. 1 1 1 1 60', ...rootRecords]);
  const byName = new Map<Name, Zone[]>();
  const lying = new Set<Name>();
  let next = 0;
  const nextServer = (): string => `127.61.1.${1 + (next++ % servers)}`;
  const addTop = (label: string, lies: boolean): void => {
    const top = zoneOf(`${label}.`, [
      `${label}. 1 SOA ns1.${label}. h.${label}. 1 1 1 1 1`,
      `${label}. 1 NS ns1.${label}.`,
      `${label}. 1 NS ns2.${label}.`,
      `ns1.${label}. 1 A ${nextServer()}`,
      `ns2.${label}. 1 A ${nextServer()}`,
      `cached.${label}. 86400 A 198.18.0.1`,
    ]);
    const apex = `d.${label}.`;
    const zone = zoneOf(apex, [
      `${apex} 1 SOA ns1.${apex} h.${apex} 1 1 1 1 1`,
      `${apex} 1 NS ns1.${apex}`,
      `${apex} 1 NS ns2.${apex}`,
      `ns1.${apex} 1 A ${nextServer()}`,
      `ns2.${apex} 1 A ${nextServer()}`,
      `*.${apex} 1 A 198.18.0.2`,
      `*.${apex} 1 A 198.18.0.3`,
      `*.${apex} 1 MX 10 mail.${apex}`,
      `*.${apex} 1 TXT "one string" "and another"`,
      `*.${apex} 1 SRV 1 2 3 target.${apex}`,
      `*.${apex} 1 HTTPS 1 . alpn=h2 ipv4hint=198.18.0.4`,
      `*.${apex} 1 RRSIG A 13 2 1 20300101000000 20200101000000 12345 ${apex} ${'QUJD'.repeat(22)}`,
    ]);
    top.cuts.set(zone.name, zone);
    root.cuts.set(top.name, top);
    byName.set(top.name, [top, zone]);
    if (lies) lying.add(top.name);
  };
  addTop('steady', false);
  for (let index = 0; index < lyingZones; index++) addTop(`t${index}`, true);
  for (let index = 0; index < honestZones; index++) addTop(`u${index}`, false);
  const topOf = (name: Name): Name => {
    let rest = name as string;
    while (rest.length > 1 && rest.charCodeAt(0) + 2 < rest.length) rest = rest.slice(rest.charCodeAt(0) + 1);
    return rest as Name;
  };
  return {
    root,
    hints: rootRecords.map((line) => `${line}\n`).join(''),
    others: {
      zonesOf: (name: Name | undefined): readonly Zone[] => (name === undefined ? [] : (byName.get(topOf(name)) ?? [])),
      mayLie: (name: Name): boolean => lying.has(topOf(name)),
    },
  };
}

function zoneOf(apex: string, lines: readonly string[]): Zone {
  const zone = makeZone(nameFromText(apex));
  const records = Map.groupBy(parseZoneText(lines.join('\n')), ({ name, type }) => `${type} ${name}`);
  for (const rrset of records.values()) {
    const [first] = rrset;
    if (first === undefined) continue;
    addRecords(zone, first.name, first.type, { ttl: first.ttl, rdatas: rrset.map(({ rdata }) => rdata) });
  }
  return zone;
}
