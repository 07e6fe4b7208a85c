// KeyTrap and its kin: keys and signatures made to be many, colliding, malformed or huge.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { keyTag } from '../../src/dnssec/keys.ts';
import { systemClock } from '../../src/net/clock.ts';
import { labelCount, nameOctets } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { CLASS, RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, withoutLimit } from './figures.ts';
import { rrsetOf, SignedZone } from './signed-zone.ts';
import { frozen, type Reply, ROOT_IP, World, type WorldOptions } from './world.ts';

const KEYS = 40;
const SIGNATURES = 40;
const P384 = 14;

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

  it('lets other clients in between', async () => {
    const clock = systemClock();
    const world = trapWorld(keySet(keys), keySig, { clock });
    await world.ask('www.good.');
    await world.ask('first.trap.');
    let lastMs = clock.nowMs();
    let mostMs = 0;
    let running = true;
    const tick = (): void => {
      mostMs = Math.max(mostMs, clock.nowMs() - lastMs - 1);
      lastMs = clock.nowMs();
      if (running) clock.after(1, tick);
    };
    lastMs = clock.nowMs();
    clock.after(1, tick);
    await Promise.all(Array.from({ length: 20 }, (_, i) => world.ask(`w${i}.trap.`)));
    running = false;
    atMost('stall', 'longest wait of the event loop, 20 such questions', mostMs, 1000, 'ms');
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
  });
});

describe('RSA keys with an exponent of 4,096 bits', () => {
  it('are not used', async () => {
    const exponent = randomBytes(512);
    const modulus = randomBytes(512);
    exponent[511] = (exponent[511] as number) | 1;
    modulus[0] = 255;
    modulus[511] = (modulus[511] as number) | 1;
    const rdata = Uint8Array.from([1, 0, 3, 8, 0, 2, 0, ...exponent, ...modulus]);
    const world = trapWorld(keySet([rdata]), (name) => {
      const rrset: RRset = { ...rrsetOf(`${name} 300 A 192.0.2.1`), class: CLASS.IN };
      return { answer: [{ ...rrset, signatures: [falseSignature(trap, rrset, rdata, 512)] }] };
    });
    await world.ask('www.good.');
    const { resolution, cpuMs } = await world.cost('www.trap.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('rsa', 'CPU of a question', cpuMs, 20, 'ms');
  });
});
