// The story told from fixed lists of events.

import { expect, it } from 'vitest';
import { showMs } from '../../src/lab/columns.ts';
import { tellWalk, type Walk } from '../../src/lab/story.ts';
import type { EventBody, ResolutionEvent } from '../../src/resolver/events.ts';
import { type Name, nameFromText, nameOctets } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { CLASS, TYPE } from '../../src/wire/types.ts';

const www = nameFromText('www.example.com');
const zones = { root: nameFromText('.'), com: nameFromText('com'), example: nameFromText('example.com') };
const servers = {
  root: { ip: '198.51.100.1', port: 53 },
  com: { ip: '198.51.100.2', port: 53 },
  example: { ip: '198.51.100.3', port: 53 },
};

function address(name: Name): RRset {
  return { name, type: TYPE.A, class: CLASS.IN, ttl: 300, rdatas: [Uint8Array.of(192, 0, 2, 1)], signatures: [] };
}

function alias(name: Name, to: Name): RRset {
  return { name, type: TYPE.CNAME, class: CLASS.IN, ttl: 300, rdatas: [nameOctets(to)], signatures: [] };
}

type Placed = EventBody & { readonly lookup?: number; readonly parent?: number; readonly atMs?: number };

function events(bodies: readonly Placed[]): ResolutionEvent[] {
  return bodies.map((body, index) => ({ atMs: index, lookup: 0, ...body }));
}

function miss(layer: 'answers' | 'host' | 'records', name = www): EventBody {
  return { kind: 'layer', layer, name, type: TYPE.A, outcome: 'miss' };
}

const misses: readonly EventBody[] = [miss('answers'), miss('host'), miss('records')];

type Where = keyof typeof servers;
type Rest = Partial<Extract<EventBody, { kind: 'classified' }>> & { readonly rttMs?: number; readonly rcode?: number };

let exchange = 0;
/** The events of one exchange that ended in a response. */
function asked(where: Where, rest: Rest, lookup = 0): Placed[] {
  exchange += 1;
  const server = servers[where];
  const { rttMs = 1.2, rcode = 0, ...judged } = rest;
  const common = { name: www, type: TYPE.A, server };
  return [
    { kind: 'sent', exchange, protocol: 'udp', edns: true, joined: false, lookup, ...common },
    { kind: 'received', exchange, server, protocol: 'udp', outcome: 'response', rttMs, rcode, octets: 90, lookup },
    { kind: 'classified', zone: zones[where], outcome: 'referral', why: 'a delegation', lookup, ...common, ...judged },
  ];
}

function delegation(zone: Name, cached: boolean): EventBody {
  return { kind: 'delegation', zone, nameServers: [], addresses: [], source: 'referral', cached };
}

function walk(bodies: readonly Placed[], rest: Partial<Walk> = {}): string[] {
  return tellWalk({ name: 'www.example.com', type: 'A', events: events(bodies), answeredMs: 4, totalMs: 5.4, ...rest });
}

const fromTheRoot: readonly Placed[] = [
  ...misses,
  delegation(zones.root, true),
  ...asked('root', { target: zones.com }),
  ...asked('com', { target: zones.example, rttMs: 0.4 }),
  ...asked('example', { outcome: 'answer', answer: [address(www)] }),
  { kind: 'cached', layer: 'records', name: www, type: TYPE.A, ttl: 300 },
  { kind: 'cached', layer: 'hierarchy', name: zones.com, type: TYPE.NS, ttl: 300 },
  { kind: 'cached', layer: 'answers', name: www, type: TYPE.A, ttl: 300 },
  { kind: 'done', rcode: 0 },
];

