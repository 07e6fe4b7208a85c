// Aggressive use of validated denials (RFC 8198) on a signed tree: what is answered without asking, and what never is.

import { describe, expect, test } from 'vitest';
import type { Resolution } from '../../src/resolver/types.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { EDE, RCODE, typeToText } from '../../src/wire/types.ts';
import { type Hashing, SignedTree, TestZone } from './signed-zones.ts';

const records = `
  alpha.example. 3600 A 192.0.2.80
  hotel.example. 3600 A 192.0.2.81
  hotel.example. 3600 TXT "rooms"
  deep.empty.example. 3600 A 192.0.2.82
  *.wild.example. 600 A 192.0.2.83
  *.links.example. 600 CNAME hotel.example.
  zulu.example. 3600 A 192.0.2.84
`;

type Settings = ConstructorParameters<typeof SignedTree>[1];

/** A tree with the zone `example.` and what else is given. */
function tree(hashing?: Hashing, settings: Settings = {}, more = ''): SignedTree {
  return new SignedTree([new TestZone('example.', records + more, hashing)], settings);
}

/** Asks for enough names that every span of the zone is known, and returns the tree. */
async function warmed(it: SignedTree): Promise<SignedTree> {
  for (const name of ['delta', 'gulf', 'papa', 'yankee']) await it.ask(`${name}.example.`);
  for (let i = 0; i < 60; i++) await it.ask(`warm-${i}.example.`);
  for (let i = 0; i < 30; i++) await it.ask(`warm-${i}.hotel.example.`);
  for (const owner of ['alpha', 'hotel', 'empty', 'deep.empty', 'zulu', 'wild', 'links']) {
    await it.ask(`${owner}.example.`, 'MX');
  }
  await it.ask('*.wild.example.', 'MX');
  return it;
}

function summary({ rcode, security, answer, authority }: Resolution): string {
  const list = (rrsets: Resolution['answer']): string =>
    rrsets
      .map(({ name, type, signatures }) => `${nameToText(name)}/${typeToText(type)}/${signatures.length}`)
      .sort()
      .join(' ');
  return `${rcode} ${security} [${list(answer)}] [${list(authority)}]`;
}

const plain: Hashing = { iterations: 0, optOut: false };
const salted: Hashing = { iterations: 5, optOut: false };

