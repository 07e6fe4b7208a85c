// The lab's authoritative servers, message in and message out, asked through dns-packet.

import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { respond } from '../../src/lab/respond.ts';
import { readZone } from '../../src/lab/zone.ts';
import { type Behaviour, labZones } from '../../src/lab/zones.ts';

interface Ask {
  readonly type?: RecordType;
  readonly protocol?: 'udp' | 'tcp';
  readonly edns?: { readonly payload: number; readonly version?: number; readonly dnssecOk?: boolean };
  readonly behaviour?: Behaviour;
}

function zonesOf(apexes: readonly string[]) {
  return labZones.filter((zone) => apexes.includes(zone.apex)).map(readZone);
}

function makeQuery(name: string, ask: Ask): Buffer {
  const { edns } = ask;
  const opt: Answer[] =
    edns === undefined
      ? []
      : [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: edns.payload,
            extendedRcode: 0,
            ednsVersion: edns.version ?? 0,
            flags: edns.dnssecOk ? 0x8000 : 0,
            flag_do: edns.dnssecOk ?? false,
            options: [],
          },
        ];
  return encode({
    id: 4242,
    type: 'query',
    questions: [{ name, type: ask.type ?? 'A', class: 'IN' }],
    additionals: opt,
  });
}

type Decoded = DecodedPacket & { readonly rcode: string };

function asked(apexes: readonly string[], name: string, ask: Ask = {}): Decoded {
  const authority = { zones: zonesOf(apexes), behaviour: ask.behaviour ?? 'correct' };
  const response = respond(authority, makeQuery(name, ask), ask.protocol ?? 'udp');
  if (response === undefined) throw new Error('no response');
  return decode(response) as Decoded;
}

function shown(records: readonly Answer[] | undefined): string[] {
  return (records ?? []).map((record) =>
    record.type === 'OPT' ? 'OPT' : `${record.name} ${record.ttl} ${record.type} ${showData(record.data)}`,
  );
}

function showData(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}

describe('an authoritative answer', () => {
  it('has AA, the question in the spelling of the asker, and the record under that spelling', () => {
    const response = asked(['example.com'], 'wWw.eXample.COM');
    expect(response).toMatchObject({ id: 4242, flag_qr: true, flag_aa: true, flag_ra: false, rcode: 'NOERROR' });
    expect(response.questions).toMatchObject([{ name: 'wWw.eXample.COM', type: 'A', class: 'IN' }]);
    expect(shown(response.answers)).toEqual(['wWw.eXample.COM 300 A 192.0.2.1']);
  });

  it('brings the addresses of mail exchangers that it knows', () => {
    const response = asked(['example.com'], 'example.com', { type: 'MX' });
    expect(response.answers).toHaveLength(2);
    expect(shown(response.additionals)).toEqual(['mail.example.com 300 A 192.0.2.25']);
  });

  it('gives every type for ANY', () => {
    const types = asked(['example.com'], 'example.com', { type: 'ANY' as RecordType, protocol: 'tcp' }).answers;
    expect(new Set(types?.map((record) => record.type))).toEqual(new Set(['SOA', 'NS', 'A', 'MX', 'TXT', 'CAA']));
  });
});

describe('a denial', () => {
  it('is NXDOMAIN with the SOA, its TTL lowered to MINIMUM (RFC 2308, 3)', () => {
    const response = asked(['example.com'], 'nosuch.example.com');
    expect(response).toMatchObject({ rcode: 'NXDOMAIN', flag_aa: true, answers: [] });
    expect(shown(response.authorities)).toEqual([expect.stringMatching(/^example\.com 60 SOA /)]);
  });

  it.each([
    ['a name without that type', 'www.example.com', 'AAAA'],
    ['an empty non-terminal', 'deep.example.com', 'A'],
    ['an empty non-terminal below one', 'b.deep.example.com', 'A'],
    ['a type that dns-packet does not know', 'www.example.com', 'UNKNOWN_65'],
  ])('is NODATA with the SOA for %s', (_what, name, type) => {
    const response = asked(['example.com'], name, { type: type as RecordType });
    expect(response).toMatchObject({ rcode: 'NOERROR', flag_aa: true, answers: [] });
    expect(response.authorities).toMatchObject([{ type: 'SOA', name: 'example.com' }]);
  });
});

