// Scenarios signed with withdrawn algorithms: what was valid stays valid, what was bogus stays bogus.

import { createSign, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalRdatas, signedData } from '../../src/dnssec/canonical.ts';
import { dsDigest } from '../../src/dnssec/delegation.ts';
import { keyTag } from '../../src/dnssec/keys.ts';
import { recordText } from '../../src/testing/rpl-match.ts';
import { parseRpl } from '../../src/testing/rpl-parse.ts';
import { needsResigning, resignScenario } from '../../src/testing/rpl-resign.ts';
import { runScenario } from '../../src/testing/rpl-run.ts';
import type { ResourceRecord } from '../../src/wire/message.ts';
import { nameFromText, nameOctets } from '../../src/wire/name.ts';
import { readRrsig } from '../../src/wire/rdata.ts';
import { TYPE } from '../../src/wire/types.ts';

const example = nameFromText('example.');
const dsa = makeDsaKey();
const dnskey = Uint8Array.from([1, 1, 3, 3, ...dsa.publicKey]);

/** A DSA key of 1,024 bits in the form of RFC 2536, 2. */
function makeDsaKey(): { publicKey: Uint8Array; sign(data: Uint8Array): Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  const integers = derIntegers(publicKey.export({ format: 'der', type: 'spki' }));
  const [p, q, g, y] = integers as [Buffer, Buffer, Buffer, Buffer];
  const padded = (integer: Buffer, octets: number): Buffer =>
    Buffer.concat([Buffer.alloc(octets), integer]).subarray(-octets);
  return {
    publicKey: Buffer.concat([Buffer.of(8), padded(q, 20), padded(p, 128), padded(g, 128), padded(y, 128)]),
    sign: (data) => {
      const pair = createSign('sha1').update(data).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' });
      return Buffer.concat([Buffer.of(8), pair]);
    },
  };
}

/** Every INTEGER of a DER structure, in order. */
function derIntegers(der: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = der[at] ?? 0;
    const first = der[at + 1] ?? 0;
    const lengthOctets = first & 0x80 ? first & 0x7f : 0;
    const length = lengthOctets ? der.readUIntBE(at + 2, lengthOctets) : first;
    const start = at + 2 + lengthOctets;
    if (tag === 2) found.push(der.subarray(start, start + length));
    // Into sequences and the bit string of the key, over everything else.
    at = tag === 0x30 ? start : tag === 3 ? start + 1 : start + length;
  }
  return found;
}

function record(name: string, type: number, rdata: Uint8Array): ResourceRecord {
  return { name: nameFromText(name), type, class: 1, ttl: 3600, rdata };
}

function signed(covered: ResourceRecord): ResourceRecord {
  const tag = keyTag(dnskey);
  const labels = covered.name === example ? 1 : 2;
  const head = Uint8Array.from([
    ...[0, covered.type, 3, labels, 0, 0, 14, 16, 0x70, 0, 0, 0, 0x40, 0, 0, 0, tag >> 8, tag & 255],
    ...nameOctets(example),
  ]);
  const rrsig = readRrsig(Uint8Array.from([...head, 0]));
  const data = signedData(covered, canonicalRdatas(covered.type, [covered.rdata]), rrsig, head);
  return { ...covered, type: TYPE.RRSIG, rdata: Uint8Array.from([...head, ...dsa.sign(data)]) };
}

/** The root hands out example., which is signed by DSA; `address` is what its server says of www.example. */
function scenario(address: string, expected: string): string {
  const www = record('www.example.', TYPE.A, Uint8Array.of(192, 0, 2, 1));
  const keys = record('example.', TYPE.DNSKEY, dnskey);
  const digest = dsDigest(example, dnskey, 2) ?? new Uint8Array(0);
  const anchor = `example. DS ${keyTag(dnskey)} DSA 2 ${Buffer.from(digest).toString('hex')}`;
  const entry = (match: string, flags: string, question: string, sections: string): string =>
    `ENTRY_BEGIN\nMATCH opcode ${match}\nADJUST copy_id copy_query\nREPLY QR ${flags}\nSECTION QUESTION\n${question}\n${sections}\nENTRY_END\n`;
  const answer = (records: readonly string[]): string => `SECTION ANSWER\n${records.join('\n')}`;
  return `server:
 qname-minimisation: no
 trust-anchor: "${anchor}"
 val-override-timestamp: 1500000000
stub-zone:
 name: "."
 stub-addr: 192.0.2.53
CONFIG_END
SCENARIO_BEGIN DSA
RANGE_BEGIN 0 9
ADDRESS 192.0.2.53
${entry('qname qtype', 'AA NOERROR', '. IN NS', 'SECTION ANSWER\n. NS a.root.\nSECTION ADDITIONAL\na.root. A 192.0.2.53')}
${entry('subdomain', 'NOERROR', 'example. IN NS', 'SECTION AUTHORITY\nexample. NS ns.example.\nSECTION ADDITIONAL\nns.example. A 192.0.2.54')}
RANGE_END
RANGE_BEGIN 0 9
ADDRESS 192.0.2.54
${entry('qname qtype', 'AA NOERROR', 'www.example. IN A', answer([`www.example. A ${address}`, recordText(signed(www))]))}
${entry('qname qtype', 'AA NOERROR', 'example. IN DNSKEY', answer([recordText(keys), recordText(signed(keys))]))}
RANGE_END
STEP 1 QUERY
ENTRY_BEGIN
REPLY RD DO
SECTION QUESTION
www.example. IN A
ENTRY_END
STEP 2 CHECK_ANSWER
ENTRY_BEGIN
MATCH all
REPLY QR RD RA ${expected}
SECTION QUESTION
www.example. IN A
${expected.includes('AD') ? answer([recordText(www), recordText(signed(www))]) : ''}
ENTRY_END
SCENARIO_END
`;
}

test('valid data are answered as secure, with the signature that was made anew', async () => {
  const parsed = parseRpl(scenario('192.0.2.1', 'AD DO NOERROR'), 'valid.rpl');
  expect(needsResigning(parsed)).toBe(true);
  const algorithms = resignScenario(parsed)?.ranges[1]?.entries.flatMap(({ templates: [{ message }] }) =>
    message.answer.filter(({ type }) => type === TYPE.RRSIG).map(({ rdata }) => rdata[2]),
  );
  expect(algorithms).toEqual([15, 15]);
  expect((await runScenario(parsed)).reason).toBeUndefined();
});

test('data that no signature covers stay bogus', async () => {
  const result = await runScenario(parseRpl(scenario('192.0.2.66', 'DO SERVFAIL'), 'bogus.rpl'));
  expect(result.reason).toBeUndefined();
  expect(result.passed).toBe(true);
});
