// Denial ranges: what is found in order, what gives way, and what a flood may not put out. What they prove is tested
// with the resolver.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DenialRanges } from '../../src/cache/denial-ranges.ts';
import { canonicalKey, nameOfKey } from '../../src/cache/range.ts';
import { SortedRanges } from '../../src/cache/sorted-ranges.ts';

import { compareNames, type Name, nameToText, prependLabel, ROOT } from '../../src/wire/name.ts';
import { name, names, rrset, second } from './samples.ts';

const example = name('example.');
const forever = 3600 * second;

function ranges(octetsMax = 1_000_000): DenialRanges {
  return new DenialRanges({ octetsMax, names: names() });
}

function put(
  layer: DenialRanges,
  owner: string,
  next: string,
  zone: Name = example,
  expiresAtMs: number = forever,
): void {
  layer.putNsec(zone, rrset(`${owner} 3600 NSEC ${next} A RRSIG NSEC`), expiresAtMs, 0);
}

function put3(layer: DenialRanges, hash: string, next: string, salt = '-', flags = 0): void {
  const owner = `${hash.repeat(32)}.example.`;
  const ownerHash = Buffer.from(base32(hash), 'latin1').toString('latin1');
  layer.putNsec3(
    example,
    rrset(`${owner} 3600 NSEC3 1 ${flags} 0 ${salt} ${next.repeat(32)} A RRSIG`),
    ownerHash,
    forever,
    0,
  );
}

/** 32 times the same base32hex digit, as 20 octets. */
function base32(digit: string): string {
  const bits = Number.parseInt(digit, 32).toString(2).padStart(5, '0').repeat(32);
  return (bits.match(/.{8}/g) ?? []).map((octet) => String.fromCharCode(Number.parseInt(octet, 2))).join('');
}

function spanOf(layer: DenialRanges, text: string, nowMs = 0, zone: Name = example): string | undefined {
  const found = layer.nsec(zone, name(text), nowMs);
  return found && `${nameToText(found.owner)} ${nameToText(found.next)}`;
}

/** As an answer from the record for this name does. */
function use(layer: DenialRanges, text: string): void {
  const found = layer.nsec(example, name(text), 0);
  if (found !== undefined) layer.answered([found]);
}

function owners(layer: DenialRanges, nowMs = 0): string[] {
  return [...layer.dump(nowMs)].map(({ rrset: { name: owner } }) => nameToText(owner)).sort();
}

const anyLabel = fc.array(fc.constantFrom('\0', '\x01', '\x02', '*', 'a', 'b', '\xff'), { minLength: 1, maxLength: 3 });
const anyName = fc
  .array(anyLabel, { maxLength: 4 })
  .map((labels) => labels.reduce<Name>((parent, label) => prependLabel(label.join(''), parent) as Name, ROOT));

test('keys have the canonical order of names (RFC 4034, 6.1)', () => {
  fc.assert(
    fc.property(anyName, anyName, (a, b) => {
      const order = canonicalKey(a) < canonicalKey(b) ? -1 : canonicalKey(a) > canonicalKey(b) ? 1 : 0;
      expect(order).toBe(Math.sign(compareNames(a, b)));
      expect(nameOfKey(canonicalKey(a))).toBe(a);
    }),
  );
});

test('spans agree with each other: the newest is never contradicted', () => {
  const anySpan = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 30 }), (spans) => {
      const sorted = new SortedRanges<{ key: string; nextKey: string }>();
      const kept = new Set<object>();
      for (const [key, nextKey] of spans) {
        const span = { key: `${key}`, nextKey: `${nextKey}` };
        for (const gone of sorted.add(span)) expect(kept.delete(gone)).toBe(true);
        kept.add(span);
        // Each point of the ring is within one span at most, and no key is within another's span.
        const within = (point: number): number =>
          [...sorted].filter(({ key: from, nextKey: to }) => {
            const [low, high] = [Number(from), Number(to)];
            return low < high ? low < point && point < high : low < point || point < high;
          }).length;
        for (let point = 0; point < 10; point += 0.5) expect(within(point)).toBeLessThanOrEqual(1);
        for (const { key: other } of sorted) expect(within(Number(other))).toBe(0);
      }
      expect(new Set(sorted)).toEqual(kept);
      expect([...sorted].map(({ key }) => key)).toEqual([...kept].map((span) => (span as { key: string }).key).sort());
    }),
  );
});

