// Glue that is asked of the parent when nothing else is left: what it costs, how long it counts, and that it can be seen.

import { expect, test } from 'vitest';
import type { Capsule } from '../../src/capsule.ts';
import { recordResolution } from '../../src/capsule-record.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import { explainLines } from '../../src/resolver/explain-tree.ts';
import { replayCapsule } from '../../src/testing/capsule-replay.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { addresses, addressServer, type Behaviour, delegating, ROOT_IP, referral, World } from '../attacks/world.ts';

const PARENT = '10.0.0.100';
const CHILD = '10.0.0.2';

/** A world with the zone child.com, whose parent refers to it in this way. */
function worldOf(parent: Behaviour, deny: readonly string[] = []): World {
  const world = new World({ upstream: { deny } });
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': PARENT } }, 86_400));
  world.serve(PARENT, parent);
  world.serve(CHILD, addressServer('child.com.', '192.0.2.1'));
  return world;
}

/** Gives glue to who asks for the name server itself, and `instead` to others. */
function reticent(instead: string): Behaviour {
  return ({ text }) => referral('child.com.', { 'ns.child.com.': text === 'ns.child.com.' ? CHILD : instead });
}

test('glue that may be asked takes the place of what may not, until the delegation ends', async () => {
  const world = worldOf(reticent('127.0.0.1'), defaultSettings.upstream.deny);
  expect(addresses(await world.ask('a.child.com.'))).toEqual(['192.0.2.1']);
  expect(world.sentTo(PARENT)).toBe(2);
  await world.pass(290);
  expect(addresses(await world.ask('b.child.com.'))).toEqual(['192.0.2.1']);
  expect(world.sentTo(PARENT)).toBe(2);
  await world.pass(20);
  expect(addresses(await world.ask('c.child.com.'))).toEqual(['192.0.2.1']);
  expect(world.sentTo(PARENT)).toBe(4);
});

test.each([
  ['is missing', ''],
  ['may not be asked', '127.0.0.1'],
])('five names are asked for where all glue %s, and for a moment none again', async (_, glue) => {
  const servers = Object.fromEntries(Array.from({ length: 20 }, (__, i) => [`ns${i}.child.com.`, glue]));
  const world = worldOf(delegating({ 'child.com.': servers }), defaultSettings.upstream.deny);
  expect((await world.ask('a.child.com.')).failure).toBe('no-servers');
  expect(world.sentTo(PARENT)).toBe(1 + 5);
  // The parent is asked for the delegation anew, and for the names that are left.
  for (const name of ['b', 'c', 'd', 'e', 'f']) await world.ask(`${name}.child.com.`);
  const spent = world.sentTo(PARENT);
  expect(spent).toBeLessThanOrEqual(20 + 6);
  await world.ask('g.child.com.');
  expect(world.sentTo(PARENT) - spent).toBe(1);
});

test('that the parent denies the name server is not passed on to clients', async () => {
  const lying = worldOf(({ text }) =>
    text === 'ns.child.com.'
      ? { rcode: 3, authority: 'com. 300 SOA a. b. 1 2 3 4 300' }
      : referral('child.com.', { 'ns.child.com.': '' }),
  );
  expect((await lying.ask('www.child.com.')).failure).toBe('no-servers');
  expect((await lying.ask('ns.child.com.')).failure).toBe('no-servers');
});

test('explain and a capsule show it', async () => {
  const world = worldOf(reticent(''));
  const question = { name: nameFromText('www.child.com.'), type: TYPE.A };
  const recorded = recordResolution(world.resolver, { ...question, checkingDisabled: false });
  const { resolution, capsule } = await (world.virtual as VirtualClock).runUntil(recorded);
  const events: ResolutionEvent[] = [];
  const replayed = await replayCapsule(capsule() as Capsule, { observer: (event) => events.push(event) });
  expect(replayed).toMatchObject({ same: true, exchanges: 5 });
  expect(explainLines(question, events, resolution, 0).join('\n')).toMatch(
    /meanwhile ns\.child\.com\. A: glue is asked of the parent zone[\s\S]*ended: 10\.0\.0\.2/,
  );
});
