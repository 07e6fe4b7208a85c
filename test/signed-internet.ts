// A small Internet for tests of validation: a signed root, zones below it that are signed, insecure or unsigned.

import { buildMessage, type Message, parseMessage } from '../src/wire/message.ts';
import { nameFromText } from '../src/wire/name.ts';
import { CLASS, TYPE } from '../src/wire/types.ts';
import { serveClients } from './attacks/served.ts';
import { SignedZone } from './attacks/signed-zone.ts';
import { type Behaviour, ROOT_IP, World, type WorldOptions } from './attacks/world.ts';

/** good.: signed, with DS; two servers. */
export const GOOD_IPS: readonly string[] = ['10.0.0.1', '10.0.0.2'];
/** open.: signed, without DS. */
export const OPEN_IP = '10.0.0.3';
/** deep.open.: signed, with DS in open.: an island. */
export const ISLAND_IP = '10.0.0.4';

const options = { fixed: true };

const goodText = `www.good. A 192.0.2.1
  www.good. TXT "text"
  a.deep.good. A 192.0.2.2
  *.wild.good. A 192.0.2.3
  inward.good. CNAME www.good.
  outward.good. CNAME www.open.
  lost.good. CNAME nothing.good.
  ns.good. A 10.0.0.1
  ns2.good. A 10.0.0.2`;

/** Its zones, made once: signing takes time. */
export const good: SignedZone = new SignedZone('good.', goodText, options);
/** The same zone by the same key, denying by NSEC3. */
export const goodByNsec3: SignedZone = new SignedZone('good.', goodText, { ...options, nsec3Iterations: 1 });
export const island: SignedZone = new SignedZone(
  'deep.open.',
  'www.deep.open. A 192.0.2.5\nns.deep.open. A 10.0.0.4',
  options,
);
export const open: SignedZone = new SignedZone(
  'open.',
  `www.open. A 192.0.2.4
  back.open. CNAME www.good.
  deep.open. NS ns.deep.open.
  ns.deep.open. A 10.0.0.4
  ${island.ds}`,
  options,
);
export const root: SignedZone = new SignedZone(
  '.',
  `good. NS ns.good.
  good. NS ns2.good.
  ns.good. A 10.0.0.1
  ns2.good. A 10.0.0.2
  open. NS ns.open.
  ns.open. A 10.0.0.3
  ${good.ds}`,
  options,
);

/** The world with these zones served honestly, but for the behaviours given by address. */
export function signedInternet(others: Readonly<Record<string, Behaviour>> = {}, options: WorldOptions = {}): World {
  const world = new World({ ...options, dnssec: { anchors: [root.anchor], ...options.dnssec } });
  const honest: Record<string, Behaviour> = { [ROOT_IP]: root.reply, [OPEN_IP]: open.reply, [ISLAND_IP]: island.reply };
  for (const ip of GOOD_IPS) honest[ip] = good.reply;
  for (const [ip, behaviour] of Object.entries({ ...honest, ...others })) world.serve(ip, behaviour);
  return world;
}

/** What a client sets in its query. */
export interface Flags {
  readonly cd?: boolean;
  readonly ad?: boolean;
  readonly dnssecOk?: boolean;
}

/** A client of `world`: asks through the server, over the octets of a query and a response. */
export function clientOf(world: World): (name: string, flags?: Flags, type?: number) => Promise<Message> {
  const served = serveClients(world);
  return async (name, { cd = false, ad = false, dnssecOk } = {}, type = TYPE.A) => {
    const query = buildMessage({
      id: 7,
      response: false,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      authenticData: ad,
      checkingDisabled: cd,
      rcode: 0,
      questions: [{ name: nameFromText(name), type, class: CLASS.IN }],
      answer: [],
      authority: [],
      additional: [],
      edns: dnssecOk === undefined ? undefined : { udpPayloadOctets: 1232, version: 0, dnssecOk, options: [] },
    });
    const promise = served.ask(query);
    const octets = await (world.virtual === undefined ? promise : world.virtual.runUntil(promise));
    if (octets === undefined) throw new Error('no reply');
    return parseMessage(octets);
  };
}
