// A second opinion from dns-packet on plain messages: names of letters, the common types.

import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMessage, type Message, parseMessage, type ResourceRecord } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataFromText, rdataToText } from '../../src/wire/rdata-text.ts';
import { TYPE, typeToText } from '../../src/wire/types.ts';

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);

/** A record as dns-packet has it, and its RDATA as we print it. */
const answer: fc.Arbitrary<{ packet: dnsPacket.Answer; text: string }> = fc
  .tuple(
    host,
    fc.nat(0x7fffffff),
    fc.oneof(
      fc.ipV4().map((data) => ({ type: 'A' as const, data, text: data })),
      fc.constant({ type: 'AAAA' as const, data: '2001:db8::5', text: '2001:db8::5' }),
      host.map((data) => ({ type: 'NS' as const, data, text: `${data}.` })),
      host.map((data) => ({ type: 'CNAME' as const, data, text: `${data}.` })),
      host.map((data) => ({ type: 'DNAME' as const, data, text: `${data}.` })),
      host.map((data) => ({ type: 'PTR' as const, data, text: `${data}.` })),
      fc.tuple(u16, host).map(([preference, exchange]) => {
        return { type: 'MX' as const, data: { preference, exchange }, text: `${preference} ${exchange}.` };
      }),
      fc.tuple(u16, u16, u16, host).map(([priority, weight, port, target]) => {
        return {
          type: 'SRV' as const,
          data: { priority, weight, port, target },
          text: `${priority} ${weight} ${port} ${target}.`,
        };
      }),
      fc.tuple(host, host, u32, u32).map(([mname, rname, serial, minimum]) => {
        const data = { mname, rname, serial, refresh: 1, retry: 2, expire: 3, minimum };
        return { type: 'SOA' as const, data, text: `${mname}. ${rname}. ${serial} 1 2 3 ${minimum}` };
      }),
      fc.array(fc.stringMatching(/^[a-z =;]{0,30}$/), { minLength: 1, maxLength: 3 }).map((data) => {
        return { type: 'TXT' as const, data, text: data.map((one) => `"${one}"`).join(' ') };
      }),
      fc.tuple(u16, fc.uint8Array({ minLength: 1, maxLength: 20 })).map(([keyTag, digest]) => {
        const data = { keyTag, algorithm: 13, digestType: 2, digest: Buffer.from(digest) };
        return {
          type: 'DS' as const,
          data,
          text: `${keyTag} 13 2 ${Buffer.from(digest).toString('hex').toUpperCase()}`,
        };
      }),
    ),
  )
  .map(([name, ttl, { text, ...rest }]) => ({ packet: { name, ttl, class: 'IN', ...rest } as dnsPacket.Answer, text }));

const section = fc.array(answer, { maxLength: 5 });

function ours(record: ResourceRecord): object {
  const { name, type, class: recordClass, ttl, rdata } = record;
  return { name: nameToText(name), type: typeToText(type), class: recordClass, ttl, text: rdataToText(type, rdata) };
}

function expected({ packet, text }: { packet: dnsPacket.Answer; text: string }): object {
  const ttl = 'ttl' in packet ? packet.ttl : 0;
  return { name: `${packet.name}.`, type: packet.type, class: 1, ttl, text };
}

describe('dns-packet', () => {
  it('writes what we read', () => {
    fc.assert(
      fc.property(
        u16,
        host,
        section,
        section,
        section,
        fc.boolean(),
        (id, name, answers, authorities, additionals, aa) => {
          const octets = dnsPacket.encode({
            type: 'response',
            id,
            flags: (aa ? dnsPacket.AUTHORITATIVE_ANSWER : 0) | dnsPacket.RECURSION_AVAILABLE,
            questions: [{ name, type: 'A', class: 'IN' }],
            answers: answers.map(({ packet }) => packet),
            authorities: authorities.map(({ packet }) => packet),
            additionals: additionals.map(({ packet }) => packet),
          });
          const message = parseMessage(octets);
          expect([message.id, message.response, message.authoritative, message.recursionAvailable]).toEqual([
            id,
            true,
            aa,
            true,
          ]);
          expect(message.questions).toEqual([{ name: nameFromText(name), type: TYPE.A, class: 1 }]);
          expect(message.answer.map(ours)).toEqual(answers.map(expected));
          expect(message.authority.map(ours)).toEqual(authorities.map(expected));
          expect(message.additional.map(ours)).toEqual(additionals.map(expected));
        },
      ),
    );
  });

  it('reads what we write', () => {
    fc.assert(
      fc.property(u16, host, section, section, (id, name, answers, authorities) => {
        const records = (list: typeof answers): ResourceRecord[] =>
          list.map(({ packet, text }) => {
            const type = TYPE[packet.type as keyof typeof TYPE];
            const ttl = ('ttl' in packet ? packet.ttl : 0) ?? 0;
            return { name: nameFromText(packet.name), type, class: 1, ttl, rdata: rdataFromText(type, text) };
          });
        const message: Message = {
          ...parseMessage(dnsPacket.encode({ type: 'response', id, questions: [{ name, type: 'NS' }] })),
          answer: records(answers),
          authority: records(authorities),
          edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [{ code: 10, data: Uint8Array.of(1) }] },
        };
        const decoded = dnsPacket.decode(Buffer.from(buildMessage(message)));
        const plain = (list: readonly dnsPacket.Answer[] | undefined): object[] =>
          (list ?? []).map((one) => {
            const { name: owner, type } = one;
            const data = type === 'TXT' ? (one.data as Buffer[]).map(String) : 'data' in one ? one.data : undefined;
            return { name: owner, type, ttl: 'ttl' in one ? one.ttl : 0, data };
          });
        const given = (list: typeof answers): object[] =>
          list.map(({ packet }) => {
            return {
              name: packet.name,
              type: packet.type,
              ttl: 'ttl' in packet ? packet.ttl : 0,
              data: 'data' in packet ? packet.data : undefined,
            };
          });
        expect(decoded.id).toBe(id);
        expect(plain(decoded.answers)).toEqual(given(answers));
        expect(plain(decoded.authorities)).toEqual(given(authorities));
        expect(decoded.additionals).toMatchObject([
          { type: 'OPT', udpPayloadSize: 1232, flag_do: true, options: [{ code: 10 }] },
        ]);
      }),
    );
  });
});
