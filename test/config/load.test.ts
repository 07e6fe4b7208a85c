// Configuration files: what is accepted, and the exact line that each mistake gets.
import { describe, expect, test } from 'vitest';
import { loadSettings, settingsErrorToText } from '../../src/config/load.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';

function good(text: string): Settings {
  const loaded = loadSettings(text, 'rw.yaml');
  if ('errors' in loaded) throw new Error(loaded.errors.map(settingsErrorToText).join('\n'));
  return loaded.settings;
}

function bad(text: string): string[] {
  const loaded = loadSettings(text, 'rw.yaml');
  return 'errors' in loaded ? loaded.errors.map(settingsErrorToText) : [];
}

describe('good files', () => {
  test.each(['', '# nothing\n', '{}', 'null', 'upstream:\ncache:\nlog:\n'])('%j means the defaults', (text) => {
    expect(good(text)).toEqual(defaultSettings);
  });

  test('every key of the documentation can be set', () => {
    const settings = good(`
listen: ["0.0.0.0:53", "[::]:53", "127.0.0.1:0"]
allow: [127.0.0.0/8, "::1/128", 192.0.2.7]
workers: 1
root: { hints: /etc/root.hints, trustAnchors: /etc/root.key }
upstream:
  port: 5300
  ipv4: true
  ipv6: false
  deny: []
  qnameMinimisation: strict
  caseRandomisation: false
  batchedIo: off
  udpPayloadOctets: 512
dnssec:
  validate: false
  negativeTrustAnchors: [broken.example, { zone: b.example., until: 2026-12-31, reason: expired keys }]
  sha1: insecure
  rolloverState: null
cache: { maxOctets: 64 MiB, minTtl: 5s, maxTtl: 1d, maxNegativeTtl: 10m, serveStale: false, prefetch: false }
zones:
  - { zone: corp.example, forward: ["10.0.0.1", "10.0.0.2:5300"] }
  - { zone: lab.example, stub: ["[2001:db8::1]:53", "2001:db8::2"] }
hosts: false
local:
  zones: [{ zone: home.arpa, kind: transparent }]
  data: ["nas.home.arpa. 300 IN A 192.168.1.2"]
  specialUse: false
clients: { cookies: false, rateLimit: false, dropPrivateAddresses: false }
control: false
console: false
log: { level: warn, queries: false }
`);
    expect(settings.listen).toEqual(['0.0.0.0:53', '[::]:53', '127.0.0.1:0']);
    expect(settings.upstream.deny).toEqual([]);
    expect(settings.cache).toMatchObject({ maxOctets: 67_108_864, minTtl: 5, maxTtl: 86_400, maxNegativeTtl: 600 });
    expect(settings.dnssec.negativeTrustAnchors).toEqual([
      { zone: 'broken.example' },
      { zone: 'b.example.', until: '2026-12-31', reason: 'expired keys' },
    ]);
    expect(settings.zones[1]).toEqual({ zone: 'lab.example', stub: ['[2001:db8::1]:53', '2001:db8::2'] });
    expect(settings.log.level).toBe('warn');
  });

  test('JSON is YAML, tabs and all', () => {
    const settings = good('{\n\t"listen": ["127.53.53.53:5300"],\n\t"console": false, "cache": {"minTtl": 300}\n}\n');
    expect(settings.listen).toEqual(['127.53.53.53:5300']);
    expect(settings.cache.minTtl).toBe(300);
  });

  test('the place of a value is known, for faults found later', () => {
    const loaded = loadSettings('root:\n  hints: /nowhere\n', 'rw.yaml');
    expect('locate' in loaded && loaded.locate(['root', 'hints'])).toEqual({ line: 2, column: 10 });
  });
});

const top =
  'the keys here are listen, allow, workers, root, upstream, dnssec, cache, zones, hosts, local, clients, control, console, log';