it('tells a walk from the root to the page in eight steps', () => {
  const reply = { rcode: 'NOERROR', data: ['192.0.2.1'] };
  expect(walk(fromTheRoot, { reply, visit: { status: 200, text: 'You found me.' } })).toEqual([
    ' 1 browser cache   answers    miss',
    ' 2 OS cache        host       miss',
    ' 3 resolver cache  records    miss',
    ' 4 root            198.51.100.1   "ask .com"                1 ms',
    ' 5 TLD .com        198.51.100.2   "ask example.com"       0.4 ms',
    ' 6 authoritative   198.51.100.3   "192.0.2.1"               1 ms',
    ' 7 kept in         hierarchy, records, answers',
    ' 8 website         GET / -> 200 "You found me."             1 ms',
    '                                                     5 ms in all',
  ]);
});

it('tells the second time in one line', () => {
  const hit: EventBody = { kind: 'layer', layer: 'answers', name: www, type: TYPE.A, outcome: 'hit', ttl: 299 };
  const again: Walk = { name: 'www.example.com', type: 'A', events: events([hit]), answeredMs: 0.02, totalMs: 3 };
  const reply = { rcode: 'NOERROR', data: ['192.0.2.1'] };
  const line = ' 1 browser cache   answers    HIT, 299 s left            0.02 ms';
  expect(tellWalk({ ...again, reply }, { brief: true })).toEqual([line]);
  expect(tellWalk({ ...again, reply })).toEqual([line, ' 8 you get         192.0.2.1']);
});

it('says which servers need not be asked', () => {
  const lines = walk([
    ...misses,
    delegation(zones.example, true),
    ...asked('example', { outcome: 'answer', answer: [address(www)] }),
  ]);
  expect(lines.slice(3, 6)).toEqual([
    ' 4 root            hierarchy  HIT, knows example.com',
    ' 5 TLD .com        hierarchy  HIT, knows example.com',
    ' 6 authoritative   198.51.100.3   "192.0.2.1"               1 ms',
  ]);
});

it('follows an alias without telling the upper layers twice', () => {
  const shop = nameFromText('shop.example.com');
  const lines = walk([
    ...misses,
    ...asked('example', { outcome: 'alias', answer: [alias(shop, www)], target: www }),
    { kind: 'alias', from: shop, to: www, synthesised: false },
    miss('host'),
    miss('records'),
    ...asked('example', { outcome: 'answer', answer: [address(www)] }),
  ]);
  expect(lines.slice(3, 7)).toEqual([
    ' 6 authoritative   198.51.100.3   "see www.example.com"     1 ms',
    '   shop.example.com is another name for www.example.com',
    ' 3 resolver cache  records    miss',
    ' 6 authoritative   198.51.100.3   "192.0.2.1"               1 ms',
  ]);
});

it('indents the lookup of a name server', () => {
  const ns = nameFromText('ns2.example.net');
  const lines = walk([
    ...misses,
    { kind: 'sublookup', name: ns, type: TYPE.A, why: 'the address of a name server is missing', lookup: 1, parent: 0 },
    { ...miss('records', ns), lookup: 1, parent: 0 },
    ...asked('root', { target: zones.com }, 1),
    ...asked('example', { outcome: 'answer', answer: [address(www)] }),
  ]);
  expect(lines.slice(3, 6)).toEqual([
    '   first, the address of ns2.example.net (A):',
    '   4 root            198.51.100.1   "ask .com"                1 ms',
    ' 6 authoritative   198.51.100.3   "192.0.2.1"               1 ms',
  ]);
});

it('tells what went wrong at each server, and why in the end nothing came of it', () => {
  const server = servers.example;
  const sent = { kind: 'sent', exchange: 900, server, protocol: 'udp', name: www, type: TYPE.A } as const;
  const lines = walk(
    [
      delegation(zones.example, false),
      { ...sent, edns: true, joined: false, atMs: 100 },
      { kind: 'received', exchange: 900, server, protocol: 'udp', outcome: 'timeout', atMs: 500.4 },
      ...asked('example', { outcome: 'lame', why: 'the server answers REFUSED', rcode: 5 }),
      { kind: 'limit', limit: 'upstreamQueries', value: 100 },
      { kind: 'done', rcode: 2, failure: 'servers-failed' },
    ],
    { reply: { rcode: 'SERVFAIL', data: [] } },
  );
  expect(lines).toEqual([
    ' 6 authoritative   198.51.100.3   no answer               400 ms',
    ' 6 authoritative   198.51.100.3   "I refuse"                1 ms',
    '   stopped at a limit: upstreamQueries 100',
    ' 8 you get         SERVFAIL: every server that should know was asked, and none gave a usable answer',
    '                                                     5 ms in all',
  ]);
});

