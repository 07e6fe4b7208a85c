// Hostile octets from both sides: the daemon is asked mutated queries, and asks a server that mutates its responses.
//
//   node bench/hostile.ts [--queries 10000] [--responses 10000] [--seed 20240229] [--main src/cli/main.ts]
//
// All over real sockets on loopback; the same seed makes the same octets in the same order of arrival. Passes where the
// daemon does not crash, its event loop never stands for over 50 ms of CPU time, a name in its cache is answered all the
// while, and names that nobody asked before are answered afterwards.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../src/testing/seeded-random.ts';
import { nameFromText } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { TYPE } from '../src/wire/types.ts';
import { type Client, openClient } from './client.ts';
import { daemonSettings } from './daemon-settings.ts';
import { startAuthorities } from './hostile-authorities.ts';
import { mutate } from './mutate.ts';
import type { Stalls } from './stall-watch.ts';

const { values: options } = parseArgs({
  options: {
    queries: { type: 'string', default: '10000' },
    responses: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '20240229' },
    main: { type: 'string', default: join(import.meta.dirname, '../src/cli/main.ts') },
  },
});
const [queriesWanted, responsesWanted, seed] = [options.queries, options.responses, options.seed].map(Number) as [
  number,
  number,
  number,
];

const stallMost = 50;
/** How long an answer may take at the most before it counts as none. */
const patienceMs = 10_000;
const concurrency = 100;
/** The share of mutated queries that go over TCP. */
const overTcpShare = 0.1;
const types = [TYPE.A, TYPE.AAAA, TYPE.MX, TYPE.TXT, TYPE.NS, TYPE.SOA, TYPE.SRV, TYPE.HTTPS, TYPE.DS, TYPE.ANY];

