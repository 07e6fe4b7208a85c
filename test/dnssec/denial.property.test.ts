// Denial against a model: in random zones, what is proven is true whatever records are given, and what is true is
// proven by all of them.

import fc from 'fast-check';
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
import { nsec3Hash } from '../../src/dnssec/nsec3.ts';
import type { SecureRRset } from '../../src/dnssec/verify.ts';
import {
  ancestorOf,
  compareNames,
  isSubdomainOf,
  labelCount,
  type Name,
  nameFromText,
  nameToText,
  parentOf,
  prependLabel,
  wildcardOf,
} from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { rrsetsOf, secureOf } from './data.ts';

const zone = nameFromText('example.');

/** What a name may hold, as the bitmap says it. */
const kinds = ['A', 'A TXT', 'CNAME', 'NS', 'NS DS', 'DNAME', 'DNAME A'] as const;
type Kind = (typeof kinds)[number] | 'SOA NS';

/** What is true of a zone, by RFC 4592 and the rules on zone cuts. */
class Model {
  readonly nodes = new Map<Name, Kind>([[zone, 'SOA NS']]);

  constructor(entries: readonly (readonly [Name, Kind])[]) {
    for (const [name, kind] of entries) if (name !== zone) this.nodes.set(name, kind);
    // What lies below a zone cut or a DNAME is not the zone's.
    for (const name of [...this.nodes.keys()]) if (this.elsewhere(name)) this.nodes.delete(name);
  }

  types(name: Name): string[] {
    return this.nodes.get(name)?.split(' ') ?? [];
  }

  elsewhere(name: Name): boolean {
    for (let up = name; up !== zone; ) {
      up = parentOf(up);
      const types = this.types(up);
      if (up !== zone && (types.includes('NS') || types.includes('DNAME'))) return true;
    }
    return false;
  }

  exists(name: Name): boolean {
    return [...this.nodes.keys()].some((node) => isSubdomainOf(node, name));
  }

  closestEncloser(name: Name): Name {
    let up = name;
    while (!this.exists(up)) up = parentOf(up);
    return up;
  }

  nameError(name: Name): boolean {
    if (this.elsewhere(name) || this.exists(name)) return false;
    return !this.exists(wildcardOf(this.closestEncloser(name)));
  }

  noData(name: Name, type: string): boolean {
    if (this.elsewhere(name) || (name === zone && type === 'DS')) return false;
    const source = this.exists(name) ? name : wildcardOf(this.closestEncloser(name));
    if (!this.exists(source)) return false;
    const types = this.types(source);
    if (types.includes(type) || types.includes('CNAME')) return false;
    return type === 'DS' || source === zone || !types.includes('NS');
  }

  wildcard(name: Name, closestEncloser: Name): boolean {
    return !this.elsewhere(name) && !this.exists(name) && this.closestEncloser(name) === closestEncloser;
  }
}

function nsecRecords(model: Model): SecureRRset[] {
  const owners = [...model.nodes.keys()].sort(compareNames);
  const lines = owners.map((owner, i) => {
    const next = owners[(i + 1) % owners.length] as Name;
    return `${nameToText(owner)} NSEC ${nameToText(next)} ${model.types(owner).join(' ')} RRSIG NSEC`;
  });
  return rrsetsOf(lines.join('\n')).map((rrset) => secureOf('example.', rrset));
}

