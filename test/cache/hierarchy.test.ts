// Delegations and addresses: the deepest live one, ghosts, and glue that serves its own delegation alone.
import { beforeEach, describe, expect, it } from 'vitest';
import { type Delegation, Hierarchy } from '../../src/cache/hierarchy.ts';
import { glue, limits, name, names, referral, rrset, second } from './samples.ts';

const hints = referral('.', ['a.root.'], { source: 'hints', expiresAtMs: Infinity });
const com = referral('com.', ['a.gtld.']);
const example = name('example.com.');

let layer: Hierarchy;
let root: Delegation;

beforeEach(() => {
  layer = new Hierarchy({ octetsMax: 1 << 20, limits, names: names() });
  layer.configure(hints, [glue('a.root.', ['198.51.100.1'])]);
  root = layer.closest(name('.'), 0);
});

function closest(text: string, nowMs: number): Delegation['zone'] {
  return layer.closest(name(text), nowMs).zone;
}

describe('closest delegation', () => {
  it('is the deepest that is live, and the hints in the end', () => {
    const kept = layer.put(com, [], root, 0);
    layer.put(referral('example.com.', ['ns.other.net.'], { expiresAtMs: 60 * second }), [], kept, 0);
    expect(closest('www.example.com.', 59 * second)).toBe(example);
    expect(closest('notexample.com.', 0)).toBe(name('com.'));
    expect(closest('www.example.com.', 60 * second)).toBe(name('com.'));
    expect(layer.closest(example, 3600 * second)).toMatchObject({ zone: name('.'), source: 'hints' });
    expect(layer.delegation(example, 0)?.zone).toBe(example);
    expect(layer.delegation(name('www.example.com.'), 0)).toBeUndefined();
  });

  it('of the root is what priming found, while that lives', () => {
    layer.put(referral('.', ['b.root.'], { source: 'priming' }), [glue('b.root.', ['198.51.100.2'])], undefined, 0);
    expect(layer.closest(name('.'), 0).nameServers).toEqual([name('b.root.')]);
    expect(layer.closest(name('.'), 86_400 * second).nameServers).toEqual([name('a.root.')]);
  });

  it.each(['stub', 'forward'] as const)('of a %s zone is as configured, whatever a referral says', (source) => {
    const addresses = [{ ip: '10.0.0.1', port: 53 }];
    layer.configure(referral('corp.example.', [], { source, addresses }), []);
    layer.put(referral('corp.example.', ['ns.evil.example.']), [], root, 0);
    layer.clear();
    layer.flushZone(name('.'));
    expect(layer.closest(name('a.corp.example.'), 1e12)).toMatchObject({ source, addresses });
  });

  it('keeps what the parent said last, whichever lives longer', () => {
    layer.put(referral('com.', ['old.gtld.']), [], root, 0);
    layer.put(referral('com.', ['new.gtld.'], { expiresAtMs: 10 * second }), [], root, 0);
    expect(layer.closest(example, 0).nameServers).toEqual([name('new.gtld.')]);
    expect(closest('example.com.', 10 * second)).toBe(name('.'));
  });
});

describe('ghost domains', () => {
  const revoked = referral('example.com.', ['ns.example.com.'], { expiresAtMs: 60 * second });

  it('a delegation expires with the one whose servers gave it, however often it is renewed below', () => {
    const parent = layer.put(revoked, [glue('ns.example.com.', ['192.0.2.1'])], layer.put(com, [], root, 0), 0);
    const phoenix = referral('sub.example.com.', ['ns.example.com.'], { expiresAtMs: 1e9 });
    const child = layer.put(phoenix, [], parent, 50 * second);
    expect(child.expiresAtMs).toBe(60 * second);
    expect(
      layer.put(referral('a.sub.example.com.', [], { expiresAtMs: 1e9 }), [], child, 55 * second).expiresAtMs,
    ).toBe(60 * second);
    expect(closest('b.a.sub.example.com.', 60 * second)).toBe(name('com.'));
  });

  it('a referral that arrives after its parent expired is not kept', () => {
    const parent = layer.put(revoked, [], root, 0);
    layer.put(referral('sub.example.com.', ['ns.example.com.'], { expiresAtMs: 1e9 }), [], parent, 61 * second);
    expect(closest('sub.example.com.', 61 * second)).toBe(name('.'));
  });

  it('glue and looked-up addresses expire with the delegation', () => {
    const parent = layer.put(revoked, [glue('ns.example.com.', ['192.0.2.1'], 1e9)], root, 0);
    const known = { addresses: ['192.0.2.9'], expiresAtMs: 1e9, source: 'lookup' } as const;
    layer.putAddresses(name('ns.example.com.'), 4, known, parent, 0);
    expect(layer.addresses(example, name('ns.example.com.'), 4, 59 * second)?.addresses).toEqual(['192.0.2.9']);
    expect(layer.addresses(example, name('ns.example.com.'), 4, 60 * second)).toBeUndefined();
  });

  it('the life of the root caps nothing', () => {
    const priming = referral('.', ['b.root.'], { source: 'priming', expiresAtMs: 10 * second });
    const primed = layer.put(priming, [glue('b.root.', ['198.51.100.2'])], undefined, 0);
    expect(layer.put(com, [], primed, 0).expiresAtMs).toBe(3600 * second);
  });
});