describe('NSEC', () => {
  test('the record at a name or before it is found, around the end of the zone too', () => {
    const layer = ranges();
    put(layer, 'example.', 'd.example.');
    put(layer, 'd.example.', 'x.d.example.');
    put(layer, 'm.example.', 'example.');
    expect(spanOf(layer, 'a.example.')).toBe('example. d.example.');
    expect(spanOf(layer, 'd.example.')).toBe('d.example. x.d.example.');
    expect(spanOf(layer, 'c.d.example.')).toBe('d.example. x.d.example.');
    expect(spanOf(layer, 'z.example.')).toBe('m.example. example.');
  });

  test('the parent and the child of a zone cut each keep what they say of its name', () => {
    const layer = ranges();
    put(layer, 'cut.example.', 'd.example.');
    put(layer, 'cut.example.', 'www.cut.example.', name('cut.example.'));
    expect(spanOf(layer, 'cut.example.')).toBe('cut.example. d.example.');
    expect(spanOf(layer, 'cut.example.', 0, name('cut.example.'))).toBe('cut.example. www.cut.example.');
    expect(layer.closestZone(name('a.cut.example.'))).toBe(name('cut.example.'));
    expect(layer.closestZone(name('a.example.'))).toBe(example);
    expect(layer.closestZone(name('a.test.'))).toBeUndefined();
  });

  test('records expire, and the zone is gone with its last', () => {
    const layer = ranges();
    put(layer, 'a.example.', 'c.example.', example, 10 * second);
    expect(spanOf(layer, 'b.example.', 9 * second)).toBeDefined();
    expect(owners(layer, 10 * second)).toEqual([]);
    expect(spanOf(layer, 'b.example.', 10 * second)).toBeUndefined();
    expect(layer.closestZone(name('b.example.'))).toBeUndefined();
    expect(layer.stats().entries).toBe(0);
  });

  test('what comes back unchanged lives no shorter for it; what has changed counts', () => {
    const layer = ranges();
    put(layer, 'a.example.', 'c.example.', example, 20 * second);
    put(layer, 'a.example.', 'c.example.', example, 10 * second);
    expect(spanOf(layer, 'b.example.', 15 * second)).toBe('a.example. c.example.');
    put(layer, 'a.example.', 'b.example.', example, 10 * second);
    expect(spanOf(layer, 'b.example.', 9 * second)).toBe('a.example. b.example.');
    expect(spanOf(layer, 'b.example.', 11 * second)).toBeUndefined();
  });
});

describe('NSEC3', () => {
  test('the record at a hash or before it is found, around the ring', () => {
    const layer = ranges();
    put3(layer, '4', '8');
    put3(layer, 'g', '4');
    const [parameters] = layer.parameters(example);
    if (parameters === undefined) throw new Error('no parameters');
    const found = (digit: string): string | undefined => layer.nsec3(example, parameters, base32(digit), 0)?.ownerHash;
    expect([found('4'), found('6'), found('v'), found('0')]).toEqual([
      base32('4'),
      base32('4'),
      base32('g'),
      base32('g'),
    ]);
  });

  test('an opt-out record is not kept', () => {
    const layer = ranges();
    put3(layer, '4', '8', '-', 1);
    expect(owners(layer)).toEqual([]);
  });

  test('two sets of parameters are kept, the latest heard of', () => {
    const layer = ranges();
    for (const salt of ['aa', 'bb', 'cc', 'bb']) put3(layer, '4', salt === 'cc' ? '9' : '8', salt);
    expect(layer.parameters(example).map(({ salt }) => Buffer.from(salt).toString('hex'))).toEqual(['bb']);
    put3(layer, '9', 'a', 'dd');
    expect(layer.parameters(example).map(({ salt }) => Buffer.from(salt).toString('hex'))).toEqual(['dd', 'bb']);
    put3(layer, 'b', 'c', 'ee');
    expect(layer.parameters(example).map(({ salt }) => Buffer.from(salt).toString('hex'))).toEqual(['ee', 'dd']);
    expect(layer.stats().entries).toBe(2);
  });
});

