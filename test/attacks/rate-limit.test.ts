// Reflection at volume: queries with the addresses of a victim's network, and true clients beside them.
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { TYPE } from '../../src/wire/types.ts';
import { atLeast, atMost, withoutLimit } from './figures.ts';
import { type Served, serveClients } from './served.ts';
import { ROOT_IP, World } from './world.ts';

const LIMIT = { responsesPerSecond: 200, slip: 2, ipv4Prefix: 24, ipv6Prefix: 56 };
const SECONDS = 20;
const PER_SECOND = 1000;

function query(cookie?: Uint8Array): Uint8Array {
  return buildQuery({
    id: 1,
    name: nameFromText('big.'),
    type: TYPE.TXT,
    recursionDesired: true,
    checkingDisabled: false,
    edns: {
      udpPayloadOctets: 4096,
      version: 0,
      dnssecOk: false,
      options: cookie === undefined ? [] : [{ code: 10, data: cookie }],
    },
  });
}

async function prepared(limited: boolean): Promise<{ world: World; served: Served }> {
  const world = new World();
  const big = Array.from({ length: 15 }, (_, i) => `big. 3600 TXT "${'x'.repeat(60)}${i}"`).join('\n');
  world.serve(ROOT_IP, () => ({ answer: big }));
  const served = serveClients(world, limited ? LIMIT : undefined);
  await world.virtual?.runUntil(served.ask(query(), { address: '127.0.0.1' }));
  return { world, served };
}

interface Flow {
  replies: number;
  truncated: number;
  /** The most in one second, the first five apart: a network may have these at once. */
  repliesOfSecond: number;
}

/** Queries that claim to come from one network of 254 addresses, and `beside` once a second. */
async function flood(world: World, served: Served, beside: () => Promise<void>): Promise<Flow> {
  const flow: Flow = { replies: 0, truncated: 0, repliesOfSecond: 0 };
  for (let second = 0; second < SECONDS; second++) {
    let whole = 0;
    for (let i = 0; i < PER_SECOND; i++) {
      const reply = await served.ask(query(), { address: `192.168.7.${1 + (i % 254)}` });
      if (reply === undefined) continue;
      flow.replies++;
      if (((reply[2] as number) & 2) !== 0) flow.truncated++;
      else whole++;
    }
    if (second >= 5) flow.repliesOfSecond = Math.max(flow.repliesOfSecond, whole);
    await beside();
    await world.virtual?.advance(1000);
  }
  return flow;
}

describe('a flood with the addresses of one network', () => {
  it('gets the rate of one, a few words to come by TCP, and hinders nobody who shows who he is', async () => {
    const { world, served } = await prepared(true);
    const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const first = await served.ask(query(cookie), { address: '192.168.7.9' });
    const given = parseMessage(first ?? new Uint8Array(0)).edns?.options.find(({ code }) => code === 10)?.data;
    if (given === undefined) throw new Error('no cookie');
    let proven = 0;
    let byTcp = 0;
    let neighbours = 0;
    const isWhole = (reply: Uint8Array | undefined): number => (reply !== undefined && reply.length > 900 ? 1 : 0);
    const flow = await flood(world, served, async () => {
      proven += isWhole(await served.ask(query(given), { address: '192.168.7.9' }));
      byTcp += isWhole(await served.ask(query(), { address: '192.168.7.9', tcp: true }));
      neighbours += isWhole(await served.ask(query(), { address: '192.168.8.9' }));
    });
    atMost('ratelimit', 'whole replies within a second, of 1,000', flow.repliesOfSecond, 200);
    // Each second reply that is too many.
    const tooMany = SECONDS * PER_SECOND - (flow.replies - flow.truncated);
    expect(flow.truncated).toBe(Math.floor(tooMany / 2));
    atLeast('ratelimit', `answers to who shows a cookie, of ${SECONDS}`, proven, SECONDS);
    atLeast('ratelimit', `answers over TCP, of ${SECONDS}`, byTcp, SECONDS);
    atLeast('ratelimit', `answers to the next network, of ${SECONDS}`, neighbours, SECONDS);
    expect(served.handler.stats().limited[3]).toBe(tooMany);
  });

  it('gets everything while the switch is off', async () => {
    const { world, served } = await prepared(false);
    const flow = await flood(world, served, async () => undefined);
    withoutLimit('ratelimit', 'whole replies within a second, of 1,000', flow.repliesOfSecond, 200);
  });

  it('is let through where the addresses are exempt, as loopback is', async () => {
    const { served } = await prepared(true);
    let replies = 0;
    for (let i = 0; i < 2000; i++) {
      if ((await served.ask(query(), { address: '127.0.0.1' })) !== undefined) replies++;
    }
    expect(replies).toBe(2000);
  });
});
