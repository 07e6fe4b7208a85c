// How events of a resolution are told: the tree in the eight steps of the notes, and the sentence at its end.
import { describe, expect, test } from 'vitest';
import type { ServerAddress } from '../../src/base/ports.ts';
import type { EventBody, ResolutionEvent } from '../../src/resolver/events.ts';
import { explainTree } from '../../src/resolver/explain-tree.ts';
import { outcome } from '../../src/resolver/explain-words.ts';
import { treeLines } from '../../src/resolver/tree.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { TYPE } from '../../src/wire/types.ts';
import { answering, cli, name, result, rrset } from './fake-io.ts';

const www = name('www.example.com');
const root: ServerAddress = { ip: '198.51.100.1', port: 53 };
const tld: ServerAddress = { ip: '198.51.100.2', port: 53 };
const own: ServerAddress = { ip: '198.51.100.3', port: 5300 };
const answer = rrset('www.example.com', 300, 'A', '192.0.2.1');

/** Events one millisecond apart; a pair is an event of a sub-lookup, a triple also names its parent. */
function events(...bodies: (EventBody | readonly [number, EventBody] | readonly [number, EventBody, number])[]) {
  return bodies.map((given, index): ResolutionEvent => {
    if (!('length' in given)) return { ...given, atMs: 1000 + index, lookup: 0 };
    const [lookup, body, parent] = given;
    return { ...body, atMs: 1000 + index, lookup, ...(parent === undefined ? {} : { parent }) };
  });
}

function tell(story: readonly ResolutionEvent[], resolution: Resolution): string {
  return `${treeLines(explainTree(story, resolution)).join('\n')}\n`;
}

const question: EventBody = { kind: 'question', name: www, type: TYPE.A };
const misses: readonly EventBody[] = [
  { kind: 'layer', layer: 'host', name: www, type: TYPE.A, outcome: 'miss' },
  { kind: 'layer', layer: 'records', name: www, type: TYPE.A, outcome: 'miss' },
];

function at(zone: string, server: ServerAddress, cached = false): EventBody {
  return {
    kind: 'delegation',
    zone: name(zone),
    nameServers: [name('ns1.example.net')],
    addresses: [server],
    source: zone === '.' ? 'priming' : 'referral',
    cached,
  };
}

function chosen(zone: string, server: ServerAddress): EventBody {
  return {
    kind: 'server',
    zone: name(zone),
    server,
    nameServer: name('ns1.example.net'),
    why: 'untried',
    candidates: 2,
  };
}

function exchange(number: number, server: ServerAddress, asked: string, rttMs: number): EventBody[] {
  return [
    {
      kind: 'sent',
      exchange: number,
      server,
      protocol: 'udp',
      name: name(asked),
      type: TYPE.A,
      edns: true,
      joined: false,
      ...(asked === 'www.example.com' ? {} : { why: 'minimised' as const }),
    },
    { kind: 'received', exchange: number, server, protocol: 'udp', outcome: 'response', rttMs, rcode: 0, octets: 100 },
  ];
}

type Classified = Extract<EventBody, { kind: 'classified' }>;

function judged(zone: string, server: ServerAddress, rest: Partial<Classified>): EventBody {
  const body = { kind: 'classified', zone: name(zone), server, name: www, type: TYPE.A, outcome: 'referral' } as const;
  return { ...body, why: 'a delegation', ...rest };
}

const walk: readonly EventBody[] = [
  question,
  ...misses,
  at('.', root, true),
  chosen('.', root),
  ...exchange(1, root, 'com', 1.04),
  judged('.', root, { target: name('com') }),
  { kind: 'cached', layer: 'hierarchy', name: name('com'), type: TYPE.NS, ttl: 172_800 },
  at('com', tld),
  chosen('com', tld),
  ...exchange(2, tld, 'example.com', 12.3),
  judged('com', tld, { target: name('example.com') }),
  at('example.com', own),
  chosen('example.com', own),
  ...exchange(3, own, 'www.example.com', 0.02),
  { kind: 'dropped', name: name('www.bank.example'), type: TYPE.A, section: 'additional', why: 'outside of the zone' },
  judged('example.com', own, { outcome: 'answer', why: 'records of this name and type', answer: [answer] }),
  { kind: 'cached', layer: 'records', name: www, type: TYPE.A, ttl: 300 },
  { kind: 'done', rcode: 0 },
];

