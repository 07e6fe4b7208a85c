// Delegations and aliases made to cost: each question stays within its bounds, and without them it would not.
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/base/limits.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import { atLeast, atMost, withoutLimit } from './figures.ts';
import {
  addressServer,
  type Behaviour,
  delegating,
  frozen,
  nodata,
  nxdomain,
  ROOT_IP,
  referral,
  World,
} from './world.ts';

/** Root → com → attacker.com (10.0.0.1) and victim.com (10.0.0.2). */
function commonWorld(limits: Partial<Limits> = {}, ipv6 = false): World {
  const world = new World({ limits, upstream: { ipv6 } });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
  const cuts = {
    'attacker.com.': { 'ns.attacker.com.': '10.0.0.1' },
    'victim.com.': { 'ns.victim.com.': '10.0.0.2' },
  };
  world.serve('10.0.0.100', delegating(cuts));
  world.serve('10.0.0.2', () => nxdomain('victim.com.'));
  return world;
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Refers every name below attacker.com to `count` name servers in victim.com. */
function nxns(
  count: number,
  nameServer = (i: number, cut: string): string => `ns${i}.${cut.split('.')[0]}.victim.com.`,
): Behaviour {
  return frozen(({ text }) => {
    const cut = text.split('.').slice(-4).join('.');
    if (cut === 'attacker.com.') return nodata('attacker.com.');
    return { aa: false, authority: lines(count, (i) => `${cut} 300 NS ${nameServer(i, cut)}`) };
  });
}

describe('NXNSAttack', () => {
  it.each([10, 100, 1000])('%i name servers cost the victim few queries', async (count) => {
    const world = commonWorld();
    world.serve('10.0.0.1', nxns(count));
    await world.ask('a.sub.attacker.com.');
    atMost('nxns', `queries at the victim for ${count} name servers`, world.sentTo('10.0.0.2'), 15);
  });

  /** How the victim's server may answer for names that it never heard of. */
  const victims: Readonly<Record<string, Behaviour>> = {
    NXDOMAIN: () => nxdomain('victim.com.'),
    NODATA: () => nodata('victim.com.'),
    REFUSED: () => ({ rcode: RCODE.REFUSED, aa: false }),
    FORMERR: () => ({ rcode: RCODE.FORMERR, edns: false }),
    truncation: () => ({ tc: true }),
    silence: () => undefined,
    aliases: ({ text }) => ({ answer: `${text} 1 CNAME c.${text.slice(-100)}` }),
    'a dead address': ({ text, type }) =>
      type === TYPE.A ? { answer: `${text} 300 A 10.9.9.9` } : nodata('victim.com.'),
  };
  const deep = (i: number, cut: string): string => `n${i}.a${i}.b.c.d.e.${cut.split('.')[0]}.victim.com.`;

  it.each(Object.entries(victims))('with both families, deep names and %s, no more', async (what, victim) => {
    const world = commonWorld({}, true);
    world.serve('10.0.0.1', nxns(1000, deep));
    world.serve('10.0.0.2', victim);
    await world.ask('a.sub.attacker.com.');
    atMost(
      'nxns',
      `queries at the victim, deep names, IPv6 too, ${what}`,
      world.sentTo('10.0.0.2') + world.sentTo('10.9.9.9'),
      15,
    );
  });

  it('without the bounds on name-server lookups the victim gets many more', async () => {
    const world = commonWorld({
      nameServerLookupsPerDelegation: 50,
      nameServerLookups: 100,
      addressSendsPerZone: 1000,
    });
    world.serve('10.0.0.1', nxns(100));
    await world.ask('a.sub.attacker.com.');
    withoutLimit('nxns', 'queries at the victim', world.sentTo('10.0.0.2'), 15);
    const deeper = commonWorld({ addressSendsPerZone: 1000 }, true);
    deeper.serve('10.0.0.1', nxns(1000, deep));
    deeper.serve('10.0.0.2', () => nodata('victim.com.'));
    await deeper.ask('a.sub.attacker.com.');
    withoutLimit('nxns', 'queries at the victim, deep names', deeper.sentTo('10.0.0.2'), 15);
  });

  it('what the cache keeps of a giant NS RRset is bounded', async () => {
    const kept = async (limits: Partial<Limits>): Promise<number> => {
      const world = commonWorld(limits);
      world.serve('10.0.0.1', nxns(1000));
      await world.ask('a.sub.attacker.com.');
      const dump = [...world.resolver.caches.hierarchy.dump(world.clock.nowMs())];
      return Math.max(...dump.map((one) => (one.kind === 'delegation' ? one.delegation.nameServers.length : 0)));
    };
    atMost('cacheflush', 'names kept of 1,000', await kept({}), 20);
    withoutLimit('cacheflush', 'names kept', await kept({ nameServersPerDelegation: 200 }), 20);
  });
});

describe('NRDelegation', () => {
  it('1,500 name servers that lead nowhere cost little CPU', async () => {
    const attack = async (limits: Partial<Limits>): Promise<{ sent: number; cpuMs: number }> => {
      const world = commonWorld(limits);
      world.serve('10.0.0.1', nxns(1500));
      // Refers to servers that refuse everybody: no lookup ever yields an address that answers.
      world.serve(
        '10.0.0.2',
        frozen(({ text }) => referral(text, { 'ns.lame.com.': '10.0.0.3' })),
      );
      world.serve('10.0.0.3', () => ({ rcode: 5, aa: false }));
      const costs = [];
      for (let i = 0; i < 3; i++) costs.push(await world.cost(`a.s${i}.attacker.com.`));
      // The median: garbage collection and compilation fall on any of them.
      return { sent: Math.max(...costs.map(({ sent }) => sent)), cpuMs: median(costs.map(({ cpuMs }) => cpuMs)) };
    };
    const bounded = await attack({});
    atMost('nrdelegation', 'queries, 1,500 name servers', bounded.sent, 100);
    atMost('nrdelegation', 'CPU, 1,500 name servers', bounded.cpuMs, 100, 'ms');
    const free = await attack({
      nameServersPerDelegation: 1500,
      nameServerLookupsPerDelegation: 1500,
      nameServerLookups: 1500,
      addressSendsPerZone: 1500,
      iterations: 10_000,
      upstreamQueries: 10_000,
    });
    withoutLimit('nrdelegation', 'queries, 1,500 name servers', free.sent, 100);
  });
});

describe('alias chains', () => {
  it.each(['CNAME', 'DNAME'])('of %s end', async (kind) => {
    const chain = async (limits: Partial<Limits>): Promise<{ links: number; sent: number }> => {
      const world = commonWorld(limits);
      world.serve('10.0.0.1', ({ text }) => {
        const first = text.split('.')[0] ?? '';
        const zone = kind === 'CNAME' ? /^c(\d+)/.exec(first) : /d(\d+)\.attacker/.exec(text);
        const next = Number(zone?.[1] ?? 0) + 1;
        if (zone === null) return nodata('attacker.com.');
        if (kind === 'CNAME') return { answer: `${text} 300 CNAME c${next}.attacker.com.` };
        const owner = `d${next - 1}.attacker.com.`;
        return { answer: `${owner} 300 DNAME d${next}.attacker.com.\n${text} 300 CNAME x.d${next}.attacker.com.` };
      });
      const { sent } = await world.cost(kind === 'CNAME' ? 'c0.attacker.com.' : 'x.d0.attacker.com.');
      // Minimisation asks for a DNAME's owner before the name below it.
      return { links: world.sentTo('10.0.0.1') / (kind === 'CNAME' ? 1 : 2), sent };
    };
    const bounded = await chain({});
    atMost('cname', `${kind} links followed`, bounded.links, 12);
    atMost('cname', `queries for a chain of ${kind}`, bounded.sent, kind === 'CNAME' ? 24 : 40);
    const free = await chain({ aliasLinks: 64 });
    withoutLimit('cname', `${kind} links followed`, free.links, 12);
  });
});

describe('TsuNAME', () => {
  it('cyclic name servers cost few queries, and further names almost none', async () => {
    const cyclic = async (limits: Partial<Limits>): Promise<{ first: number; further: number }> => {
      const world = new World({ limits });
      world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
      world.serve(
        '10.0.0.100',
        delegating({
          'a.com.': { 'ns.b.com.': '', 'ns2.b.com.': '' },
          'b.com.': { 'ns.a.com.': '', 'ns2.a.com.': '' },
        }),
      );
      const first = (await world.cost('www.a.com.')).sent;
      let further = 0;
      for (let i = 0; i < 5; i++) further = Math.max(further, (await world.cost(`w${i}.a.com.`)).sent);
      return { first, further };
    };
    const bounded = await cyclic({});
    atMost('tsuname', 'queries for the first name', bounded.first, 12);
    atMost('tsuname', 'queries for a further name', bounded.further, 1);
    const free = await cyclic({ failureTtlSeconds: 0, failureTtlMostSeconds: 0 });
    withoutLimit('tsuname', 'queries for a further name', free.further, 1);
  });
});

/** Every zone is served by names in two new zones below the same server: a tree without end. */
const endless: Behaviour = ({ text }) => {
  const labels = text.split('.');
  const cut = labels.slice(-5).join('.');
  return referral(cut, {
    [`a.x${hash(cut)}.y${hash(text)}.attacker.com.`]: '',
    [`b.z${hash(cut)}.w${hash(text)}.attacker.com.`]: '',
  });
};

function hash(text: string): number {
  let sum = 7;
  for (const letter of text) sum = (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0;
  return sum % 100_000;
}

describe('delegations without end', () => {
  it('stay within the budget, which is what holds them', async () => {
    const world = commonWorld();
    world.serve('10.0.0.1', endless);
    const { sent, resolution } = await world.cost('www.a.b.attacker.com.');
    expect(resolution.failure).toBeDefined();
    atMost('idns', 'queries for a tree of delegations', sent, 100);
    const free = commonWorld({
      upstreamQueries: 1000,
      nameServerLookups: 100,
      nameServerLookupsPerDelegation: 50,
      addressSendsPerZone: 1000,
      lookupDepth: 32,
    });
    free.serve('10.0.0.1', endless);
    withoutLimit('idns', 'queries for a tree of delegations', (await free.cost('www.a.b.attacker.com.')).sent, 100);
  });

  it('and a chain of cuts ends after its labels', async () => {
    const world = commonWorld();
    const name = `${lines(60, () => 'l').replaceAll('\n', '.')}.attacker.com.`;
    world.serve('10.0.0.1', ({ text }) => referral(text, { [`ns.${text}`]: '10.0.0.1' }));
    atMost('idns', 'queries for cuts at every label', (await world.cost(name)).sent, 100);
  });
});

describe('CAMP', () => {
  /** A chain of aliases, each through a zone whose servers' names are aliases into further such zones. */
  const product: Behaviour = ({ text }) => {
    const labels = text.split('.');
    const index = Number(/^c(\d+)/.exec(labels[0] ?? '')?.[1] ?? -1);
    if (labels.length === 4 && index >= 0) return { answer: `${text} 300 CNAME c${index + 1}.z${index}.attacker.com.` };
    const cut = labels.slice(-4).join('.');
    return {
      aa: false,
      authority: lines(20, (i) => `${cut} 300 NS n${i}.${labels[0]}${labels[1]}.v${hash(text)}.attacker.com.`),
    };
  };

  it.each([
    ['aliases × name servers', product],
    ['trees × name servers in the victim', endless],
    ['NXNS × minimisation', nxns(100)],
  ] as const)('%s: never more than the budget', async (what, behaviour) => {
    const world = commonWorld();
    world.serve('10.0.0.1', behaviour);
    const { sent } = await world.cost('c0.d.e.f.g.h.attacker.com.');
    atMost('camp', `queries: ${what}`, sent, 100);
  });

  it('without the budget of queries a product takes far more', async () => {
    const world = commonWorld({
      upstreamQueries: 1000,
      nameServerLookups: 100,
      nameServerLookupsPerDelegation: 50,
      addressSendsPerZone: 1000,
    });
    world.serve('10.0.0.1', endless);
    withoutLimit('camp', 'queries', (await world.cost('c0.d.e.f.g.h.attacker.com.')).sent, 100);
  });
});

describe('QNAME minimisation', () => {
  it('of a name of 110 labels takes few queries', async () => {
    const name = `${lines(108, () => 'a').replaceAll('\n', '.')}.attacker.com.`;
    const cost = async (limits: Partial<Limits>): Promise<number> => {
      const world = commonWorld(limits);
      world.serve('10.0.0.1', ({ text, type }) =>
        text === name && type === TYPE.A ? { answer: `${name} 300 A 192.0.2.1` } : nodata('attacker.com.'),
      );
      await world.ask('attacker.com.');
      return (await world.cost(name)).sent;
    };
    atMost('minimise', 'queries for 110 labels', await cost({}), 12);
    withoutLimit('minimise', 'queries for 110 labels', await cost({ minimisationSteps: 127 }), 12);
  });
});

describe('honest names', () => {
  it('are still found by the same worlds', async () => {
    const world = commonWorld();
    world.serve('10.0.0.2', addressServer('victim.com.', '192.0.2.1'));
    const { resolution } = await world.cost('www.victim.com.');
    atLeast('camp', 'answers of an honest zone beside them', resolution.answer.length, 1);
  });
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
