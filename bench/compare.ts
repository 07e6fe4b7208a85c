// Compares two resolvers name by name: RCODE and records of each answer, failures, and upstream packets per query.
//
//   node bench/compare.ts --names FILE [--count 20000] --ours 127.0.0.1:5450 --peer 127.0.0.1:5400
//     [--skip 0] [--concurrency 50] [--timeout 5000] [--check-ad] [--known FILE] [--show 50] [--json FILE]
//
// FILE holds a name and a type on each line. The peer answers all of them, then ours does. Then whatever a server failed
// on or left unanswered, and of both whatever differs, is asked once more. TTLs and the order of records do not count.
// Upstream packets are right only in a network namespace where nothing else talks. `--known` names a file of lines
// `NAME TYPE why` for differences that are understood. Exits 1 where another difference remains, or where ours fails
// more often than the peer.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseMessage } from '../src/wire/message.ts';
import { nameFromText } from '../src/wire/name.ts';
import { buildQuery } from '../src/wire/query.ts';
import { RCODE, rcodeToText, typeFromText } from '../src/wire/types.ts';
import { recordToText } from '../src/wire/zone-text.ts';
import { openClient } from './client.ts';

interface Question {
  readonly name: string;
  readonly type: string;
}

/** What a server said, in a form that compares with `===`; `undefined`: nothing. */
interface Said {
  readonly rcode: string;
  readonly authenticData: boolean;
  readonly records: readonly string[];
}

/** What one server did over a whole run. */
interface Run {
  readonly server: string;
  readonly said: (Said | undefined)[];
  /** Of the first pass alone. */
  readonly first: {
    readonly seconds: number;
    readonly failed: number;
    readonly unanswered: number;
    readonly upstreamUdp: number;
    readonly upstreamTcp: number;
  };
}

const { values: options } = parseArgs({
  options: {
    names: { type: 'string' },
    count: { type: 'string', default: '20000' },
    skip: { type: 'string', default: '0' },
    ours: { type: 'string' },
    peer: { type: 'string' },
    concurrency: { type: 'string', default: '50' },
    timeout: { type: 'string', default: '5000' },
    'check-ad': { type: 'boolean', default: false },
    known: { type: 'string' },
    show: { type: 'string', default: '50' },
    json: { type: 'string' },
  },
});
const { names, ours: oursAddress, peer: peerAddress } = options;
if (names === undefined || oursAddress === undefined || peerAddress === undefined) {
  console.error('usage: compare.ts --names FILE --ours ADDRESS:PORT --peer ADDRESS:PORT [--count N] [--check-ad]');
  process.exit(1);
}
const concurrency = Number(options.concurrency);
const timeoutMs = Number(options.timeout);
const checkAd = options['check-ad'];
/** A server may still be asking after it has answered; its packets must not count as the other's. */
const quietMs = 3000;

const questions = readQuestions(names, Number(options.skip), Number(options.count));
const known = new Map(options.known === undefined ? [] : readKnown(options.known));
const peer = await runAll(peerAddress);
const ours = await runAll(oursAddress);
const differing = questions.flatMap((_, index) => (differs(index) ? [index] : []));
await askAgain(peer, new Set([...failing(peer), ...differing]));
await askAgain(ours, new Set([...failing(ours), ...differing]));
process.exitCode = report() ? 0 : 1;

function readQuestions(file: string, skip: number, count: number): Question[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.slice(skip, skip + count).map((line) => {
    const [name = '', type = 'A'] = line.split(/\s+/);
    return { name, type };
  });
}

function readKnown(file: string): [string, string][] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [name, type, ...why] = line.trim().split(/\s+/);
    return name === undefined || name.startsWith('#') || type === undefined ? [] : [[`${name} ${type}`, why.join(' ')]];
  });
}

/** Asks one server everything, and counts what it sent upstream meanwhile. */
async function runAll(server: string): Promise<Run> {
  const said: (Said | undefined)[] = new Array(questions.length).fill(undefined);
  const before = packets();
  const startMs = performance.now();
  const client = await ask(server, questions.keys(), said);
  const seconds = (performance.now() - startMs) / 1000;
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  const after = packets();
  const run: Run = {
    server,
    said,
    first: {
      seconds,
      failed: said.filter((one) => one !== undefined && isFailure(one)).length,
      unanswered: said.filter((one) => one === undefined).length,
      // Each upstream query and each of its replies is a datagram sent in this namespace, as are the client's.
      upstreamUdp: after.udpOut - before.udpOut - client.sent - client.received,
      upstreamTcp: after.tcpOpened - before.tcpOpened - client.tcp,
    },
  };
  return run;
}

async function askAgain(run: Run, indices: ReadonlySet<number>): Promise<void> {
  const again: (Said | undefined)[] = [...run.said];
  await ask(run.server, indices.values(), again);
  // The better of two: an answer over a failure, a failure over silence.
  for (const index of indices) run.said[index] = better(again[index], run.said[index]);
}

function better(now: Said | undefined, then: Said | undefined): Said | undefined {
  if (now === undefined) return then;
  return isFailure(now) && then !== undefined && !isFailure(then) ? then : now;
}

