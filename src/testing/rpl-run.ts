// Plays a scenario in this process on virtual time: asks its questions, lets its time pass, judges the answers.

import { buildMessage, type Message, parseMessage } from '../wire/message.ts';
import { differences, messageText } from './rpl-match.ts';
import { parseRpl } from './rpl-parse.ts';
import { moveStraySignatures, needsResigning, resignScenario } from './rpl-resign.ts';
import { ScriptedServers } from './rpl-server.ts';
import { makeReplayTarget, type ReplayEnvironment, type ReplayTarget } from './rpl-target.ts';
import { type RplEntry, RplError, type RplStep, type Scenario } from './rpl-types.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock, VirtualTimeError } from './virtual-clock.ts';
import { VirtualNetwork } from './virtual-network.ts';

/** How a scenario is played. */
export interface ReplayOptions {
  /** Makes the resolver under test; default: this package's engine behind its own server. */
  readonly makeTarget?: (environment: ReplayEnvironment) => ReplayTarget;
  /** Whether it validates; if not, scenarios with a trust anchor are skipped. Default true. */
  readonly validates?: boolean;
}

/** How it went. */
export interface ScenarioResult {
  readonly file: string;
  readonly title: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly passed: boolean;
  /** Why it was skipped, or in one line what was wrong. */
  readonly reason: string | undefined;
  /** Where it failed. */
  readonly step: { readonly number: number; readonly line: number } | undefined;
  /** The message expected there and the one that came, in lines of text. */
  readonly expected: string | undefined;
  readonly got: string | undefined;
  /** Every question that reached a server, and from where in the file it was answered. */
  readonly trace: readonly string[];
}

/** Virtual milliseconds that a scenario may take beside the time that it lets pass. */
const scenarioMs = 15_000;

/** Parses the texts of scenario files and plays them in order; a file that cannot be read is a failure. */
export async function replayRplPath(
  files: readonly { readonly path: string; readonly text: string }[],
  options: ReplayOptions = {},
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const { path, text } of files) {
    try {
      results.push(await runScenario(parseRpl(text, path), options));
    } catch (error) {
      if (!(error instanceof RplError)) throw error;
      results.push({ ...blank(path, ''), status: 'failed', reason: error.message });
    }
  }
  return results;
}

/** Plays one scenario. Rejects only for a fault of the resolver's own (AssertionError and the like). */
export async function runScenario(scenario: Scenario, options: ReplayOptions = {}): Promise<ScenarioResult> {
  const result = blank(scenario.file, scenario.title);
  const prepared = prepare(scenario, options.validates ?? true);
  if (typeof prepared === 'string') return { ...result, status: 'skipped', reason: prepared };
  const run = new Run(prepared, options.makeTarget ?? makeReplayTarget);
  try {
    await run.play();
    return { ...result, status: 'passed', passed: true, trace: run.servers.trace };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const { step, message: reason, expected, got } = error;
    const where = { number: step.number, line: step.line };
    return { ...result, status: 'failed', reason, step: where, expected, got, trace: run.servers.trace };
  } finally {
    run.close();
  }
}

function blank(file: string, title: string): ScenarioResult {
  const nothing = { reason: undefined, step: undefined, expected: undefined, got: undefined, trace: [] };
  return { file, title, status: 'failed', passed: false, ...nothing };
}

/** The scenario as it can be played, or why it cannot. */
function prepare(scenario: Scenario, validates: boolean): Scenario | string {
  const { settings, dialect, unsupported } = scenario;
  if (unsupported !== undefined) return unsupported;
  const tidy = dialect === 'unbound' ? moveStraySignatures(scenario) : scenario;
  if (settings.trustAnchors.length === 0 || !settings.validator) return tidy;
  if (!validates) return 'needs validation';
  return needsResigning(tidy) ? (resignScenario(tidy) ?? 'names the keys that it needs replaced') : tidy;
}

/** The scenario does not hold. */
class Mismatch extends Error {
  readonly step: RplStep;
  readonly expected: string | undefined;
  readonly got: string | undefined;