describe.each<[string, Hashing | undefined]>([
  ['NSEC', undefined],
  ['NSEC3', plain],
  ['NSEC3 with iterations', salted],
])('a zone with %s', (_, hashing) => {
  test.each([
    ['a name that does not exist', 'golf.example.', 'A', RCODE.NXDOMAIN],
    ['its DS', 'golf.example.', 'DS', RCODE.NXDOMAIN],
    ['a name below one that does not exist', 'a.b.c.golf.example.', 'AAAA', RCODE.NXDOMAIN],
    ['a name below one that exists', 'room.hotel.example.', 'A', RCODE.NXDOMAIN],
    ['a type that a name has not', 'hotel.example.', 'AAAA', RCODE.NOERROR],
    ['a type that the apex has not', 'example.', 'TXT', RCODE.NOERROR],
    ['DS at a name that is no zone cut', 'hotel.example.', 'DS', RCODE.NOERROR],
    ['an empty non-terminal', 'empty.example.', 'A', RCODE.NOERROR],
    ['a name that a wildcard makes', 'one.wild.example.', 'A', RCODE.NOERROR],
    ['a deeper name that a wildcard makes', 'one.two.wild.example.', 'A', RCODE.NOERROR],
    ['a type that the wildcard has not', 'one.wild.example.', 'TXT', RCODE.NOERROR],
  ])('answers for %s as its servers do, without asking them', async (_what, name, type, rcode) => {
    const cold = await tree(hashing).ask(name, type);
    const it = await warmed(tree(hashing));
    await it.ask('warm.wild.example.');
    const { resolution, sent } = await it.ask(name, type);
    expect(sent).toBe(0);
    expect(resolution.rcode).toBe(rcode);
    expect(summary(resolution)).toBe(summary(cold.resolution));
    expect(resolution.extendedErrors.map(({ code }) => code)).toEqual([EDE.synthesized]);
  });

  test('follows a CNAME that a wildcard makes, with the proof', async () => {
    const cold = await tree(hashing).ask('one.links.example.');
    const it = await warmed(tree(hashing));
    await it.ask('warm.links.example.');
    const { resolution, sent } = await it.ask('one.links.example.');
    expect(sent).toBe(0);
    expect(resolution.answer.map(({ name }) => nameToText(name))).toEqual(['one.links.example.', 'hotel.example.']);
    expect(summary(resolution)).toBe(summary(cold.resolution));
  });

  test('has its records asked for', async () => {
    const it = await warmed(tree(hashing));
    const { resolution, sent } = await it.ask('hotel.example.', 'TXT');
    expect([resolution.answer.length, resolution.security, sent]).toEqual([1, 'secure', 1]);
  });

  test('is asked again when the proofs have expired, and TTLs count down until then', async () => {
    const it = await warmed(tree(hashing));
    await it.clock.advance(400_000);
    const { resolution, sent } = await it.ask('golf.example.');
    expect(sent).toBe(0);
    expect(resolution.ttl).toBeLessThanOrEqual(500);
    expect(Math.max(...resolution.authority.map(({ ttl }) => ttl))).toBeLessThanOrEqual(500);
    await it.clock.advance(501_000);
    expect((await it.ask('foxtrot.example.')).sent).toBeGreaterThan(0);
  });

  test('is asked for clients that validate for themselves', async () => {
    const it = await warmed(tree(hashing));
    expect((await it.ask('golf.example.', 'A', { cd: true })).sent).toBeGreaterThan(0);
  });

  test('is asked when nothing is validated', async () => {
    const it = await warmed(tree(hashing, { dnssec: { validate: false, anchors: [] } }));
    const { resolution, sent } = await it.ask('golf.example.');
    expect([sent > 0, resolution.security]).toEqual([true, 'indeterminate']);
  });

  test('leaves names below a zone cut, and its apex, to the child', async () => {
    const child = new TestZone('kid.example.', 'www.kid.example. 3600 A 192.0.2.90');
    const zones = [new TestZone('example.', `${records}\nkid.example. 3600 NS ns.kid.example.`, hashing), child];
    const it = await warmed(new SignedTree(zones));
    // The parent's record of the cut, and no delegation kept.
    expect((await it.ask('kid.example.', 'DS')).resolution.security).toBe('secure');
    const { resolution } = await it.ask('www.kid.example.');
    expect([resolution.rcode, resolution.answer.length, resolution.security]).toEqual([RCODE.NOERROR, 1, 'insecure']);
    expect((await it.ask('kid.example.', 'SOA')).resolution.answer).toHaveLength(1);
  });

  test('does not deny the DS of a child by what the child says of its apex', async () => {
    const child = new TestZone('kid.example.', 'www.kid.example. 3600 A 192.0.2.90', hashing);
    const zones = [
      new TestZone('example.', `${records}\nkid.example. 3600 NS ns.kid.example.\n${child.ds()}`, hashing),
      child,
    ];
    const it = await warmed(new SignedTree(zones));
    expect((await it.ask('kid.example.', 'MX')).resolution.security).toBe('secure');
    expect((await it.ask('kid.example.', 'TXT')).sent).toBe(0);
    const { resolution } = await it.ask('kid.example.', 'DS');
    expect([resolution.answer.length, resolution.security]).toEqual([1, 'secure']);
  });

  test('leaves names below a DNAME alone', async () => {
    const it = await warmed(tree(hashing, {}, 'moved.example. 3600 DNAME hotel.example.'));
    expect((await it.ask('moved.example.', 'A')).resolution.security).toBe('secure');
    expect((await it.ask('moved.example.', 'TXT')).sent).toBe(0);
    expect((await it.ask('below.moved.example.')).sent).toBeGreaterThan(0);
  });

  test('does not speak for a private zone below it, nor for one with a negative trust anchor', async () => {
    const corp = nameFromText('corp.example.');
    const it = await warmed(
      tree(hashing, {
        zones: [{ zone: corp, kind: 'stub', servers: [{ ip: '198.51.100.1', port: 53 }] }],
        dnssec: {
          negativeAnchors: [corp, nameFromText('lab.example.')].map((zone) => {
            return { zone, untilSeconds: undefined, reason: undefined };
          }),
        },
      }),
    );
    it.serve('198.51.100.1', [new TestZone('corp.example.', 'www.corp.example. 3600 A 10.0.0.1')], []);
    const { resolution } = await it.ask('www.corp.example.');
    expect([resolution.rcode, resolution.answer.length]).toEqual([RCODE.NOERROR, 1]);
    expect((await it.ask('www.lab.example.')).sent).toBeGreaterThan(0);
  });

  test('hardly notices a flood of random names once it is known', async () => {
    const random = new SeededRandom(1);
    const anyName = (): string =>
      `${random
        .integer(2 ** 32)
        .toString(36)
        .padStart(7, '0')}.example.`;
    const it = tree(hashing, {}, Array.from({ length: 300 }, () => `${anyName()} 3600 A 192.0.2.1`).join('\n'));
    const flood = async (questions: number): Promise<number> => {
      const before = it.network.sent;
      for (let i = 0; i < questions; i++) await it.ask(anyName());
      return (it.network.sent - before) / questions;
    };
    await flood(1500);
    const ratio = await flood(500);
    expect(ratio).toBeLessThan(0.1);
  });
});