async function ask(server: string, indices: Iterator<number>, said: (Said | undefined)[]) {
  const client = await openClient(server);
  const work = async (): Promise<void> => {
    for (let step = indices.next(); step.done !== true; step = indices.next()) {
      const reply = await client.ask(queryFor(questions[step.value] as Question), timeoutMs);
      said[step.value] = reply === undefined ? undefined : read(reply);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  client.close();
  return client.counts;
}

function queryFor({ name, type }: Question): Uint8Array {
  const number = typeFromText(type);
  if (number === undefined) throw new Error(`${names}: ${type} is no type`);
  return buildQuery({
    id: 0,
    name: nameFromText(name),
    type: number,
    recursionDesired: true,
    checkingDisabled: false,
    edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: checkAd, options: [] },
  });
}

function read(reply: Uint8Array): Said {
  const message = parseMessage(reply);
  const records = message.answer.map((record) => recordToText({ ...record, ttl: 0 }).toLowerCase());
  return { rcode: rcodeToText(message.rcode), authenticData: message.authenticData, records: records.sort() };
}

function isFailure(said: Said): boolean {
  return said.rcode === rcodeToText(RCODE.SERVFAIL);
}

function failing(run: Run): number[] {
  return run.said.flatMap((said, index) => (said === undefined || isFailure(said) ? [index] : []));
}

/** Whether ours must answer for it: where the peer failed or said nothing, ours may say what it will. */
function differs(index: number): boolean {
  const [one, other] = [ours.said[index], peer.said[index]];
  if (other === undefined || isFailure(other)) return false;
  return one === undefined || text(one) !== text(other);
}

function text(said: Said | undefined): string {
  if (said === undefined) return 'no answer';
  return [said.rcode, ...(checkAd && said.authenticData ? ['AD'] : []), ...said.records].join(' | ');
}

function packets(): { udpOut: number; tcpOpened: number } {
  const lines = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const value = (protocol: string, field: string): number => {
    const [heads = '', figures = ''] = lines.filter((line) => line.startsWith(`${protocol}:`));
    return Number(figures.split(' ')[heads.split(' ').indexOf(field)]);
  };
  return { udpOut: value('Udp', 'OutDatagrams'), tcpOpened: value('Tcp', 'ActiveOpens') };
}

function report(): boolean {
  const different = questions.flatMap((_, index) => (differs(index) ? [index] : []));
  const unexplained = different.filter((index) => knownWhy(index) === undefined);
  for (const index of different.slice(0, Number(options.show))) {
    const { name, type } = questions[index] as Question;
    console.log(`${name} ${type}${knownWhy(index) === undefined ? '' : `   known: ${knownWhy(index)}`}`);
    console.log(`  peer: ${text(peer.said[index])}\n  ours: ${text(ours.said[index])}`);
  }
  const figures = (run: Run) => ({
    ...run.first,
    failedInTheEnd: run.said.filter((said) => said !== undefined && isFailure(said)).length,
    unansweredInTheEnd: run.said.filter((said) => said === undefined).length,
    upstreamUdpPerQuery: run.first.upstreamUdp / 2 / questions.length,
  });
  const [a, b] = [figures(ours), figures(peer)];
  const perQuery = `${a.upstreamUdpPerQuery.toFixed(3)} / ${b.upstreamUdpPerQuery.toFixed(3)}`;
  const rows: [string, string][] = [
    ['seconds', `${a.seconds.toFixed(1)} / ${b.seconds.toFixed(1)}`],
    ['SERVFAIL, first ask', `${a.failed} / ${b.failed}`],
    ['SERVFAIL, after a retry', `${a.failedInTheEnd} / ${b.failedInTheEnd}`],
    [`unanswered in ${timeoutMs} ms, first ask`, `${a.unanswered} / ${b.unanswered}`],
    ['unanswered, after a retry', `${a.unansweredInTheEnd} / ${b.unansweredInTheEnd}`],
    ['upstream UDP exchanges per query', `${perQuery} = ${(a.upstreamUdp / b.upstreamUdp).toFixed(2)} times`],
    ['upstream TCP connections', `${a.upstreamTcp} / ${b.upstreamTcp}`],
  ];
  console.log(`\n${questions.length} questions; ours / peer`);
  for (const [what, value] of rows) console.log(`  ${what.padEnd(36)} ${value}`);
  const rcodes = Map.groupBy(
    different,
    (index) => `${peer.said[index]?.rcode} -> ${ours.said[index]?.rcode ?? 'no answer'}`,
  );
  for (const [change, all] of rcodes) console.log(`  differs, ${change.padEnd(27)} ${all.length}`);
  console.log(`  differences: ${different.length}, unexplained: ${unexplained.length}`);
  if (options.json !== undefined) {
    const list = different.map((index) => ({
      ...questions[index],
      peer: text(peer.said[index]),
      ours: text(ours.said[index]),
    }));
    const oursFailing = failing(ours).map((index) => ({ ...questions[index], peer: text(peer.said[index]) }));
    writeFileSync(options.json, JSON.stringify({ ours: a, peer: b, different: list, oursFailing }, undefined, 1));
  }
  return unexplained.length === 0 && a.failedInTheEnd + a.unansweredInTheEnd <= b.failedInTheEnd + b.unansweredInTheEnd;
}

function knownWhy(index: number): string | undefined {
  const { name, type } = questions[index] as Question;
  return known.get(`${name} ${type}`);
}
