// Whatever was asked before, a signed zone's answers are the ones that its own servers would give at that moment.

import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { RCODE, TYPE, typeFromText } from '../../src/wire/types.ts';
import { type Hashing, SignedTree, TestZone } from './signed-zones.ts';

const labels = ['a', 'b', 'c', 'd', '*', '\\000', '\\255'];
const types = ['A', 'TXT', 'NS', 'DS', 'AAAA'];

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.integer(items.length)] as T;
}

function anyOwner(random: SeededRandom, depthMost: number): string {
  const depth = 1 + random.integer(depthMost);
  return `${Array.from({ length: depth }, () => pick(random, labels)).join('.')}.example.`;
}

/** A few names with a type or two each, wildcards and empty non-terminals among them, and here and there a zone cut. */
function anyZone(random: SeededRandom, hashing: Hashing | undefined): TestZone {
  const lines = Array.from({ length: 8 }, () => {
    const owner = anyOwner(random, 3);
    return random.integer(2) === 0 ? `${owner} 3600 A 192.0.2.1` : `${owner} 3600 TXT "x"`;
  });
  if (random.integer(2) === 0) lines.push('b.example. 3600 NS ns.nowhere.example.');
  return new TestZone('example.', [...new Set(lines)].join('\n'), hashing);
}

describe.each<[string, Hashing | undefined]>([
  ['NSEC', undefined],
  ['NSEC3', { iterations: 0, optOut: false }],
  ['NSEC3 with opt-out', { iterations: 1, optOut: true }],
])('zones with %s', (_, hashing) => {
  test('questions in any order get the zone’s own answers, most of them without asking', async () => {
    let asked = 0;
    let unasked = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const random = new SeededRandom(seed);
      const zone = anyZone(random, hashing);
      const tree = new SignedTree([zone]);
      for (let i = 0; i < 80; i++) {
        const owner = anyOwner(random, 4);
        const type = pick(random, types);
        const truth = zone.reply(nameFromText(owner), typeFromText(type) as number);
        const { resolution, sent } = await tree.ask(owner, type);
        const label = `seed ${seed}, question ${i}: ${owner} ${type}`;
        if (truth.authority[0]?.type === TYPE.NS) {
          // Nobody serves the child: whatever this is, it is no denial by the parent.
          expect(resolution.rcode, label).toBe(RCODE.SERVFAIL);
          continue;
        }
        expect(resolution.rcode, label).toBe(truth.rcode);
        expect(
          resolution.answer.map(({ name, type: found }) => [name, found]),
          label,
        ).toEqual(truth.answer.map(({ name, type: found }) => [name, found]));
        expect(
          resolution.answer.flatMap(({ rdatas }) => rdatas),
          label,
        ).toEqual(truth.answer.flatMap(({ rdatas }) => rdatas));
        if (hashing?.optOut !== true) expect(resolution.security, label).toBe('secure');
        if (sent > 0) asked++;
        else unasked++;
      }
    }
    expect(hashing?.optOut === true || unasked > asked).toBe(true);
  });
});
