// Micro bench of the hit path: a query's octets in, a cached answer's octets out, as every listener calls it; no socket.

import { makeLimits } from '../src/base/limits.ts';
import { systemClock } from '../src/net/clock.ts';
import { systemRandom } from '../src/net/random.ts';
import { Resolver } from '../src/resolver/resolver.ts';
import { createHandler, OUT_OCTETS_LEAST } from '../src/server/handle.ts';
import { testEngineOptions } from '../src/testing/engine.ts';
import { buildMessage, parseMessage } from '../src/wire/message.ts';
import { nameFromText } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { TYPE } from '../src/wire/types.ts';
import type { Bench } from './main.ts';

const clock = systemClock();
const resolver = new Resolver(
  testEngineOptions({
    transport: { send: () => Promise.resolve({ kind: 'timeout' }), close: () => undefined },
    clock,
    random: systemRandom(),
    roots: [{ nameServer: nameFromText('a.root'), ip: '192.0.2.1' }],
    cache: { maxOctets: 64 * 1024 * 1024 },
  }),
);
const handler = createHandler({
  resolver,
  clock,
  limits: makeLimits(),
  classify: () => ({ allowed: true, loopback: true, unrated: true, octets: new Uint8Array(4) }),
  cookieSecret: new Uint8Array(16),
  reportFault: (message, error) => {
    throw new Error(message, { cause: error });
  },
});
const from = { address: '127.0.0.1', port: 5000 };
const out = new Uint8Array(OUT_OCTETS_LEAST);
const namesMax = 20_000;
const plain = queries(undefined);
const withOpt = queries({ udpPayloadOctets: 1232, version: 0, dnssecOk: false, options: [] });
const withCookie = queries({
  udpPayloadOctets: 1232,
  version: 0,
  dnssecOk: false,
  options: [{ code: 10, data: new Uint8Array(8).fill(7) }],
});
for (const query of plain) keep(query);
let turn = 0;

/** What main.ts runs. */
export const benches: readonly Bench[] = [
  { name: 'handle, cached, 20,000 names', run: () => hit(plain) },
  { name: 'handle, cached, the same with OPT', run: () => hit(withOpt) },
  { name: 'handle, cached, the same with OPT and a cookie', run: () => hit(withCookie) },
];

function hit(asked: readonly Uint8Array[]): number {
  turn += 7919;
  const query = asked[turn % asked.length] as Uint8Array;
  const octets = handler.handle(query, query.length, from, false, out);
  if (typeof octets !== 'number' || octets <= query.length) throw new Error('not answered from the cache');
  return octets;
}

function queries(edns: Parameters<typeof buildQuery>[0]['edns']): Uint8Array[] {
  return Array.from({ length: namesMax }, (_, i) => {
    const name = nameFromText(`host${i}.example${i % 500}.com`);
    const question = { id: i, name, type: TYPE.A, recursionDesired: true, checkingDisabled: false };
    return buildQuery(edns === undefined ? question : { ...question, edns });
  });
}

/** Puts an answer of one address for a day. */
function keep(query: Uint8Array): void {
  const message = parseMessage(query);
  const ttl = 86_400;
  const name = message.questions[0]?.name ?? nameFromText('.');
  const response = buildMessage({
    ...message,
    response: true,
    recursionAvailable: true,
    answer: [{ name, type: TYPE.A, class: 1, ttl, rdata: Uint8Array.of(192, 0, 2, 1) }],
  });
  resolver.caches.answers.put(response, query.length, 0, ttl, false, clock.nowMs(), new Uint8Array(0));
}
