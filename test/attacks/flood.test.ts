// Floods of random names: what zones and servers see of them, and what is left for others.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { diagnose } from '../../src/resolver/verdict.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { atLeast, atMost, exactly, withoutLimit } from './figures.ts';
import { SignedZone } from './signed-zone.ts';
import { addresses, addressServer, delegating, nxdomain, ROOT_IP, referral, World } from './world.ts';

const SERVER = '10.0.0.2';
const OTHER = '10.0.0.3';

/** victim.com, and good.com, which answers at once. `path`: how the victim's server is reached. */
function makeWorld(limits: Partial<Limits>, path: { rttMs: number } | 'dead'): World {
  const world = new World({ limits });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.1' } }, 3600));
  world.serve('10.0.0.1', ({ text }) =>
    text.endsWith('victim.com.')
      ? referral('victim.com.', { 'ns.victim.com.': SERVER }, 3600)
      : referral('good.com.', { 'ns.good.com.': OTHER }, 3600),
  );
  if (path === 'dead') world.serve(SERVER, () => undefined, { udp: 'silent', tcp: 'silent' });
  else world.serve(SERVER, () => nxdomain('victim.com.'), { path });
  world.serve(OTHER, addressServer('good.com.', '192.0.2.1'));
  return world;
}

const limitTold = ({ extendedErrors }: Resolution, limit: string): boolean =>
  extendedErrors.some(({ text }) => text.includes(`limit reached: ${limit}`));

describe('random names', () => {
  it('cost one query each in an unsigned zone that is known', async () => {
    const world = makeWorld({}, { rttMs: 1 });
    await world.ask('www.victim.com.');
    const before = world.network.sent;
    for (let i = 0; i < 200; i++) await world.ask(`r${i}.victim.com.`);
    atMost('randomsub', 'queries per client query, unsigned', (world.network.sent - before) / 200, 1.1);
  });

  it('cost almost none in a signed zone', async () => {
    const zone = new SignedZone('.', 'www. A 192.0.2.1\nmail. A 192.0.2.2');
    const world = new World({ dnssec: { anchors: [zone.anchor] } });
    world.serve(ROOT_IP, zone.reply);
    expect((await world.ask('www.')).security).toBe('secure');
    const before = world.network.sent;
    for (let i = 0; i < 50; i++) expect((await world.ask(`r${i}.`)).rcode).toBe(3);
    atMost('randomsub', 'queries per client query, signed', (world.network.sent - before) / 50, 0.2);
  });
});

describe('a flood of names in a slow zone', () => {
  const LIMITS = { questionsPerZone: 50, resolutions: 200 };

  async function flood(limits: Partial<Limits>): Promise<{ most: number; told: number; good: number }> {
    const world = makeWorld(limits, { rttMs: 500 });
    await world.ask('www.victim.com.');
    await world.ask('www.good.com.');
    const waits: Promise<Resolution>[] = [];
    let good = 0;
    let most = 0;
    for (let i = 0; i < 300; i++) {
      waits.push(world.start(`r${i}.victim.com.`));
      await world.virtual?.advance(1);
      most = Math.max(most, world.network.inFlight);
      if (i % 10 === 9 && addresses(await world.ask(`g${i}.good.com.`)).length > 0) good++;
    }
    const ended = (await world.virtual?.runUntil(Promise.all(waits))) ?? [];
    return { most, told: ended.filter((one) => limitTold(one, 'questionsPerZone')).length, good };
  }

  it('has so many questions in flight there, and leaves the rest of the slots to others', async () => {
    const limited = await flood(LIMITS);
    atMost('randomsub', 'questions in flight at one zone, limit 50', limited.most, 50);
    atLeast('randomsub', 'answers for another zone meanwhile, of 30', limited.good, 30);
    expect(limited.told).toBeGreaterThan(100);
    const lifted = await flood({ ...LIMITS, questionsPerZone: 100_000 });
    withoutLimit('randomsub', 'questions in flight at one zone', lifted.most, 50);
  });

  it('has so many at one server, whatever the zones', async () => {
    const most = async (limits: Partial<Limits>): Promise<number> => {
      const world = new World({ limits });
      world.serve(ROOT_IP, ({ text }) => {
        const zone = /([a-z]\d+\.)$/.exec(text)?.[1] ?? '.';
        return zone === '.' ? nxdomain('.') : referral(zone, { [`ns.${zone}`]: SERVER });
      });
      world.serve(SERVER, ({ text }) => nxdomain(text), { path: { rttMs: 500 } });
      const waits = Array.from({ length: 200 }, (_, i) => world.start(`www.z${i}.`));
      await world.virtual?.advance(100);
      const inFlight = world.network.exchanges.filter(
        ({ server, outcome }) => server.ip === SERVER && outcome === undefined,
      ).length;
      await world.virtual?.runUntil(Promise.all(waits));
      return inFlight;
    };
    atMost(
      'randomsub',
      'questions in flight to one server of 200 zones, limit 50',
      await most({ questionsPerServer: 50 }),
      50,
    );
    withoutLimit('randomsub', 'questions in flight to one server of 200 zones', await most({}), 50);
  });
});

describe('a flood of names in a dead zone', () => {
  /** 40 new names a second for 15 s: packets to the server in the last 10 s, and names told by which limit they failed. */
  async function flood(limits: Partial<Limits>): Promise<{ packets: number; told: number; world: World }> {
    const world = makeWorld(limits, 'dead');
    await world.ask('www.victim.com.');
    const ended: Promise<Resolution>[] = [];
    let before = 0;
    for (let i = 0; i < 600; i++) {
      if (i === 200) before = world.sentToAny(SERVER);
      ended.push(world.start(`r${i}.victim.com.`));
      await world.virtual?.advance(25);
    }
    const packets = world.sentToAny(SERVER) - before;
    const all = (await world.virtual?.runUntil(Promise.all(ended))) ?? [];
    return { packets, told: all.filter((one) => limitTold(one, 'questionsPerSilentServer')).length, world };
  }

  it('sends it little, says why, and goes on once it answers again', async () => {
    const { packets, told, world } = await flood({ questionsPerSilentServer: 10 });
    atMost('randomsub', 'packets to a dead server for 400 names in 10 s, limit 10', packets, 150);
    expect(told).toBeGreaterThan(400);
    const lifted = await flood({ questionsPerSilentServer: 100_000 });
    withoutLimit('randomsub', 'packets to a dead server for 400 names in 10 s', lifted.packets, 150);
    world.serve(SERVER, addressServer('victim.com.', '192.0.2.9'));
    exactly('randomsub', 'answers once it is back', addresses(await world.ask('back.victim.com.')).length, 1);
  });

  it('is our limit by the verdict, which names server and zone', async () => {
    const world = makeWorld({ questionsPerSilentServer: 1 }, 'dead');
    await world.ask('www.victim.com.');
    const first = world.start('a.victim.com.');
    await world.virtual?.advance(50);
    const events: ResolutionEvent[] = [];
    const resolution = await world.resolver.resolve({
      name: nameFromText('b.victim.com.'),
      type: TYPE.A,
      checkingDisabled: false,
      observer: (event) => events.push(event),
    });
    const verdict = diagnose(events, resolution);
    expect(verdict).toMatchObject({ fault: 'our limit', zone: nameFromText('victim.com.') });
    expect(verdict.summary).toContain('in flight');
    await world.virtual?.runUntil(first);
  });
});
