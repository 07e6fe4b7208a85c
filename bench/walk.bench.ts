// Micro bench of the engine: a cold walk through one delegation and a hit in its records, with no socket in between.

import type { Transport } from '../src/base/ports.ts';
import { systemClock } from '../src/net/clock.ts';
import { systemRandom } from '../src/net/random.ts';
import { Resolver } from '../src/resolver/resolver.ts';
import type { Resolution } from '../src/resolver/types.ts';
import { testEngineOptions } from '../src/testing/engine.ts';
import { nameFromText, nameOctets } from '../src/wire/name.ts';
import { RCODE, TYPE } from '../src/wire/types.ts';
import type { Bench } from './main.ts';

const ip = { root: '192.0.2.1', com: '192.0.2.2', host: '192.0.2.3' };
const resolver = new Resolver(
  testEngineOptions({
    transport: transport(),
    clock: systemClock(),
    random: systemRandom(),
    roots: [{ nameServer: nameFromText('a.root'), ip: ip.root }],
    upstream: { caseRandomisation: true },
  }),
);
const warm = nameFromText('www.warm.com');
let turn = 0;

/** What main.ts runs. */
export const benches: readonly Bench[] = [
  { name: 'resolve, cold: a delegation and an answer', run: () => ask(nameFromText(`www.site${turn++}.com`)) },
  { name: 'resolve, from records', run: () => ask(warm) },
];

async function ask(name: ReturnType<typeof nameFromText>): Promise<Resolution> {
  const resolution = await resolver.resolve({ name, type: TYPE.A, checkingDisabled: false });
  if (resolution.rcode !== RCODE.NOERROR || resolution.answer.length === 0) throw new Error('no answer');
  return resolution;
}

/** Three servers that reply at once: to any question the same records, whose owner points to QNAME. */
function transport(): Transport {
  const opt = Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0);
  const toQname = Uint8Array.of(0xc0, 12);
  const a = (owner: Uint8Array, address: string) => record(owner, TYPE.A, Uint8Array.from(address.split('.'), Number));
  // In referrals the name server's name is `ns` below the zone: `ns` and a pointer to QNAME.
  const nsName = Uint8Array.of(2, 0x6e, 0x73, 0xc0, 12);
  const root = nameOctets(nameFromText('a.root'));
  const referral = (address: string) => [[], [record(toQname, TYPE.NS, nsName)], [a(nsName, address), opt]] as const;
  const sections: Record<string, readonly (readonly Uint8Array[])[]> = {
    [ip.com]: referral(ip.host),
    [ip.host]: [[a(toQname, '198.51.100.1')], [], [opt]],
  };
  const priming = [[record(toQname, TYPE.NS, root)], [], [a(root, ip.root), opt]];
  return {
    close: () => undefined,
    send: async ({ server, query }, accept) => {
      const isPriming = query[12] === 0;
      const parts = server.ip === ip.root ? (isPriming ? priming : referral(ip.com)) : sections[server.ip];
      const octets = response(
        query,
        parts ?? [[], [], [opt]],
        server.ip !== ip.com && (isPriming || server.ip !== ip.root),
      );
      if (accept(octets) !== 'take') throw new Error(`${server.ip}: the response is not taken`);
      return { kind: 'response', octets, rttMs: 1 };
    },
  };
}

function record(owner: Uint8Array, type: number, rdata: Uint8Array): Uint8Array {
  // Class IN, a TTL of 3600 s.
  const head = Uint8Array.of(type >> 8, type, 0, 1, 0, 0, 14, 16, rdata.length >> 8, rdata.length);
  return Buffer.concat([owner, head, rdata]);
}

function response(query: Uint8Array, sections: readonly (readonly Uint8Array[])[], aa: boolean): Uint8Array {
  let questionEnd = 12;
  while (query[questionEnd] !== 0) questionEnd += 1 + (query[questionEnd] as number);
  const octets = Buffer.concat([query.subarray(0, questionEnd + 5), ...sections.flat()]);
  octets[2] = aa ? 0x84 : 0x80;
  octets[3] = 0;
  sections.forEach((section, index) => {
    octets[7 + 2 * index] = section.length;
  });
  return octets;
}
