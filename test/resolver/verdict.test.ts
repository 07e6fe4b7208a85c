// The verdict of explain on failures made for real, and docs/explain.md, which shows what the code prints now.
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../src/resolver/verdict.ts';
import { truthfulBehaviours } from '../../src/testing/faulty-server.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { result } from '../cli/fake-io.ts';
import { gallery } from './gallery.ts';
import { galleryPage } from './gallery-page.ts';
import { example, type Plan, show } from './gallery-world.ts';

test.each(gallery)('$title: the fault is with $fault', async (exhibit) => {
  const { verdict } = await show(exhibit);
  const { fault, works, zone, servers, summary, evidence, remedy } = verdict;
  expect({ fault, works, zone: zone === undefined ? undefined : nameToText(zone) }, summary).toEqual({
    fault: exhibit.fault,
    works: exhibit.works ?? false,
    zone: exhibit.zone,
  });
  expect(summary).toMatch(exhibit.says);
  const named = servers.flatMap(({ server, nameServer }) => {
    return [server?.ip ?? '', nameServer === undefined ? '' : nameToText(nameServer)];
  });
  expect(named).toEqual(expect.arrayContaining([...(exhibit.accused ?? [])]));
  const who = remedy[0]?.who;
  expect(typeof who === 'object' ? nameToText(who.owner) : who).toBe(exhibit.remedy);
  if (exhibit.title !== 'It works') expect(evidence.length).toBeGreaterThan(0);
});

describe('of two servers that both misbehave', () => {
  test.each(
    truthfulBehaviours.flatMap((one) => [[one, example] as const, [one, { ...example, signed: true }] as const]),
  )('%s: they and their zone are named if the name fails', async (behaviour, zone) => {
    const servers = { '203.0.113.1': behaviour, '203.0.113.2': behaviour };
    const { verdict, resolution } = await show({ asks: ['www.example.com'], zones: { 'example.com.': zone }, servers });
    expect(verdict.works).toBe(resolution.failure === undefined);
    if (verdict.works) return;
    expect(verdict.zone).toBe(nameFromText('example.com.'));
    expect(verdict.servers.map(({ server }) => server?.ip).sort()).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(verdict.remedy.map(({ who }) => who)).toContainEqual({ owner: nameFromText('example.com.') });
  });
});

test('one of two servers that refuses the connection is told as that, and the name works', async () => {
  const paths = { '203.0.113.2': { udp: 'unreachable', tcp: 'unreachable' } } as const;
  const { verdict } = await show({ asks: ['www.example.com'], paths });
  expect(verdict.summary).toMatch(/^It works.* But one server of example\.com\. refuses the connection; another/);
});

test('a server further up that is late does not draw the blame', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const servers = { '192.0.2.10': 'dead', '203.0.113.1': 'refusing', '203.0.113.2': 'refusing' } as const;
    const { verdict } = await show({ asks: ['www.example.com'], servers, seed });
    expect(verdict).toMatchObject({ fault: 'its servers', zone: nameFromText('example.com.') });
    expect(verdict.summary).toContain('REFUSED');
  }
});

test('a dead server that only names of name servers need is found behind the limit of time', async () => {
  const zones = {
    'example.com.': { ...example, servers: { 'ns.example.org.': ['203.0.113.1'] } },
    'example.org.': { servers: { 'ns1.example.org.': ['203.0.113.9'] } },
  };
  const { verdict } = await show({ asks: ['www.example.com'], zones, servers: { '203.0.113.9': 'dead' } });
  expect(verdict).toMatchObject({ fault: 'its servers', zone: nameFromText('example.org.') });
  expect(verdict.summary).toMatch(/ The zone example\.org\. is needed to find www\.example\.com\.$/);
});

test('servers that garble every message get a verdict that can be printed', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const servers = { '203.0.113.1': 'mutating', '203.0.113.2': 'mutating', '192.0.2.10': 'mutating' } as const;
    const zones = { 'example.com.': { ...example, signed: true } } as const;
    const { lines } = await show({ asks: ['www.example.com'], zones, servers, seed });
    const verdict = lines.slice(lines.findIndex((line) => line.startsWith('Verdict: ')));
    expect(verdict.length, `seed ${seed}`).toBeGreaterThan(1);
    expect(verdict.filter((line) => /[^ -~]/.test(line))).toEqual([]);
  }
});

