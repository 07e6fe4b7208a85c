// Micro bench of validation: verifying and importing by algorithm, NSEC3 hashes, and what an attack may cost.

import { algorithms, algorithmToText, importPublicKey } from '../src/dnssec/algorithms.ts';
import { proveNameError, readDenial } from '../src/dnssec/denial.ts';
import { readZoneKeys } from '../src/dnssec/keys.ts';
import { nsec3Hash } from '../src/dnssec/nsec3.ts';
import { probeSupport } from '../src/dnssec/support.ts';
import { runChecks, verifyRRset } from '../src/dnssec/verify.ts';
import { nameFromText } from '../src/wire/name.ts';
import { at, context, rrsetOf, SignedZone, Signer } from '../test/dnssec/data.ts';
import type { Bench } from './main.ts';

const now = at('2026-06-01T00:00:00Z');
const address = rrsetOf('www.example. 3600 IN A 192.0.2.1\nwww.example. 3600 IN A 192.0.2.2');
const shared = context(now);

function benchesOf(number: number, bits: number): Bench[] {
  const algorithm = algorithms.find((one) => one.number === number);
  if (algorithm === undefined) throw new Error(`no algorithm ${number}`);
  const signer = new Signer('example.', number, { bits });
  const signed = signer.sign(address);
  const { keys } = signer;
  const size = algorithm.kind === 'rsa' ? `, ${bits} bits` : '';
  const field = signer.dnskey.subarray(4);
  return [
    {
      name: `verifyRRset, ${algorithmToText(number)}${size}`,
      run: () => runChecks(verifyRRset(signed, keys, shared), 8),
    },
    { name: `importPublicKey, ${algorithmToText(number)}${size}`, run: () => importPublicKey(algorithm, field) },
  ];
}

/** KeyTrap: 500 keys of one tag, 500 signatures, none right. */
function keyTrap(): Bench {
  const signer = new Signer('example.', 14);
  let signed = address;
  for (let i = 0; i < 500; i++) signed = signer.sign(signed, { expiration: now + 1000 + i });
  const wrong = { ...signed, rdatas: address.rdatas.slice(1) };
  const keys = Array.from({ length: 500 }, () => signer.keys.keys).flat();
  return {
    name: 'verifyRRset, 500 keys of one tag and 500 wrong signatures, P-384',
    run: () => runChecks(verifyRRset(wrong, { zone: signer.zone, keys }, shared), 8),
  };
}

const zone = new SignedZone('nsec3.zone', 'example.');
const denials = zone.denials(now);
const deep = nameFromText(`${'x.'.repeat(100)}example.`);
const salt = Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd);
const rdatas = zone.rrset('example.', 48).rdatas;

/** What main.ts runs. */
export const benches: readonly Bench[] = [
  ...[8, 10].flatMap((number) => [1024, 2048, 4096].flatMap((bits) => benchesOf(number, bits))),
  ...[13, 14, 15, 16].flatMap((number) => benchesOf(number, 0)),
  keyTrap(),
  { name: 'readZoneKeys, one key', run: () => readZoneKeys(zone.zone, rdatas) },
  ...[0, 10, 50].map((iterations) => ({
    name: `nsec3Hash, ${iterations} iterations`,
    run: () => nsec3Hash(zone.zone, { iterations, salt }),
  })),
  {
    name: 'readDenial and proveNameError, NSEC3, 5 iterations, a name of 101 labels',
    run: () => {
      const meter = { nsec3HashesLeft: 64 };
      return proveNameError(readDenial(zone.zone, denials, { meter, nsec3IterationsMax: 50 }), deep);
    },
  },
  { name: 'probeSupport', run: () => probeSupport() },
];
