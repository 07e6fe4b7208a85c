// `rootwalk query`: what it asks, what it prints, and how it ends.
import { describe, expect, test } from 'vitest';
import type { Parts } from '../../src/cli/io.ts';
import type { ResolveRequest } from '../../src/resolver/types.ts';
import { nameToText } from '../../src/wire/name.ts';
import { typeToText } from '../../src/wire/types.ts';
import { answering, cli, result, rrset } from './fake-io.ts';

const cname = rrset('www.example.com', 300, 'CNAME', 'web.example.net.');
const address = rrset('web.example.net', 60, 'A', '192.0.2.1', '192.0.2.2');
const soa = rrset('example.com', 900, 'SOA', 'ns1.example.com. root.example.com. 1 2 3 4 5');
const nsec = rrset('a.example.com', 900, 'NSEC', 'z.example.com. A');
const signature = rrset('x.example', 0, 'RRSIG', 'A 13 2 60 20300101000000 20200101000000 1 example.net. AAAA').rdatas;

describe('output', () => {
  test('as dig prints it', async () => {
    const { code, out, err } = await cli(['query', 'www.example.com'], {
      parts: answering(result({ answer: [cname, address], security: 'secure' })),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 0
;; flags: qr rd ra ad; QUERY: 1, ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;www.example.com.		IN	A

;; ANSWER SECTION:
www.example.com.	300	IN	CNAME	web.example.net.
web.example.net.	60	IN	A	192.0.2.1
web.example.net.	60	IN	A	192.0.2.2

;; Query time: 5 msec
;; SERVER: rootwalk itself, from the root servers down

`);
  });

  test('+short prints the data alone', async () => {
    const { out } = await cli(['query', '+short', 'www.example.com'], {
      parts: answering(result({ answer: [cname, address] })),
    });
    expect(out).toBe('web.example.net.\n192.0.2.1\n192.0.2.2\n');
  });

  test('+noall +answer prints the answer alone', async () => {
    const { out } = await cli(['query', 'www.example.com', '+noall', '+answer'], {
      parts: answering(result({ answer: [cname], authority: [soa] })),
    });
    expect(out).toBe('www.example.com.\t300\tIN\tCNAME\tweb.example.net.\n');
  });

  test('signatures and proofs only with +dnssec', async () => {
    const parts = answering(result({ answer: [{ ...address, signatures: signature }], authority: [soa, nsec] }));
    const plain = (await cli(['query', 'web.example.net'], { parts })).out;
    expect(plain).toContain('ANSWER: 2, AUTHORITY: 1, ADDITIONAL: 0');
    expect(plain).not.toMatch(/RRSIG|NSEC/);
    const full = (await cli(['query', 'web.example.net', '+dnssec'], { parts })).out;
    expect(full).toContain('ANSWER: 3, AUTHORITY: 2, ADDITIONAL: 1');
    expect(full).toMatch(/; EDNS: version: 0, flags: do; udp: 1232\n/);
    expect(full).toMatch(/\tIN\tRRSIG\tA 13 2 60 20300101000000 20200101000000 1 example\.net\. AAAA\n/);
  });

  test('--json prints data', async () => {
    const { out } = await cli(['query', '--json', 'example.com', 'txt'], {
      parts: answering(result({ rcode: 3, authority: [soa] })),
    });
    expect(JSON.parse(out)).toEqual({
      question: 'example.com. TXT',
      rcode: 'NXDOMAIN',
      security: 'unchecked',
      authoritative: false,
      answer: [],
      authority: [
        { name: 'example.com.', ttl: 900, type: 'SOA', data: 'ns1.example.com. root.example.com. 1 2 3 4 5' },
      ],
      extendedErrors: [],
      failure: null,
      timeMs: 5,
    });
  });
});

describe('exit codes', () => {
  test('0 for NXDOMAIN', async () => {
    const { code, err } = await cli(['query', 'nosuch.example'], { parts: answering(result({ rcode: 3 })) });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('9 and one line with the reason for a failure; the extended error stands in the output', async () => {
    const text = 'servers of example.: 192.0.2.9 timeout\u001b[2J';
    const { code, out, err } = await cli(['query', 'a.example'], {
      parts: answering(result({ rcode: 2, failure: 'network', extendedErrors: [{ code: 23, text }] })),
    });
    expect(code).toBe(9);
    expect(out).toContain('; EDE: 23 (Network Error): (servers of example.: 192.0.2.9 timeout.[2J)\n');
    expect(err).toBe(
      'rootwalk: no answer for a.example. A (SERVFAIL): servers of example.: 192.0.2.9 timeout\\u{1b}[2J; rootwalk explain a.example. A shows each step\n',
    );
  });
});

/** What a command line asks. */
async function asked(...words: string[]): Promise<string> {
  const requests: ResolveRequest[] = [];
  const parts: Partial<Parts> = {
    openResolver: async (settings, log) => {
      const opened = await answering(result({})).openResolver?.(settings, log);
      if (opened === undefined) throw new Error('no resolver');
      const resolve: typeof opened.resolve = (request) => {
        requests.push(request);
        return opened.resolve(request);
      };
      return { ...opened, resolve };
    },
  };
  const { code, err } = await cli(['query', ...words], { parts });
  const [request] = requests;
  if (request === undefined) return `${code} ${err}`;
  return `${nameToText(request.name)} ${typeToText(request.type)}${request.checkingDisabled ? ' cd' : ''}`;
}

describe('questions', () => {
  test.each([
    [['example.com'], 'example.com. A'],
    [['EXAMPLE.com.', 'aaaa', 'in'], 'example.com. AAAA'],
    [['mx', 'example.com'], 'example.com. MX'],
    [['mx'], 'mx. A'],
    [['example.com', 'TYPE65280', '+cd'], 'example.com. TYPE65280 cd'],
    [['.', 'ns'], '. NS'],
    [['bücher.example'], 'xn--bcher-kva.example. A'],
    [['-x', '192.0.2.1'], '1.2.0.192.in-addr.arpa. PTR'],
    [['-x', '2001:db8::1'], '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR'],
  ])('%j asks %j', async (words, question) => {
    expect(await asked(...words)).toBe(question);
  });

  test.each([
    [[], 'which name? For example: rootwalk query www.example.com AAAA'],
    [['a..b'], '"a..b" is not a domain name: it has an empty label'],
    [['example.com', 'AAAAA'], 'AAAAA is not a type; did you mean AAAA?; types are A, AAAA, MX, TXT, ... or TYPE123'],
    [['example.com', 'AXFR'], 'AXFR cannot be asked: it is a zone transfer; ask an authoritative server with dig'],
    [['example.com', 'A', 'MX'], 'MX: one name and one type are asked at a time'],
    [['example.com', 'ch'], 'class ch is not served; only IN is'],
    [
      ['@192.0.2.1', 'a.b'],
      '@192.0.2.1: rootwalk asks the servers from the root down; to ask one server use dig @192.0.2.1',
    ],
    [['-x', 'host'], '-x host: not an IPv4 or IPv6 address'],
    [['a.b', '+shrt'], '+shrt: unknown option; did you mean +short?; known are +short, +dnssec, +cd, +noall, +answer'],
    [['a.b', '--jsn'], "unknown option '--jsn' (Did you mean --json?); see rootwalk --help"],
  ])('%j is refused in one line', async (words, line) => {
    expect(await asked(...words)).toBe(`1 rootwalk: ${line}\n`);
  });

  test('options of dig that mean nothing here are named and passed over', async () => {
    const { code, err } = await cli(['query', 'a.b', '+tcp', '+time=5'], { parts: answering(result({})) });
    expect({ code, err }).toEqual({ code: 0, err: 'rootwalk: +tcp +time=5 has no effect here\n' });
  });
});
