// Octets damaged by chance, in the ways that hurt parsers of DNS messages.

import type { SeededRandom } from '../src/testing/seeded-random.ts';

/** The longest result: what TCP can carry. */
const octetsMax = 65_535;

/** A damaged copy of `octets`; the first `spared` of them stay as they are. */
export function mutate(octets: Uint8Array, random: SeededRandom, spared: number): Uint8Array {
  let result = Buffer.from(octets);
  for (let left = 1 + random.integer(4); left > 0; left--) {
    if (result.length <= spared) return result;
    const at = spared + random.integer(result.length - spared);
    const way = ways[random.integer(ways.length)] as Way;
    result = way(result, at, random).subarray(0, octetsMax);
  }
  return result;
}

type Way = (octets: Buffer<ArrayBuffer>, at: number, random: SeededRandom) => Buffer<ArrayBuffer>;

/** Lengths, counts and label types at the edges, and the starts of pointers. */
const edges = [0, 1, 0x0c, 0x29, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff];

const ways: readonly Way[] = [
  function flipBit(octets, at, random) {
    octets[at] = (octets[at] as number) ^ (1 << random.integer(8));
    return octets;
  },
  function setEdge(octets, at, random) {
    octets[at] = edges[random.integer(edges.length)] as number;
    return octets;
  },
  function setTwoEdges(octets, at, random) {
    octets[at] = edges[random.integer(edges.length)] as number;
    if (at + 1 < octets.length) octets[at + 1] = edges[random.integer(edges.length)] as number;
    return octets;
  },
  function pointAnywhere(octets, at, random) {
    const target = random.integer(Math.min(octets.length, 0x4000));
    octets[at] = 0xc0 | (target >> 8);
    if (at + 1 < octets.length) octets[at + 1] = target & 0xff;
    return octets;
  },
  function pointBackwardsInAChain(octets, at) {
    for (let i = at; i + 1 < octets.length && i < at + 200; i += 2) {
      octets[i] = 0xc0 | ((i - 2) >> 8);
      octets[i + 1] = (i - 2) & 0xff;
    }
    return octets;
  },
  function cutShort(octets, at) {
    return octets.subarray(0, at);
  },
  function appendNoise(octets, _at, random) {
    return Buffer.concat([octets, noise(1 + random.integer(600), random)]);
  },
  function overwriteWithNoise(octets, at, random) {
    noise(1 + random.integer(16), random).copy(octets, at);
    return octets;
  },
  function repeatSlice(octets, at, random) {
    const slice = octets.subarray(at, at + 1 + random.integer(60));
    const times = 1 + random.integer(40);
    return Buffer.concat([octets.subarray(0, at), ...Array.from({ length: times }, () => slice), octets.subarray(at)]);
  },
  function leaveOut(octets, at, random) {
    return Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1 + random.integer(30))]);
  },
];

function noise(length: number, random: SeededRandom): Buffer<ArrayBuffer> {
  return Buffer.from(Uint8Array.from({ length }, () => random.integer(256)));
}