/** The NSEC3 chain; under opt-out unsigned delegations are left out, and the empty non-terminals they alone make. */
function nsec3Records(model: Model, optOut: boolean): SecureRRset[] {
  const names = new Set<Name>();
  for (const [node, kind] of model.nodes) {
    if (optOut && kind === 'NS') continue;
    for (let up = node; ; up = parentOf(up)) {
      names.add(up);
      if (up === zone) break;
    }
  }
  const hashed = [...names].map((name) => ({
    name,
    hash: base32hex(nsec3Hash(name, { iterations: 1, salt: new Uint8Array() })),
  }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const lines = hashed.map(({ name, hash }, i) => {
    const next = hashed[(i + 1) % hashed.length]?.hash;
    return `${hash}.example. NSEC3 1 ${optOut ? 1 : 0} 1 - ${next} ${model.types(name).join(' ')}`;
  });
  return rrsetsOf(lines.join('\n')).map((rrset) => secureOf('example.', rrset));
}

function base32hex(octets: string): string {
  let bits = '';
  for (const octet of octets) bits += octet.charCodeAt(0).toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('');
}

const label = fc.constantFrom('*', 'a', 'b', 'c', '\x01');
const name = fc.array(label, { minLength: 0, maxLength: 4 }).map((labels) => {
  let made: Name = zone;
  for (const one of labels) made = prependLabel(one, made) ?? made;
  return made;
});
const model = fc
  .array(fc.tuple(name, fc.constantFrom(...kinds)), { maxLength: 8 })
  .map((entries) => new Model(entries));

interface Claim {
  readonly text: string;
  readonly holds: boolean;
  readonly verdict: (denial: Denial) => DenialVerdict;
}

/** All that may be claimed of a name, with its truth. */
function claimsOf(zoneModel: Model, asked: Name): Claim[] {
  const text = nameToText(asked);
  const claims: Claim[] = [
    { text: `${text} name error`, holds: zoneModel.nameError(asked), verdict: (d) => proveNameError(d, asked) },
    {
      text: `${text} no DS`,
      holds: zoneModel.noData(asked, 'DS') || zoneModel.nameError(asked),
      verdict: (d) => proveNoDs(d, asked),
    },
  ];
  for (const type of ['A', 'TXT', 'DS', 'CNAME', 'NS'] as const) {
    const holds = zoneModel.noData(asked, type);
    claims.push({ text: `${text} no ${type}`, holds, verdict: (d) => proveNoData(d, asked, TYPE[type]) });
  }
  for (let count = 1; count < labelCount(asked); count++) {
    const encloser = ancestorOf(asked, count);
    if (!zoneModel.nodes.has(wildcardOf(encloser))) continue; // without a wildcard there is no answer of its
    const holds = zoneModel.wildcard(asked, encloser);
    claims.push({
      text: `${text} from *.${nameToText(encloser)}`,
      holds,
      verdict: (d) => proveWildcard(d, asked, encloser),
    });
  }
  return claims;
}

function read(records: readonly SecureRRset[]): Denial {
  return readDenial(zone, records, { meter: { nsec3HashesLeft: 10_000 }, nsec3IterationsMax: 50 });
}

describe.each([
  ['NSEC', nsecRecords],
  ['NSEC3', (zoneModel: Model) => nsec3Records(zoneModel, false)],
] as const)('%s', (_kind, recordsOf) => {
  test('all records together prove what is true and nothing else', () => {
    fc.assert(
      fc.property(model, fc.array(name, { minLength: 1, maxLength: 6 }), (zoneModel, names) => {
        const denial = read(recordsOf(zoneModel));
        for (const { text, holds, verdict } of names.flatMap((asked) => claimsOf(zoneModel, asked))) {
          expect(verdict(denial).kind, text).toBe(holds ? 'proven' : 'unproven');
        }
      }),
      { numRuns: 400 },
    );
  });

  test('some records prove nothing that is false', () => {
    fc.assert(
      fc.property(model, name, fc.infiniteStream(fc.boolean()), (zoneModel, asked, kept) => {
        const denial = read(recordsOf(zoneModel).filter(() => kept.next().value));
        for (const { text, holds, verdict } of claimsOf(zoneModel, asked)) {
          if (!holds) expect(verdict(denial).kind, text).toBe('unproven');
        }
      }),
      { numRuns: 400 },
    );
  });
});

test('NSEC3 with opt-out: what is proven is true, and the rest is false only by an unsigned delegation', () => {
  fc.assert(
    fc.property(model, name, (zoneModel, asked) => {
      const signed = new Model([...zoneModel.nodes].filter(([, kind]) => kind !== 'NS'));
      const denial = read(nsec3Records(zoneModel, true));
      const heldBySigned = new Map(claimsOf(signed, asked).map(({ text, holds }) => [text, holds]));
      for (const { text, holds, verdict } of claimsOf(zoneModel, asked)) {
        const { kind } = verdict(denial);
        if (kind === 'proven') expect(holds, text).toBe(true);
        // RFC 5155, 8.6 and 9.2: with no word on unsigned delegations NODATA of any type may stand.
        else if (kind === 'optOut') expect(signed.exists(asked), text).toBe(false);
        else expect(heldBySigned.get(text) ?? false, text).toBe(false);
      }
    }),
    { numRuns: 400 },
  );
});

test('arbitrary octets as NSEC and NSEC3 throw nothing', () => {
  const hash = fc.constantFrom('0p9mhaveqvm6t7vbl5lop2u3t2rp3tom', 'q04jkcevqvmu85r014c7dkba38o0ji5r');
  const owner = fc.oneof(
    name,
    hash.map((text) => nameFromText(`${text}.example.`)),
  );
  const nsec3 = fc.tuple(fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 40 }));
  const rdata = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    nsec3.map(([salt, rest]) => Uint8Array.from([1, 0, 0, 1, salt.length, ...salt, 20, ...rest])),
  );
  const rrset = fc.record({
    name: owner,
    type: fc.constantFrom(TYPE.NSEC, TYPE.NSEC3),
    rdatas: fc.array(rdata, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(rrset, { maxLength: 6 }), name, (rrsets, asked) => {
      const records = rrsets.map((one) => secureOf('example.', { ...one, class: 1, ttl: 1, signatures: [] }));
      const denial = read(records);
      for (const { verdict } of claimsOf(new Model([]), asked)) expect(verdict(denial).kind).toBeTypeOf('string');
    }),
    { numRuns: 500 },
  );
});
