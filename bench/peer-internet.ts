// The small Internet of peer.ts: signed zones on servers at addresses of their own, all in this process.
//
// The root and every top-level zone are signed, and of the zones below every third: as of the real tree, most is insecure
// and has to be proved so. Keys are Ed25519. Answers are built when they are asked for; signatures are kept.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createFrameReader, frame } from '../src/base/frames.ts';
import { parseIp } from '../src/base/prefix.ts';
import { SeededRandom } from '../src/testing/seeded-random.ts';
import { ZoneSigner } from '../src/testing/zone-signer.ts';
import { addRecords, authoritativeReply, makeZone, signZone, type Zone } from '../src/testing/zone-tree.ts';
import { buildMessage, parseMessage } from '../src/wire/message.ts';
import { ancestorOf, labelCount, type Name, nameFromText, nameOctets, ROOT } from '../src/wire/name.ts';
import { rdataFromText } from '../src/wire/rdata-text.ts';
import { TYPE } from '../src/wire/types.ts';

/** A tree of zones, and the texts that a resolver needs to trust it. */
export interface Internet {
  /** Root hints and the root's DS, in master-file form. */
  readonly hints: string;
  readonly anchor: string;
  /** The zones below the top level, by number; the first of three is signed. Each has hosts `www` and `mail`. */
  readonly zones: readonly string[];
  /** Binds port 53, UDP and TCP, of every address in {@link serverAddresses}. */
  serve(): Promise<void>;
}

const rootIp = '198.51.100.1';
const topLevelIp = '198.51.100.2';
/** What hosts the zones below. */
const hostingIps = Array.from({ length: 16 }, (_, at) => `198.51.100.${at + 10}`);
/** RFC 5737: for documentation. */
export const serverAddresses: readonly string[] = [rootIp, topLevelIp, ...hostingIps];

const topLevels = 40;
const ttl = 86_400;
const udpOctetsMax = 1232;

/** Makes a tree of `count` zones below {@link topLevels} top-level zones; the same each time. */
export function makeInternet(count: number): Internet {
  const random = new SeededRandom(1);
  const all = new Map<Name, Zone>();
  const root = addZone(all, 'a.root-servers.', ROOT, rootIp);
  const tops = Array.from({ length: topLevels }, (_, at) =>
    addZone(all, `ns.t${at}.`, nameFromText(`t${at}.`), topLevelIp),
  );
  const zones = Array.from({ length: count }, (_, at) => `z${at}.t${at % topLevels}.`);
  for (const [at, text] of zones.entries()) {
    const zone = addZone(all, `ns.${text}`, nameFromText(text), hostingIps[at % hostingIps.length] as string);
    for (const host of ['www', 'mail']) addAddress(zone, nameFromText(`${host}.${text}`), `192.0.2.${at % 256}`);
    cut(tops[at % topLevels] as Zone, zone, at % 3 === 0 ? new ZoneSigner(zone.name, random) : undefined);
  }
  for (const top of tops) cut(root, top, new ZoneSigner(top.name, random));
  const signer = new ZoneSigner(ROOT, random);
  signZone(root, signer, false);
  const [high = 0, low = 0, algorithm, digestType, ...digest] = signer.ds();
  return {
    hints: `. 3600000 IN NS a.root-servers.\na.root-servers. 3600000 IN A ${rootIp}\n`,
    anchor: `. IN DS ${high * 256 + low} ${algorithm} ${digestType} ${Buffer.from(digest).toString('hex')}\n`,
    zones,
    serve: async () => {
      for (const ip of serverAddresses) await serveAt(ip, all);
    },
  };
}

function addZone(all: Map<Name, Zone>, server: string, name: Name, ip: string): Zone {
  const zone = makeZone(name);
  const soa = rdataFromText(TYPE.SOA, `${server} hostmaster.${server} 1 7200 3600 1209600 300`);
  addRecords(zone, name, TYPE.SOA, { ttl, rdatas: [soa] });
  addRecords(zone, name, TYPE.NS, { ttl, rdatas: [nameOctets(nameFromText(server))] });
  addAddress(zone, nameFromText(server), ip);
  all.set(name, zone);
  return zone;
}

function addAddress(zone: Zone, name: Name, ip: string): void {
  addRecords(zone, name, TYPE.A, { ttl, rdatas: [parseIp(ip) as Uint8Array] });
}

/** Delegates a zone, which is complete, and signs it where it has a signer. */
function cut(parent: Zone, child: Zone, signer: ZoneSigner | undefined): void {
  parent.cuts.set(child.name, child);
  const ns = child.nodes.get(child.name)?.get(TYPE.NS);
  if (ns !== undefined) addRecords(parent, child.name, TYPE.NS, ns);
  if (signer === undefined) return;
  signZone(child, signer, false);
  addRecords(parent, child.name, TYPE.DS, { ttl, rdatas: [signer.ds()] });
}

async function serveAt(ip: string, all: ReadonlyMap<Name, Zone>): Promise<void> {
  const reply = (octets: Uint8Array, maxOctets: number): Uint8Array | undefined => {
    const query = parseMessage(octets);
    const [question] = query.questions;
    if (question === undefined) return undefined;
    const message = authoritativeReply(query, zonesAt(ip, question.name, all));
    return (
      message && buildMessage(message, { maxOctets, questionOctets: octets.subarray(12, 12 + question.name.length) })
    );
  };
  const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  udp.on('message', (octets, from) => {
    const response = reply(octets, udpOctetsMax);
    if (response !== undefined) udp.send(response, from.port, from.address, () => undefined);
  });
  // What comes back for a port that is closed by now is the asker's affair.
  udp.on('error', () => undefined);
  udp.bind(53, ip);
  await once(udp, 'listening');
  const tcp = createServer((connection) => {
    const reader = createFrameReader();
    connection.on('error', () => undefined);
    connection.on('data', (chunk) => {
      reader.push(chunk);
      for (let query = reader.next(); query !== undefined; query = reader.next()) {
        const response = reply(query, 65_535);
        if (response !== undefined) connection.write(frame(response));
      }
    });
  });
  tcp.listen(53, ip);
  await once(tcp, 'listening');
}

/** Of the zones at and above a name, those that the server at `ip` holds. */
function zonesAt(ip: string, name: Name, all: ReadonlyMap<Name, Zone>): Zone[] {
  const held: Zone[] = [];
  for (let labels = 0; labels <= labelCount(name); labels++) {
    const zone = all.get(ancestorOf(name, labels));
    if (zone === undefined) continue;
    const hosting = labels > 1 && ip !== rootIp && ip !== topLevelIp;
    if (hosting || (labels === 0 && ip === rootIp) || (labels === 1 && ip === topLevelIp)) held.push(zone);
  }
  return held;
}
