// Zones that were revoked, TTLs that are no TTLs, and data whose authority is gone.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { CLASS, RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import {
  addresses,
  addressServer,
  type Behaviour,
  delegating,
  nodata,
  nxdomain,
  ROOT_IP,
  referral,
  World,
} from './world.ts';

const TTL = 6;
const LONG = 86_400;

/** com delegates evil.com with a TTL of 6 s until it is revoked. */
function revocable(child: Behaviour): { world: World; revoke: () => void } {
  const world = new World();
  let revoked = false;
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }, LONG));
  world.serve('10.0.0.100', ({ text }) =>
    revoked || !text.endsWith('evil.com.')
      ? nxdomain('com.')
      : referral('evil.com.', { 'ns.evil.com.': '10.0.0.1' }, TTL),
  );
  world.serve('10.0.0.1', child);
  return {
    world,
    revoke: () => {
      revoked = true;
    },
  };
}

/** Seconds after the revocation at which a fresh name below `zone` still had an answer. */
async function survives(
  child: Behaviour,
  zone: string,
  keepAlive: (world: World, second: number) => Promise<void>,
): Promise<number> {
  const { world, revoke } = revocable(child);
  for (let second = 0; second < 5; second++) {
    await keepAlive(world, second);
    await world.pass(0.9);
  }
  expect(addresses(await world.ask(`before.${zone}`))).toEqual(['6.6.6.6']);
  revoke();
  const since = world.clock.nowMs();
  let last = 0;
  for (let second = 0; second < 40; second++) {
    await keepAlive(world, 100 + second);
    if (addresses(await world.ask(`r${second}.${zone}`)).length > 0) last = (world.clock.nowMs() - since) / 1000;
    await world.pass(0.9);
  }
  return last;
}

/** Answers with its own NS set, and glue for it, beside everything. */
const selfish =
  (ttl: number): Behaviour =>
  ({ text, type }) => {
    const own = { authority: `evil.com. ${ttl} NS ns.evil.com.`, additional: `ns.evil.com. ${ttl} A 10.0.0.1` };
    if (type === TYPE.NS) return { answer: `${text} ${ttl} NS ns.evil.com.`, additional: own.additional };
    if (text === 'ns.evil.com.') return { answer: `${text} ${ttl} A 10.0.0.1`, authority: own.authority };
    return type === TYPE.A ? { answer: `${text} 1 A 6.6.6.6`, ...own } : nodata('evil.com.');
  };

const nothing = async (): Promise<void> => undefined;

describe('a revoked zone', () => {
  it.each([
    ['same TTL', selfish(TTL), nothing],
    ['long TTL', selfish(LONG), nothing],
    [
      'long TTL, NS asked by a client',
      selfish(LONG),
      async (world: World) => void (await world.ask('evil.com.', TYPE.NS)),
    ],
    [
      'long TTL, address of its server asked',
      selfish(LONG),
      async (world: World) => void (await world.ask('ns.evil.com.')),
    ],
    [
      'NS moved to a new name each time',
      selfish(LONG),
      async (world: World, second: number) => void (await world.ask(`k${second}.evil.com.`, TYPE.NS)),
    ],
  ])('%s: is dead soon', async (what, child, keepAlive) => {
    atMost('ghost', `seconds alive, ${what}`, await survives(child, 'evil.com.', keepAlive), TTL + 2, 's');
  });
});

describe('a revoked zone that has named another server of its own', () => {
  it('is dead as soon, though that server is asked once the other fails', async () => {
    const child: Behaviour = ({ text }) =>
      text.startsWith('r') || text.startsWith('before')
        ? { rcode: RCODE.SERVFAIL }
        : {
            answer: `${text} 1 A 6.6.6.6`,
            authority: `evil.com. ${LONG} NS ns.evil.com.\nevil.com. ${LONG} NS ns.else.`,
          };
    const { world, revoke } = revocable(child);
    world.serve(
      ROOT_IP,
      delegating({ 'com.': { 'ns.com.': '10.0.0.100' }, 'else.': { 'ns.else.': '10.0.0.9' } }, LONG),
    );
    world.serve('10.0.0.9', ({ text }) => ({ answer: `${text} 1 A ${text === 'ns.else.' ? '10.0.0.9' : '6.6.6.6'}` }));
    await world.ask('www.evil.com.');
    expect(addresses(await world.ask('before.evil.com.'))).toEqual(['6.6.6.6']);
    revoke();
    const since = world.clock.nowMs();
    let last = 0;
    for (let second = 0; second < 40; second++) {
      await world.ask(`k${second}.evil.com.`);
      if (addresses(await world.ask(`r${second}.evil.com.`)).length > 0) last = (world.clock.nowMs() - since) / 1000;
      await world.pass(0.9);
    }
    atMost('ghost', 'seconds alive, by a server that it named', last, TTL + 2, 's');
  });
});