it('tells of a response too long for UDP, and of the client that came again', () => {
  const server = servers.example;
  const common = { server, name: www, type: TYPE.TXT, edns: true, joined: false } as const;
  const hit: EventBody = { kind: 'layer', layer: 'answers', name: www, type: TYPE.TXT, outcome: 'hit', ttl: 300 };
  const lines = walk(
    [
      miss('answers'),
      delegation(zones.example, false),
      { kind: 'sent', exchange: 901, protocol: 'udp', ...common },
      { kind: 'received', exchange: 901, server, protocol: 'udp', outcome: 'response', rttMs: 1, rcode: 0 },
      { kind: 'sent', exchange: 902, protocol: 'tcp', why: 'truncated', ...common },
      hit,
    ],
    { reply: { rcode: 'NOERROR', data: ['"a long text"'], byTcp: true } },
  );
  expect(lines).toEqual([
    ' 1 browser cache   answers    miss',
    ' 6 authoritative   198.51.100.3   "too long for UDP, ask by TCP"  1 ms',
    '   too long for UDP: the client asks again by TCP',
    ' 8 you get         "a long text"',
    '                                                     5 ms in all',
  ]);
});

it('tells of a server that is late', () => {
  const common = { server: servers.com, protocol: 'udp', name: www, type: TYPE.A, edns: true, joined: false } as const;
  const lines = walk([
    delegation(zones.example, false),
    { kind: 'sent', exchange: 910, ...common, atMs: 10 },
    { kind: 'server', zone: zones.example, server: servers.example, why: 'hedge', candidates: 2, atMs: 160 },
    ...asked('example', { outcome: 'answer', answer: [address(www)] }),
  ]);
  expect(lines.slice(0, 2)).toEqual([
    ' 6 authoritative   198.51.100.2   late: ask another too   150 ms',
    ' 6 authoritative   198.51.100.3   "192.0.2.1"               1 ms',
  ]);
});

it('says why a failure comes at once', () => {
  const hit: EventBody = { kind: 'layer', layer: 'records', name: www, type: TYPE.A, outcome: 'hit', what: 'failure' };
  const lines = walk([miss('answers'), miss('host'), hit], { reply: { rcode: 'SERVFAIL', data: [] } });
  expect(lines.slice(2, 4)).toEqual([
    ' 3 resolver cache  records    HIT: failed a moment ago',
    ' 8 you get         SERVFAIL: it failed a moment ago, and that is remembered for some seconds',
  ]);
});

it.each([
  [{ rcode: 'NXDOMAIN', data: [] }, ' 8 you get         "www.example.com does not exist"'],
  [{ rcode: 'NOERROR', data: [] }, ' 8 you get         "www.example.com exists, but has no A record"'],
  [undefined, ' 8 you get         nothing: no response came'],
])('ends with what the client got: %j', (reply, line) => {
  expect(walk([], reply === undefined ? {} : { reply })).toContain(line);
});

it('shows some records and counts the rest', () => {
  const data = ['1', '2', '3', '4', '5', '6'];
  expect(walk([], { reply: { rcode: 'NOERROR', data } }).slice(3, 5)).toEqual([
    ' 8 you get         4',
    '                   and 2 more',
  ]);
});

it.each([
  [0.0234, '0.02 ms'],
  [0.42, '0.4 ms'],
  [1.4, '1 ms'],
  [301.2, '301 ms'],
])('shows %d ms as %s', (ms, text) => {
  expect(showMs(ms)).toBe(text);
});
