// Trust anchors rolling over in virtual time: months of a root that changes its key, and what the resolver believes.

import { expect, test } from 'vitest';
import type { Clock, Log } from '../../src/base/ports.ts';
import { silentLog } from '../../src/base/ports.ts';
import type { Trust } from '../../src/dnssec/delegation.ts';
import { anchorTag, startRollover, type TrustPoint, trustOf } from '../../src/dnssec/trust-point.ts';
import type { EngineOptions } from '../../src/resolver/options.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import { testEngineOptions } from '../../src/testing/engine.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { readDs } from '../../src/wire/rdata.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import { encode, type Reply } from '../attacks/world.ts';
import { rrsetOf } from '../dnssec/data.ts';
import { DAY, type KeyForm, keySet, RollingKey, signedBy } from '../dnssec/rolling.ts';

const START = Date.UTC(2026, 5, 1) / 1000;
const SERVERS = ['198.51.100.1', '198.51.100.2'] as const;
const ns = rrsetOf('. 518400 NS a.root.\n. 518400 NS b.root.');
const txt = rrsetOf('host. 60 TXT "here"');

/** What a root server publishes. */
interface Published {
  readonly keys: readonly KeyForm[];
  /** Keys that sign the keys and everything else. */
  readonly signers: readonly KeyForm[];
}

/** A root with two servers and a clock that can be set. */
class Root {
  readonly virtual: VirtualClock = new VirtualClock({ wallSeconds: START, stepsMax: 100_000 });
  /** Added to the wall clock of the resolver, seconds. */
  wallError = 0;
  readonly network: VirtualNetwork = new VirtualNetwork({ clock: this.virtual });
  readonly asked: number[] = [];
  readonly lines: string[] = [];
  saved: readonly TrustPoint[] = [];
  readOnly = false;
  readonly #clock: Clock = {
    nowMs: () => this.virtual.nowMs(),
    wallSeconds: () => this.virtual.wallSeconds() + this.wallError,
    after: (delayMs, run) => this.virtual.after(delayMs, run),
  };
  #resolver: Resolver | undefined;

  publish(published: Published, servers: readonly string[] = SERVERS): void {
    for (const ip of servers) {
      this.network.serve(ip, (query) => {
        const question = parseMessage(query).questions[0];
        if (question === undefined) return undefined;
        return encode(query, this.#reply(published, nameToText(question.name), question.type));
      });
    }
  }

  #reply({ keys, signers }: Published, name: string, type: number): Reply {
    const now = this.virtual.wallSeconds();
    if (name === '.' && type === TYPE.DNSKEY) {
      this.asked.push(Math.round(now - START));
      return { answer: [keySet(keys, signers, now)] };
    }
    if (name === '.' && type === TYPE.NS) return { answer: [signedBy(ns, signers, now)] };
    if (name === 'host.' && type === TYPE.TXT) return { answer: [signedBy(txt, signers, now)] };
    return { rcode: RCODE.REFUSED };
  }

  /** Starts a resolver with these anchors and what was saved by the one before. */
  start(...keys: RollingKey[]): void {
    this.close();
    this.#resolver = new Resolver(this.#options(keys));
  }

  /** As a reload does: the state is read from where it was saved. */
  reload(...keys: RollingKey[]): void {
    this.#resolver?.reconfigure(this.#options(keys));
  }

  #options(keys: readonly RollingKey[]): EngineOptions {
    const trust: Trust = { zone: ROOT, ds: keys.map((key) => readDs(key.ds())), keys: [] };
    const line = (message: string, fields?: object): void => {
      if (message.includes('trust anchor')) this.lines.push(`${message} ${JSON.stringify(fields)}`);
    };
    const log: Log = { ...silentLog, info: line, warn: line, error: line };
    const points = startRollover([trust], this.saved, this.#clock.wallSeconds());
    const save = (saved: readonly TrustPoint[]): void => {
      if (!this.readOnly) this.saved = saved;
    };
    const rollover = { store: 'here', configured: [trust], memory: { points }, save };
    const options = testEngineOptions({
      transport: this.network,
      clock: this.#clock,
      random: new SeededRandom(5),
      roots: SERVERS.map((ip, index) => ({ nameServer: nameFromText(`${'ab'[index]}.root.`), ip })),
      dnssec: { validate: true, anchors: trustOf(points), rollover },
    });
    return { ...options, log };
  }

  close(): void {
    this.#resolver?.close();
  }

  async until(day: number): Promise<void> {
    await this.virtual.advance(day * DAY * 1000 - this.virtual.nowMs());
  }

  /** What a client is told of `host.`. */
  async security(): Promise<string> {
    const promise = this.#resolver?.resolve({ name: nameFromText('host.'), type: TYPE.TXT, checkingDisabled: false });
    const resolution = await this.virtual.runUntil(promise as NonNullable<typeof promise>);
    return resolution.failure ?? resolution.security;
  }

  state(key: RollingKey): string | undefined {
    return this.saved[0]?.anchors.find((anchor) => anchorTag(anchor) === key.tag)?.state;
  }
}