  constructor(step: RplStep, what: string, got?: string) {
    super(`step ${step.number} ${step.kind}: ${what}`);
    this.step = step;
    this.expected = step.entry && messageText(step.entry.templates[0].message);
    this.got = got;
  }
}

interface ClientQuery {
  readonly client: string;
  readonly recursionDesired: boolean;
  /** UDP first; a truncated answer is followed by the one over TCP. */
  readonly answers: Message[];
  readonly done: Promise<void>;
  finished: boolean;
}

class Run {
  readonly servers: ScriptedServers;
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #network: VirtualNetwork;
  readonly #target: ReplayTarget;
  /** Asked and not yet checked. */
  #asked: ClientQuery[] = [];
  #deadlineMs: number;
  #nextId = 1;

  constructor(scenario: Scenario, makeTarget: (environment: ReplayEnvironment) => ReplayTarget) {
    const { wallSeconds } = scenario.settings;
    this.#scenario = scenario;
    this.#clock = new VirtualClock(wallSeconds === undefined ? {} : { wallSeconds });
    const random = new SeededRandom(1);
    this.#network = new VirtualNetwork({ clock: this.#clock, random: random.fork() });
    this.servers = new ScriptedServers(scenario, this.#clock);
    this.#network.serveOthers(this.servers.handler);
    this.#target = makeTarget({ transport: this.#network, clock: this.#clock, random: random.fork(), scenario });
    this.#deadlineMs = this.#clock.nowMs() + scenarioMs;
  }

  close(): void {
    this.#target.close();
    this.#network.close();
  }

  async play(): Promise<void> {
    for (const [index, step] of this.#scenario.steps.entries()) await this.#step(index, step);
  }

  /** Unbound's servers are already at the next step while a question runs; Deckard's are still at its own. */
  get #ahead(): number {
    return this.#scenario.dialect === 'deckard' ? 0 : 1;
  }

  async #step(index: number, step: RplStep): Promise<void> {
    const { servers } = this;
    const before = this.#scenario.steps[index - 1]?.kind;
    switch (step.kind) {
      case 'QUERY':
        if (before === 'CHECK_ANSWER') await this.#quiet(30, 1000);
        else if (before === 'QUERY' && this.#ahead) await this.#quiet(150, 2000);
        servers.moveTo(index + this.#ahead);
        servers.lastMs = this.#clock.nowMs();
        this.#ask(step);
        return;
      case 'CHECK_ANSWER':
        servers.moveTo(step.entry && this.#ahead ? index : servers.now);
        if (step.entry) await this.#check(step, step.entry);
        servers.moveTo(index + this.#ahead);
        return;
      case 'TIME_PASSES':
        await this.#quiet(50, 2000);
        this.#pass(Number(step.args[1]));
        servers.moveTo(index + this.#ahead);
        return;
      case 'TRAFFIC':
        await this.#quiet(250, 6000);
        servers.moveTo(index + this.#ahead);
        return;
      case 'CHECK_OUT_QUERY':
        servers.moveTo(index);
        if (!(await this.#until(6000, () => servers.consumed.has(index)))) throw new Mismatch(step, 'no such query');
        return;
      case 'REPLY':
      case 'TIMEOUT': {
        servers.moveTo(index);
        const done = await this.#until(4000, () => servers.replyStep(step));
        if (!done && this.#scenario.dialect === 'unbound') throw new Mismatch(step, 'no query waits for it');
        if (done) servers.moveTo(index + this.#ahead);
        return;
      }
      default: // NOTHING
        servers.moveTo(index + this.#ahead);
    }
  }

  /** A jump: what waits for a reply goes on waiting, since the script's next step may be that reply. */
  #pass(seconds: number): void {
    this.#clock.jump(seconds * 1000);
    this.servers.lastMs += seconds * 1000;
    this.#deadlineMs += seconds * 1000;
  }

  #ask({ entry, address }: RplStep): void {
    if (entry === undefined) return;
    const [template] = entry.templates;
    const client = address?.split('@', 1)[0] ?? '127.0.0.1';
    const id = this.#nextId++ & 0xffff;
    const octets = entry.raw ?? this.#queryOctets(entry, id);
    const protocol = entry.match.has('TCP') ? 'tcp' : 'udp';
    const answers: Message[] = [];
    const receive = async (): Promise<void> => {
      const first = await this.#target.ask(octets, protocol, client);
      if (first === undefined) return;
      answers.push(parseMessage(first));
      if (protocol === 'tcp' || !answers[0]?.truncated) return;
      const second = await this.#target.ask(octets, 'tcp', client);
      if (second) answers.push(parseMessage(second));
    };
    const done = receive().finally(() => {
      query.finished = true;
    });
    const { recursionDesired } = template.message;
    const query: ClientQuery = { client, recursionDesired, answers, done, finished: false };
    done.catch(() => undefined); // seen by whoever checks it
    if (!entry.raw) this.#asked.push(query);
  }

  #queryOctets({ templates: [template] }: RplEntry, id: number): Uint8Array {
    if (template.hex) return Uint8Array.of(id >> 8, id & 255, ...template.hex.subarray(2));
    const plain = this.#scenario.dialect === 'deckard';
    const edns = plain ? { udpPayloadOctets: 4096, version: 0, dnssecOk: false, options: [] } : undefined;
    return buildMessage({ ...template.message, id, edns: template.message.edns ?? edns });
  }

  async #check(step: RplStep, entry: RplEntry): Promise<void> {
    const client = step.address?.split('@', 1)[0];
    for (;;) {
      const candidates = this.#asked.filter((query) => client === undefined || query.client === client);
      const misses: string[] = [];
      let got = '';
      for (const query of candidates.filter(({ finished }) => finished)) {
        await query.done;
        const judged = query.answers.map((answer) => ({
          answer,
          wrong: differences(entry, answer, this.#scenario.dialect, query.recursionDesired),
        }));
        const best = judged.sort((a, b) => a.wrong.length - b.wrong.length)[0];
        if (best?.wrong.length === 0) {
          this.#asked = this.#asked.filter((other) => other !== query);
          return;
        }
        misses.push(best ? best.wrong.join('; ') : 'no answer');
        if (best) got = messageText(best.answer);
      }
      const waiting = candidates.filter(({ finished }) => !finished);
      if (waiting.length === 0) throw new Mismatch(step, misses.join(' | ') || 'no query to check', got);
      if (!(await this.#anyOf(waiting))) throw new Mismatch(step, ['no answer in time', ...misses].join(' | '), got);
    }
  }

  /** Lets time pass until one of the queries has its answer; false: not in time. */
  async #anyOf(queries: readonly ClientQuery[]): Promise<boolean> {
    const leftMs = Math.max(300, this.#deadlineMs - this.#clock.nowMs());
    try {
      await this.#clock.runUntil(Promise.race(queries.map(({ done }) => done)), leftMs);
      return true;
    } catch (error) {
      if (error instanceof VirtualTimeError) return false;
      throw error;
    }
  }

  /** Lets time pass until no query has reached a server for `quietMs`, or `limitMs` are over. */
  async #quiet(quietMs: number, limitMs: number): Promise<void> {
    const endMs = this.#clock.nowMs() + limitMs;
    await this.#clock.advance(0);
    while (this.#clock.nowMs() < endMs) {
      const idleMs = this.#clock.nowMs() - this.servers.lastMs;
      if (idleMs >= quietMs && !this.servers.busy) return;
      await this.#clock.advance(Math.max(1, Math.min(10, quietMs - idleMs)));
    }
  }

  /** Lets time pass until `holds`; false: it does not within `limitMs`. */
  async #until(limitMs: number, holds: () => boolean): Promise<boolean> {
    const endMs = this.#clock.nowMs() + limitMs;
    for (;;) {
      await this.#clock.advance(0);
      if (holds()) return true;
      if (this.#clock.nowMs() >= endMs) return false;
      await this.#clock.advance(2);
    }
  }
}