let passed = 0;
let failed = 0;
const random = new SeededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), 'rootwalk-hostile.'));
const authorities = await startAuthorities(random);
const port = await freePort();
const { daemon, exited, output } = await startDaemon();
const client = await openClient(`127.0.0.1:${port}`);
const prober = startProber(await openClient(`127.0.0.1:${port}`));
try {
  await warm();
  await phase(`${queriesWanted} mutated queries`, sendMutatedQueries);
  authorities.mutating = true;
  await phase(`${responsesWanted} mutated responses`, async () => {
    await askUntilMutated();
    authorities.mutating = false;
  });
  await settle();
} finally {
  await prober.stop();
  client.close();
  await end();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function check(name: string, good: boolean, detail = ''): void {
  if (good) passed++;
  else failed++;
  console.log(`${good ? 'ok   ' : 'FAIL '} ${name}${detail === '' ? '' : ` (${detail})`}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function startDaemon(): Promise<{ daemon: ChildProcess; exited: Promise<number | null>; output: () => string }> {
  const hints = join(folder, 'hints');
  const config = join(folder, 'rootwalk.yaml');
  writeFileSync(hints, authorities.hints);
  writeFileSync(
    config,
    daemonSettings(
      port,
      `root: { hints: "${hints}" }`,
      `upstream: { ipv6: false, deny: [], port: ${authorities.port} }`,
      'dnssec: { validate: false }',
    ),
  );
  const watch = join(import.meta.dirname, 'stall-watch.ts');
  const started = spawn(process.execPath, ['--import', watch, options.main, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      if (text.length < 1_000_000) text += chunk;
      if (text.includes('Listening on')) resolve();
    };
    started.stdout?.on('data', take);
    started.stderr?.on('data', take);
    started.on('exit', () => reject(new Error(`the daemon ended: ${text}`)));
  });
  const end = new Promise<number | null>((resolve) => started.on('exit', resolve));
  await ready;
  return { daemon: started, exited: end, output: () => text };
}

/** The stalls since the last call. */
function stalls(): Promise<Stalls> {
  return new Promise((resolve, reject) => {
    if (!daemon.connected) reject(new Error('the daemon is gone'));
    daemon.once('message', (message) => resolve(message as Stalls));
    daemon.send('tell');
  });
}

/** Asks one name that stays in the cache, over and over, and keeps the times. */
function startProber(probe: Client) {
  let stopped = false;
  let times: number[] = [];
  let unanswered = 0;
  const query = questionFor('cached.steady', TYPE.A);
  const run = async (): Promise<void> => {
    while (!stopped) {
      const startMs = performance.now();
      const reply = await probe.ask(query, 2000);
      if (reply === undefined) unanswered++;
      else times.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    probe.close();
  };
  const running = run();
  return {
    take: () => {
      const taken = { times: times.sort((a, b) => a - b), unanswered };
      times = [];
      unanswered = 0;
      return taken;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Has the code of the daemon compiled before anything is measured: a compiler's pause is no stall. */
async function warm(): Promise<void> {
  await each(2000, (index) => client.ask(questionFor(`warm${index}.d.t${index % 50}`, TYPE.A), patienceMs));
}

async function phase(name: string, run: () => Promise<void>): Promise<void> {
  await stalls();
  prober.take();
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const { worstCpuMs, worstMs, residentOctets } = await stalls();
  const { times, unanswered } = prober.take();
  const at = (share: number): string => `${(times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1)} ms`;
  console.log(`      ${name}: ${seconds.toFixed(1)} s, ${(residentOctets / 1e6).toFixed(0)} MB resident`);
  console.log(`      a cached name: half within ${at(0.5)}, 99 % within ${at(0.99)}, all within ${at(1)}`);
  check(`${name}: no crash`, daemon.exitCode === null);
  const figures = `${worstCpuMs.toFixed(0)} ms of CPU time, ${worstMs.toFixed(0)} ms by the clock`;
  check(`${name}: no stall over ${stallMost} ms`, worstCpuMs <= stallMost, figures);
  check(`${name}: a cached name is answered all the while`, unanswered === 0, `${times.length} times`);
}

async function sendMutatedQueries(): Promise<void> {
  // Most get no reply or one that does not match: nobody waits for them.
  let sent = 0;
  await each(queriesWanted, async () => {
    const query = mutate(baseQuery(sent++), random, random.chance(0.3) ? 12 : 0);
    if (random.chance(overTcpShare)) await sendOverTcp(query);
    else await client.ask(query, 20);
  });
}

function baseQuery(index: number): Uint8Array {
  const query = buildQuery({
    id: index & 0xffff,
    name: nameFromText(`q${index}.d.t${index % 50}`),
    type: types[index % types.length] as number,
    recursionDesired: !random.chance(0.1),
    checkingDisabled: random.chance(0.1),
    ...(random.chance(0.8)
      ? { edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: random.chance(0.5), options: someOptions() } }
      : {}),
  });
  return query;
}

/** A cookie, a client subnet, padding, or something unknown. */
function someOptions(): { code: number; data: Uint8Array }[] {
  return [10, 8, 12, 65_001]
    .filter(() => random.chance(0.4))
    .map((code) => ({ code, data: Uint8Array.from({ length: 8 }, () => random.integer(256)) }));
}

/** One connection: the query with its length, a wrong length, or half of it; then it is closed in one way or another. */
function sendOverTcp(query: Uint8Array): Promise<void> {
  const length = random.chance(0.8) ? query.length : random.integer(65_536);
  const way = random.integer(3);
  const octets = Buffer.concat([Uint8Array.of(length >> 8, length), query]);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(way === 0 ? octets.subarray(0, octets.length >> 1) : octets);
      if (way === 1) socket.end();
      setTimeout(() => socket.destroy(), 20);
    });
    socket.resume();
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

async function askUntilMutated(): Promise<void> {
  let index = 0;
  const before = authorities.mutated;
  const questionsMax = responsesWanted * 4;
  const work = async (): Promise<void> => {
    while (authorities.mutated - before < responsesWanted && index < questionsMax) {
      const mine = index++;
      const owner = ['', 'a.', 'alias.', 'far.', 'x.tree.', 'y.wild.'][mine % 6];
      const type = types[random.integer(types.length)] as number;
      await client.ask(questionFor(`${owner}m${mine}.d.t${mine % 1000}`, type), patienceMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const count = authorities.mutated - before;
  check(`${responsesWanted} responses were mutated`, count >= responsesWanted, `${count}, for ${index} questions`);
}

/** After all that: names that nobody asked before, in zones that nobody lied about. */
async function settle(): Promise<void> {
  let answered = 0;
  await each(200, async (index) => {
    const reply = await client.ask(questionFor(`new${index}.d.u${index}`, TYPE.A), patienceMs);
    if (reply !== undefined && ((reply[3] as number) & 15) === 0 && Buffer.from(reply).readUInt16BE(6) > 0) answered++;
  });
  check('service goes on: names never asked before are answered', answered === 200, `${answered} of 200`);
  const logged = output()
    .split('\n')
    .filter((line) => line.includes('"level":'));
  check('nothing was logged as an error', logged.length === 0, logged.slice(0, 5).join('\n'));
}

async function end(): Promise<void> {
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), 15_000);
  const code = await exited;
  clearTimeout(timer);
  check('SIGTERM ends it with 0', code === 0, `exit code ${code}`);
  authorities.close();
  rmSync(folder, { recursive: true });
}

async function each(count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

function questionFor(name: string, type: number): Uint8Array {
  const edns = { udpPayloadOctets: 1232, version: 0, dnssecOk: false, options: [] };
  return buildQuery({ id: 0, name: nameFromText(name), type, recursionDesired: true, checkingDisabled: false, edns });
}
