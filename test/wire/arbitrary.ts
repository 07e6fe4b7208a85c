// fast-check arbitraries of wire values: names with any octets, records of every kind, whole messages.

import fc from 'fast-check';
import type { Edns, Message, ResourceRecord } from '../../src/wire/message.ts';
import { type Name, nameFromText, prependLabel, ROOT } from '../../src/wire/name.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import { TYPE } from '../../src/wire/types.ts';
import { samples } from './samples.ts';

/** Octets as characters, one to `most` of them. */
export function latin1(least: number, most: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: least, maxLength: most }).map((octets) => String.fromCharCode(...octets));
}

/** Names of 0..8 labels: often under few parents, so that compression has work; now and then very long. */
export const anyName: fc.Arbitrary<Name> = fc
  .record({
    labels: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.array(fc.oneof(fc.constantFrom('www', 'ns1', 'a', '*'), latin1(1, 12)), { maxLength: 4 }),
      },
      { weight: 1, arbitrary: fc.array(latin1(50, 63), { maxLength: 8 }) },
    ),
    parent: fc.constantFrom<Name[]>(
      ROOT,
      nameFromText('com'),
      nameFromText('example.com'),
      nameFromText('ns.example.com'),
    ),
  })
  .map(({ labels, parent }) => labels.reduce<Name>((name, label) => prependLabel(label, name) ?? name, parent));

const sampleRdata = samples.map(([type, text]) => ({ type: TYPE[type], rdata: rdataFromText(TYPE[type], text) }));
/** Types of which nothing is known: their RDATA is any octets. */
const opaque = fc.record({
  type: fc.constantFrom(65280, 65534, 1000, TYPE.NULL, TYPE.TXT, TYPE.DNSKEY),
  rdata: fc.uint8Array({ maxLength: 300 }),
});
const nsRdata = anyName.map((name) => ({
  type: TYPE.NS as number,
  rdata: Uint8Array.from(name, (c) => c.charCodeAt(0)),
}));
const closing: readonly number[] = [TYPE.TSIG, TYPE.SIG];

/** Records of any type, OPT left out. */
export const anyRecord: fc.Arbitrary<ResourceRecord> = fc
  .record({
    name: anyName,
    body: fc.oneof(fc.constantFrom(...sampleRdata.filter(({ type }) => !closing.includes(type))), opaque, nsRdata),
    class: fc.constantFrom(1, 1, 1, 3),
    ttl: fc.nat(0xffffffff),
  })
  .map(({ name, body, class: recordClass, ttl }) => ({ name, class: recordClass, ttl, ...body }));

const anyEdns: fc.Arbitrary<Edns> = fc.record({
  udpPayloadOctets: fc.nat(0xffff),
  version: fc.nat(255),
  dnssecOk: fc.boolean(),
  options: fc.array(fc.record({ code: fc.nat(0xffff), data: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 5 }),
});

/** Messages with up to six records in a section. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    id: fc.nat(0xffff),
    response: fc.boolean(),
    opcode: fc.nat(15),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    rcode: fc.nat(0xfff),
    questions: fc.array(fc.record({ name: anyName, type: fc.nat(0xffff), class: fc.nat(0xffff) }), { maxLength: 2 }),
    answer: fc.array(anyRecord, { maxLength: 6 }),
    authority: fc.array(anyRecord, { maxLength: 6 }),
    additional: fc.array(anyRecord, { maxLength: 6 }),
    edns: fc.option(anyEdns, { nil: undefined }),
  })
  .map((message) => (message.edns === undefined ? { ...message, rcode: message.rcode & 15 } : message));
