// The zones and the servers of the lab: one table to read, and the only place to change what this Internet holds.

/** How a server of the lab behaves. `silent` never answers, `refuse` answers REFUSED, `no-edns` knows no EDNS. */
export type Behaviour = 'correct' | 'silent' | 'refuse' | 'no-edns';

/** One zone as text. Rows: owner (`@` is the apex, a final dot makes a name absolute), TTL in seconds, type, data. */
export interface LabZone {
  /** The apex, without final dot; `.` for the root. */
  readonly apex: string;
  readonly rows: string;
}

/** One server: the address by which this Internet knows it, and the apexes of the zones that it serves. */
export interface LabServer {
  readonly ip: string;
  readonly apexes: readonly string[];
  /** Default `correct`. */
  readonly behaviour?: Behaviour;
  /** Waits this long before each response. Default 0. */
  readonly delayMs?: number;
}

/** The root hints of the lab, in master-file form. */
export const labHints = `
.        3600000  NS  a.root.
a.root.  3600000  A   198.51.100.1
`;

/** Addresses at which the lab's web page answers: all are the same page. */
export const labPages: readonly string[] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

// 198.51.100.0/24, 203.0.113.0/24, 192.0.2.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849).
/** Every server of the lab. */
export const labServers: readonly LabServer[] = [
  { ip: '198.51.100.1', apexes: ['.'] },
  { ip: '198.51.100.2', apexes: ['com'] },
  { ip: '198.51.100.3', apexes: ['example.com'] },
  { ip: '198.51.100.4', apexes: ['net'] },
  { ip: '198.51.100.5', apexes: ['org'] },
  { ip: '198.51.100.6', apexes: ['example'] },
  { ip: '203.0.113.1', apexes: ['example.net'] },
  { ip: '203.0.113.2', apexes: ['example.org'] },
  { ip: '203.0.113.10', apexes: ['slow.example'], delayMs: 300 },
  { ip: '203.0.113.11', apexes: ['half.example'] },
  { ip: '203.0.113.12', apexes: ['old.example'], behaviour: 'no-edns' },
  { ip: '2001:db8:53::1', apexes: ['six.example'] },
  { ip: '203.0.113.66', apexes: [], behaviour: 'silent' },
  { ip: '203.0.113.67', apexes: [], behaviour: 'refuse' },
];

/** Text of many octets: more than fits a UDP response. */
const manyStrings = Array.from({ length: 24 }, (_, index) => `"${`line ${index + 1} `.padEnd(100, '.')}"`).join(' ');

