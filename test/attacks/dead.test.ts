// Servers that are dead or never give an answer: few packets, a quick failure, and silence when asked again.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { addresses, addressServer, type Behaviour, delegating, ROOT_IP, referral, World } from './world.ts';

const servers = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`ns${i}.bad.com.`, `10.9.0.${i + 1}`]));

/** bad.com with so many servers of one behaviour, and good.com beside it. */
function badWorld(count: number, behaviour: Behaviour | undefined, limits: Partial<Limits> = {}): World {
  const world = new World({ limits });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
  world.serve('10.0.0.100', delegating({ 'bad.com.': servers(count), 'good.com.': { 'ns.good.com.': '10.0.0.2' } }));
  world.serve('10.0.0.2', addressServer('good.com.', '192.0.2.1'));
  for (const ip of Object.values(servers(count))) if (behaviour !== undefined) world.serve(ip, behaviour);
  return world;
}

const ways: Readonly<Record<string, Behaviour>> = {
  SERVFAIL: () => ({ rcode: RCODE.SERVFAIL }),
  REFUSED: () => ({ rcode: RCODE.REFUSED }),
  'FORMERR with OPT': () => ({ rcode: RCODE.FORMERR }),
  'FORMERR without OPT': () => ({ rcode: RCODE.FORMERR, edns: false }),
  NOTIMP: () => ({ rcode: RCODE.NOTIMP, edns: false }),
  BADVERS: ({ query }) => ({ rcode: query.edns === undefined ? RCODE.SERVFAIL : RCODE.BADVERS }),
  BADCOOKIE: ({ query }) => ({ rcode: query.edns === undefined ? RCODE.SERVFAIL : 23 }),
  'TC over UDP and TCP': () => ({ tc: true }),
  'TC, then silence over TCP': ({ context }) => (context.protocol === 'udp' ? { tc: true } : undefined),
  'a referral to itself': () => referral('bad.com.', servers(2)),
  'a referral upwards': () => referral('com.', { 'ns.com.': '10.0.0.100' }),
  'another question’s answer': ({ octets }) => {
    const other = octets.slice();
    other[2] = 0x84;
    other[13] = 0x7a;
    return other;
  },
  'octets at random': ({ octets }) => octets.map((octet, i) => (i < 2 ? octet : (i * 37) & 255)),
  'CNAME to itself': ({ text }) => ({ answer: `${text} 300 CNAME ${text}` }),
};

