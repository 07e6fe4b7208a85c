// The limits by client address, which loopback is exempt from: the handler alone, in virtual time.
import { describe, expect, it } from 'vitest';
import { type Limits, makeLimits } from '../../src/base/limits.ts';
import { Answers } from '../../src/cache/answers.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { createAcl } from '../../src/server/acl.ts';
import { createHandler, type Handled, type Handler, OUT_OCTETS_LEAST } from '../../src/server/handle.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { extendedErrorsOf } from '../../src/wire/edns.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { RCODE } from '../../src/wire/types.ts';
import { answer, makeQuery } from './clients.ts';

const SECRET = new Uint8Array(16).fill(7);

/** A handler whose resolver takes `delayMs` of virtual time, never twice the same name. */
function makeHandler(delayMs: number, limits: Partial<Limits> = {}): { handler: Handler; clock: VirtualClock } {
  const clock = new VirtualClock();
  const resolve = (): Promise<Resolution> =>
    new Promise((done) => {
      clock.after(delayMs, () => done(answer('192.0.2.1', { ttl: 0 })));
    });
  const handler = createHandler({
    resolver: {
      fromCache: () => undefined,
      resolve,
      caches: { answers: new Answers({ octetsMax: 1_000_000, seed: [1, 2] }) },
    },
    clock,
    limits: makeLimits(limits),
    classify: createAcl(['0.0.0.0/0']),
    cookieSecret: SECRET,
    reportFault: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  return { handler, clock };
}

function ask(handler: Handler, address: string, overTcp: boolean, query = makeQuery({ edns: {} })): Handled {
  const handled = handler.handle(query, query.length, { address, port: 5000 }, overTcp, out);
  return handled;
}
const out = new Uint8Array(OUT_OCTETS_LEAST);

describe('replies awaited by one address', () => {
  it('are bounded: more are dropped over UDP and refused over TCP', async () => {
    const { handler, clock } = makeHandler(10, { repliesPerClient: 3 });
    const waiting = [1, 2, 3].map(() => ask(handler, '192.0.2.9', false));
    expect(waiting.every((handled) => typeof handled !== 'number')).toBe(true);
    expect(ask(handler, '192.0.2.9', false)).toBe(0);
    const length = ask(handler, '192.0.2.9', true);
    const reply = parseMessage(out.subarray(0, Number(length)));
    expect(reply.rcode).toBe(RCODE.SERVFAIL);
    expect(extendedErrorsOf(reply.edns)[0]?.text).toContain('too many replies');
    expect([...handler.stats().limited]).toEqual([2, 0, 0, 0]);
    // Another address, and loopback, are not held back.
    waiting.push(ask(handler, '192.0.2.10', false));
    for (let i = 0; i < 5; i += 1) waiting.push(ask(handler, '127.0.0.1', false));
    expect(waiting.every((handled) => typeof handled !== 'number')).toBe(true);
    await clock.advance(20);
    await Promise.all(waiting);
    expect(handler.stats().awaited).toBe(0);
    expect(typeof ask(handler, '192.0.2.9', false)).not.toBe('number');
  });
});

describe('late replies to one address', () => {
  async function answered(delayMs: number, address: string, overTcp: boolean, query?: Uint8Array): Promise<number> {
    const { handler, clock } = makeHandler(delayMs);
    const waiting = Array.from({ length: 30 }, () => ask(handler, address, overTcp, query));
    await clock.advance(delayMs + 1);
    return (await Promise.all(waiting)).filter((octets) => octets !== undefined).length;
  }

  it('are at most ten a second over UDP', async () => {
    expect(await answered(2000, '192.0.2.9', false)).toBe(10);
    expect(await answered(1800, '192.0.2.9', false)).toBe(30);
  });

  it('are not held back over TCP or from loopback', async () => {
    expect(await answered(2000, '192.0.2.9', true)).toBe(30);
    expect(await answered(2000, '127.0.0.1', false)).toBe(30);
  });

  it('are not held back from a client whose cookie proves its address', async () => {
    const { handler } = makeHandler(1);
    const first = makeQuery({ type: 252, options: [{ code: 10, data: new Uint8Array(8).fill(3) }] });
    const length = Number(ask(handler, '192.0.2.9', false, first));
    const options = parseMessage(out.slice(0, length)).edns?.options ?? [];
    expect(options).toHaveLength(1);
    expect(await answered(2000, '192.0.2.9', false, makeQuery({ options }))).toBe(30);
    expect(await answered(2000, '192.0.2.10', false, makeQuery({ options }))).toBe(10);
  });
});

describe('source ports of services that answer anything', () => {
  it.each([0, 7, 13, 17, 19])('get no reply: %i', (port) => {
    const { handler } = makeHandler(1);
    expect(handler.handle(makeQuery(), makeQuery().length, { address: '192.0.2.9', port }, false, out)).toBe(0);
    expect(handler.stats()).toMatchObject({ dropped: 1, awaited: 0 });
  });
});