/** Every zone of the lab. */
export const labZones: readonly LabZone[] = [
  {
    apex: '.',
    rows: `
      @           86400 SOA  a.root. hostmaster.a.root. 1 1800 900 604800 900
      @           86400 NS   a.root.
      a.root.     86400 A    198.51.100.1
      com.        86400 NS   a.nic.com.
      a.nic.com.  86400 A    198.51.100.2
      net.        86400 NS   a.nic.net.
      a.nic.net.  86400 A    198.51.100.4
      org.        86400 NS   a.nic.org.
      a.nic.org.  86400 A    198.51.100.5
      example.    86400 NS   a.nic.example.
      a.nic.example. 86400 A 198.51.100.6`,
  },
  {
    apex: 'com',
    rows: `
      @           3600 SOA   a.nic.com. hostmaster.nic.com. 1 1800 900 604800 300
      @           3600 NS    a.nic.com.
      a.nic       3600 A     198.51.100.2
      example     3600 NS    ns.example.com.
      ns.example  3600 A     198.51.100.3`,
  },
  {
    apex: 'net',
    rows: `
      @           3600 SOA   a.nic.net. hostmaster.nic.net. 1 1800 900 604800 300
      @           3600 NS    a.nic.net.
      a.nic       3600 A     198.51.100.4
      example     3600 NS    ns1.example.net.
      ns1.example 3600 A     203.0.113.1`,
  },
  {
    // No glue: the servers of example.org have names under .net, so their addresses must be looked up first.
    apex: 'org',
    rows: `
      @           3600 SOA   a.nic.org. hostmaster.nic.org. 1 1800 900 604800 300
      @           3600 NS    a.nic.org.
      a.nic       3600 A     198.51.100.5
      example     3600 NS    ns2.example.net.`,
  },
  {
    // broken: one server is silent, the other refuses. half: one server is silent, the other is well. loop: two
    // aliases of each other. chicken, egg: delegations whose server names lie in each other. six: IPv6 only.
    apex: 'example',
    rows: `
      @           3600 SOA   a.nic.example. hostmaster.nic.example. 1 1800 900 604800 300
      @           3600 NS    a.nic.example.
      a.nic       3600 A     198.51.100.6
      loop        300  CNAME pool.example.
      pool        300  CNAME loop.example.
      broken      3600 NS    ns1.broken.example.
      broken      3600 NS    ns2.broken.example.
      ns1.broken  3600 A     203.0.113.66
      ns2.broken  3600 A     203.0.113.67
      half        3600 NS    ns1.half.example.
      half        3600 NS    ns2.half.example.
      ns1.half    3600 A     203.0.113.66
      ns2.half    3600 A     203.0.113.11
      chicken     3600 NS    ns.egg.example.
      egg         3600 NS    ns.chicken.example.
      slow        3600 NS    ns.slow.example.
      ns.slow     3600 A     203.0.113.10
      old         3600 NS    ns.old.example.
      ns.old      3600 A     203.0.113.12
      six         3600 NS    ns.six.example.
      ns.six      3600 AAAA  2001:db8:53::1`,
  },
  {
    // www: the web page. shop: an alias; store: an alias into another zone. big: needs TCP. *.wild: a wildcard.
    // a.b.deep: b.deep and deep are empty non-terminals. moved: a DNAME, so www.moved is www.example.org.
    apex: 'example.com',
    rows: `
      @           300  SOA   ns.example.com. hostmaster.example.com. 1 1800 900 604800 60
      @           300  NS    ns.example.com.
      @           300  A     192.0.2.1
      @           300  MX    10 mail.example.com.
      @           300  MX    20 mail.example.org.
      @           300  TXT   "v=spf1 mx -all"
      @           300  CAA   0 issue "ca.example.net"
      ns          300  A     198.51.100.3
      www         300  A     192.0.2.1
      mail        300  A     192.0.2.25
      six         300  AAAA  2001:db8::80
      shop        300  CNAME www.example.com.
      store       300  CNAME shop.example.org.
      big         300  TXT   ${manyStrings}
      *.wild      300  A     192.0.2.3
      a.b.deep    300  A     192.0.2.3
      moved       300  DNAME example.org.
      _http._tcp  300  SRV   0 1 80 www.example.com.`,
  },
  {
    apex: 'example.net',
    rows: `
      @           300  SOA   ns1.example.net. hostmaster.example.net. 1 1800 900 604800 60
      @           300  NS    ns1.example.net.
      ns1         300  A     203.0.113.1
      ns2         300  A     203.0.113.2
      www         300  A     192.0.2.3`,
  },
  {
    apex: 'example.org',
    rows: `
      @           300  SOA   ns2.example.net. hostmaster.example.org. 1 1800 900 604800 60
      @           300  NS    ns2.example.net.
      @           300  A     192.0.2.2
      www         300  A     192.0.2.2
      mail        300  A     192.0.2.25
      shop        300  CNAME www.example.org.`,
  },
  {
    apex: 'slow.example',
    rows: `
      @           300  SOA   ns.slow.example. hostmaster.slow.example. 1 1800 900 604800 60
      @           300  NS    ns.slow.example.
      @           300  A     192.0.2.3
      ns          300  A     203.0.113.10
      www         300  A     192.0.2.3`,
  },
  {
    apex: 'half.example',
    rows: `
      @           300  SOA   ns2.half.example. hostmaster.half.example. 1 1800 900 604800 60
      @           300  NS    ns1.half.example.
      @           300  NS    ns2.half.example.
      @           300  A     192.0.2.3
      ns1         300  A     203.0.113.66
      ns2         300  A     203.0.113.11
      www         300  A     192.0.2.3`,
  },
  {
    apex: 'old.example',
    rows: `
      @           300  SOA   ns.old.example. hostmaster.old.example. 1 1800 900 604800 60
      @           300  NS    ns.old.example.
      @           300  A     192.0.2.3
      ns          300  A     203.0.113.12
      www         300  A     192.0.2.3`,
  },
  {
    apex: 'six.example',
    rows: `
      @           300  SOA   ns.six.example. hostmaster.six.example. 1 1800 900 604800 60
      @           300  NS    ns.six.example.
      @           300  A     192.0.2.3
      ns          300  AAAA  2001:db8:53::1
      www         300  A     192.0.2.3`,
  },
];
