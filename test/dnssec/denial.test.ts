// Proofs of denial: the examples of the RFCs, each rule on what a record may be used for, and the bounds.

import { describe, expect, test } from 'vitest';
import {
  type Denial,
  type DenialVerdict,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcard,
  readDenial,
} from '../../src/dnssec/denial.ts';
import { nsecCovers } from '../../src/dnssec/nsec.ts';
import { nsec3Covers, nsec3Hash } from '../../src/dnssec/nsec3.ts';
import type { SecureRRset } from '../../src/dnssec/verify.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { EDE, TYPE } from '../../src/wire/types.ts';
import { at, rrsetsOf, SignedZone, secureOf } from './data.ts';

const n = nameFromText;

function read(
  zone: string,
  secures: readonly SecureRRset[],
  options: { hashes?: number; iterations?: number } = {},
): Denial {
  const meter = { nsec3HashesLeft: options.hashes ?? 64 };
  return readDenial(n(zone), secures, { meter, nsec3IterationsMax: options.iterations ?? 50 });
}

function denial(zone: string, text: string, options: { hashes?: number; iterations?: number } = {}): Denial {
  const secures = rrsetsOf(text).map((rrset) => secureOf(zone, rrset));
  return read(zone, secures, options);
}

/** `proven`, `optOut`, `insecure`, or `unproven` with the code of its extended error. */
function outcome(verdict: DenialVerdict): string {
  return verdict.kind === 'unproven' ? `unproven ${verdict.why.code}` : verdict.kind;
}

const missing = `unproven ${EDE.nsecMissing}`;
const contrary = `unproven ${EDE.dnssecBogus}`;

/** The denials of a fixture, each verified by its own signature, picked by what their owners begin with. */
function signedDenials(file: string, date: string): { pick(begins: readonly string[]): SecureRRset[] } {
  const all = new SignedZone(file, 'example.').denials(at(date));
  return {
    pick: (begins) =>
      begins.map((begin) => {
        const found = all.find(({ rrset }) => nameToText(rrset.name).startsWith(begin));
        if (found === undefined) throw new Error(`no ${begin}`);
        return found;
      }),
  };
}

describe('RFC 4035, B', () => {
  const zone = signedDenials('rfc4035.zone', '2004-05-01T00:00:00Z');
  const of = (...owners: string[]) => read('example.', zone.pick(owners));
  const apex = 'example.';
  const b = 'b.example.';
  const ns1 = 'ns1.example.';
  const wildcard = '*.w.example.';
  const xyw = 'x.y.w.example.';

  test('B.2: name error', () => {
    expect(proveNameError(of(b, apex), n('ml.example.'))).toMatchObject({
      kind: 'proven',
      closestEncloser: n('example.'),
      proof: [{ name: n('b.example.') }, { name: n('example.') }],
    });
    expect(outcome(proveNameError(of(b), n('ml.example.')))).toBe(missing);
    expect(outcome(proveNameError(of(apex), n('ml.example.')))).toBe(missing);
  });

  test('B.3: no data', () => {
    expect(outcome(proveNoData(of(ns1), n('ns1.example.'), TYPE.MX))).toBe('proven');
    expect(outcome(proveNoData(of(ns1), n('ns1.example.'), TYPE.A))).toBe(contrary);
    expect(outcome(proveNoData(of(ns1), n('ns2.example.'), TYPE.MX))).toBe(missing);
  });

  test('B.4 and B.5: referrals to signed and unsigned zones', () => {
    const a = denial('example.', 'a.example. NSEC ai.example. NS DS RRSIG NSEC');
    expect(outcome(proveNoDs(a, n('a.example.')))).toBe(contrary);
    expect(proveNoDs(of(b), n('b.example.'))).toMatchObject({ kind: 'proven', delegation: true });
  });

  test('B.6: wildcard expansion', () => {
    expect(outcome(proveWildcard(of(xyw), n('a.z.w.example.'), n('w.example.')))).toBe('proven');
    expect(outcome(proveWildcard(of(xyw), n('a.z.w.example.'), n('example.')))).toBe(contrary);
    expect(outcome(proveWildcard(of(b, apex), n('a.z.w.example.'), n('w.example.')))).toBe(missing);
  });

  test('B.7: wildcard no data', () => {
    expect(outcome(proveNoData(of(xyw, wildcard), n('a.z.w.example.'), TYPE.AAAA))).toBe('proven');
    expect(outcome(proveNoData(of(xyw, wildcard), n('a.z.w.example.'), TYPE.MX))).toBe(contrary);
    expect(outcome(proveNoData(of(wildcard), n('a.z.w.example.'), TYPE.AAAA))).toBe(missing);
    expect(outcome(proveNoData(of(xyw), n('a.z.w.example.'), TYPE.AAAA))).toBe(missing);
  });

  test('B.8: the child is not asked for its DS', () => {
    expect(outcome(proveNoDs(of(apex), n('example.')))).toBe(contrary);
  });
});