const mistakes: readonly (readonly [string, ...string[]])[] = [
  ['hello', '1:1 expected keys with values, got "hello"'],
  ['[1]', '1:1 expected keys with values, got [1]'],
  // Unknown keys.
  ['listen: ["127.0.0.1:53"]\ncach: {}', '2:1 cach: unknown key; did you mean cache?'],
  ['interface: x', `1:1 interface: unknown key; ${top}`],
  ['cache:\n  maxoctets: 1', '2:3 cache.maxoctets: unknown key; did you mean maxOctets?'],
  ['qname-minimisation: off', '1:1 qname-minimisation: unknown key; did you mean upstream.qnameMinimisation?'],
  ['root-hints: x', '1:1 root-hints: unknown key; did you mean root.hints?'],
  ['zones: [{ zone: a, forwad: [1.1.1.1] }]', '1:20 zones[0].forwad: unknown key; did you mean forward?'],
  ['__proto__: { a: 1 }', `1:1 __proto__: unknown key; ${top}`],
  ['"a\\e[31m\\nb": 1', `1:1 "a\\u001b[31m\\nb": unknown key; ${top}`],
  // The keys of a section are told once.
  [
    'interface: x\ncach: {}\nverbose: 1\nlog: { colour: 1, levle: info, format: x }\nzones: [{ zone: a, via: 1 }, { zone: b, via: 2 }]',
    `1:1 interface: unknown key; ${top}`,
    '2:1 cach: unknown key; did you mean cache?',
    '3:1 verbose: unknown key',
    '4:8 log.colour: unknown key; the keys here are level, queries',
    '4:19 log.levle: unknown key; did you mean level?',
    '4:32 log.format: unknown key',
    '5:20 zones[0].via: unknown key; the keys here are zone, forward, stub',
    '5:41 zones[1].via: unknown key',
  ],
  // In the order of the file: an unknown key, a wrong value, what only the whole shows.
  [
    'zones: 5\nlog:\n  level: loud\n  levle: info\nlisen: x\nworkers: 2',
    '1:8 zones: expected a list of { zone: NAME, forward: [ADDRESS] }, got 5',
    '3:10 log.level: expected debug, info, warn, error or silent, got "loud"',
    '4:3 log.levle: unknown key; did you mean level?',
    '5:1 lisen: unknown key; did you mean listen?',
    '6:10 workers: not built yet: only 1 is accepted',
  ],
  // Values.
  ['listen: 5', '1:9 listen: expected a list of addresses such as ["127.0.0.1:53"], got 5'],
  ['listen: []', '1:9 listen: expected a list of addresses such as ["127.0.0.1:53"] with at least 1, got none'],
  ['listen: ["::1"]', '1:10 listen[0]: "::1" has no port; write "[::1]:53"'],
  ['listen: [127.0.0.1]', '1:10 listen[0]: "127.0.0.1" has no port; write "127.0.0.1:53"'],
  [
    'listen: [localhost:53]',
    '1:10 listen[0]: expected an IP address with port such as 127.0.0.1:53 or "[::1]:53", got "localhost:53"',
  ],
  [
    'allow:\n  - 10.0.0.0/8\n  - 10.0.0.0/33',
    '3:5 allow[1]: expected an address or prefix such as 192.168.0.0/16 or "fd00::/8", got "10.0.0.0/33"',
  ],
  ['upstream: 5', '1:11 upstream: expected keys with values, got 5'],
  ['upstream:\n  port:\n', '2:3 upstream.port: expected a whole number from 1 to 65535, got nothing'],
  ['upstream: { port: 0 }', '1:19 upstream.port: expected a whole number from 1 to 65535, got 0'],
  ['upstream: { ipv4: no }', '1:19 upstream.ipv4: expected true or false, got "no"'],
  [
    'upstream:\n  qnameMinimisation: relax',
    '2:22 upstream.qnameMinimisation: expected strict, relaxed or off, got "relax"; did you mean relaxed?',
  ],
  [
    'cache: { maxOctets: 64XB }',
    '1:21 cache.maxOctets: expected a size from 1MiB to 1024GiB such as 64MiB, or a number of octets, got "64XB"',
  ],
  ['cache: { maxTtl: 8d }', '1:18 cache.maxTtl: expected a time from 0 to 604800 s such as 3600, 60m or 1h, got "8d"'],
  ['hosts: true', '1:8 hosts: expected the path of a hosts file, or false, got true'],
  [
    'zones:\n  - zone: a..b\n    forward: [dns.google]',
    '2:11 zones[0].zone: "a..b" is not a domain name: it has an empty label',
    '3:15 zones[0].forward[0]: expected an address such as 10.0.0.1, 10.0.0.1:5300 or "[2001:db8::1]:5300", got "dns.google"',
  ],
  ['zones: [{ zone: a }]', '1:9 zones[0]: expected exactly one of forward and stub'],
  [
    'dnssec: { negativeTrustAnchors: [{ zone: a, until: soon }] }',
    '1:52 dnssec.negativeTrustAnchors[0].until: expected a date such as 2026-12-31 or 2026-12-31T12:00:00Z, got "soon"',
  ],
  ['log: { level: inf }', '1:15 log.level: expected debug, info, warn, error or silent, got "inf"; did you mean info?'],
  [
    'clients: { dropPrivateAddresses: yes }',
    '1:34 clients.dropPrivateAddresses: expected true, false or { except: [ZONE] }, got "yes"',
  ],
  [
    'clients: { dropPrivateAddresses: { exept: [a] } }',
    '1:36 clients.dropPrivateAddresses.exept: unknown key; did you mean except?',
  ],
  [
    'clients: { dropPrivateAddresses: { except: [a..b] } }',
    '1:45 clients.dropPrivateAddresses.except[0]: "a..b" is not a domain name: it has an empty label',
  ],
  [
    'clients: { rateLimit: { responsesPerSecond: 0 } }',
    '1:45 clients.rateLimit.responsesPerSecond: expected a whole number from 1 to 1000000, got 0',
  ],
  // Features that are not built yet.
  ['workers: 2', '1:10 workers: not built yet: only 1 is accepted'],
  [
    'console: 192.0.2.1:8053',
    '1:10 console: expected a loopback address with port such as 127.0.0.1:8053 or "[::1]:8053", or false, got "192.0.2.1:8053"',
  ],
  ['control: true', '1:10 control: expected the path of a socket, or false, got true'],
  ['cache: { serveStale: true }', '1:22 cache.serveStale: not built yet: only false is accepted'],
  ['dnssec: { rolloverState: 5 }', '1:26 dnssec.rolloverState: expected the path of a file, got 5'],
  [
    'listen: [tls://1.1.1.1:853]',
    '1:10 listen[0]: "tls://1.1.1.1:853" is not built yet: only UDP and TCP, as 127.0.0.1:53',
  ],
  // What only the whole shows.
  [
    'upstream: { ipv4: false, ipv6: false }',
    '1:32 upstream.ipv6: ipv4 and ipv6 are both off: no server could be asked',
  ],
  ['cache: { minTtl: 1h, maxTtl: 60 }', '1:18 cache.minTtl: 3600 s is more than cache.maxTtl, 60 s'],
  [
    'zones: [{ zone: a, stub: [1.1.1.1] }, { zone: A., stub: [1.1.1.1] }]',
    '1:47 zones[1].zone: A. is there twice; name all its servers in one entry',
  ],
  // Not YAML.
  ['allow:\n\t- x', '2:1 not YAML: Tabs are not allowed as indentation'],
  ['listen: 1\nlisten: 2', '2:1 listen is there twice'],
  ['? [a]\n: 1', '1:3 not YAML: With stringKeys, all keys must be strings'],
  ['{}\n---\n{}', '2:1 more than one document (---) in the file; one is taken'],
  [
    'listen: [127.0.0.1:53',
    '1:22 not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; quote addresses such as "[::1]:53" and "::1/128"',
  ],
];

describe('mistakes', () => {
  test.each(mistakes)('%j', (text, ...lines) => {
    expect(bad(text)).toEqual(lines.map((line) => `rw.yaml:${line}`));
  });
});

describe('hostile files end soon, with an error', () => {
  const nines = (name: string) => Array.from({ length: 9 }, () => `*${name}`).join(',');
  test.each([
    ['deep brackets', '['.repeat(100_000), /nested too deep/],
    ['deep lists', '- '.repeat(50_000), /nested too deep/],
    ['aliases that multiply', `a: &a [1]\nb: &b [${nines('a')}]\nc: &c [${nines('b')}]\nd: [${nines('c')}]`, /alias/],
    ['an alias into itself', 'allow: &a [*a]', /leads back into the value/],
    ['an alias to nothing', 'listen: *nowhere', /nowhere/],
    ['60,000 keys', Array.from({ length: 60_000 }, (_, i) => `k${i}: 1\n`).join(''), /k0: unknown key/],
    ['5 million octets', ' '.repeat(5_000_000), /larger than 4194304 octets/],
  ])('%s', (_, text, message) => {
    const errors = bad(text);
    expect(errors[0]).toMatch(message);
    expect(errors.length).toBeLessThanOrEqual(20);
  });
});