describe('a referral', () => {
  it('has no AA, the NS RRset of the child and its glue', () => {
    const response = asked(['com'], 'www.example.com');
    expect(response).toMatchObject({ rcode: 'NOERROR', flag_aa: false, answers: [] });
    expect(shown(response.authorities)).toEqual(['example.com 3600 NS ns.example.com']);
    expect(shown(response.additionals)).toEqual(['ns.example.com 3600 A 198.51.100.3']);
  });

  it('is given for the name of the cut itself, but not for its DS (RFC 4035, 3.1.4.1)', () => {
    expect(asked(['com'], 'example.com', { type: 'NS' })).toMatchObject({ flag_aa: false, answers: [] });
    const ds = asked(['com'], 'example.com', { type: 'DS' });
    expect(ds).toMatchObject({ rcode: 'NOERROR', flag_aa: true, authorities: [{ type: 'SOA', name: 'com' }] });
  });

  it('answers DS from the parent where one server holds both zones', () => {
    const ds = asked(['com', 'example.com'], 'example.com', { type: 'DS' });
    expect(ds.authorities).toMatchObject([{ type: 'SOA', name: 'com' }]);
  });

  it('has no glue where the name servers lie in another zone', () => {
    const response = asked(['org'], 'www.example.org');
    expect(shown(response.authorities)).toEqual(['example.org 3600 NS ns2.example.net']);
    expect(response.additionals).toEqual([]);
  });

  it('comes from the root for every TLD', () => {
    expect(shown(asked(['.'], 'www.example.com').authorities)).toEqual(['com 86400 NS a.nic.com']);
    expect(asked(['.'], 'www.example.invalid')).toMatchObject({ rcode: 'NXDOMAIN', flag_aa: true });
    expect(shown(asked(['.'], '.', { type: 'NS' }).answers)).toEqual(['. 86400 NS a.root']);
  });
});

