// Our daemon beside Unbound on a small signed Internet, in a network namespace of its own.
//
//   npm run build && node tools/node/run.cjs bench/peer.ts [--rounds 3] [--names 3000] [--seconds 3] [--rate 5000] [--batched-io auto]
//
// In each round both are asked `--names` names that nobody asked before, half of them in zones that are new as well
// (cold, with validation); then the same names for `--seconds` as fast as dnsperf can (cached), and at `--rate` a second
// (cached, paced). Who begins changes from round to round, and a round before the first warms both up. The server has the
// first core for itself; dnsperf and the authoritative servers share the last. Linux; needs Unbound, dnsperf, iproute2.

import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { nameFromText } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { TYPE } from '../src/wire/types.ts';
import { openClient } from './client.ts';
import { makeInternet, serverAddresses } from './peer-internet.ts';
import { type Server, startOurs, startUnbound } from './peer-servers.ts';

/** What one run of dnsperf says. Latencies in milliseconds, of the answers alone. */
interface Load {
  readonly answers: number;
  readonly lost: number;
  readonly perSecond: number;
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    names: { type: 'string', default: '3000' },
    seconds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '5000' },
    'batched-io': { type: 'string', default: 'auto' },
  },
});
const [rounds, names] = [number('rounds', 1, 20), number('names', 100, 50_000)];
const [seconds, rate] = [number('seconds', 1, 60), number('rate', 100, 100_000)];
const batchedIo = options['batched-io'];
if (batchedIo !== 'auto' && batchedIo !== 'off') refuse('--batched-io is auto or off');
// Not availableParallelism(): this process may be held to one core already.
const cores = cpus().length;
const [serverCore, loadCore] = ['0', `${cores - 1}`];
const inside = 'ROOTWALK_BENCH_NAMESPACE';

