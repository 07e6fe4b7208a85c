// Mutated queries, the same ones each time: every reply is well formed and small enough.
import { describe, expect, it } from 'vitest';
import { makeLimits } from '../../src/base/limits.ts';
import { Answers } from '../../src/cache/answers.ts';
import { createAcl } from '../../src/server/acl.ts';
import { createHandler, OUT_OCTETS_LEAST } from '../../src/server/handle.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { answer, makeQuery } from './clients.ts';

const SEED = 20_240;
const QUERIES = 20_000;

/** Cuts, extends, repeats or changes octets of `octets`. */
function mutate(octets: Uint8Array, random: SeededRandom): Uint8Array {
  let mutated = new Uint8Array(octets);
  for (let i = 0; i <= random.integer(4); i += 1) {
    const at = random.integer(mutated.length + 1);
    const kind = random.integer(6);
    if (kind === 0) mutated = mutated.slice(0, at);
    else if (kind === 1) mutated = Uint8Array.from([...mutated.slice(0, at), ...mutated.slice(random.integer(at + 1))]);
    else if (at < mutated.length) mutated[at] = random.integer(256);
  }
  return mutated;
}

describe('the handler', () => {
  it(`answers ${QUERIES} mutated queries rightly or not at all (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const faults: string[] = [];
    const handler = createHandler({
      resolver: {
        fromCache: () => (random.integer(2) === 0 ? answer('192.0.2.1') : undefined),
        resolve: async () => answer('192.0.2.1', { security: 'secure' }),
        caches: { answers: new Answers({ octetsMax: 1_000_000, seed: [1, 2] }) },
      },
      clock: new VirtualClock(),
      limits: makeLimits(),
      classify: createAcl(['127.0.0.0/8']),
      cookieSecret: new Uint8Array(16),
      reportFault: (what, error) => faults.push(`${what}: ${String(error)}`),
    });
    const samples = [
      makeQuery(),
      makeQuery({ edns: { dnssecOk: true } }),
      makeQuery({
        options: [
          { code: 10, data: new Uint8Array(24) },
          { code: 8, data: new Uint8Array(7) },
        ],
      }),
    ];
    const out = new Uint8Array(OUT_OCTETS_LEAST);
    const rcodes = new Set<number>();
    for (let i = 0; i < QUERIES; i += 1) {
      const query = mutate(samples[i % samples.length] as Uint8Array, random);
      const handled = handler.handle(query, query.length, { address: '127.0.0.1', port: 4000 }, false, out);
      const reply = typeof handled === 'number' ? out.subarray(0, handled) : await handled;
      if (reply === undefined || reply.length === 0) continue;
      expect(reply.length).toBeLessThanOrEqual(1232);
      const message = parseMessage(reply);
      expect(message).toMatchObject({ response: true, id: ((query[0] ?? 0) << 8) | (query[1] ?? 0) });
      rcodes.add(message.rcode);
    }
    expect(faults).toEqual([]);
    expect([...rcodes].sort((a, b) => a - b)).toEqual([0, 1, 4, 5, 16]);
  });
});