test('a key comes, waits, is trusted, takes over, and the old one is revoked and forgotten', async () => {
  const [old, next] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [old], signers: [old] });
  root.start(old);
  await root.until(5);
  expect(root.state(old)).toBe('Valid');
  expect(await root.security()).toBe('secure');
  // TTL 2 days: asked once a day, first a minute after the start.
  expect(root.asked.length).toBeLessThanOrEqual(8);

  root.publish({ keys: [old, next], signers: [old] });
  await root.until(34);
  expect(root.state(next)).toBe('AddPend');
  await root.until(37);
  expect(root.state(next)).toBe('Valid');

  await root.until(40);
  expect(await root.security()).toBe('secure');
  root.publish({ keys: [old.revoked, next], signers: [old.revoked, next] });
  await root.until(41.5);
  expect(root.state(old)).toBe('Revoked');
  expect(await root.security()).toBe('secure');

  root.publish({ keys: [next], signers: [next] });
  await root.until(70);
  expect(root.state(old)).toBe('Revoked');
  await root.until(73);
  expect(root.state(old)).toBe('Removed');
  expect(await root.security()).toBe('secure');
  expect(root.lines).toEqual([
    `trust anchor changed {"change":". ${next.tag} Start -> AddPend"}`,
    `trust anchor changed {"change":". ${next.tag} AddPend -> Valid"}`,
    `trust anchor changed {"change":". ${old.tag} Valid -> Revoked"}`,
    `trust anchor changed {"change":". ${old.tag} Revoked -> Removed"}`,
  ]);

  // A thief of the old key convinces nobody, not even after a restart with the old anchor configured.
  root.start(old);
  root.publish({ keys: [old], signers: [old] });
  expect(await root.security()).toBe('bogus');
});

test('a revocation takes effect at once: what the key vouched for is not believed from the cache of zones', async () => {
  const [stolen, other] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [stolen, other], signers: [stolen, other] });
  root.start(stolen, other);
  await root.until(1.5);
  expect(await root.security()).toBe('secure');
  root.publish({ keys: [stolen.revoked, other], signers: [stolen.revoked, other] });
  await root.until(2.2);
  expect(root.state(stolen)).toBe('Revoked');
  // The thief's servers: had the status of the zone stayed, its keys would be good for hours yet.
  root.publish({ keys: [stolen], signers: [stolen] });
  expect(await root.security()).toBe('bogus');
});

test('the new key of a missed window is not believed; a configured anchor mends it', async () => {
  const [old, next] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [old, next], signers: [old] });
  root.start(old);
  await root.until(10);
  expect(root.state(next)).toBe('AddPend');
  // Away while the hold-down ends and the old key goes.
  root.publish({ keys: [next], signers: [next] });
  await root.until(100);
  root.lines.length = 0;
  root.start(old);
  expect(await root.security()).toBe('bogus');
  await root.until(101);
  expect(root.state(next)).toBe('AddPend');
  expect(await root.security()).toBe('bogus');
  expect(root.lines).toEqual([
    expect.stringContaining('trust anchors could not be refreshed {"zone":".","why":"no trusted'),
  ]);

  root.start(old, next);
  expect(await root.security()).toBe('secure');
  await root.until(102);
  expect([root.state(old), root.state(next)]).toEqual(['Missing', 'Valid']);
});

test('a resolver that slept through the hold-down believes the key when it sees it validated again', async () => {
  const [old, next] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [old, next], signers: [old] });
  root.start(old);
  await root.until(2);
  root.virtual.jump(40 * DAY * 1000);
  await root.until(42.1);
  expect(root.state(next)).toBe('Valid');
});