describe('the tree', () => {
  test('a walk from the root to an answer', () => {
    expect(tell(events(...walk), result({ answer: [answer] }))).toBe(`\
├─ 1 browser cache (answers): not asked here; a daemon looks there first, and resolves what it lacks
├─ 2 operating system cache (host): miss
├─ 3 resolver cache (records): miss
├─ 4 root: as the root itself says; 1 name server, 1 address known
│  └─ 198.51.100.1 (ns1.example.net.): "ask com.", 1.0 ms
│     ├─ chosen of 2: never asked before
│     ├─ asked com. A by UDP (no more of the name than needed)
│     ├─ got NOERROR, 100 octets after 1.0 ms
│     └─ judged referral: a delegation
├─ 5 TLD com.: by referral; 1 name server, 1 address known
│  └─ 198.51.100.2 (ns1.example.net.): "ask example.com.", 12 ms
│     ├─ chosen of 2: never asked before
│     ├─ asked example.com. A by UDP (no more of the name than needed)
│     ├─ got NOERROR, 100 octets after 12 ms
│     └─ judged referral: a delegation
├─ 6 authoritative example.com.: by referral; 1 name server, 1 address known
│  └─ 198.51.100.3:5300 (ns1.example.net.): "192.0.2.1", 0.02 ms
│     ├─ chosen of 2: never asked before
│     ├─ asked www.example.com. A by UDP
│     ├─ got NOERROR, 100 octets after 0.02 ms
│     ├─ dropped from additional: www.bank.example. A, outside of the zone
│     └─ judged answer: records of this name and type
├─ 7 return and cache: kept in
│  ├─ delegations (hierarchy)
│  │  └─ com. delegation for 172800 s
│  └─ resolver cache (records)
│     └─ www.example.com. A for 300 s
└─ 8 the client gets
   └─ www.example.com. A 192.0.2.1
`);
  });

  test('a hit in a layer ends there', () => {
    const story = events(question, {
      kind: 'layer',
      layer: 'records',
      name: www,
      type: TYPE.A,
      outcome: 'hit',
      what: 'nxdomain',
      ttl: 59.9,
    });
    expect(tell(story, result({ rcode: 3 }))).toBe(`\
├─ 1 browser cache (answers): not asked here; a daemon looks there first, and resolves what it lacks
├─ 3 resolver cache (records): hit, known not to exist, 59 s left
└─ 8 the client gets NXDOMAIN
`);
  });

  test('a late server, its hedge, and the turn to TCP are told at the server concerned', () => {
    const first = { kind: 'sent', protocol: 'udp', name: www, type: TYPE.A, edns: true, joined: false } as const;
    const story = events(
      question,
      at('example.com', own, true),
      chosen('example.com', own),
      { ...first, exchange: 1, server: own },
      { ...chosen('example.com', tld), why: 'hedge', expectedMs: 20 } as EventBody,
      { ...first, exchange: 2, server: tld },
      { kind: 'received', exchange: 2, server: tld, protocol: 'udp', outcome: 'suspect' },
      { ...first, exchange: 3, server: tld, protocol: 'tcp', why: 'suspect' },
      { kind: 'received', exchange: 1, server: own, protocol: 'udp', outcome: 'timeout' },
      { kind: 'received', exchange: 3, server: tld, protocol: 'tcp', outcome: 'response', rcode: 5, rttMs: 30 },
      judged('example.com', tld, { outcome: 'lame', why: 'REFUSED' }),
      { ...first, exchange: 4, server: own, joined: true },
      { kind: 'limit', limit: 'upstreamQueries', value: 100 },
    );
    expect(tell(story, result({ rcode: 2, failure: 'limit' }))).toBe(`\
├─ 1 browser cache (answers): not asked here; a daemon looks there first, and resolves what it lacks
├─ 6 authoritative example.com.: by referral, known before; 1 name server, 1 address known
│  ├─ 198.51.100.3:5300 (ns1.example.net.): awaited with the same question that was in flight
│  │  ├─ chosen of 2: never asked before
│  │  ├─ asked www.example.com. A by UDP
│  │  ├─ got no answer in time
│  │  └─ asked www.example.com. A by UDP, joining the same question that was in flight already
│  ├─ 198.51.100.2 (ns1.example.net.): lame, not believed: REFUSED, 30 ms
│  │  ├─ chosen of 2: a second server beside the first, which is late, usually answers in 20 ms
│  │  ├─ asked www.example.com. A by UDP
│  │  ├─ got replies that may be forged
│  │  ├─ asked www.example.com. A by TCP (replies arrived that may be forged)
│  │  └─ got REFUSED after 30 ms
│  └─ limit reached: upstreamQueries (100 queries: amplification; Unbound 200, PowerDNS 50 per name)
└─ 8 the client gets SERVFAIL
`);
  });

  test('priming, sub-lookups and aliases are nested where they were needed', () => {
    const ns = name('ns1.example.net');
    const story = events(
      question,
      [1, { kind: 'delegation', zone: name('.'), nameServers: [], addresses: [], source: 'hints', cached: true }],
      at('example.com', own),
      [2, { kind: 'sublookup', name: ns, type: TYPE.A, why: 'its address is missing' }, 0],
      [2, at('net', tld), 0],
      [3, { kind: 'sublookup', name: name('ns.example.org'), type: TYPE.AAAA, why: 'its address is missing' }, 2],
      [3, { kind: 'sublookup-end', outcome: 'no address' }, 2],
      [2, { kind: 'sublookup-end', outcome: '198.51.100.3' }, 0],
      [4, { kind: 'layer', layer: 'records', name: name('com'), type: TYPE.DNSKEY, outcome: 'miss' }, 0],
      { kind: 'alias', from: www, to: name('web.example.net'), synthesised: false },
      { kind: 'question', name: name('web.example.net'), type: TYPE.A },
      { kind: 'layer', layer: 'records', name: name('web.example.net'), type: TYPE.A, outcome: 'miss' },
      at('net', tld, true),
    );
    expect(tell(story, result({}))).toBe(`\
├─ 1 browser cache (answers): not asked here; a daemon looks there first, and resolves what it lacks
├─ first, who the root servers are (RFC 9609): . NS
│  └─ 4 root: from the root hints; no addresses known
├─ 6 authoritative example.com.: by referral; 1 name server, 1 address known
│  ├─ meanwhile ns1.example.net. A: its address is missing
│  │  ├─ 5 TLD net.: by referral; 1 name server, 1 address known
│  │  │  └─ meanwhile ns.example.org. AAAA: its address is missing
│  │  │     └─ ended: no address
│  │  └─ ended: 198.51.100.3
│  └─ meanwhile com. DNSKEY
│     └─ 3 resolver cache (records): miss
├─ alias (CNAME): www.example.com. is web.example.net.
├─ then web.example.net. A
│  ├─ 3 resolver cache (records): miss
│  └─ 5 TLD net.: by referral, known before; 1 name server, 1 address known
└─ 8 the client gets an empty answer: the name exists, without such a record
`);
  });

  test('thousands of dropped records take a line each for eight, and one for the rest', () => {
    const dropped = Array.from({ length: 5000 }, (): EventBody => {
      return { kind: 'dropped', name: www, type: TYPE.A, section: 'authority', why: 'outside of the zone' };
    });
    const story = events(at('com', tld), chosen('com', tld), ...exchange(1, tld, 'com', 1), ...dropped);
    const lines = tell(story, result({})).split('\n');
    expect(lines.filter((line) => line.includes('dropped')).length).toBe(9);
    expect(lines.some((line) => line.includes('4992 more dropped'))).toBe(true);
  });

  test('texts of servers and names cannot steer the terminal', () => {
    const hostile = { outcome: 'lame', why: 'said \u001b[2J\n', name: name('\\027[31m.com') } as const;
    const story = events(at('com', tld), judged('com', tld, hostile));
    const text = tell(story, result({}));
    expect([...text].every((character) => character >= ' ' || character === '\n')).toBe(true);
    expect(text).toContain('said \\u{1b}[2J\\u{a}');
  });
});

