// KeyTrap and its kin: keys and signatures made to be many, colliding, malformed or huge.
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Limits, limitTable } from '../../src/base/limits.ts';
import type { Clock } from '../../src/base/ports.ts';
import { type Algorithm, algorithmOf, importPublicKey } from '../../src/dnssec/algorithms.ts';
import { keyTag } from '../../src/dnssec/keys.ts';
import { systemClock } from '../../src/net/clock.ts';
import { labelCount, nameOctets } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { CLASS, RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, withoutLimit } from './figures.ts';
import { rrsetOf, SignedZone } from './signed-zone.ts';
import { frozen, type Reply, ROOT_IP, threadCpuMs, WALL_SECONDS, World, type WorldOptions } from './world.ts';

const KEYS = 40;
const SIGNATURES = 40;
const P384 = 14;
const P384_SHA384 = algorithmOf(P384) as Algorithm;
/** Checks that a question may make. */
const SIGNATURES_CHECKED = limitTable.signatureChecks.value;

/** DNSKEY RDATA of one tag: flag bits without a meaning (RFC 4034, 2.1.1) make up the difference. */
function colliding(count: number, publicKey: () => Uint8Array, algorithm = P384): Uint8Array[] {
  const keys: Uint8Array[] = [];
  let wanted: number | undefined;
  while (keys.length < count) {
    const rdata = Uint8Array.from([1, 0, 3, algorithm, ...publicKey()]);
    wanted ??= keyTag(rdata);
    for (let flags = 0x0100; flags < 0x1_0000; flags++) {
      // A zone key that is not revoked.
      if ((flags & 0x0180) !== 0x0100) continue;
      rdata[0] = flags >> 8;
      rdata[1] = flags & 255;
      if (keyTag(rdata) === wanted) {
        keys.push(rdata);
        break;
      }
    }
  }
  return keys;
}