describe('an alias', () => {
  it('brings its target along where the zone is the same', () => {
    const response = asked(['example.com'], 'shop.example.com');
    expect(shown(response.answers)).toEqual([
      'shop.example.com 300 CNAME www.example.com',
      'www.example.com 300 A 192.0.2.1',
    ]);
  });

  it('stands alone where its target is elsewhere', () => {
    const response = asked(['example.com'], 'store.example.com');
    expect(response).toMatchObject({ rcode: 'NOERROR', flag_aa: true, authorities: [] });
    expect(shown(response.answers)).toEqual(['store.example.com 300 CNAME shop.example.org']);
  });

  it('is the answer itself when its type is asked', () => {
    expect(asked(['example.com'], 'shop.example.com', { type: 'CNAME' }).answers).toHaveLength(1);
  });

  it('that leads back to itself ends after one round', () => {
    expect(shown(asked(['example'], 'loop.example').answers)).toEqual([
      'loop.example 300 CNAME pool.example',
      'pool.example 300 CNAME loop.example',
    ]);
  });

  it('made from a DNAME comes with it (RFC 6672, 3.1)', () => {
    expect(shown(asked(['example.com'], 'a.www.moved.example.com').answers)).toEqual([
      'moved.example.com 300 DNAME example.org',
      'a.www.moved.example.com 300 CNAME a.www.example.org',
    ]);
    expect(asked(['example.com'], 'moved.example.com')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('too long for a name is YXDOMAIN (RFC 6672, 2.2)', () => {
    const long = readZone({ apex: 'd', rows: `@ 60 SOA a. b. 1 1 1 1 1\n@ 60 DNAME ${'x'.repeat(60)}.example.` });
    const label = `${'y'.repeat(62)}.`;
    const query = makeQuery(`${label}${label}${label}d`, {});
    const octets = respond({ zones: [long], behaviour: 'correct' }, query, 'udp');
    expect(octets === undefined ? '' : (decode(octets) as Decoded).rcode).toBe('YXDOMAIN');
  });
});

describe('a wildcard', () => {
  it('stands in for names at any depth below it', () => {
    expect(shown(asked(['example.com'], 'a.b.wild.example.com').answers)).toEqual([
      'a.b.wild.example.com 300 A 192.0.2.3',
    ]);
  });

  it('does not stand in for its own parent', () => {
    expect(asked(['example.com'], 'wild.example.com')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('gives NODATA for another type', () => {
    expect(asked(['example.com'], 'a.wild.example.com', { type: 'MX' })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    });
  });

  it('is stopped by a nearer name (RFC 4592, 3.3.1)', () => {
    const zone = readZone({
      apex: 'z',
      rows: '@ 60 SOA a. b. 1 1 1 1 1\n*.w 60 A 192.0.2.1\nx.y.w 60 A 192.0.2.2',
    });
    const octets = respond({ zones: [zone], behaviour: 'correct' }, makeQuery('q.y.w.z', {}), 'udp');
    expect(octets === undefined ? '' : (decode(octets) as Decoded).rcode).toBe('NXDOMAIN');
  });
});

describe('size', () => {
  it('over what UDP carries sets TC and leaves the sections empty; TCP brings all', () => {
    const udp = asked(['example.com'], 'big.example.com', { type: 'TXT', edns: { payload: 4096 } });
    expect(udp).toMatchObject({ flag_tc: true, answers: [] });
    expect(shown(udp.additionals)).toEqual(['OPT']);
    const tcp = asked(['example.com'], 'big.example.com', { type: 'TXT', protocol: 'tcp' });
    expect(tcp).toMatchObject({ flag_tc: false, answers: [{ type: 'TXT' }] });
  });

  it('over 512 octets needs EDNS', () => {
    const rows = `@ 60 SOA a. b. 1 1 1 1 1\n@ 60 TXT "${'t'.repeat(250)}" "${'u'.repeat(250)}" "${'v'.repeat(100)}"`;
    const authority = { zones: [readZone({ apex: 'z', rows })], behaviour: 'correct' as const };
    const tcOf = (edns?: { payload: number }) => {
      const octets = respond(authority, makeQuery('z', { type: 'TXT', ...(edns ? { edns } : {}) }), 'udp');
      return octets === undefined ? undefined : decode(octets).flag_tc;
    };
    expect(tcOf()).toBe(true);
    expect(tcOf({ payload: 1232 })).toBe(false);
  });
});

describe('EDNS', () => {
  it('is echoed with DO when it was asked with, and absent otherwise', () => {
    const edns = { payload: 1232, dnssecOk: true };
    expect(asked(['example.com'], 'www.example.com', { edns }).additionals).toMatchObject([
      { type: 'OPT', flag_do: true, ednsVersion: 0, udpPayloadSize: 1232 },
    ]);
    expect(asked(['example.com'], 'www.example.com').additionals).toEqual([]);
  });

  it('of a version not known gets BADVERS (RFC 6891, 6.1.3)', () => {
    const response = asked(['example.com'], 'www.example.com', { edns: { payload: 1232, version: 1 } });
    expect(response).toMatchObject({ rcode: 'NOERROR', answers: [], additionals: [{ type: 'OPT', extendedRcode: 1 }] });
  });

  it('is FORMERR to a server from before it, which answers plain queries', () => {
    const ask = { edns: { payload: 1232 }, behaviour: 'no-edns' as const };
    expect(asked(['old.example'], 'www.old.example', ask)).toMatchObject({ rcode: 'FORMERR', questions: [] });
    expect(asked(['old.example'], 'www.old.example', { behaviour: 'no-edns' }).answers).toHaveLength(1);
  });
});

describe('what is refused or not answered', () => {
  it('is REFUSED outside the zones held and by a server that refuses', () => {
    expect(asked(['example.com'], 'www.example.org')).toMatchObject({ rcode: 'REFUSED', flag_aa: false });
    expect(asked(['example.com'], 'www.example.com', { behaviour: 'refuse' })).toMatchObject({ rcode: 'REFUSED' });
  });

  it('gets nothing from a silent server, and no response gets a response', () => {
    const query = makeQuery('www.example.com', {});
    expect(respond({ zones: zonesOf(['example.com']), behaviour: 'silent' }, query, 'udp')).toBeUndefined();
    query.writeUInt16BE(0x8000, 2);
    expect(respond({ zones: zonesOf(['example.com']), behaviour: 'correct' }, query, 'udp')).toBeUndefined();
  });

  it.each([
    ['another opcode', (query: Buffer) => query.writeUInt16BE(0x2000, 2), 'NOTIMP'],
    ['no question', (query: Buffer) => query.writeUInt16BE(0, 4), 'FORMERR'],
    ['a question cut short', (query: Buffer) => query.writeUInt16BE(2, 4), 'FORMERR'],
    ['a label with a dot in it', (query: Buffer) => query.write('.', 14), 'FORMERR'],
    ['another class', (query: Buffer) => query.writeUInt16BE(3, query.length - 2), 'REFUSED'],
  ])('answers %s by its RCODE', (_what, spoil, rcode) => {
    const query = makeQuery('www.example.com', {});
    spoil(query);
    const octets = respond({ zones: zonesOf(['example.com']), behaviour: 'correct' }, query, 'udp');
    expect(octets === undefined ? '' : (decode(octets) as Decoded).rcode).toBe(rcode);
  });
});

it('a row that cannot be read is told with its zone', () => {
  const rows = '@ 60 SOA a. b. 1 1 1 1 1\nwww soon A 192.0.2.1';
  expect(() => readZone({ apex: 'z', rows })).toThrow('z: cannot read the row "www soon A 192.0.2.1"');
});