describe('addresses', () => {
  const shared = name('ns.other.net.');

  it('glue serves the delegation that brought it, and no other', () => {
    const parent = layer.put(com, [], root, 0);
    layer.put(referral('evil.com.', ['ns.other.net.']), [glue('ns.other.net.', ['203.0.113.66'])], parent, 0);
    layer.put(referral('example.com.', ['ns.other.net.']), [], parent, 0);
    expect(layer.addresses(name('evil.com.'), shared, 4, 0)).toMatchObject({
      addresses: ['203.0.113.66'],
      source: 'glue',
    });
    expect(layer.addresses(example, shared, 4, 0)).toBeUndefined();
    expect(layer.addresses(name('other.net.'), shared, 4, 0)).toBeUndefined();
  });

  it('looked up serve all, before glue; that there are none counts only without glue', () => {
    const parent = layer.put(com, [], root, 0);
    layer.put(referral('example.com.', ['ns.other.net.']), [glue('ns.other.net.', ['192.0.2.1'])], parent, 0);
    const none = { addresses: [], expiresAtMs: 1e9, source: 'lookup' } as const;
    layer.putAddresses(shared, 4, none, root, 0);
    expect(layer.addresses(example, shared, 4, 0)?.addresses).toEqual(['192.0.2.1']);
    expect(layer.addresses(name('else.com.'), shared, 4, 0)?.addresses).toEqual([]);
    layer.putAddresses(shared, 4, { ...none, addresses: ['192.0.2.2'] }, root, 0);
    expect(layer.addresses(example, shared, 4, 0)?.addresses).toEqual(['192.0.2.2']);
    expect(layer.addresses(example, shared, 6, 0)).toBeUndefined();
  });

  it('of hints are there for ever', () => {
    expect(layer.addresses(name('.'), name('a.root.'), 4, 1e12)).toMatchObject({
      addresses: ['198.51.100.1'],
      source: 'hints',
    });
  });

  it('a delegation that only its glue can reach ends with it', () => {
    const inside = referral('example.com.', ['ns1.example.com.', 'ns2.example.com.']);
    const short = [
      glue('ns1.example.com.', ['192.0.2.1'], 10 * second),
      glue('ns2.example.com.', ['192.0.2.2'], 20 * second),
    ];
    expect(layer.put(inside, short, root, 0).expiresAtMs).toBe(20 * second);
    const outside = referral('example.com.', ['ns1.example.com.', 'ns.other.net.']);
    expect(layer.put(outside, short, root, 0).expiresAtMs).toBe(3600 * second);
    expect(layer.addresses(example, name('ns1.example.com.'), 4, 10 * second)).toBeUndefined();
  });
});

describe('bounds', () => {
  it('keeps 20 name servers, 4 addresses of each, each once, and no glue of strangers', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `ns${i}.other.net.`);
    const many = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'];
    const strangers = [glue('ns0.other.net.', many), glue('victim.net.', ['192.0.2.66'])];
    const kept = layer.put(referral('example.com.', names), strangers, root, 0);
    expect(kept.nameServers).toHaveLength(20);
    expect(layer.addresses(example, name('ns0.other.net.'), 4, 0)?.addresses).toEqual([...new Set(many)].slice(0, 4));
    expect(layer.addresses(example, name('victim.net.'), 4, 0)).toBeUndefined();
  });

  it('stays within its octets and keeps what is configured', () => {
    const small = new Hierarchy({ octetsMax: 100_000, limits, names: names() });
    small.configure(hints, []);
    const ds = rrset('example. 60 IN DS 1 8 2 00');
    for (let i = 0; i < 500; i++) small.put(referral(`z${i}.`, ['ns.z.'], { ds }), [], root, 0);
    const stats = small.stats();
    expect(stats.octets).toBeLessThanOrEqual(100_000);
    expect(stats.entries + stats.evictions).toBe(500);
    expect(small.closest(name('none.'), 0).source).toBe('hints');
  });
});

it('flushes by name and by zone, and lists what is live', () => {
  const parent = layer.put(com, [], root, 0);
  layer.put(referral('example.com.', ['ns.example.com.']), [], parent, 0);
  const known = { addresses: ['192.0.2.9'], expiresAtMs: 1e9, source: 'lookup' } as const;
  layer.putAddresses(name('ns.example.com.'), 4, known, parent, 0);
  expect([...layer.dump(0)].map(({ kind }) => kind)).toEqual(['delegation', 'delegation', 'delegation', 'addresses']);
  expect(layer.flush(name('ns.example.com.'))).toBe(1);
  expect(layer.flushZone(name('com.'))).toBe(2);
  expect([...layer.dump(0)]).toHaveLength(1);
});
