// Micro bench of the codec: one core, operations a second.

import { buildMessage, type Message, parseMessage, parseQuestion, type ResourceRecord } from '../src/wire/message.ts';
import { nameFromText, nameOctets } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { toRRsets } from '../src/wire/rrset.ts';
import { TYPE } from '../src/wire/types.ts';
import type { Bench } from './main.ts';

const question = { name: nameFromText('www.example.com'), type: TYPE.AAAA, class: 1 };
const query = buildQuery({
  id: 1,
  name: question.name,
  type: question.type,
  recursionDesired: true,
  checkingDisabled: false,
  edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [] },
  caseBits: (index) => index % 3 === 0,
});
const plainQuery = buildQuery({
  id: 1,
  name: question.name,
  type: question.type,
  recursionDesired: true,
  checkingDisabled: false,
});
const referral = makeReferral();
const referralOctets = buildMessage(referral);

/** What main.ts runs. */
export const benches: readonly Bench[] = [
  { name: 'parseQuestion', run: () => parseQuestion(query) },
  { name: 'parseMessage, plain query', run: () => parseMessage(plainQuery) },
  { name: 'parseMessage, query with OPT', run: () => parseMessage(query) },
  { name: `parseMessage, referral of 13 NS, ${referralOctets.length} octets`, run: () => parseMessage(referralOctets) },
  {
    name: 'parseMessage and toRRsets, the same',
    run: () => {
      const { authority, additional } = parseMessage(referralOctets);
      return [toRRsets(authority), toRRsets(additional)];
    },
  },
  { name: 'buildMessage, the same', run: () => buildMessage(referral) },
  { name: 'buildQuery with OPT and 0x20', run: () => buildQuery({ ...queryOptions }) },
];

const queryOptions = {
  id: 1,
  name: question.name,
  type: question.type,
  recursionDesired: false,
  checkingDisabled: false,
  edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [] },
  caseBits: (index: number): boolean => index % 3 === 0,
};

function makeReferral(): Message {
  const authority: ResourceRecord[] = [];
  const additional: ResourceRecord[] = [];
  for (const letter of 'abcdefghijklm') {
    const server = nameFromText(`${letter}.gtld-servers.net`);
    authority.push({ name: nameFromText('com'), type: TYPE.NS, class: 1, ttl: 172_800, rdata: nameOctets(server) });
    additional.push({ name: server, type: TYPE.A, class: 1, ttl: 172_800, rdata: Uint8Array.of(192, 5, 6, 30) });
    additional.push({ name: server, type: TYPE.AAAA, class: 1, ttl: 172_800, rdata: new Uint8Array(16).fill(32) });
  }
  return { ...parseMessage(query), response: true, questions: [question], authority, additional };
}