function p384(): Uint8Array {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** RRSIG RDATA with the tag of `key` and octets that verify with none. */
function falseSignature(zone: SignedZone, rrset: RRset, key: Uint8Array, octets = 96): Uint8Array {
  const head = Uint8Array.from((genuine(zone, rrset).signatures[0] as Uint8Array).subarray(0, 18));
  const tag = keyTag(key);
  head.set([key[3] as number], 2);
  head.set([tag >> 8, tag & 255], 16);
  return Uint8Array.from([...head, ...nameOctets(zone.name), ...randomBytes(octets)]);
}

const made = new Map<string, RRset>();

/** One true signature for each form of name: the false ones copy all but its octets and tag. */
function genuine(zone: SignedZone, rrset: RRset): RRset {
  const key = `${zone.origin} ${labelCount(rrset.name)}`;
  const known = made.get(key) ?? zone.sign(rrset);
  made.set(key, known);
  return known;
}

const trap = new SignedZone('trap.', 'ns.trap. A 10.0.0.3\nwww.trap. A 192.0.2.1');
const root = new SignedZone('.', `trap. NS ns.trap.\nns.trap. A 10.0.0.3\n${trap.ds}\nwww.good. A 192.0.2.9`);
const keys = colliding(KEYS, p384);
const oneKey = keys.slice(0, 1);

/** The DNSKEY RRset of the trap with further keys, signed by the one that DS names. */
function keySet(more: readonly Uint8Array[]): RRset {
  return trap.signer.signedKeys(more);
}

/** Answers of the trap: DNSKEY as given, and false signatures over everything else. */
function trapped(dnskeys: RRset, more: readonly Uint8Array[], signatures: number): (name: string) => Reply {
  return (name) => {
    const rrset = rrsetOf(`${name} 300 A 192.0.2.1`);
    const key = more[0] as Uint8Array;
    const list = Array.from({ length: signatures }, () => falseSignature(trap, rrset, key));
    return name === '' ? { answer: [dnskeys] } : { answer: [{ ...rrset, signatures: list }] };
  };
}

function trapWorld(
  dnskeys: RRset,
  answer: (name: string) => Reply,
  options: WorldOptions = {},
  rootZone = root,
): World {
  const world = new World({ dnssec: { anchors: [rootZone.anchor] }, ...options });
  world.serve(ROOT_IP, rootZone.reply);
  world.serve(
    '10.0.0.3',
    frozen(({ text, type }) => (type === TYPE.DNSKEY ? { answer: [dnskeys] } : answer(text))),
  );
  return world;
}

const keySig = trapped(keySet(keys), keys, SIGNATURES);

describe('KeyTrap', () => {
  const shapes: readonly [string, RRset, (name: string) => Reply][] = [
    ['KeySigTrap: many keys, many signatures', keySet(keys), keySig],
    ['SigJam: one key, many signatures', keySet(oneKey), trapped(keySet(oneKey), oneKey, SIGNATURES)],
    ['LockCram: many keys, one signature', keySet(keys), trapped(keySet(keys), keys, 1)],
  ];
  it.each(shapes)('%s: costs little CPU', async (what, dnskeys, answer) => {
    const world = trapWorld(dnskeys, answer);
    await world.ask('www.good.');
    const { resolution, cpuMs } = await world.cost('www.trap.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('keytrap', `CPU of a question, ${what}`, cpuMs, 500, 'ms');
  });

  it('HashTrap: many DS, many keys', async () => {
    const ds = keys.flatMap((key) =>
      Array.from({ length: 10 }, () => {
        const digest = randomBytes(48).toString('hex');
        return `trap. 300 DS ${keyTag(key)} ${P384} 4 ${digest}`;
      }),
    );
    const hashRoot = new SignedZone('.', `trap. NS ns.trap.\nns.trap. A 10.0.0.3\n${ds.join('\n')}`);
    const world = trapWorld(keySet(keys), keySig, {}, hashRoot);
    await world.ask('www.good.');
    const { resolution, cpuMs } = await world.cost('www.trap.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('keytrap', 'CPU of a question, HashTrap: 400 DS, 40 keys', cpuMs, 500, 'ms');
  });

  it('costs far more without the limits', async () => {
    const lifted: Partial<Limits> = {
      signatureChecks: 100_000,
      signatureChecksPerRRset: 100_000,
      signaturesPerRRset: SIGNATURES,
      keysPerTag: KEYS,
      bogusRetries: 0,
    };
    const cost = async (limits: Partial<Limits>): Promise<number> => {
      const world = trapWorld(keySet(keys), keySig, { limits });
      await world.ask('www.good.');
      return (await world.cost('www.trap.')).cpuMs;
    };
    // Machines differ, so that the measure is by how much.
    withoutLimit(
      'keytrap',
      'CPU of a question, KeySigTrap',
      await cost(lifted),
      10 * Math.max(4, await cost({})),
      'ms',
    );
  });

  /** Real time, on the day of the signatures. */
  function clockOfTheDay(): Clock {
    return { ...systemClock(), wallSeconds: () => WALL_SECONDS };
  }

  /** Milliseconds for which the event loop does nothing else, while so many such questions are checked. */
  async function longestWait(clock: Clock, questions: number, limits: Partial<Limits> = {}): Promise<number> {
    const world = trapWorld(keySet(keys), keySig, { clock, limits });
    await world.ask('www.good.');
    const timer = systemClock();
    let lastMs = timer.nowMs();
    let mostMs = 0;
    let running = true;
    const tick = (): void => {
      mostMs = Math.max(mostMs, timer.nowMs() - lastMs - 1);
      lastMs = timer.nowMs();
      if (running) timer.after(1, tick);
    };
    timer.after(1, tick);
    await Promise.all(Array.from({ length: questions }, (_, i) => world.ask(`w${i}.trap.`)));
    tick();
    running = false;
    return mostMs;
  }

  it('lets other clients in between', async () => {
    const waitMs = await longestWait(clockOfTheDay(), 20);
    atMost('stall', 'longest wait of the event loop, 20 such questions', waitMs, 1000, 'ms');
  });

  it('would let none in between, were the checks not paced', async () => {
    // One question that may make all its checks, so that pacing alone stands between it and the rest.
    const limits = {
      signatureChecks: 100_000,
      signatureChecksPerRRset: 100_000,
      signaturesPerRRset: SIGNATURES,
      keysPerTag: KEYS,
    };
    const paced = await longestWait(clockOfTheDay(), 1, { ...limits, bogusRetries: 0 });
    atMost('stall', 'longest wait of the event loop, one question of 1,600 checks', paced, 1000, 'ms');
    // A clock that stands still: no check seems to take any time, so that none makes way.
    const { nowMs } = systemClock();
    const startMs = nowMs();
    const still: Clock = { ...clockOfTheDay(), nowMs: () => startMs };
    const unpaced = await longestWait(still, 1, { ...limits, bogusRetries: 0 });
    withoutLimit('stall', 'longest wait of the event loop, one question of 1,600 checks', unpaced, paced, 'ms');
  });
});

describe('malformed keys among colliding ones', () => {
  it('count as checks', async () => {
    // Not on the curve.
    const broken = colliding(KEYS, () => randomBytes(96));
    const world = trapWorld(keySet(broken), trapped(keySet(broken), broken, SIGNATURES));
    await world.ask('www.good.');
    const { resolution, cpuMs } = await world.cost('www.trap.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('invalidkeys', 'CPU of a question, 40 malformed keys', cpuMs, 500, 'ms');
    // Neither counted nor remembered: each key is read anew for each signature.
    const before = threadCpuMs();
    for (let i = 0; i < SIGNATURES; i++) {
      for (const rdata of broken) expect(importPublicKey(P384_SHA384, rdata.subarray(4)).key).toBeUndefined();
    }
    withoutLimit('invalidkeys', 'CPU to read 40 such keys for 40 signatures', threadCpuMs() - before, 2 * cpuMs, 'ms');
  });
});

describe('RSA keys with an exponent of 4,096 bits', () => {
  /** A key whose exponent is as long as its modulus. */
  function hugeKey(bits: number): { exponent: Uint8Array; modulus: Uint8Array } {
    const octets = bits / 8;
    const exponent = randomBytes(octets);
    const modulus = randomBytes(octets);
    // The exponent is the smaller number; both are odd.
    exponent[0] = 127;
    modulus[0] = 255;
    for (const number of [exponent, modulus]) number[octets - 1] = (number[octets - 1] as number) | 1;
    return { exponent, modulus };
  }

  it.each([3072, 4096])('are not used, nor of fewer: %i', async (bits) => {
    const { exponent, modulus } = hugeKey(bits);
    const octets = bits / 8;
    const rdata = Uint8Array.from([1, 0, 3, 8, 0, octets >> 8, octets & 255, ...exponent, ...modulus]);
    const world = trapWorld(keySet([rdata]), (name) => {
      const rrset: RRset = { ...rrsetOf(`${name} 300 A 192.0.2.1`), class: CLASS.IN };
      const signatures = Array.from({ length: SIGNATURES }, () => falseSignature(trap, rrset, rdata, octets));
      return { answer: [{ ...rrset, signatures }] };
    });
    await world.ask('www.good.');
    const { resolution, cpuMs } = await world.cost('www.trap.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('rsa', `CPU of a question, exponent of ${bits} bits`, cpuMs, 20, 'ms');
  });

  it('cost far more where they are used', () => {
    // OpenSSL itself bounds the exponent for moduli above 3,072 bits alone.
    const { exponent, modulus } = hugeKey(3072);
    const jwk = {
      kty: 'RSA',
      e: Buffer.from(exponent).toString('base64url'),
      n: Buffer.from(modulus).toString('base64url'),
    };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const data = randomBytes(100);
    const before = threadCpuMs();
    for (let i = 0; i < SIGNATURES_CHECKED; i++) {
      verify('sha256', data, key, Uint8Array.from([0, ...randomBytes(383)]));
    }
    withoutLimit('rsa', `CPU of ${SIGNATURES_CHECKED} checks with 3,072 bits`, threadCpuMs() - before, 20, 'ms');
  });
});
