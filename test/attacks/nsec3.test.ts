// Denials made to cost: NSEC3 over many labels and iterations, and proofs padded with hundreds of records.
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { describe, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { nsecOf, SignedZone } from './signed-zone.ts';
import { frozen, ROOT_IP, threadCpuMs, World } from './world.ts';

/** A name that exists far below the apex: what is denied below it has a closest encloser of 111 labels. */
const DEEP = `${'a.'.repeat(110)}x.`;

function zoneWith(iterations: number): SignedZone {
  return new SignedZone('.', `www. A 192.0.2.1\n${DEEP} A 192.0.2.2`, { nsec3Iterations: iterations });
}

/** Questions for names of 112 labels that do not exist. */
async function denials(
  zone: SignedZone,
  questions: number,
  limits: Partial<Limits> = {},
): Promise<{ cpuMs: number; secure: number }> {
  const world = new World({ dnssec: { anchors: [zone.anchor] }, limits });
  world.serve(ROOT_IP, frozen(zone.reply));
  await world.ask('www.');
  let cpuMs = 0;
  let secure = 0;
  for (let i = 0; i < questions; i++) {
    const cost = await world.cost(`q${i}.${DEEP}`);
    cpuMs += cost.cpuMs;
    if (cost.resolution.security === 'secure') secure++;
  }
  return { cpuMs, secure };
}

describe('NSEC3 of deep names', () => {
  it.each([0, 50, 150, 500, 2500])('%i iterations: cost little CPU', async (iterations) => {
    const { cpuMs, secure } = await denials(zoneWith(iterations), 20);
    atMost('nsec3', `CPU of 20 questions, ${iterations} iterations`, cpuMs, 500, 'ms');
    if (iterations > 50) exactly('nsec3', `AD of 20, ${iterations} iterations`, secure, 0);
  });

  it('cost far more without the limits', async () => {
    const limits = { nsec3Iterations: 2500, nsec3Hashes: 10_000 };
    const zone = zoneWith(2500);
    const bounded = await denials(zone, 4);
    const { cpuMs } = await denials(zone, 4, limits);
    // Machines differ, so that the measure is by how much.
    withoutLimit('nsec3', 'CPU of 4 questions, 2500 iterations', cpuMs, 10 * Math.max(4, bounded.cpuMs), 'ms');
  });
});

describe('padded denials', () => {
  const zone = new SignedZone('.', 'www. A 192.0.2.1');
  const padding = Array.from({ length: 250 }, (_, i) => {
    return zone.sign(
      nsecOf(nameFromText(`p${String(i).padStart(3, '0')}.`), `p${String(i).padStart(3, '0')}x. A RRSIG NSEC`),
    );
  });
  const zone3 = zoneWith(0);

  it.each([
    ['NSEC', zone, padding],
    ['NSEC3 beside NSEC', zone3, padding.map((rrset) => zone3.sign({ ...rrset, signatures: [] }))],
  ] as const)('of 250 %s: cost little CPU', async (what, signed, extra) => {
    const world = new World({ dnssec: { anchors: [signed.anchor] } });
    world.serve(
      ROOT_IP,
      frozen((asked) => {
        const honest = signed.reply(asked);
        if (asked.type === TYPE.DNSKEY || honest.rcode !== RCODE.NXDOMAIN) return honest;
        return { ...honest, authority: [...extra, ...(honest.authority as typeof extra)] };
      }),
    );
    await world.ask('www.');
    const costs: number[] = [];
    for (let i = 0; i < 5; i++) costs.push((await world.cost(`x${i}.`)).cpuMs);
    // The median: compilation falls on the first.
    atMost('negpad', `CPU of a question, 250 ${what}`, costs.sort((a, b) => a - b)[2] as number, 50, 'ms');
  });

  it('cost far more where each record is checked', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const data = randomBytes(120);
    const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const cost = (checks: number): number => {
      const before = threadCpuMs();
      for (let i = 0; i < checks; i++) verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
      return threadCpuMs() - before;
    };
    cost(8);
    // Machines differ, so that the measure is by how much.
    withoutLimit('negpad', 'CPU of all 250 checks', cost(250), 4 * cost(8), 'ms');
  });
});