if (process.env[inside] !== 'own') enterNamespace();
const folder = mkdtempSync(join(tmpdir(), 'rootwalk-peer.'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
// Our daemon gives up root, and reads its files as somebody else.
chmodSync(folder, 0o755);
const [hints, anchor] = [join(folder, 'hints'), join(folder, 'anchor')];

for (const words of [['link', 'set', 'lo', 'up'], ...serverAddresses.map((ip) => ['addr', 'add', ip, 'dev', 'lo'])]) {
  if (spawnSync('ip', words, { stdio: 'inherit' }).status !== 0) refuse(`"ip ${words.join(' ')}" failed`);
}
const zonesPerRound = Math.ceil(names / 2);
const internet = makeInternet(zonesPerRound * (rounds + 1));
writeFileSync(hints, internet.hints);
writeFileSync(anchor, internet.anchor);
await internet.serve();

const facts = { folder, hints, anchor, core: serverCore, batchedIo };
const servers = [startUnbound(facts), startOurs(facts)] as const;
process.on('exit', () => {
  for (const server of servers) server.end();
});
await Promise.all(servers.map(checkValidation));
console.log(`${servers.map(({ title }) => title).join(' and ')}, Node.js ${process.versions.node}, ${cores} cores`);
const kinds = ['cold', 'cached', 'paced'] as const;
const results = new Map<string, Load[]>();
for (let round = 0; round <= rounds; round++) {
  for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
    const loads = await runRound(server, round);
    // The first warms up.
    if (round > 0) for (const kind of kinds) keep(`${kind} ${server.title}`, loads[kind]);
  }
}
report('cold names, validated', 'cold', 100_000);
report('cached answers', 'cached', 1_000_000);
report(`cached answers at ${rate}/s`, 'paced', 1_000_000);
process.exit(0);

function number(option: 'rounds' | 'names' | 'seconds' | 'rate', least: number, most: number): number {
  const value = Number(options[option]);
  if (!Number.isInteger(value) || value < least || value > most) refuse(`--${option} is a number, ${least} to ${most}`);
  return value;
}

function refuse(why: string): never {
  console.error(`peer.ts: ${why}`);
  process.exit(1);
}

/** Starts this file anew where port 53 and every address are ours alone, and ends with it. */
function enterNamespace(): never {
  if (process.platform !== 'linux') refuse('needs the network namespaces of Linux');
  if (!existsSync(join(import.meta.dirname, '../dist/cli/main.js'))) refuse('needs dist/: run "npm run build" first');
  if (cores < 2) refuse('needs two cores: one for the server, one for the load');
  for (const [tool, from] of [
    ['unbound', 'unbound'],
    ['dnsperf', 'dnsperf'],
    ['ip', 'iproute2'],
    ['taskset', 'util-linux'],
    ['unshare', 'util-linux'],
  ] as const) {
    const found = (process.env['PATH'] ?? '').split(':').some((at) => existsSync(join(at, tool)));
    if (!found) refuse(`needs ${tool}, which is not in PATH (Debian: apt-get install ${from})`);
  }
  const user = ['--user', '--map-root-user', '--net'];
  // As root without a user namespace: in one, our daemon could become no other user.
  const ways = process.getuid?.() === 0 ? [['--net'], user] : [user];
  const way = ways.find((words) => spawnSync('unshare', [...words, 'true']).status === 0);
  if (way === undefined) refuse('may make no network namespace; try as root');
  const again = [...way, 'taskset', '-c', loadCore, process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', again, { stdio: 'inherit', env: { ...process.env, [inside]: 'own' } });
  process.exit(status ?? 1);
}

/** Waits for a server, and has it validate a signed name: else the figures would compare unlike work. */
async function checkValidation({ title, port }: Server): Promise<void> {
  const client = await openClient(`127.0.0.1:${port}`);
  const edns = { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [] };
  const name = nameFromText(`www.${internet.zones[0]}`);
  const query = buildQuery({ id: 0, name, type: TYPE.A, recursionDesired: true, checkingDisabled: false, edns });
  for (let tries = 0; tries < 30; tries++) {
    const reply = await client.ask(query, 500);
    if (reply === undefined) continue;
    client.close();
    if (((reply[3] as number) & 0x20) === 0) refuse(`${title} does not validate: no AD for a signed name`);
    return;
  }
  refuse(`${title} does not answer`);
}

async function runRound(server: Server, round: number): Promise<Record<(typeof kinds)[number], Load>> {
  const zones = internet.zones.slice(round * zonesPerRound, (round + 1) * zonesPerRound);
  const file = join(folder, 'names');
  writeFileSync(file, ['www', 'mail'].flatMap((host) => zones.map((zone) => `${host}.${zone} A\n`)).join(''));
  return {
    cold: await load(server, ['-d', file, '-n', '1', '-q', '100', '-v']),
    cached: await load(server, ['-d', file, '-l', `${seconds}`, '-q', '200']),
    paced: await load(server, ['-d', file, '-l', `${seconds}`, '-q', '1000', '-Q', `${rate}`, '-v']),
  };
}

async function load(server: Server, words: readonly string[]): Promise<Load> {
  const before = server.cpuSeconds();
  const perf = ['-s', '127.0.0.1', '-p', `${server.port}`, '-c', '8', '-e', '-t', '5', ...words];
  const { stdout } = await promisify(execFile)('dnsperf', perf, { maxBuffer: 1 << 28 });
  const cpuSeconds = server.cpuSeconds() - before;
  const figure = (label: RegExp): number => Number(label.exec(stdout)?.[1] ?? Number.NaN);
  const times = [...stdout.matchAll(/^> (?!T )\S+ \S+ \S+ ([0-9.]+)$/gmu)].map(([, each]) => Number(each) * 1000);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  return {
    answers: figure(/Queries completed:\s+(\d+)/u),
    lost: figure(/Queries lost:\s+(\d+)/u),
    perSecond: figure(/Queries per second:\s+([0-9.]+)/u),
    cpuSeconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

function keep(key: string, load: Load): void {
  results.set(key, [...(results.get(key) ?? []), load]);
}

/** Medians of the rounds for each, and of the ratio within each round. */
function report(title: string, kind: (typeof kinds)[number], per: number): void {
  const [peer, ours] = servers.map((server) => results.get(`${kind} ${server.title}`) ?? []) as [Load[], Load[]];
  const rows: [string, (load: Load) => number][] = [
    [`CPU seconds per ${per.toLocaleString('en-US')}`, ({ cpuSeconds, answers }) => (cpuSeconds / answers) * per],
    ['answers a second', ({ perSecond }) => perSecond],
    ['p50, ms', ({ p50Ms }) => p50Ms],
    ['p99, ms', ({ p99Ms }) => p99Ms],
    ['lost', ({ lost }) => lost],
  ];
  console.log(
    `\n${title.padEnd(30)} ${servers.map((server) => server.title.padStart(16)).join('')}${'ratio'.padStart(8)}`,
  );
  for (const [what, of] of rows) {
    const [theirs, our] = [median(peer.map(of)), median(ours.map(of))];
    if (Number.isNaN(our)) continue;
    const ratio = median(ours.map((load, round) => of(load) / of(peer[round] as Load)));
    const shown = [theirs, our].map((value) => show(value).padStart(16)).join('');
    console.log(`  ${what.padEnd(28)} ${shown}${Number.isFinite(ratio) ? ratio.toFixed(2).padStart(8) : ''}`);
  }
}

function show(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
