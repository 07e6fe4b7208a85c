// A second opinion from dig and kdig: what they print of records that our codec wrote is what we print and read.

import { execFile, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMessage, parseMessage, type ResourceRecord } from '../../src/wire/message.ts';
import { type Name, nameFromText, nameOctets, nameToText } from '../../src/wire/name.ts';
import { toBase32 } from '../../src/wire/rdata-fields.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import { TYPE, typeFromText } from '../../src/wire/types.ts';
import { recordToText } from '../../src/wire/zone-text.ts';
import { anyName } from './arbitrary.ts';
import { samples } from './samples.ts';

const run = promisify(execFile);

/** Every sample that dig prints as we do, and names, strings and addresses of all kinds, each at an owner of its own. */
const records: readonly ResourceRecord[] = [
  ...samples
    .filter(([, , odd]) => odd === undefined)
    .map(([type, text]) => [TYPE[type], rdataFromText(TYPE[type], text)] as const),
  ...fc.sample(anyName, { numRuns: 60, seed: 1 }).map((name) => [TYPE.CNAME, nameOctets(name)] as const),
  ...fc
    .sample(fc.uint8Array({ maxLength: 60 }), { numRuns: 30, seed: 2 })
    .map((octets) => [TYPE.TXT, Uint8Array.of(octets.length, ...octets)] as const),
  ...fc.sample(ipv6(), { numRuns: 60, seed: 3 }).map((octets) => [TYPE.AAAA, octets] as const),
  ...fc.sample(fc.uint8Array({ maxLength: 60 }), { numRuns: 5, seed: 4 }).map((octets) => [65280, octets] as const),
].map(([type, rdata], i) => ({ name: owner(i), type, class: 1, ttl: i, rdata }));

/** Addresses with runs of zeros. */
function ipv6(): fc.Arbitrary<Uint8Array> {
  const word = fc.oneof(
    fc.constant([0, 0]),
    fc.constant([0, 0]),
    fc.constant([255, 255]),
    fc.tuple(fc.nat(255), fc.nat(255)),
  );
  return fc.array(word, { minLength: 8, maxLength: 8 }).map((words) => Uint8Array.from(words.flat()));
}

/** An owner that is a hash, as NSEC3 needs it. */
function owner(i: number): Name {
  return nameFromText(`${toBase32(Uint8Array.of(i >> 8, i, ...new Uint8Array(18).fill(7)))}.example`);
}

function installed(program: string): boolean {
  const found = spawnSync(program, ['-v']).error === undefined;
  if (!found) console.log(`${program} is not installed: its opinion is not asked`);
  return found;
}

describe('what we write', () => {
  let socket: Socket;

  beforeAll(async () => {
    socket = createSocket('udp4');
    socket.on('message', (query, { port, address }) => {
      const asked = parseMessage(query);
      const reply = { ...asked, response: true, answer: records };
      socket.send(buildMessage(reply), port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  });

  afterAll(() => {
    socket.close();
  });

  const ask = async (program: string, ...more: string[]): Promise<string[]> => {
    const where = ['@127.0.0.1', '-p', String(socket.address().port), '-q', 'example', '-t', 'ANY'];
    const { stdout } = await run(program, [...where, '+noall', '+answer', '+notcp', '+bufsize=65000', ...more]);
    return stdout.trimEnd().split('\n');
  };
  const fields = (line: string): string[] => /^(\S+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line)?.slice(1) ?? [line];

  it.skipIf(!installed('dig'))('is printed by dig as by us', async () => {
    const lines = await ask('dig', '+nocookie', '+time=5', '+tries=1');
    expect(lines.map(fields)).toEqual(records.map((record) => fields(recordToText(record))));
  });

  it.skipIf(!installed('kdig'))('is read by us from what kdig prints', async () => {
    const lines = await ask('kdig', '+timeout=5', '+retry=0');
    const read = lines.map(fields).map(([name = '', ttl, recordClass, type = '', text = '']) => {
      const number = typeFromText(type) ?? 0;
      return [nameFromText(name), Number(ttl), recordClass, number, [...rdataFromText(number, text)].join()];
    });
    expect(read).toEqual(records.map(({ name, ttl, type, rdata }) => [name, ttl, 'IN', type, rdata.join()]));
  });

  it.skipIf(!installed('dig'))('holds the names that dig is given', async () => {
    const name = 'a\\.b.\\000\\255.\\(\\)\\;\\"\\\\\\@\\$.__proto__.example';
    const asked = new Promise<Name | undefined>((resolve) => {
      socket.once('message', (query) => resolve(parseMessage(query).questions[0]?.name));
    });
    await run('dig', [
      '@127.0.0.1',
      '-p',
      String(socket.address().port),
      '+noidnin',
      '+time=1',
      '+tries=1',
      '-q',
      name,
    ]);
    expect(nameToText((await asked) ?? nameFromText('.'))).toBe(`${name}.`);
  });
});
