// Step 2 of the notes: the names that no resolver should ask the Internet for, and what it says of them itself.

/** A zone answered by default, as local data lines say. */
export interface SpecialZone {
  /** Presentation form. */
  readonly zone: string;
  readonly kind: 'static' | 'redirect';
  /** Master-file lines. */
  readonly data: readonly string[];
}

/** The zones answered by default, the same as Unbound's, with its TTL of three hours. */
export function specialZones(): SpecialZone[] {
  return [
    // RFC 6761, 6.3: all of localhost is this host.
    special('localhost.', 'redirect', ['A 127.0.0.1', 'AAAA ::1']),
    special('127.in-addr.arpa.', 'static', [], ['1.0.0.127.in-addr.arpa. 10800 IN PTR localhost.']),
    special(loopback6, 'static', ['PTR localhost.']),
    ...emptyZones.map((zone) => special(zone, 'static', [])),
  ];
}

function special(zone: string, kind: SpecialZone['kind'], apex: string[], more: string[] = []): SpecialZone {
  // RFC 6303, 3: SOA and NS of an empty zone.
  const own = ['SOA localhost. nobody.invalid. 1 3600 1200 604800 10800', 'NS localhost.', ...apex];
  return { zone, kind, data: [...own.map((rest) => `${zone} 10800 IN ${rest}`), ...more] };
}

const loopback6 = `1.${'0.'.repeat(31)}ip6.arpa.`;

function numbered(from: number, to: number, suffix: string): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}.${suffix}`);
}

const emptyZones: readonly string[] = [
  'home.arpa.', // RFC 8375, 4
  'resolver.arpa.', // RFC 9462, 6.4
  'service.arpa.', // RFC 9665, 8
  'onion.', // RFC 7686, 2
  'test.', // RFC 6761, 6.2
  'invalid.', // RFC 6761, 6.4
  // RFC 6303, 4.1: private networks.
  '10.in-addr.arpa.',
  ...numbered(16, 31, '172.in-addr.arpa.'),
  '168.192.in-addr.arpa.',
  // RFC 6303, 4.2: this network, link local, documentation, broadcast.
  '0.in-addr.arpa.',
  '254.169.in-addr.arpa.',
  '2.0.192.in-addr.arpa.',
  '100.51.198.in-addr.arpa.',
  '113.0.203.in-addr.arpa.',
  '255.255.255.255.in-addr.arpa.',
  // RFC 7793: shared address space, 100.64.0.0/10.
  ...numbered(64, 127, '100.in-addr.arpa.'),
  // RFC 6303, 4.3 to 4.6: unspecified, locally assigned, link local, documentation.
  `${'0.'.repeat(32)}ip6.arpa.`,
  'd.f.ip6.arpa.',
  '8.e.f.ip6.arpa.',
  '9.e.f.ip6.arpa.',
  'a.e.f.ip6.arpa.',
  'b.e.f.ip6.arpa.',
  '8.b.d.0.1.0.0.2.ip6.arpa.',
];