test('a key that no trusted key signed is not taken up; another server is asked', async () => {
  const [real, forged] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [real], signers: [real] });
  root.publish({ keys: [real, forged], signers: [forged] }, [SERVERS[0]]);
  root.start(real);
  await root.until(50);
  expect(root.saved[0]?.anchors).toHaveLength(1);
  expect(root.saved[0]?.refreshed).toBeGreaterThan(START + 45 * DAY);
  expect(await root.security()).toBe('secure');
  expect(root.lines).toEqual([]);

  root.publish({ keys: [real, forged], signers: [forged] });
  const before = root.asked.length;
  await root.until(60);
  expect(root.saved[0]?.anchors).toHaveLength(1);
  expect(root.lines).toHaveLength(1);
  // RFC 5011, 2.3: after a failure a tenth of the TTL, 4.8 hours; each time twice at both servers, and no more.
  expect(root.asked.length - before).toBeLessThanOrEqual(60 * 5);
  expect(root.asked.length - before).toBeGreaterThan(30);

  root.publish({ keys: [real], signers: [real] });
  await root.until(61);
  expect(root.lines[1]).toContain('trust anchors are refreshed again');
});

test('a clock set back begins the wait anew and does not stop the questions', async () => {
  const [old, next] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  // Signatures last two weeks, so the clock is wrong by days and not by months.
  root.wallError = 10 * DAY;
  root.publish({ keys: [old, next], signers: [old] });
  root.start(old);
  await root.until(4);
  expect(root.state(next)).toBe('AddPend');
  root.wallError = 0;
  const before = root.asked.length;
  await root.until(4.2);
  expect(root.asked.length).toBeGreaterThan(before);
  await root.until(33);
  expect(root.state(next)).toBe('AddPend');
  await root.until(36);
  expect(root.state(next)).toBe('Valid');
});

test('a reload keeps what is in memory alone, and takes up anchors that are newly configured', async () => {
  const [stolen, other, added] = [new RollingKey(), new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [stolen, other], signers: [stolen, other] });
  root.readOnly = true;
  root.start(stolen, other);
  await root.until(1);
  root.reload(stolen, other);
  root.publish({ keys: [stolen.revoked, other], signers: [stolen.revoked, other] });
  await root.until(2.2);
  root.reload(stolen, other);
  root.publish({ keys: [stolen], signers: [stolen] });
  expect(await root.security()).toBe('bogus');
  root.publish({ keys: [added], signers: [added] });
  root.reload(stolen, other, added);
  expect(await root.security()).toBe('secure');
  root.readOnly = false;
  const before = root.asked.length;
  await root.until(3);
  expect([stolen, other, added].map((key) => root.state(key))).toEqual(['Revoked', 'Missing', 'Valid']);
  expect(root.asked.length - before).toBeLessThanOrEqual(3);
});

test('what was asked under other anchors, before a reload, is not written after it', async () => {
  const [key, added] = [new RollingKey(), new RollingKey()];
  const root = new Root();
  root.publish({ keys: [key], signers: [key] });
  root.start(key);
  await root.virtual.advance(60_000);
  expect(root.network.inFlight).toBe(1);
  root.reload(key, added);
  await root.virtual.advance(30_000);
  expect(root.saved).toEqual([]);
  await root.virtual.advance(31_000);
  expect([root.state(key), root.state(added)]).toEqual(['Valid', 'Missing']);
});

test('with every anchor revoked the zone is insecure (RFC 5011, 5), and nothing is asked any more', async () => {
  const key = new RollingKey();
  const root = new Root();
  root.publish({ keys: [key.revoked], signers: [key.revoked] });
  root.start(key);
  await root.until(1);
  expect(root.state(key)).toBe('Revoked');
  expect(root.lines.at(-1)).toContain('every trust anchor of the zone is revoked');
  expect(await root.security()).toBe('insecure');
  const before = root.asked.length;
  await root.until(10);
  expect(root.asked.length).toBe(before);
});

test('nothing is asked in the first minute, nor after the end', async () => {
  const key = new RollingKey();
  const root = new Root();
  root.publish({ keys: [key], signers: [key] });
  root.start(key);
  await root.virtual.advance(59_000);
  expect(root.network.sent).toBe(0);
  await root.virtual.advance(2000);
  expect(root.saved).toHaveLength(1);
  root.start(key);
  await root.virtual.advance(59_000);
  root.start(key);
  await root.virtual.advance(58_000);
  expect(root.asked).toHaveLength(1);
  const pending = root.virtual.pending;
  root.close();
  expect(root.virtual.pending).toBe(pending - 1);
});
