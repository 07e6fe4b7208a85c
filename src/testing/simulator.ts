// Seeded simulation: a random tree of zones behind a bad network, a resolver asked about it, and checks of its conduct.

import { type Limits, makeLimits } from '../base/limits.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import type { Resolution } from '../resolver/types.ts';
import { type Name, nameFromText, nameToText, ROOT } from '../wire/name.ts';
import { toRecords } from '../wire/rrset.ts';
import { RCODE, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import { testEngineOptions } from './engine.ts';
import { type Behaviour, faultyServer } from './faulty-server.ts';
import { growTree, type RandomTree } from './random-tree.ts';
import { recordKey } from './rpl-match.ts';
import { SeededRandom } from './seeded-random.ts';
import { digest, exchangeText } from './trace.ts';
import { VirtualClock } from './virtual-clock.ts';
import { plainPath, VirtualNetwork } from './virtual-network.ts';
import { behaviourFor, roughPath, type Weather } from './weather.ts';
import { truthOf } from './zone-tree.ts';

/** What to simulate. */
export interface SimulationOptions {
  readonly seed: number;
  readonly weather: Weather;
  /** Client questions; default 100. After bad weather ten more are asked in good. */
  readonly questions?: number;
  /** Zones beside the root; default 5 to 40 by the seed. */
  readonly zones?: number;
  /** How every server behaves, in place of what the weather draws. */
  readonly servers?: Behaviour;
  /** Whether the tree is signed and the resolver validates; default true for odd seeds. */
  readonly signed?: boolean;
  /** Octets of all caches; default 1 MiB. */
  readonly cacheOctets?: number;
  readonly limits?: Partial<Limits>;
}

/** What came of it. The same options give an equal report. */
export interface SimulationReport {
  readonly seed: number;
  readonly weather: Weather;
  readonly questions: number;
  readonly upstreamQueries: number;
  /** RCODEs and how often. */
  readonly outcomes: { readonly [rcode: string]: number };
  readonly virtualMs: number;
  /** A digest of every exchange and every answer. */
  readonly trace: string;
  /** Octets that the caches hold at the end. */
  readonly cacheOctets: number;
  /** What was wrong, the seed with each; empty: nothing. */
  readonly violations: readonly string[];
}

interface Question {
  readonly name: Name;
  readonly type: number;
}

/** Violations kept; one is enough to fail. */
const violationsMax = 20;
/** Longer than any TTL is kept. */
const recoveryMs = 2 * 86_400_000;
/** Client questions that run at once. */
const batchMax = 8;

/** Runs one simulation. Rejects only when virtual time stands still or the resolver breaks an assertion. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const simulation = new Simulation(options);
  try {
    await simulation.run();
    return simulation.report();
  } catch (error) {
    throw new Error(`seed ${options.seed}, ${options.weather}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    simulation.close();
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #limits: Limits;
  readonly #random: SeededRandom;
  #weather: Weather;
  readonly #clock = new VirtualClock();
  readonly #tree: RandomTree;
  readonly #network: VirtualNetwork;
  readonly #resolver: Resolver;
  readonly #maxOctets: number;
  readonly #outcomes = new Map<string, number>();
  readonly #answers: string[] = [];
  readonly #violations: string[] = [];
  #questions = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#weather = options.weather;
    this.#limits = makeLimits(options.limits);
    this.#random = new SeededRandom(options.seed);
    this.#maxOctets = options.cacheOctets ?? 1024 * 1024;
    const signed = options.signed ?? options.seed % 2 === 1;
    this.#tree = growTree(this.#random.fork(), { zones: options.zones ?? 5 + this.#random.integer(36), signed });
    const path = options.weather === 'calm' ? {} : roughPath(this.#random);
    this.#network = new VirtualNetwork({ clock: this.#clock, random: this.#random.fork(), path });
    this.#serveTree();
    this.#resolver = new Resolver(
      testEngineOptions({
        transport: this.#network,
        clock: this.#clock,
        random: this.#random.fork(),
        roots: this.#tree.roots,
        upstream: { caseRandomisation: this.#random.chance(0.5), cookies: this.#random.chance(0.5) },
        cache: { maxOctets: this.#maxOctets },
        dnssec: { validate: signed, anchors: anchorsOf(this.#tree) },
        ...(options.limits ? { limits: options.limits } : {}),
      }),
    );
  }

  close(): void {
    this.#resolver.close();
  }

  async run(): Promise<void> {
    await this.#askUntil(this.#options.questions ?? 100);
    if (this.#weather !== 'calm') await this.#recover();
    await this.#clock.advance(60_000);
    if (this.#network.inFlight > 0) this.#violate(`${this.#network.inFlight} sends never ended`);
    if (this.#resolver.resolutions > 0) this.#violate(`${this.#resolver.resolutions} resolutions never ended`);
  }

  async #askUntil(questions: number): Promise<void> {
    while (this.#questions < questions) {
      const batch = Math.min(questions - this.#questions, 1 + this.#random.integer(batchMax));
      const before = this.#network.sent;
      const asked = Array.from({ length: batch }, () => this.#ask());
      await this.#clock.runUntil(Promise.all(asked), this.#limits.resolutionMs * 3);
      const sent = this.#network.sent - before;
      // Priming is paid by nobody: a few questions more.
      const most = batch * this.#limits.upstreamQueries + 16;
      if (sent > most) this.#violate(`${sent} upstream queries for ${batch} questions`);
      this.#checkMemory();
      if (this.#random.chance(0.3)) await this.#clock.advance(this.#random.pick([10, 2000, 61_000, 4_000_000]));
    }
  }

  /** When the storm is over and what it left behind has expired, everything is found as if it had never been. */
  async #recover(): Promise<void> {
    const random = this.#random.fork();
    for (const [ip, { zones }] of this.#tree.servers) {
      this.#network.serve(ip, faultyServer(zones, 'honest', random), { path: plainPath });
    }
    this.#weather = 'calm';
    await this.#clock.advance(recoveryMs);
    await this.#askUntil(this.#questions + 10);
  }

  report(): SimulationReport {
    const { seed, weather } = this.#options;
    return {
      seed,
      weather,
      questions: this.#questions,
      upstreamQueries: this.#network.sent,
      outcomes: Object.fromEntries([...this.#outcomes].sort()),
      virtualMs: this.#clock.nowMs(),
      trace: digest([...this.#network.exchanges.map(exchangeText), ...this.#answers]),
      cacheOctets: this.#cacheOctets(),
      violations: this.#violations,
    };
  }

  #serveTree(): void {
    const random = this.#random.fork();
    const { weather, servers } = this.#options;
    for (const [ip, { zones }] of this.#tree.servers) {
      const behaviour = servers ?? (weather === 'calm' ? 'honest' : behaviourFor(weather, random));
      const refused = weather !== 'calm' && random.chance(0.05);
      this.#network.serve(ip, faultyServer(zones, behaviour, random.fork()), {
        tcp: refused ? 'unreachable' : 'served',
      });
    }
  }

  async #ask(): Promise<void> {
    const question = this.#drawQuestion();
    const text = `${nameToText(question.name)} ${typeToText(question.type)}`;
    const startMs = this.#clock.nowMs();
    this.#questions++;
    let sent = 0;
    const checkingDisabled = this.#random.chance(0.1);
    const resolution = await this.#resolver.resolve({
      ...question,
      checkingDisabled,
      ...(this.#random.chance(0.5)
        ? {
            observer: (event) => {
              if (event.kind === 'sent' && !event.joined) sent++;
            },
          }
        : {}),
    });
    const tookMs = this.#clock.nowMs() - startMs;
    const rcode = rcodeToText(resolution.rcode);
    this.#outcomes.set(rcode, (this.#outcomes.get(rcode) ?? 0) + 1);
    this.#answers.push(`${text} ${rcode} ${tookMs} ${resolution.answer.length}`);
    if (sent > this.#limits.upstreamQueries) this.#violate(`${text} took ${sent} upstream queries`);
    if (tookMs > this.#limits.resolutionMs + 1) this.#violate(`${text} took ${tookMs} ms`);
    this.#checkTruth(question, resolution, text, checkingDisabled);
  }

  #drawQuestion(): Question {
    const random = this.#random;
    const type = random.pick([TYPE.A, TYPE.A, TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.NS, TYPE.SOA, TYPE.CNAME]);
    const name = random.pick(this.#tree.names);
    if (!random.chance(0.2)) return { name, type };
    const text = nameToText(name);
    const invented = `n${random.integer(50)}.${random.chance(0.3) ? 'x.y.' : ''}${text === '.' ? '' : text}`;
    return { name: invented.length < 200 ? nameFromText(invented) : name, type };
  }

  /**
   * An answer is what the tree says, and as secure; a failure needs a reason. Without signatures a hostile server has to
   * be believed; with them it can only make questions fail.
   */
  #checkTruth(question: Question, resolution: Resolution, text: string, checkingDisabled: boolean): void {
    const weather = this.#weather;
    const truth = truthOf(this.#tree.root, question);
    const validated = truth.secure && !checkingDisabled;
    if (weather === 'hostile' && !validated && resolution.security !== 'secure') return;
    if (resolution.rcode === RCODE.SERVFAIL) {
      const reason = resolution.extendedErrors[0]?.text ?? resolution.failure ?? '';
      const endless = truth.endless || truth.links > this.#limits.aliasLinks;
      if (weather === 'calm' && !endless && !reason.includes('limit reached'))
        this.#violate(`${text} failed: ${reason}`);
      return;
    }
    if (resolution.rcode !== truth.rcode) {
      this.#violate(`${text} is ${rcodeToText(resolution.rcode)}, in truth ${rcodeToText(truth.rcode)}`);
      return;
    }
    const records = resolution.answer.flatMap((rrset) => toRecords(rrset, { signatures: false }));
    const got = records.map(recordKey).sort().join('\n');
    const expected = [...new Set(truth.answer.map(recordKey))].sort().join('\n');
    if (got !== expected) this.#violate(`${text} has other records than it should`);
    if (this.#tree.anchor === undefined || checkingDisabled) return;
    if ((resolution.security === 'secure') !== truth.secure) {
      this.#violate(`${text} is ${resolution.security}, in truth ${truth.secure ? 'secure' : 'insecure'}`);
    }
  }

  #cacheOctets(): number {
    const { answers, records, hierarchy } = this.#resolver.caches;
    return [answers, records, hierarchy].reduce((sum, layer) => sum + layer.stats().octets, 0);
  }

  #checkMemory(): void {
    const octets = this.#cacheOctets();
    if (octets > this.#maxOctets) this.#violate(`the caches hold ${octets} octets of ${this.#maxOctets}`);
    if (this.#clock.pending > 10_000) this.#violate(`${this.#clock.pending} timers wait`);
  }

  #violate(what: string): void {
    const { seed } = this.#options;
    const weather = this.#weather;
    if (this.#violations.length < violationsMax) this.#violations.push(`seed ${seed}, ${weather}: ${what}`);
  }
}

function anchorsOf({ anchor }: RandomTree): EngineOptions['dnssec']['anchors'] {
  return anchor ? [{ zone: ROOT, ds: [], keys: [anchor] }] : [];
}