describe('stubborn servers', () => {
  it.each(Object.entries(ways))('%s: few packets', async (what, behaviour) => {
    const world = badWorld(2, behaviour);
    const { resolution } = await world.cost('www.bad.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('stubborn', `packets, ${what}`, world.sentToAny('10.9.'), 12);
    const before = world.network.sent;
    await world.ask('www.bad.com.');
    exactly('stubborn', 'packets when asked again', world.network.sent - before, 0);
  });

  it.each(Object.entries(ways))('%s: few packets to thirteen servers too', async (what, behaviour) => {
    const world = badWorld(13, behaviour);
    await world.ask('www.bad.com.');
    atMost('stubborn', `packets to 13 servers, ${what}`, world.sentToAny('10.9.'), 20);
  });

  it('get more packets without the limit on sends', async () => {
    const world = badWorld(6, ways['TC, then silence over TCP'], {
      sendsPerServer: 10,
      sendsPerLookup: 64,
      upstreamQueries: 1000,
      zoneSilenceMs: 60_000,
    });
    world.network.change('10.9.0.1', {});
    await world.ask('www.bad.com.');
    withoutLimit('stubborn', 'packets, TC then silence', world.sentToAny('10.9.'), 12);
  });
});

describe('dead servers', () => {
  it.each([1, 2, 4, 13])('%i of them: a quick failure, then silence', async (count) => {
    const world = badWorld(count, undefined);
    expect(addresses(await world.ask('www.good.com.'))).toEqual(['192.0.2.1']);
    const { resolution, ms } = await world.cost('www.bad.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('dead', `seconds to SERVFAIL, ${count} servers`, ms / 1000, 4.1, 's');
    atMost('dead', `packets, ${count} servers`, world.sentToAny('10.9.'), 20);
    const before = world.network.sent;
    await world.ask('www.bad.com.');
    exactly('dead', 'packets when asked again', world.network.sent - before, 0);
    expect(addresses(await world.ask('www.good.com.'))).toEqual(['192.0.2.1']);
    exactly('dead', 'packets for a cached neighbour', world.network.sent - before, 0);
  });

  it('that two lookups of a question need are waited for once', async () => {
    const world = new World({ upstream: { ipv6: true } });
    const zones = { 'bad.com.': { 'ns.dead.com.': '' }, 'dead.com.': { 'ns1.dead.com.': '10.9.0.1' } };
    world.serve(ROOT_IP, delegating(zones));
    const { resolution, ms } = await world.cost('www.bad.com.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    atMost('dead', 'seconds to SERVFAIL, name servers of another zone', ms / 1000, 4.1, 's');
    atMost('dead', 'packets, name servers of another zone', world.sentToAny('10.9.'), 7);
  });

  it('are asked ever less often', async () => {
    const world = badWorld(2, undefined);
    for (let second = 0; second < 600; second += 5) {
      await world.ask('www.bad.com.');
      await world.pass(5);
    }
    atMost('dead', 'packets in 10 minutes, one question each 5 s', world.sentToAny('10.9.'), 100);
  });

  it('get more packets without the limits on sends and time', async () => {
    const lifted = { sendsPerServer: 10, sendsPerLookup: 64, resolutionMs: 60_000, zoneSilenceMs: 60_000 };
    const world = badWorld(13, undefined, lifted);
    await world.ask('www.bad.com.');
    withoutLimit('dead', 'packets', world.sentToAny('10.9.'), 20);
  });
});

describe('the bound on silence spares', () => {
  it('servers 1.5 s away on a path that loses three in ten, known or not', async () => {
    const world = new World();
    const zones = Array.from({ length: 40 }, (_, i) => ({ zone: `far${i}.com.`, ip: `10.9.0.${i + 1}` }));
    world.serve(ROOT_IP, delegating(Object.fromEntries(zones.map(({ zone, ip }) => [zone, { [`ns.${zone}`]: ip }]))));
    // Each way loses a sixth.
    const path = { rttMs: 1500, lossRate: 1 / 6 };
    for (const { zone, ip } of zones) world.serve(ip, addressServer(zone, '192.0.2.9'), { path });
    const times: number[] = [];
    for (const host of ['www', 'mail']) {
      for (const { zone } of zones) {
        const { resolution, ms } = await world.cost(`${host}.${zone}`);
        if (resolution.rcode === RCODE.NOERROR) times.push(ms);
      }
    }
    // Two sends get through in time, and both are lost one time in eleven.
    expect(times.length).toBeGreaterThanOrEqual(68);
    expect(Math.max(...times)).toBeGreaterThan(2000);
  });

  it('a zone whose servers have moved: its parent is asked again', async () => {
    const world = badWorld(2, addressServer('bad.com.', '192.0.2.9'));
    await world.ask('www.bad.com.');
    for (const ip of Object.values(servers(2))) world.network.change(ip, { udp: 'silent' });
    world.serve('10.0.0.100', delegating({ 'bad.com.': { 'ns9.bad.com.': '10.9.0.9' } }));
    world.serve('10.9.0.9', addressServer('bad.com.', '192.0.2.99'));
    const { resolution, ms } = await world.cost('mail.bad.com.');
    expect(addresses(resolution)).toEqual(['192.0.2.99']);
    expect(ms).toBeLessThan(4100);
  });

  it('a zone whose server says nothing to questions of one type', async () => {
    const world = new World({ upstream: { ipv6: true } });
    const nameServers = { 'ns1.dns.com.': '', 'ns2.dns.com.': '', 'ns3.dns.com.': '' };
    world.serve(ROOT_IP, delegating({ 'bad.com.': nameServers, 'dns.com.': { 'ns.dns.com.': '10.9.0.1' } }));
    world.serve('10.9.0.1', ({ text, type }) => {
      if (type === TYPE.AAAA) return undefined;
      return text === 'ns3.dns.com.' && type === TYPE.A ? { answer: `${text} 300 A 10.0.0.2` } : {};
    });
    world.serve('10.0.0.2', addressServer('bad.com.', '192.0.2.1'));
    expect(addresses(await world.ask('www.bad.com.'))).toEqual(['192.0.2.1']);
  });

  it('a zone of which one name server can be found, and two cannot', async () => {
    const world = new World();
    const nameServers = { 'ns.dead1.com.': '', 'ns.dead2.com.': '', 'ns.good.com.': '' };
    const dead = (ip: string) => ({ [`ns.x${ip}.com.`]: ip });
    const zones = { 'dead1.com.': dead('10.9.0.1'), 'dead2.com.': dead('10.9.0.2'), 'bad.com.': nameServers };
    world.serve(ROOT_IP, delegating({ ...zones, 'good.com.': { 'ns.good.com.': '10.0.0.2' } }));
    world.serve('10.0.0.2', ({ text, type }) =>
      type !== TYPE.A ? {} : { answer: `${text} 300 A ${text === 'ns.good.com.' ? '10.0.0.2' : '192.0.2.1'}` },
    );
    expect(addresses(await world.ask('www.bad.com.'))).toEqual(['192.0.2.1']);
  });
});

describe('twenty name servers with ten addresses', () => {
  const all: readonly (readonly [string, Behaviour])[] = [...Object.entries(ways), ['silence', () => undefined]];

  async function packets(behaviour: Behaviour, limits: Partial<Limits> = {}): Promise<number> {
    const world = new World({ limits });
    const shared = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`ns${i}.bad.com.`, `10.9.0.${1 + (i % 10)}`]),
    );
    world.serve(ROOT_IP, delegating({ 'bad.com.': shared }));
    for (const ip of new Set(Object.values(shared))) world.serve(ip, behaviour);
    await world.ask('www.bad.com.');
    return world.sentToAny('10.9.');
  }

  it.each(all)('%s: as many packets as addresses', async (what, behaviour) => {
    atMost('manyaddresses', `packets, ${what}`, await packets(behaviour), 10);
  });

  it('get more packets without the limit on sends', async () => {
    const lifted = { sendsPerServer: 10, sendsPerLookup: 64, upstreamQueries: 1000, zoneSilenceMs: 60_000 };
    withoutLimit(
      'manyaddresses',
      'packets, TC then silence',
      await packets(ways['TC, then silence over TCP'] as Behaviour, lifted),
      10,
    );
  });
});