describe('RFC 5155, A and B', () => {
  const parameters = { iterations: 12, salt: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd) };
  const hashes: readonly [name: string, hash: string][] = [
    ['example.', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example.', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['ai.example.', 'gjeqe526plbf1g8mklp59enfd789njgi'],
    ['ns1.example.', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['ns2.example.', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
    ['w.example.', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
    ['*.w.example.', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['x.w.example.', 'b4um86eghhds6nea196smvmlo4ors995'],
    ['y.w.example.', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
    ['x.y.w.example.', '2vptu5timamqttgl4luu9kg21e0aor3s'],
    ['xx.example.', 't644ebqk9bibcna874givr6joj62mlhv'],
    ['2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi'],
  ];
  test.each(hashes)('A: the hash of %s', (name, hash) => {
    expect(base32hex(nsec3Hash(n(name), parameters))).toBe(hash);
  });

  const zone = signedDenials('rfc5155.zone', '2010-01-01T00:00:00Z');
  const of = (...begins: string[]) => read('example.', zone.pick(begins));

  test('B.1: name error, under opt-out', () => {
    expect(proveNameError(of('0p9m', 'b4um', '35mt'), n('a.c.x.w.example.'))).toMatchObject({
      kind: 'optOut',
      closestEncloser: n('x.w.example.'),
    });
    for (const some of [
      ['0p9m', 'b4um'],
      ['0p9m', '35mt'],
      ['b4um', '35mt'],
    ]) {
      expect(outcome(proveNameError(of(...some), n('a.c.x.w.example.')))).toBe(missing);
    }
  });

  test('B.2: no data, and of an empty non-terminal', () => {
    expect(outcome(proveNoData(of('2t7b'), n('ns1.example.'), TYPE.MX))).toBe('proven');
    expect(outcome(proveNoData(of('2t7b'), n('ns1.example.'), TYPE.A))).toBe(contrary);
    expect(outcome(proveNoData(of('ji6n'), n('y.w.example.'), TYPE.A))).toBe('proven');
  });

  test('B.3: a referral to an unsigned zone under opt-out', () => {
    expect(outcome(proveNoDs(of('35mt', '0p9m'), n('c.example.')))).toBe('optOut');
    expect(outcome(proveNoDs(of('35mt'), n('c.example.')))).toBe(missing);
    expect(outcome(proveNoDs(of('35mt', '0p9m'), n('a.example.')))).toBe(contrary);
  });

  test('B.4: wildcard expansion', () => {
    expect(outcome(proveWildcard(of('q04j'), n('a.z.w.example.'), n('w.example.')))).toBe('optOut');
    expect(outcome(proveWildcard(of('r53b'), n('a.z.w.example.'), n('w.example.')))).toBe(missing);
  });

  test('B.5: wildcard no data', () => {
    const all = of('k8ud', 'q04j', 'r53b');
    expect(outcome(proveNoData(all, n('a.z.w.example.'), TYPE.AAAA))).toBe('optOut');
    expect(outcome(proveNoData(all, n('a.z.w.example.'), TYPE.MX))).toBe(contrary);
    expect(outcome(proveNoData(of('q04j', 'r53b'), n('a.z.w.example.'), TYPE.AAAA))).toBe(missing);
  });

  test('B.6: the child is not asked for its DS', () => {
    expect(outcome(proveNoDs(of('0p9m'), n('example.')))).toBe(contrary);
  });
});

describe('what a record may be used for', () => {
  test.each([
    ['a delegation', 'sub.example. NSEC z.example. NS RRSIG NSEC'],
    ['a DNAME', 'sub.example. NSEC z.example. DNAME RRSIG NSEC'],
  ])('the NSEC of %s says nothing of names below it (RFC 6840, 4.1)', (_what, line) => {
    const proofs = denial('example.', `${line}\nexample. NSEC sub.example. NS SOA RRSIG NSEC`);
    expect(outcome(proveNameError(proofs, n('www.sub.example.')))).toBe(missing);
    expect(outcome(proveNoData(proofs, n('www.sub.example.'), TYPE.A))).toBe(missing);
    expect(outcome(proveNoDs(proofs, n('www.sub.example.')))).toBe(missing);
    expect(outcome(proveWildcard(proofs, n('www.sub.example.'), n('sub.example.')))).toBe(missing);
    expect(outcome(proveNameError(proofs, n('sub2.example.')))).toBe('proven');
  });

  test('the NSEC of a delegation says nothing of types at it but DS', () => {
    const proofs = denial('example.', 'sub.example. NSEC z.example. NS RRSIG NSEC');
    expect(outcome(proveNoData(proofs, n('sub.example.'), TYPE.A))).toBe(contrary);
    expect(outcome(proveNoData(proofs, n('sub.example.'), TYPE.SOA))).toBe(contrary);
    expect(outcome(proveNoData(proofs, n('sub.example.'), TYPE.DS))).toBe('proven');
  });

  test('a CNAME at the name speaks against NODATA (RFC 6840, 4.3)', () => {
    const proofs = denial('example.', 'c.example. NSEC z.example. CNAME RRSIG NSEC');
    expect(outcome(proveNoData(proofs, n('c.example.'), TYPE.A))).toBe(contrary);
  });

  test('DS is denied by the parent only, whatever the child puts in its bitmap', () => {
    for (const types of ['NS SOA RRSIG NSEC', 'NS RRSIG NSEC', 'A']) {
      const child = denial('sub.example.', `sub.example. NSEC a.sub.example. ${types}`);
      expect(outcome(proveNoDs(child, n('sub.example.')))).toBe(contrary);
    }
    const parent = denial('example.', 'sub.example. NSEC z.example. NS SOA RRSIG NSEC');
    expect(outcome(proveNoDs(parent, n('sub.example.')))).toBe(contrary);
    expect(outcome(proveNoData(denial('.', '. NSEC com. NS SOA RRSIG NSEC DNSKEY'), n('.'), TYPE.DS))).toBe('proven');
  });

  test('without a zone cut no DS is no delegation', () => {
    const proofs = denial(
      'example.',
      'a.example. NSEC z.example. A RRSIG NSEC\nexample. NSEC a.example. NS SOA RRSIG NSEC',
    );
    expect(proveNoDs(proofs, n('a.example.'))).toMatchObject({ kind: 'proven', delegation: false });
    expect(proveNoDs(proofs, n('b.example.'))).toMatchObject({ kind: 'proven', delegation: false });
  });

  test('an empty non-terminal exists: NODATA and no name error', () => {
    const proofs = denial('example.', 'a.example. NSEC x.ent.example. A RRSIG NSEC\nexample. NSEC a.example. SOA NS');
    expect(outcome(proveNoData(proofs, n('ent.example.'), TYPE.A))).toBe('proven');
    expect(outcome(proveNameError(proofs, n('ent.example.')))).toBe(contrary);
    expect(outcome(proveWildcard(proofs, n('ent.example.'), n('example.')))).toBe(missing);
  });

  test('the last NSEC leads back to the apex', () => {
    const proofs = denial('example.', 'z.example. NSEC example. A RRSIG NSEC\nexample. NSEC a.example. NS SOA');
    expect(outcome(proveNameError(proofs, n('zz.example.')))).toBe('proven');
    expect(outcome(proveNameError(proofs, n('zz.elsewhere.')))).toBe(contrary);
  });

  test('of several NSEC at one name none counts', () => {
    const two = 'example. NSEC a.example. NS SOA RRSIG NSEC\nexample. NSEC z.example. NS SOA RRSIG NSEC';
    expect(denial('example.', two).nsecs).toEqual([]);
  });

  test('a next name outside the zone makes an NSEC useless', () => {
    const proofs = denial('b.example.', 'b.example. NSEC z.example. NS SOA RRSIG NSEC');
    expect(proofs.nsecs).toEqual([]);
    expect(outcome(proveNameError(proofs, n('x.b.example.')))).toBe(missing);
  });

  test('records of another signer are none', () => {
    const [rrset] = rrsetsOf('example. NSEC z.example. NS SOA RRSIG NSEC');
    if (rrset === undefined) throw new Error('no RRset');
    expect(read('sub.example.', [secureOf('example.', rrset)]).nsecs).toEqual([]);
  });

  test('NSEC made for one question deny that name and no other (RFC 4470, 4)', () => {
    const proofs = denial(
      'example.',
      'nw~.example. NSEC nx!.example. RRSIG NSEC\n\\)~.example. NSEC +.example. RRSIG NSEC',
    );
    expect(proveNameError(proofs, n('nx.example.'))).toMatchObject({ kind: 'proven', closestEncloser: n('example.') });
    expect(proveNameError(proofs, n('deep.nx.example.'))).toMatchObject({ kind: 'proven' });
    expect(outcome(proveNameError(proofs, n('ny.example.')))).toBe(missing);
    expect(outcome(proveNoData(proofs, n('nx.example.'), TYPE.A))).toBe(missing);
  });

  test('records made from a wildcard are none: their owner is not what they say', () => {
    const [rrset] = rrsetsOf('foo.example. NSEC z.example. A RRSIG NSEC');
    if (rrset === undefined) throw new Error('no RRset');
    expect(read('example.', [secureOf('example.', rrset)]).nsecs).toHaveLength(1);
    expect(read('example.', [secureOf('example.', rrset, { closestEncloser: n('example.') })]).nsecs).toEqual([]);
  });
});

describe('NSEC3 that does not count', () => {
  const owner = '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom';
  test.each([
    ['of an unknown hash algorithm (RFC 5155, 8.1)', `${owner}.example. NSEC3 2 0 12 aabbccdd ${owner} A`],
    ['with unknown flags (RFC 5155, 8.2)', `${owner}.example. NSEC3 1 2 12 aabbccdd ${owner} A`],
    ['with an owner that is no hash', `w${owner.slice(1)}.example. NSEC3 1 0 12 aabbccdd ${owner} A`],
    ['with an owner too short', `${owner.slice(1)}.example. NSEC3 1 0 12 aabbccdd ${owner} A`],
    ['deeper than one label below the apex', `${owner}.x.example. NSEC3 1 0 12 aabbccdd ${owner} A`],
    ['with a next hash of another length', `${owner}.example. NSEC3 1 0 12 aabbccdd ${owner.slice(8)} A`],
  ])('%s', (_what, line) => {
    const proofs = denial('example.', line);
    expect(proofs).toMatchObject({ nsec3s: [], insecure: undefined });
    expect(outcome(proveNoData(proofs, n('example.'), TYPE.TXT))).toBe(missing);
  });

  test('iterations over the limit make the zone insecure without a hash (RFC 9276, 3.2)', () => {
    const line = `${owner}.example. NSEC3 1 0 51 aabbccdd ${owner} A`;
    const proofs = denial('example.', line, { hashes: 0 });
    const verdict = proveNameError(proofs, n('x.example.'));
    expect(verdict).toMatchObject({ kind: 'insecure', why: { code: EDE.unsupportedNsec3IterationsValue } });
    expect(outcome(proveNoDs(proofs, n('x.example.')))).toBe('insecure');
    expect(outcome(proveNameError(denial('example.', line, { iterations: 51 }), n('x.example.')))).toBe(missing);
    // One record beyond the limit does not excuse what those within it fail to prove (RFC 5155, 8.2).
    const within = `1${line.slice(1)}`.replace(' 51 ', ' 50 ');
    expect(outcome(proveNameError(denial('example.', `${line}\n${within}`), n('x.example.')))).toBe(missing);
  });
});

const now = at('2026-06-01T00:00:00Z');

describe('CVE-2023-50868: hashes are bounded', () => {
  const zone = new SignedZone('nsec3.zone', 'example.');
  const deep = n(`${'x.'.repeat(100)}example.`);

  test('a deep name costs what its closest encloser costs', () => {
    const meter = { nsec3HashesLeft: 64 };
    const proofs = readDenial(zone.zone, zone.denials(now), { meter, nsec3IterationsMax: 50 });
    expect(outcome(proveNameError(proofs, deep))).toBe('proven');
    // The apex, the next closer name, the wildcard.
    expect(meter.nsec3HashesLeft).toBe(61);
    // Made once for all proofs of a response.
    expect(outcome(proveNameError(proofs, deep))).toBe('proven');
    expect(meter.nsec3HashesLeft).toBe(61);
  });

  test('an empty meter ends a proof without blaming the zone', () => {
    const meter = { nsec3HashesLeft: 64 };
    const unrelated = zone.denials(now).slice(0, 1);
    const proofs = readDenial(zone.zone, unrelated, { meter, nsec3IterationsMax: 50 });
    expect(proveNameError(proofs, deep)).toMatchObject({ kind: 'unproven', limit: true });
    expect(meter.nsec3HashesLeft).toBe(0);
  });

  test('of many sets of parameters two are tried', () => {
    const owner = '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom';
    const lines = Array.from({ length: 9 }, (_, i) => `${owner.slice(0, 31)}${i}.example. NSEC3 1 0 ${i} - ${owner} A`);
    expect(denial('example.', lines.join('\n')).nsec3s).toHaveLength(2);
  });
});

describe('cover', () => {
  test.each([
    [
      'a.example.',
      'c.example.',
      ['b.example.', 'x.a.example.'],
      ['a.example.', 'c.example.', 'd.example.', 'example.'],
    ],
    ['y.example.', 'example.', ['z.example.'], ['x.example.', 'example.', 'y.example.', 'z.elsewhere.', 'zz.']],
    ['example.', 'example.', ['a.example.', 'z.z.example.'], ['example.', 'a.', 'x.zexample.']],
  ] as const)('NSEC %s to %s', (owner, next, inside, outside) => {
    const nsec = { zone: n('example.'), owner: n(owner), next: n(next) };
    expect(inside.filter((name) => !nsecCovers(nsec, n(name)))).toEqual([]);
    expect(outside.filter((name) => nsecCovers(nsec, n(name)))).toEqual([]);
  });

  test.each([
    [2, 5, [3, 4], [1, 2, 5, 6]],
    [7, 2, [8, 9, 0, 1], [2, 3, 7]],
    [4, 4, [0, 3, 5, 9], [4]],
  ] as const)('NSEC3 %i to %i', (owner, next, inside, outside) => {
    const hash = (octet: number) => String.fromCharCode(octet).repeat(20);
    const nsec3 = { ownerHash: hash(owner), nextHash: hash(next) };
    expect(inside.filter((first) => !nsec3Covers(nsec3, hash(first)))).toEqual([]);
    expect(outside.filter((first) => nsec3Covers(nsec3, hash(first)))).toEqual([]);
  });
});

/** Zones of other software's making: NSEC, NSEC3 without and with opt-out. */
describe.each([
  ['nsec.zone', 'proven', 'proven'],
  ['nsec3.zone', 'proven', 'proven'],
  ['ldns.zone', 'proven', 'proven'],
  ['optout.zone', 'optOut', 'optOut'],
])('%s', (file, absent, insecure) => {
  const zone = new SignedZone(file, 'example.');
  const proofs = read('example.', zone.denials(now), { hashes: 10_000 });

  test('name errors', () => {
    for (const name of ['nope.example.', 'a.b.c.example.', 'zz.example.', 'x.ns1.example.', '*.example.']) {
      expect(outcome(proveNameError(proofs, n(name))), name).toBe(absent);
    }
    for (const name of [
      'ns1.example.',
      'ent.deep.example.',
      'deep.example.',
      '_udp.example.',
      'x.wild.example.',
      'wild.example.',
    ]) {
      expect(outcome(proveNameError(proofs, n(name))), name).toMatch(/unproven/);
    }
    // Below a delegation and below a DNAME the zone has no say.
    for (const name of ['x.secure.example.', 'x.dn.example.']) {
      expect(outcome(proveNameError(proofs, n(name))), name).toMatch(/unproven/);
    }
  });

  test('no data', () => {
    const none: [string, number][] = [
      ['ns1.example.', TYPE.TXT],
      ['example.', TYPE.A],
      ['deep.example.', TYPE.A],
      ['ent.deep.example.', TYPE.TXT],
      ['*.wild.example.', TYPE.A],
      ['alias.example.', TYPE.DS],
    ];
    for (const [name, type] of none.slice(0, 5))
      expect(outcome(proveNoData(proofs, n(name), type)), name).toBe('proven');
    expect(outcome(proveNoData(proofs, n('alias.example.'), TYPE.DS))).toBe(contrary);
    expect(outcome(proveNoData(proofs, n('x.y.wild.example.'), TYPE.A))).toBe(absent);
    expect(outcome(proveNoData(proofs, n('x.y.wild.example.'), TYPE.MX))).toBe(contrary);
    expect(outcome(proveNoData(proofs, n('ns1.example.'), TYPE.AAAA))).toBe(contrary);
    expect(outcome(proveNoData(proofs, n('alias.example.'), TYPE.A))).toBe(contrary);
  });

  test('wildcard answers', () => {
    expect(outcome(proveWildcard(proofs, n('x.wild.example.'), n('wild.example.')))).toBe(absent);
    expect(outcome(proveWildcard(proofs, n('x.wild.example.'), n('example.')))).toMatch(/unproven/);
    expect(outcome(proveWildcard(proofs, n('ns1.example.'), n('example.')))).toMatch(/unproven/);
  });

  test('DS', () => {
    expect(outcome(proveNoDs(proofs, n('secure.example.')))).toBe(contrary);
    expect(outcome(proveNoDs(proofs, n('insecure.example.')))).toBe(insecure);
    expect(proveNoDs(proofs, n('ns1.example.'))).toMatchObject({ kind: 'proven', delegation: false });
    expect(outcome(proveNoDs(proofs, n('nope.example.')))).toBe(absent);
    expect(outcome(proveNoDs(proofs, n('example.')))).toBe(contrary);
  });
});

test('a zone that changes from NSEC to NSEC3 may use either', () => {
  const both = [...new SignedZone('nsec.zone', 'example.').denials(now).slice(0, 1)];
  const proofs = read('example.', [...both, ...new SignedZone('nsec3.zone', 'example.').denials(now)]);
  expect(outcome(proveNameError(proofs, n('nope.example.')))).toBe('proven');
});

test('a verdict names the zone, the name, the type and the reason', () => {
  const verdict = proveNoData(denial('example.', ''), n('www.example.'), TYPE.AAAA);
  expect(verdict.kind === 'unproven' && verdict.why.text).toBe(
    'example.: www.example. has no AAAA: not proven, no NSEC or NSEC3 of example.',
  );
});

function base32hex(octets: string): string {
  let bits = '';
  for (const octet of octets) bits += octet.charCodeAt(0).toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('');
}