test('an answer lives no longer than the oldest of its proofs, however new the SOA', async () => {
  const it = tree();
  await it.ask('golf.example.');
  await it.clock.advance(400_000);
  expect((await it.ask('yankee.example.')).resolution.ttl).toBeGreaterThan(800);
  const { resolution, sent } = await it.ask('gulf.example.');
  expect(sent).toBe(0);
  expect(resolution.ttl).toBeLessThanOrEqual(500);
});

test('the proof of a referral to an unsigned zone is used too', async () => {
  const child = new TestZone('kid.example.', 'www.kid.example. 3600 A 192.0.2.90');
  const zone = new TestZone('example.', `${records}\nkid.example. 3600 NS ns.kid.example.`);
  const it = new SignedTree([zone, child]);
  await it.ask('www.kid.example.');
  await it.ask('yankee.example.');
  const { resolution, sent } = await it.ask('lima.example.');
  expect([resolution.rcode, resolution.security, sent]).toEqual([RCODE.NXDOMAIN, 'secure', 0]);
  const ds = await it.ask('kid.example.', 'DS');
  expect([ds.resolution.rcode, ds.resolution.security, ds.sent]).toEqual([RCODE.NOERROR, 'secure', 0]);
});

test('an opt-out span denies nothing', async () => {
  const it = await warmed(tree({ iterations: 0, optOut: true }));
  expect((await it.ask('golf.example.')).sent).toBeGreaterThan(0);
  expect(it.resolver.caches.denialRanges.parameters(nameFromText('example.'))).toEqual([]);
});

test('hashes are paid from the question: with few left the zone is asked, and the answer is still validated', async () => {
  const it = tree(plain, { limits: { nsec3Hashes: 8 } });
  const deep = 'a.b.c.d.e.f.g.h.zulu.example.';
  for (let i = 0; i < 60; i++) await it.ask(`warm-${i}.example.`);
  const { resolution } = await it.ask(deep);
  expect([resolution.rcode, resolution.security]).toEqual([RCODE.NXDOMAIN, 'secure']);
});

test('the cache answers synchronously', async () => {
  const it = await warmed(tree());
  const request = { name: nameFromText('golf.example.'), type: 1, checkingDisabled: false };
  expect(it.resolver.fromCache(request)).toMatchObject({ rcode: RCODE.NXDOMAIN, security: 'secure' });
});
