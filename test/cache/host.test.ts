// Host names: the hosts file, local zones and data, special-use names.
import { describe, expect, it } from 'vitest';
import { Host, type HostAnswer, type HostOptions, type LocalZoneKind } from '../../src/cache/host.ts';
import { WireError } from '../../src/wire/error.ts';
import { rdataToText } from '../../src/wire/rdata-text.ts';
import { rcodeToText, TYPE, typeFromText, typeToText } from '../../src/wire/types.ts';
import { name } from './samples.ts';

function host(changes: Partial<HostOptions> = {}): Host {
  return new Host({ hostsText: undefined, zones: [], data: [], specialUse: true, ...changes });
}

/** `NOERROR A 127.0.0.1`, `NXDOMAIN +SOA`, or `resolve`. */
function say(layer: Host, question: string): string {
  const [owner = '', type = ''] = question.split(' ');
  return shown(layer.find(name(owner), typeFromText(type) ?? 0), owner);
}

function shown(found: HostAnswer | undefined, owner: string): string {
  if (found === undefined) return 'resolve';
  const answers = found.answer.flatMap((set) => {
    expect(set.name).toBe(name(owner));
    return set.rdatas.map((rdata) => `${typeToText(set.type)} ${rdataToText(set.type, rdata)}`);
  });
  const authority = found.authority.map((set) => `+${typeToText(set.type)}`);
  return [rcodeToText(found.rcode), ...answers, ...authority].join(' ');
}

const ones = (n: number): string => '0.'.repeat(n);