describe('a sub-delegation of a revoked zone', () => {
  /** evil.com refers sub.evil.com, and that each label below it, to itself, with a long TTL. */
  const phoenix: Behaviour = ({ text, type }) => {
    const labels = text.split('.').slice(0, -3);
    const depth = labels.indexOf('sub');
    const fresh = labels.findIndex((label) => /^s\d+$/.test(label));
    if (fresh >= 0)
      return fresh === 0
        ? { answer: `${text} 1 A 6.6.6.6` }
        : referral(`${labels.slice(fresh).join('.')}.evil.com.`, { 'ns.evil.com.': '10.0.0.1' }, LONG);
    if (depth >= 0 && type === TYPE.NS) return { answer: `${text} ${LONG} NS ns.evil.com.` };
    return { answer: `${text} 1 A 6.6.6.6` };
  };
  const entry: Behaviour = (asked) => {
    const { text, query } = asked;
    // The zone evil.com itself refers; the same server answers as sub.evil.com once it was referred to.
    if (text.endsWith('sub.evil.com.') && !referredTo.has(query.id)) {
      referredTo.add(query.id);
      return referral('sub.evil.com.', { 'ns.sub.evil.com.': '10.0.0.3' }, LONG);
    }
    return phoenix(asked);
  };
  const referredTo = new Set<number>();

  it.each([
    ['phoenix', nothing],
    ['phoenix, NS asked', async (world: World) => void (await world.ask('sub.evil.com.', TYPE.NS))],
    [
      'phoenix, new cuts each second',
      async (world: World, second: number) => void (await world.ask(`x.s${second}.sub.evil.com.`)),
    ],
  ])('%s: dies with it', async (what, keepAlive) => {
    const { world, revoke } = revocable(entry);
    world.serve('10.0.0.3', phoenix);
    for (let second = 0; second < 5; second++) {
      await keepAlive(world, second);
      await world.pass(0.9);
    }
    expect(addresses(await world.ask('before.sub.evil.com.'))).toEqual(['6.6.6.6']);
    revoke();
    const since = world.clock.nowMs();
    let last = 0;
    for (let second = 0; second < 40; second++) {
      await keepAlive(world, 100 + second);
      if (addresses(await world.ask(`r${second}.sub.evil.com.`)).length > 0)
        last = (world.clock.nowMs() - since) / 1000;
      await world.pass(0.9);
    }
    atMost('phoenix', `seconds alive, ${what}`, last, TTL + 2, 's');
  });
});

describe('data whose authority is silent', () => {
  it('are not served past their TTL', async () => {
    const world = new World();
    world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.2' } }));
    world.serve('10.0.0.2', addressServer('com.', '192.0.2.1', 60));
    expect(addresses(await world.ask('www.com.'))).toEqual(['192.0.2.1']);
    world.network.change('10.0.0.2', { udp: 'silent', tcp: 'silent' });
    await world.pass(50);
    expect(addresses(await world.ask('www.com.'))).toEqual(['192.0.2.1']);
    await world.pass(11);
    const resolution = await world.ask('www.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    exactly('stale', 'records served after their TTL', resolution.answer.length, 0);
  });
});

describe('TTLs', () => {
  function lasting(ttl: number, limits: Partial<Limits> = {}): World {
    const world = new World({ limits });
    world.serve(ROOT_IP, ({ name, type }) =>
      type === TYPE.A
        ? { answer: [{ name, type, class: CLASS.IN, ttl, rdata: Uint8Array.of(192, 0, 2, 1) }] }
        : nodata('.'),
    );
    return world;
  }

  it.each([0x8000_0000, 0xffff_ffff, 0x7fff_ffff])('of %i are capped', async (ttl) => {
    const world = lasting(ttl);
    const { answer } = await world.ask('www.');
    exactly('ttl', `seconds kept, TTL of ${ttl}`, answer[0]?.ttl ?? 0, 86_400, 's');
    await world.pass(86_401);
    const entry = world.resolver.caches.records.rrset(nameFromText('www.'), TYPE.A, world.clock.nowMs());
    expect(entry).toBeUndefined();
    const free = await lasting(ttl, { ttlSeconds: 0x7fff_ffff }).ask('www.');
    withoutLimit('ttl', `seconds kept, TTL of ${ttl}`, free.answer[0]?.ttl ?? 0, 86_400, 's');
  });
});
