// Authoritative servers that are honest, slow of wit, broken or dead: what each says instead of the truth.

import { buildMessage, type Edns, type Message, parseMessage } from '../wire/message.ts';
import { nameFromText, nameOctets, ROOT } from '../wire/name.ts';
import { CLASS, OPTION, RCODE, TYPE } from '../wire/types.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { ServerHandler } from './virtual-network.ts';
import { authoritativeReply, type Zone } from './zone-tree.ts';

/**
 * How a server behaves. All but `mutating` never say a wrong thing that a resolver without signatures has to believe.
 * - `honest`: as it should, cookies included, which all others but those that change its replies lack; - `dead`: no answer; - `refusing`, `failing`: an RCODE; - `upward`: refers to the root;
 * - `wrong-id`, `wrong-question`, `not-a-response`: replies that are none; - `cut-off`: part of a message, whole counts;
 * - `garbage`: random octets; - `truncating`: TC to everything by UDP; - `no-edns`: FORMERR to EDNS; - `many`: several
 * replies, the honest one last; - `mutating`: the honest reply with some octets changed, the ID kept.
 */
export type Behaviour =
  | 'honest'
  | 'dead'
  | 'refusing'
  | 'failing'
  | 'upward'
  | 'wrong-id'
  | 'wrong-question'
  | 'not-a-response'
  | 'cut-off'
  | 'garbage'
  | 'truncating'
  | 'no-edns'
  | 'many'
  | 'mutating';

/** Every behaviour that keeps to the truth or to nonsense. */
export const truthfulBehaviours: readonly Behaviour[] = [
  'honest',
  'dead',
  'refusing',
  'failing',
  'upward',
  'wrong-id',
  'wrong-question',
  'not-a-response',
  'cut-off',
  'garbage',
  'truncating',
  'no-edns',
  'many',
];

/** A server of `zones` with one behaviour; chance comes from `random`. */
export function faultyServer(zones: readonly Zone[], behaviour: Behaviour, random: SeededRandom): ServerHandler {
  return (octets, { protocol }) => {
    const query = parseMessage(octets);
    const honest = honestReply(query, octets, zones, protocol);
    switch (behaviour) {
      case 'honest':
        return honest;
      case 'dead':
        return undefined;
      case 'refusing':
        return withRcode(query, RCODE.REFUSED);
      case 'failing':
        return withRcode(query, RCODE.SERVFAIL);
      case 'upward':
        return upwardReferral(query);
      case 'wrong-id':
        return honest.map((octet, at) => (at === 1 ? octet ^ 1 : octet));
      case 'wrong-question':
        return buildMessage({ ...parseMessage(honest), questions: [otherQuestion] });
      case 'not-a-response':
        return octets;
      case 'cut-off':
        return honest.slice(0, random.integer(honest.length));
      case 'garbage':
        return Uint8Array.from({ length: random.integer(600) }, () => random.integer(256));
      case 'truncating':
        return protocol === 'tcp' ? honest : buildMessage({ ...withoutRecords(query), truncated: true });
      case 'no-edns':
        return query.edns ? buildMessage({ ...withoutRecords(query), rcode: RCODE.FORMERR, edns: undefined }) : honest;
      case 'many':
        return [withId(honest, query.id ^ 0xff), octets, withId(honest, query.id ^ 0x7f00), honest];
      case 'mutating':
        return mutate(honest, random);
    }
  };
}

function honestReply(query: Message, octets: Uint8Array, zones: readonly Zone[], protocol: string): Uint8Array {
  const reply = authoritativeReply(query, zones) ?? { ...withoutRecords(query), rcode: RCODE.REFUSED };
  const questionOctets = octets.slice(12, 12 + nameOctets(query.questions[0]?.name ?? ROOT).length);
  const maxOctets = protocol === 'tcp' ? 65_535 : Math.min(1232, query.edns?.udpPayloadOctets ?? 512);
  return buildMessage({ ...reply, edns: withCookie(reply.edns, query.edns) }, { maxOctets, questionOctets });
}

/** RFC 7873, 5.2: the client's cookie and one of ours, that depends on it, for who sends one. */
function withCookie(edns: Edns | undefined, asked: Edns | undefined): Edns | undefined {
  const client = asked?.options.find(({ code }) => code === OPTION.COOKIE)?.data.subarray(0, 8);
  if (edns === undefined || client === undefined) return edns;
  return { ...edns, options: [{ code: OPTION.COOKIE, data: Uint8Array.of(...client, ...client.toReversed()) }] };
}

const otherQuestion = { name: nameFromText('somewhere.else.'), type: TYPE.A, class: CLASS.IN };

function withoutRecords(query: Message): Message {
  const edns = query.edns && { ...query.edns, options: [] };
  return { ...query, response: true, authoritative: false, answer: [], authority: [], additional: [], edns };
}

function withRcode(query: Message, rcode: number): Uint8Array {
  return buildMessage({ ...withoutRecords(query), rcode });
}

function upwardReferral(query: Message): Uint8Array {
  const rdata = nameOctets(nameFromText('s0.root-servers.'));
  const ns = { name: ROOT, type: TYPE.NS, class: CLASS.IN, ttl: 3600, rdata };
  return buildMessage({ ...withoutRecords(query), authority: [ns] });
}

function withId(octets: Uint8Array, id: number): Uint8Array {
  const copy = octets.slice();
  copy[0] = id >> 8;
  copy[1] = id & 255;
  return copy;
}

/** Some octets behind the ID changed, and sometimes the end cut off or grown. */
function mutate(octets: Uint8Array, random: SeededRandom): Uint8Array {
  const grown = random.chance(0.1) ? octets.length + random.integer(40) : octets.length;
  const copy = new Uint8Array(random.chance(0.1) ? random.integer(octets.length) : grown);
  copy.set(octets.subarray(0, copy.length));
  const changes = random.chance(0.2) ? 0 : 1 + random.integer(6);
  for (let i = 0; i < changes && copy.length > 2; i++) copy[2 + random.integer(copy.length - 2)] = random.integer(256);
  return copy;
}