describe('special-use names', () => {
  it.each([
    ['localhost A', 'NOERROR A 127.0.0.1'],
    ['LOCALHOST AAAA', 'NOERROR AAAA ::1'],
    ['a.b.localhost A', 'NOERROR A 127.0.0.1'],
    ['localhost MX', 'NOERROR +SOA'],
    ['a.localhost TXT', 'NOERROR +SOA'],
    ['1.0.0.127.in-addr.arpa PTR', 'NOERROR PTR localhost.'],
    ['2.0.0.127.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['0.0.127.in-addr.arpa PTR', 'NOERROR +SOA'],
    [`1.${ones(31)}ip6.arpa PTR`, 'NOERROR PTR localhost.'],
    [`${ones(32)}ip6.arpa PTR`, 'NOERROR +SOA'],
    ['test A', 'NOERROR +SOA'],
    ['www.test A', 'NXDOMAIN +SOA'],
    ['www.invalid A', 'NXDOMAIN +SOA'],
    ['abc.onion A', 'NXDOMAIN +SOA'],
    ['printer.home.arpa A', 'NXDOMAIN +SOA'],
    ['_dns.resolver.arpa SVCB', 'NXDOMAIN +SOA'],
    ['service.arpa SOA', 'NOERROR SOA localhost. nobody.invalid. 1 3600 1200 604800 10800'],
    ['1.0.0.10.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.1.16.172.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.1.31.172.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.1.15.172.in-addr.arpa PTR', 'resolve'],
    ['1.1.32.172.in-addr.arpa PTR', 'resolve'],
    ['1.1.168.192.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.1.64.100.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.1.128.100.in-addr.arpa PTR', 'resolve'],
    ['1.1.254.169.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.2.0.192.in-addr.arpa PTR', 'NXDOMAIN +SOA'],
    ['255.255.255.255.in-addr.arpa PTR', 'NOERROR +SOA'],
    ['1.d.f.ip6.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.8.e.f.ip6.arpa PTR', 'NXDOMAIN +SOA'],
    ['1.c.e.f.ip6.arpa PTR', 'resolve'],
    ['8.b.d.0.1.0.0.2.ip6.arpa NS', 'NOERROR NS localhost.'],
    // The parent side is asked for DS: RFC 4035, 3.1.4.1.
    ['test DS', 'resolve'],
    ['a.test DS', 'NXDOMAIN +SOA'],
    ['printer.local A', 'resolve'],
    ['example A', 'resolve'],
    ['mylocalhost A', 'resolve'],
  ])('%s: %s', (question, expected) => {
    expect(say(host(), question)).toBe(expected);
  });

  it('are resolved as any name when switched off, and where a zone lifts one', () => {
    expect(say(host({ specialUse: false }), 'www.test A')).toBe('resolve');
    const zones = [{ zone: name('168.192.in-addr.arpa'), kind: 'nodefault' as const }];
    expect(say(host({ zones }), '1.1.168.192.in-addr.arpa PTR')).toBe('resolve');
    expect(say(host({ zones }), '1.0.0.10.in-addr.arpa PTR')).toBe('NXDOMAIN +SOA');
  });

  it('take local data among their own', () => {
    const layer = host({ data: ['7.0.0.10.in-addr.arpa. PTR nas.home.arpa.', 'nas.home.arpa. 60 A 10.0.0.7'] });
    expect(say(layer, '7.0.0.10.in-addr.arpa PTR')).toBe('NOERROR PTR nas.home.arpa.');
    expect(say(layer, 'nas.home.arpa A')).toBe('NOERROR A 10.0.0.7');
    expect(say(layer, 'else.home.arpa A')).toBe('NXDOMAIN +SOA');
    expect(layer.find(name('nas.home.arpa.'), TYPE.A)?.answer[0]?.ttl).toBe(60);
  });
});

describe('local zones', () => {
  const data = [
    'example. 600 SOA ns.example. root.example. 1 2 3 4 300',
    'example. A 192.0.2.1',
    'a.b.example. A 192.0.2.2',
    'a.b.example. A 192.0.2.3',
    'alias.example. CNAME elsewhere.test.',
  ];
  const both = 'NOERROR A 192.0.2.2 A 192.0.2.3';
  it.each<[LocalZoneKind, string, string]>([
    ['static', 'a.b.example A', both],
    ['static', 'a.b.example MX', 'NOERROR +SOA'],
    ['static', 'b.example A', 'NOERROR +SOA'], // an empty non-terminal
    ['static', 'c.example A', 'NXDOMAIN +SOA'],
    ['static', 'alias.example A', 'NOERROR CNAME elsewhere.test.'],
    ['refuse', 'a.b.example A', both],
    ['refuse', 'a.b.example MX', 'REFUSED'],
    ['refuse', 'c.example A', 'REFUSED'],
    ['redirect', 'any.thing.example A', 'NOERROR A 192.0.2.1'],
    ['redirect', 'any.thing.example MX', 'NOERROR +SOA'],
    ['transparent', 'a.b.example A', both],
    ['transparent', 'a.b.example MX', 'NOERROR +SOA'],
    ['transparent', 'c.example A', 'resolve'],
    ['transparent', 'b.example A', 'resolve'],
    ['nodefault', 'c.example A', 'resolve'],
  ])('%s: %s gives %s', (kind, question, expected) => {
    const layer = host({ zones: [{ zone: name('example.'), kind }], data, specialUse: false });
    expect(say(layer, question)).toBe(expected);
  });

  it('without SOA deny without one; with one, its TTL is cut to MINIMUM (RFC 2308, 3)', () => {
    const zones = [{ zone: name('example.'), kind: 'static' as const }];
    expect(say(host({ zones }), 'www.example A')).toBe('NXDOMAIN');
    expect(host({ zones, data }).find(name('www.example.'), TYPE.A)?.authority[0]?.ttl).toBe(300);
  });

  it('data in no zone make their name exist and leave the rest to be resolved', () => {
    const layer = host({ data: ['www.example. A 192.0.2.1'] });
    expect(say(layer, 'www.example A')).toBe('NOERROR A 192.0.2.1');
    expect(say(layer, 'www.example MX')).toBe('NOERROR');
    expect(say(layer, 'ftp.example A')).toBe('resolve');
    expect(layer.find(name('www.example.'), TYPE.A)?.answer[0]?.ttl).toBe(3600);
  });

  it('a line that is no record is refused', () => {
    expect(() => host({ data: ['www.example. A 192.0.2.256'] })).toThrow(WireError);
  });
});

describe('hosts file', () => {
  const hostsText = [
    '\uFEFF# comment',
    '127.0.0.1\tlocalhost loopback',
    '192.0.2.1  Printer.example printer # the big one',
    '192.0.2.2 printer',
    '2001:db8::1 printer\r',
    'fe80::1%lo0 scoped',
    '0.0.0.0 ads.example tracker.example',
    'not-an-address name.example',
    `192.0.2.3 ${'x'.repeat(64)}.example double..dot good.example`,
    '192.0.2.4',
    '',
  ].join('\n');

  it.each([
    ['printer A', 'NOERROR A 192.0.2.1 A 192.0.2.2'],
    ['PRINTER AAAA', 'NOERROR AAAA 2001:db8::1'],
    ['printer.example A', 'NOERROR A 192.0.2.1'],
    ['printer.example AAAA', 'NOERROR'],
    ['printer.example HTTPS', 'NOERROR'],
    ['printer.example MX', 'resolve'],
    ['printer.example TXT', 'resolve'],
    ['sub.printer.example A', 'resolve'],
    ['1.2.0.192.in-addr.arpa PTR', 'NOERROR PTR printer.example.'],
    [`1.${ones(23)}8.b.d.0.1.0.0.2.ip6.arpa PTR`, 'NOERROR PTR printer.'],
    ['ads.example A', 'NOERROR A 0.0.0.0'],
    ['tracker.example A', 'NOERROR A 0.0.0.0'],
    ['scoped A', 'resolve'],
    ['name.example A', 'resolve'],
    ['good.example A', 'NOERROR A 192.0.2.3'],
    ['loopback A', 'NOERROR A 127.0.0.1'],
    ['localhost AAAA', 'NOERROR AAAA ::1'],
  ])('%s: %s', (question, expected) => {
    expect(say(host({ hostsText }), question)).toBe(expected);
  });

  it('counts what it leaves out, and is set anew', () => {
    const layer = host({ specialUse: false });
    expect(layer.setHosts(hostsText)).toBe(4);
    expect(layer.setHosts('192.0.2.9 new')).toBe(0);
    expect([say(layer, 'printer A'), say(layer, 'new A')]).toEqual(['resolve', 'NOERROR A 192.0.2.9']);
    expect(layer.stats()).toMatchObject({ hits: 1, misses: 1, entries: 2 });
    expect([...layer.dump()].map((set) => typeToText(set.type))).toEqual(['A', 'PTR']);
  });

  it('gives a name 64 addresses at most', () => {
    const many = Array.from({ length: 65 }, (_, i) => `192.0.2.${i} crowd`).join('\n');
    expect(host({ hostsText: many }).find(name('crowd.'), TYPE.A)?.answer[0]?.rdatas).toHaveLength(64);
  });

  it('names stand in a zone that would deny them, and local data stand before them', () => {
    const zones = [{ zone: name('example.'), kind: 'static' as const }];
    const layer = host({ hostsText, zones, data: ['ads.example. A 192.0.2.77'] });
    expect(say(layer, 'printer.example A')).toBe('NOERROR A 192.0.2.1');
    expect(say(layer, 'ads.example A')).toBe('NOERROR A 192.0.2.77');
    expect(say(layer, 'none.example A')).toBe('NXDOMAIN');
  });
});