test('a name from the network cannot steer the terminal by the verdict', async () => {
  const servers = { 'ns\\027[31m.gone.org.': ['203.0.113.1'] };
  const { lines } = await show({ asks: ['www.example.com'], zones: { 'example.com.': { servers } } });
  expect(lines.filter((line) => /[^ -~│├└─]/.test(line))).toEqual([]);
  expect(lines.join('\n')).toContain('ns\\027[31m.gone.org. (no address known)');
});

test('a limit that is reached by work, not by aliases, is ours', async () => {
  const limits = { upstreamQueries: 4 };
  const { verdict } = await show({ asks: ['www.example.com'], settings: { limits } });
  expect(verdict).toMatchObject({ fault: 'our limit', works: false });
  expect(verdict.evidence[0]).toMatch(/^limit reached: upstreamQueries \(4 queries/);
});

test('trust anchors that match no key of the root are our own configuration', async () => {
  const anchors = [new Uint8Array([1, 1, 3, 15, ...new Uint8Array(32)])];
  const { verdict } = await show({ asks: ['www.example.com'], anchors });
  expect(verdict).toMatchObject({ fault: 'our policy', works: false });
  expect(verdict.summary).toContain('root.trustAnchors');
});

describe('asked again a moment later, when only the failure is remembered', () => {
  test.each([
    ['Expired signature', 'its keys', 'example.com.'],
    ['Wrong DS', 'its keys', 'example.com.'],
    ['Wrong clock, ahead', 'our clock', undefined],
    ['All servers dead', 'its servers', 'example.com.'],
    ['REFUSED', 'its servers', 'example.com.'],
    ['Missing glue', 'child zone', 'example.com.'],
    ['CNAME loop', 'child zone', undefined],
    ['No network', 'our network or a middlebox', undefined],
    ['A limit is reached', 'our limit', undefined],
  ] as const)('%s: still %s', async (title, fault, zone) => {
    const exhibit = gallery.find((one) => one.title === title) as Plan;
    const { verdict } = await show({ ...exhibit, again: true });
    expect(verdict.fault, verdict.summary).toBe(fault);
    if (zone !== undefined) expect(verdict.zone).toBe(nameFromText(zone));
    expect(verdict.remedy.some(({ who }) => who === 'you')).toBe(true);
  });
});

test('a DS whose signature the parent let expire is the fault of the parent zone', () => {
  const com = nameFromText('example.com.');
  const why = 'example.com. DS: signature by key 1/ED25519 of com. expired 2026-05-01T00:00:00Z';
  const bogus = { kind: 'validated', name: com, type: 48, security: 'bogus', zone: com, why, code: 7 } as const;
  const verdict = diagnose([{ ...bogus, atMs: 0, lookup: 0 }], result({ rcode: 2, failure: 'bogus' }));
  expect(verdict).toMatchObject({ fault: 'parent zone', zone: com });
  expect(verdict.remedy[0]?.who).toEqual({ owner: nameFromText('com.') });
});

test('a machine without IPv6 is told so, and no server is blamed for it', async () => {
  const noRoute = ['2001:db8::1', '2001:db8::2', '2001:db8::3'];
  const servers = { 'ns1.example.com.': noRoute, 'ns2.example.com.': ['203.0.113.1'] };
  const zones = { 'example.com.': { ...example, servers } };
  let told = 0;
  for (const seed of [1, 2, 3, 4]) {
    const { verdict } = await show({ asks: ['www.example.com'], zones, noRoute, seed });
    expect(verdict).toMatchObject({ fault: 'nobody', works: true, servers: [] });
    expect(verdict.remedy.every(({ who }) => who === 'you')).toBe(true);
    if (verdict.summary.includes('This machine reaches nothing by IPv6')) told += 1;
  }
  expect(told).toBeGreaterThan(0);
});

test('docs/explain.md shows what is printed now', async () => {
  await expect(await galleryPage()).toMatchFileSnapshot('../../docs/explain.md');
});