test('a SOA lives for its MINIMUM when that is less than its TTL, and is of the apex', () => {
  const layer = ranges();
  layer.putSoa(example, rrset('example. 3600 SOA ns.example. host.example. 1 2 3 4 60'), forever, 0);
  expect(layer.soa(example, 59 * second)).toMatchObject({ rrset: { ttl: 60 }, expiresAtMs: 60 * second });
  expect(layer.soa(example, 60 * second)).toBeUndefined();
  layer.putSoa(example, rrset('other.example. 3600 SOA ns.example. host.example. 1 2 3 4 60'), forever, 0);
  expect(layer.soa(example, 0)).toBeUndefined();
});

describe('bounds', () => {
  test('one zone fills half of the layer at most, and keeps what is used', () => {
    const layer = ranges(200_000);
    put(layer, 'www.example.', 'zzz.example.');
    for (let i = 100_000; i < 101_000; i++) {
      put(layer, `h${i}.example.`, `h${i}x.example.`);
      use(layer, 'x.example.');
    }
    const { octets, octetsMax, entries, evictions } = layer.stats();
    expect(octets).toBeLessThanOrEqual(octetsMax);
    // Each takes about 230 octets.
    expect(entries).toBeGreaterThan(350);
    expect(entries).toBeLessThan(450);
    expect(evictions).toBe(1001 - entries);
    expect(spanOf(layer, 'x.example.')).toBe('www.example. zzz.example.');
  });

  test('a flood of zones stays within the bound and does not put out what is used', () => {
    const layer = ranges(200_000);
    put(layer, 'example.', 'www.example.');
    for (let i = 0; i < 5000; i++) {
      put(layer, `z${i}.test.`, `a.z${i}.test.`, name(`z${i}.test.`));
      use(layer, 'x.example.');
    }
    const { octets, octetsMax, entries } = layer.stats();
    expect(octets).toBeLessThanOrEqual(octetsMax);
    expect(entries).toBeLessThan(400);
    expect([...layer.dump(0)].every(({ zone }) => layer.closestZone(zone) === zone)).toBe(true);
    expect(spanOf(layer, 'a.example.')).toBe('example. www.example.');
    expect(layer.closestZone(name('z2500.test.'))).toBeUndefined();
  });
});

describe('flushing', () => {
  function filled(): DenialRanges {
    const layer = ranges();
    put(layer, 'a.example.', 'c.example.');
    put(layer, 'c.example.', 'x.d.example.');
    put(layer, 'x.d.example.', 'y.d.example.');
    put(layer, 'a.test.', 'c.test.', name('test.'));
    put(layer, 'sub.test.', 'x.sub.test.', name('sub.test.'));
    return layer;
  }

  test('a name takes out what is at it or around it', () => {
    const layer = filled();
    expect([layer.flush(name('b.example.')), layer.flush(name('c.example.')), layer.flush(name('z.test.'))]).toEqual([
      1, 1, 0,
    ]);
    expect(owners(layer)).toEqual(['a.test.', 'sub.test.', 'x.d.example.']);
  });

  test('a zone takes out what could speak for any name below it', () => {
    const layer = filled();
    expect(layer.flushZone(name('d.example.'))).toBe(2);
    expect(layer.flushZone(name('test.'))).toBe(2);
    expect(owners(layer)).toEqual(['a.example.']);
    layer.clear();
    expect(layer.stats().entries).toBe(0);
    expect(layer.closestZone(name('b.example.'))).toBeUndefined();
  });

  test('hashes are not known here, so all NSEC3 of the zones above go', () => {
    const layer = ranges();
    put3(layer, '4', '8');
    expect(layer.flush(name('a.test.'))).toBe(0);
    expect(layer.flush(name('a.example.'))).toBe(1);
  });
});

test('answers are counted', () => {
  const layer = ranges();
  layer.answered([]);
  layer.answered([]);
  layer.missed();
  expect(layer.stats()).toMatchObject({ hits: 2, misses: 1 });
});
