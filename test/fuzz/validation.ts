// Fuzzes the validator: signed replies changed by chance on the way, in octets and in records, replayed and mixed. What is
// called secure has to be what the zones say.

import type { Resolution } from '../../src/resolver/types.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { WireError } from '../../src/wire/error.ts';
import { buildMessage, type Message, parseMessage, type ResourceRecord } from '../../src/wire/message.ts';
import { nameInRdata } from '../../src/wire/rdata.ts';
import { TYPE } from '../../src/wire/types.ts';
import { type Asked, encode, type Reply, ROOT_IP, type World } from '../attacks/world.ts';
import { GOOD_IPS, good, ISLAND_IP, island, OPEN_IP, open, root, signedInternet } from '../signed-internet.ts';
import { change, corpusText } from './lib/octets.ts';

const questions: readonly (readonly [name: string, type: number])[] = [
  ['www.good.', TYPE.A],
  ['www.good.', TYPE.TXT],
  ['www.good.', TYPE.MX],
  ['inward.good.', TYPE.A],
  ['outward.good.', TYPE.A],
  ['lost.good.', TYPE.A],
  ['x.wild.good.', TYPE.A],
  ['deep.good.', TYPE.A],
  ['nothing.good.', TYPE.A],
  ['nothing.', TYPE.A],
  ['good.', TYPE.DS],
  ['good.', TYPE.DNSKEY],
  ['open.', TYPE.DS],
  ['www.open.', TYPE.A],
];

/** The longest that one question may take of this thread, ms; a machine busy elsewhere has no say in it. */
const cpuMsMost = 500;

/** Runs for `seconds`; throws at the first wrong word called secure, and at any fault. */
export async function run({ seconds, seed }: { readonly seconds: number; readonly seed: number }): Promise<string> {
  const random = new SeededRandom(seed);
  const truths = new Map<string, string>();
  const corpus: Uint8Array[] = [];
  for (const [name, type] of questions) {
    const world = signedInternet();
    truths.set(`${name} ${type}`, wordOf(await world.ask(name, type)));
    for (const { outcome } of world.network.exchanges) if (outcome?.kind === 'response') corpus.push(outcome.octets);
  }
  const endMs = performance.now() + seconds * 1000;
  let asked = 0;
  let secure = 0;
  let slowestMs = 0;
  let world = hostileWorld(random, corpus);
  for (; performance.now() < endMs || asked < 20; asked++) {
    // What was kept of hurt replies is met again, for a while.
    if (random.chance(0.05)) world = hostileWorld(random, corpus);
    if (random.chance(0.3)) await world.pass(random.pick([1, 61, 301, 4000]));
    const [name, type] = random.pick(questions);
    const before = world.network.exchanges.length;
    const { resolution, cpuMs } = await world.cost(name, type);
    slowestMs = Math.max(slowestMs, cpuMs);
    if (cpuMs > cpuMsMost) throw new Error(`${name} ${type} took ${cpuMs} ms`);
    if (resolution.security !== 'secure') continue;
    secure++;
    const word = wordOf(resolution);
    if (word === truths.get(`${name} ${type}`)) continue;
    const replies = world.network.exchanges
      .slice(before)
      .map(({ outcome }) =>
        outcome?.kind === 'response' ? Buffer.from(outcome.octets).toString('hex') : outcome?.kind,
      );
    throw new Error(`question ${asked}: secure for ${name} ${type}: ${word} after ${replies.join(' ')}`);
  }
  const told = `${corpusText('signed replies', corpus)}; ${asked} questions, ${secure} of them secure`;
  return `${told}, slowest ${slowestMs.toFixed(0)} ms of CPU`;
}

/** The zones, whose servers hurt their replies more or less often. */
function hostileWorld(random: SeededRandom, corpus: readonly Uint8Array[]): World {
  const rate = random.pick([0.2, 0.5, 1]);
  const hurting = (reply: (one: Asked) => Reply) => (one: Asked) => {
    const honest = encode(one.octets, reply(one));
    return random.chance(rate) ? hurtReply(random, honest, corpus, one) : honest;
  };
  const servers = [
    ...GOOD_IPS.map((ip) => [ip, good] as const),
    [OPEN_IP, open],
    [ISLAND_IP, island],
    [ROOT_IP, root],
  ] as const;
  return signedInternet(Object.fromEntries(servers.map(([ip, zone]) => [ip, hurting(zone.reply)])), {
    cacheOctets: 1024 * 1024,
  });
}

/** RCODE and answer, but for TTLs and the case of names: signatures have no say in that (RFC 4034, 6.2). */
function wordOf({ rcode, answer }: Resolution): string {
  const records = answer.flatMap(({ name, type, rdatas }) =>
    rdatas.map(
      (rdata) => `${name} ${type} ${type === TYPE.CNAME ? nameInRdata(rdata) : Buffer.from(rdata).toString('hex')}`,
    ),
  );
  return JSON.stringify([rcode, records.sort()]);
}

function hurtReply(
  random: SeededRandom,
  honest: Uint8Array,
  corpus: readonly Uint8Array[],
  { octets }: Asked,
): Uint8Array {
  if (random.chance(0.5)) {
    const changed = honest.slice();
    for (let i = 1 + random.integer(3); i > 0; i--) change(changed, random);
    changed.set(octets.subarray(0, 2));
    return changed;
  }
  try {
    return rebuilt(random, honest, corpus, octets);
  } catch (error) {
    // A reply of the corpus that is made longer may not be a message any more.
    if (error instanceof WireError) return honest;
    throw error;
  }
}

/** Records left out, taken from other replies, doubled, in another section; another RCODE or flag. */
function rebuilt(
  random: SeededRandom,
  honest: Uint8Array,
  corpus: readonly Uint8Array[],
  query: Uint8Array,
): Uint8Array {
  const message = parseMessage(honest);
  const other = parseMessage(random.pick(corpus));
  const sections = [message.answer, message.authority, message.additional].map((records, i) =>
    mixed(
      random,
      records,
      [other.answer, other.authority, other.additional][random.chance(0.8) ? i : random.integer(3)] ?? [],
    ),
  );
  const made: Message = {
    ...message,
    id: parseMessage(query).id,
    authoritative: random.chance(0.8),
    rcode: random.chance(0.8) ? message.rcode : random.pick([0, 2, 3, 5]),
    answer: sections[0] ?? [],
    authority: sections[1] ?? [],
    additional: sections[2] ?? [],
  };
  return buildMessage(made, {
    maxOctets: 65_535,
    questionOctets: query.subarray(12, 12 + (message.questions[0]?.name.length ?? 0)),
  });
}

function mixed(
  random: SeededRandom,
  records: readonly ResourceRecord[],
  others: readonly ResourceRecord[],
): ResourceRecord[] {
  const kept = records.filter(() => random.chance(0.85));
  const added = random.chance(0.4) ? others.filter(() => random.chance(0.5)) : [];
  return [...kept, ...added];
}