describe('the sentence at the end', () => {
  const sent = events(...walk);
  test.each([
    [result({ answer: [answer] }), 'Answered with 1 record in 35 ms, 3 questions to servers.'],
    [result({ rcode: 3 }), 'www.example.com. does not exist (NXDOMAIN), found in 35 ms, 3 questions to servers.'],
    [result({}), 'www.example.com. exists but has no A record (NODATA), found in 35 ms, 3 questions to servers.'],
    [
      result({ rcode: 2, failure: 'network', extendedErrors: [{ code: 23, text: '198.51.100.3 timeout' }] }),
      'Failed (SERVFAIL) in 35 ms, 3 questions to servers.',
    ],
    [
      result({ rcode: 5, extendedErrors: [{ code: 18, text: '' }] }),
      'Answered REFUSED in 35 ms, 3 questions to servers: Prohibited.',
    ],
  ])('%#: %o', (resolution, sentence) => {
    expect(outcome(sent, resolution, 35)).toBe(sentence);
  });
});

describe('the verb', () => {
  test('prints question, tree and sentence', async () => {
    const { code, out, err } = await cli(['explain', 'www.example.com'], {
      parts: answering(result({ answer: [answer] }), events(...walk)),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')[0]).toBe('www.example.com. A');
    expect(out).toMatch(/^└─ 8 the client gets$/m);
    expect(out).toContain(
      '\nAnswered with 1 record in 5.0 ms, 3 questions to servers.\n\nVerdict: nothing is broken\n',
    );
  });

  test('--json gives the events readable, timed from the start', async () => {
    const { out } = await cli(['explain', '--json', 'www.example.com'], {
      parts: answering(result({ answer: [answer] }), events(...walk)),
    });
    const { events: given, result: told, verdict } = JSON.parse(out);
    expect(verdict).toMatchObject({ fault: 'nobody', works: true, zone: null, servers: [], remedy: [] });
    expect(given).toHaveLength(walk.length);
    expect(given[0]).toEqual({ kind: 'question', name: 'www.example.com.', type: 'A', atMs: 0, lookup: 0 });
    expect(given.find((event: { kind: string }) => event.kind === 'delegation')).toMatchObject({
      zone: '.',
      nameServers: ['ns1.example.net.'],
      addresses: [{ ip: '198.51.100.1', port: 53 }],
    });
    expect(told.answer).toEqual([{ name: 'www.example.com.', ttl: 300, type: 'A', data: '192.0.2.1' }]);
  });

  test('a failure ends with 9 and says why', async () => {
    const { code, out } = await cli(['explain', 'www.example.com'], {
      parts: answering(result({ rcode: 2, failure: 'loop' }), events(question, at('example.com', own))),
    });
    expect(code).toBe(9);
    expect(out).toContain('\nVerdict: the zone itself is at fault\n  The aliases (CNAME) lead in a circle');
  });
});
