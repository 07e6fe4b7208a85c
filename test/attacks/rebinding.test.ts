// DNS rebinding: a public name that leads a browser to addresses behind its user's firewall.
import { describe, expect, it } from 'vitest';
import { recordResolution } from '../../src/capsule-record.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { diagnose } from '../../src/resolver/verdict.ts';
import { replayCapsule } from '../../src/testing/capsule-replay.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText } from '../../src/wire/rdata-text.ts';
import { EDE, TYPE } from '../../src/wire/types.ts';
import { exactly, withoutLimit } from './figures.ts';
import { delegating, nodata, ROOT_IP, World, type WorldOptions } from './world.ts';

/** What the attacker's zone says of its names; each leads to a private address. */
const traps: readonly (readonly [name: string, type: number, records: string])[] = [
  ...[
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
  ].map((ip, i) => [`a${i}.evil.com.`, TYPE.A, `a${i}.evil.com. 300 A ${ip}`] as const),
  ...[
    '::',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:192.168.1.1',
    '::10.0.0.1',
    '64:ff9b::127.0.0.1',
    '2002:c0a8:0101::1',
  ].map((ip, i) => [`b${i}.evil.com.`, TYPE.AAAA, `b${i}.evil.com. 300 AAAA ${ip}`] as const),
  ['hint.evil.com.', TYPE.HTTPS, 'hint.evil.com. 300 HTTPS 1 . alpn="h2" ipv4hint=192.0.2.1,192.168.1.1'],
  ['hint6.evil.com.', TYPE.SVCB, 'hint6.evil.com. 300 SVCB 1 . ipv6hint=fd00::1'],
  ['alias.evil.com.', TYPE.A, 'alias.evil.com. 300 CNAME a1.evil.com.\na1.evil.com. 300 A 10.0.0.1'],
  // Into a zone whose own names are exempt.
  ['inside.evil.com.', TYPE.A, 'inside.evil.com. 300 CNAME www.corp.com.'],
  ['mixed.evil.com.', TYPE.A, 'mixed.evil.com. 300 A 192.0.2.1\nmixed.evil.com. 300 A 192.168.1.1'],
];

const PUBLIC = '192.0.2.1';

function makeWorld(options: WorldOptions): World {
  const world = new World(options);
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '198.51.100.2' } }));
  world.serve('198.51.100.2', ({ text, type }) => {
    if (text === 'www.corp.com.' && type === TYPE.A) return { answer: 'www.corp.com. 300 A 10.1.1.1' };
    if (text === 'public.evil.com.' && type === TYPE.A) return { answer: `public.evil.com. 300 A ${PUBLIC}` };
    const trap = traps.find(([name, trapType]) => text === name && type === trapType);
    return trap === undefined ? nodata('com.') : { answer: trap[2] };
  });
  return world;
}

function given(resolution: Resolution): string[] {
  return resolution.answer
    .filter(({ type }) => type !== TYPE.CNAME)
    .flatMap(({ type, rdatas }) => rdatas.map((rdata) => rdataToText(type, rdata)));
}

/** How many of the traps lead somewhere else than to nothing or to public addresses, asked twice each: from the network, and from memory. */
async function caught(options: WorldOptions): Promise<number> {
  const world = makeWorld(options);
  let count = 0;
  for (const [name, type] of traps) {
    const answers = [...given(await world.ask(name, type)), ...given(await world.ask(name, type))];
    if (answers.some((text) => text !== PUBLIC)) count++;
  }
  return count;
}

const on = { privateAddresses: { except: [nameFromText('corp.com.')] } };

describe('private addresses of public names', () => {
  it('are left out of the replay of a capsule too', async () => {
    const world = makeWorld(on);
    const request = { name: nameFromText('a1.evil.com.'), type: TYPE.A, checkingDisabled: false };
    const recording = recordResolution(world.resolver, request);
    const { capsule } = await (world.virtual?.runUntil(recording) ?? recording);
    const { resolution, difference } = await replayCapsule(JSON.parse(JSON.stringify(capsule())));
    expect(difference).toBeUndefined();
    expect(resolution.answer).toEqual([]);
  });

  it('reach no client once they are dropped', async () => {
    exactly('rebinding', `names that lead inside, of ${traps.length}, asked twice`, await caught(on), 0);
    withoutLimit(
      'rebinding',
      `names that lead inside, of ${traps.length}, asked twice`,
      await caught({}),
      traps.length - 1,
    );
  });

  it('are named in an extended error, and by the verdict as our policy', async () => {
    const world = makeWorld(on);
    const events: ResolutionEvent[] = [];
    const promise = world.resolver.resolve({
      name: nameFromText('a1.evil.com.'),
      type: TYPE.A,
      checkingDisabled: false,
      observer: (event) => events.push(event),
    });
    const resolution = await (world.virtual?.runUntil(promise) ?? promise);
    expect(resolution.extendedErrors).toEqual([
      { code: EDE.blocked, text: expect.stringContaining('clients.dropPrivateAddresses') },
    ]);
    expect(events.filter(({ kind }) => kind === 'dropped')).toHaveLength(1);
    expect(diagnose(events, resolution)).toMatchObject({ fault: 'our policy', works: false });
  });

  it('are given for names in excepted zones, in configured zones and for host data', async () => {
    const server = { ip: '198.51.100.2', port: 53 };
    const world = makeWorld({ ...on, zones: [{ zone: nameFromText('evil.com.'), kind: 'stub', servers: [server] }] });
    expect(given(await world.ask('www.corp.com.'))).toEqual(['10.1.1.1']);
    expect(given(await world.ask('a1.evil.com.'))).toEqual(['10.0.0.1']);
    world.resolver.setHosts('192.168.0.9 printer.example');
    expect(given(await world.ask('printer.example.'))).toEqual(['192.168.0.9']);
  });

  it('leave the rest of an answer as it is', async () => {
    const world = makeWorld(on);
    expect(given(await world.ask('public.evil.com.'))).toEqual([PUBLIC]);
    const alias = await world.ask('alias.evil.com.');
    expect(alias.answer.map(({ name, type }) => `${nameToText(name)} ${type}`)).toEqual([
      `alias.evil.com. ${TYPE.CNAME}`,
    ]);
    expect(given(await world.ask('mixed.evil.com.'))).toEqual([PUBLIC]);
  });
});
