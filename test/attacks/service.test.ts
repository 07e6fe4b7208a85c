// Authorities that are slow or dead, and clients who ask for them: others are served all the same.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { RCODE } from '../../src/wire/types.ts';
import { atLeast, atMost, exactly, withoutLimit } from './figures.ts';
import { addresses, addressServer, delegating, ROOT_IP, World } from './world.ts';

/** dead.com never answers; live.com does. */
function stormWorld(limits: Partial<Limits> = {}): World {
  const world = new World({ limits });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }, 3600));
  world.serve(
    '10.0.0.100',
    delegating({ 'dead.com.': { 'ns.dead.com.': '10.9.0.1' }, 'live.com.': { 'ns.live.com.': '10.0.0.2' } }, 3600),
  );
  world.serve('10.0.0.2', addressServer('live.com.', '192.0.2.1'));
  return world;
}

describe('1,500 questions for a dead authority', () => {
  it('do not keep another client waiting', async () => {
    const world = stormWorld();
    await world.ask('www.live.com.');
    const storm = Array.from({ length: 1500 }, (_, i) => world.start(`s${i}.dead.com.`));
    let answered = 0;
    let mostMs = 0;
    for (let i = 0; i < 30; i++) {
      const { resolution, ms } = await world.cost(`n${i}.live.com.`);
      if (resolution.rcode === RCODE.NOERROR) answered++;
      mostMs = Math.max(mostMs, ms);
    }
    atLeast('storm', 'questions of another client answered, of 30', answered, 30);
    atMost('storm', 'the slowest of them', mostMs, 1000, 'ms');
    await world.virtual?.runUntil(Promise.all(storm));
    expect(world.resolver.resolutions).toBe(0);
  });

  it('leave cached answers when they hold every slot', async () => {
    const world = stormWorld({ resolutions: 100 });
    await world.ask('www.live.com.');
    const storm = Array.from({ length: 1500 }, (_, i) => world.start(`s${i}.dead.com.`));
    const before = world.sentTo('10.0.0.2');
    const { resolution } = await world.cost('www.live.com.');
    expect(addresses(resolution)).toEqual(['192.0.2.1']);
    exactly('storm', 'queries for a cached name while all slots are taken', world.sentTo('10.0.0.2') - before, 0);
    atMost('storm', 'resolutions at once, limit 100', world.resolver.resolutions, 100);
    await world.virtual?.runUntil(Promise.all(storm));
    const free = stormWorld();
    const freeStorm = Array.from({ length: 1500 }, (_, i) => free.start(`s${i}.dead.com.`));
    withoutLimit('storm', 'resolutions at once', free.resolver.resolutions, 100);
    await free.virtual?.runUntil(Promise.all(freeStorm));
  });

  it('hold no more than half of the slots for over 200 ms each', async () => {
    const served = async (waitMs: number): Promise<number> => {
      const world = stormWorld({ resolutions: 100 });
      await world.ask('www.live.com.');
      const storm = Array.from({ length: 100 }, (_, i) => world.start(`s${i}.dead.com.`));
      await world.pass(waitMs / 1000);
      const others = Promise.all(Array.from({ length: 60 }, (_, i) => world.start(`n${i}.live.com.`)));
      const resolutions = (await world.virtual?.runUntil(others)) ?? [];
      await world.virtual?.runUntil(Promise.all(storm));
      expect(world.resolver.resolutions).toBe(0);
      return resolutions.filter(({ rcode }) => rcode === RCODE.NOERROR).length;
    };
    exactly('storm', 'new questions served at once after 200 ms, all 100 slots taken', await served(201), 50);
    exactly('storm', 'new questions served at once before', await served(100), 0);
  });
});
