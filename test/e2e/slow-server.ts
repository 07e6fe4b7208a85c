// An authoritative server that answers each question with an A record after a while, and says so on its output.
//
//   slow-server.ts ADDRESS PORT ZONE

import { createSocket } from 'node:dgram';
import { buildMessage, parseMessage, type ResourceRecord } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';

/** Below the time that a resolver gives a server it knows nothing of. */
const delayMs = 300;

const [address, port, zone = ''] = process.argv.slice(2);
const [soa] = parseZoneText(`${zone}. 300 SOA ns.${zone}. hostmaster.${zone}. 1 1800 900 604800 60`);
if (soa === undefined) throw new Error('a zone is wanted');
const apex = nameFromText(zone);

const socket = createSocket('udp4');
socket.on('message', (octets, client) => {
  const query = parseMessage(octets);
  const [question] = query.questions;
  if (question === undefined) return;
  const answer: ResourceRecord[] = [];
  if (question.type === TYPE.A) {
    answer.push({ ...question, ttl: 300, rdata: Uint8Array.of(198, 18, 6, 1) });
  } else if (question.type === TYPE.SOA && question.name === apex) answer.push(soa);
  const reply = buildMessage(
    {
      ...query,
      response: true,
      authoritative: true,
      answer,
      authority: answer.length === 0 ? [soa] : [],
      additional: [],
    },
    { questionOctets: octets.subarray(12, 12 + question.name.length) },
  );
  console.log(`asked for ${question.name.length} octets, type ${question.type}`);
  setTimeout(() => socket.send(reply, client.port, client.address), delayMs);
});
socket.bind(Number(port), address);
