// The authoritative side of a scenario: every address answers from the ranges and steps of the script.

import type { Clock } from '../base/ports.ts';
import { buildMessage, type Message, parseMessage, parseQuestion, type Question } from '../wire/message.ts';
import { nameFromText, nameToText, ROOT } from '../wire/name.ts';
import { nameInRdata } from '../wire/rdata.ts';
import { RCODE, TYPE, typeToText } from '../wire/types.ts';
import type { RootServer } from './engine.ts';
import { improvise } from './rpl-improvise.ts';
import { queryMatches } from './rpl-match.ts';
import { ipKey } from './rpl-settings.ts';
import type { RplEntry, RplRange, RplStep, Scenario, Template } from './rpl-types.ts';
import type { QueryContext, ServerHandler } from './virtual-network.ts';

/** Lines of a trace; later ones are dropped. */
const traceLinesMax = 10_000;
/** Queries held for a REPLY step; later ones get no answer. */
const pendingMax = 1000;

interface Arrived {
  readonly octets: Uint8Array;
  readonly query: Message;
  readonly address: string;
  readonly context: QueryContext;
}

/** The scripted servers of one run. `now` is the index of the step in progress. */
export class ScriptedServers {
  /** What arrived and what was said to it, as text. */
  readonly trace: string[] = [];
  /** Indexes of CHECK_OUT_QUERY steps that were met. */
  readonly consumed: Set<number> = new Set();
  /** When the last query arrived, by the clock. */
  lastMs: number;
  now = 0;
  queries = 0;
  /** Until when a reply with a delay is still to come. */
  #busyUntilMs = 0;
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #roots: readonly RootServer[];
  /** Scenarios that reply by steps hold unscripted queries for them. */
  readonly #holds: boolean;
  #pending: Arrived[] = [];

  constructor(scenario: Scenario, clock: Clock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#roots = namedRoots(scenario);
    this.#holds = scenario.steps.some(({ kind }) => ['CHECK_OUT_QUERY', 'REPLY', 'TIMEOUT'].includes(kind));
    this.lastMs = clock.nowMs();
  }

  /** Serves every address of a virtual network. */
  readonly handler: ServerHandler = (octets, context) => {
    this.#receive(octets, context);
    return undefined;
  };

  /** True while a delayed reply is under way. */
  get busy(): boolean {
    return this.#clock.nowMs() < this.#busyUntilMs;
  }

  /** Moves to a later step; queries held may now have their answer. */
  moveTo(index: number): void {
    this.now = Math.max(this.now, index);
    for (let again = true; again; ) {
      again = false;
      for (const arrived of [...this.#pending]) {
        if (!this.#pending.includes(arrived) || !this.#answerFromScript(arrived)) continue;
        again = true;
      }
    }
  }

  /** A REPLY or TIMEOUT step: answers the query held longest; false: none is. */
  replyStep(step: RplStep): boolean {
    const key = step.address === undefined ? undefined : ipKey(step.address);
    const arrived = this.#pending.find(({ address }) => key === undefined || address === key);
    if (arrived === undefined) return false;
    this.#release(arrived);
    if (step.kind === 'REPLY' && step.entry) this.#answer(arrived, step.entry);
    return true;
  }

  #receive(octets: Uint8Array, context: QueryContext): void {
    this.lastMs = this.#clock.nowMs();
    const query = parseMessage(octets);
    if (query.response) return;
    this.queries++;
    const address = ipKey(context.server.ip) ?? '';
    const arrived: Arrived = { octets, query, address, context };
    this.#note(`[step ${this.#stepNumber()}] ${context.server.ip} ${context.protocol} ${describe(query)}`);
    if (this.#answerFromScript(arrived)) {
      this.moveTo(this.now);
      return;
    }
    if (this.#holds) {
      this.#hold(arrived);
      return;
    }
    this.#answerUnscripted(arrived);
  }

  /** By the CHECK_OUT_QUERY step in progress or the ranges; false: they say nothing. */
  #answerFromScript(arrived: Arrived): boolean {
    const { query, address, context } = arrived;
    const { dialect, steps, ranges } = this.#scenario;
    const step = steps[this.now];
    if (step?.kind === 'CHECK_OUT_QUERY' && step.entry) {
      const here = step.address === undefined || ipKey(step.address) === address;
      if (here && queryMatches(step.entry, query, context.protocol, dialect)) {
        this.consumed.add(this.now);
        this.now++;
        this.#note(`  step ${step.number} CHECK_OUT_QUERY met`);
        this.#release(arrived);
        if (step.entry.adjust.has('copy_id')) this.#answer(arrived, step.entry);
        else this.#hold(arrived);
        return true;
      }
    }
    for (const range of ranges.filter((candidate) => this.#inForce(candidate))) {
      if (range.addresses.size > 0 && !range.addresses.has(address)) continue;
      const entry = range.entries.find((candidate) => queryMatches(candidate, query, context.protocol, dialect));
      if (entry === undefined) continue;
      this.#note(`  entry at line ${entry.line}`);
      this.#release(arrived);
      this.#answer(arrived, entry);
      return true;
    }
    return false;
  }

  #answerUnscripted(arrived: Arrived): void {
    const { query, address, context } = arrived;
    const question = query.questions[0];
    const here = this.#scenario.ranges.filter((range) => this.#inForce(range) && range.addresses.has(address));
    const roots = this.#roots.some(({ ip }) => ipKey(ip) === address) ? this.#roots : [];
    const entries = here.flatMap(({ entries: said }) => said);
    const improvised = question && query.opcode === 0 && question.class === 1 && improvise(question, entries, roots);
    if (improvised) {
      this.#note(`  no entry: ${improvised.why}`);
      const template: Template = { message: improvised.message, hex: undefined, ednsData: undefined };
      context.reply(this.#replyOctets(arrived, template, new Set(['copy_id', 'copy_query'])));
      return;
    }
    this.#note('  no entry: SERVFAIL');
    const message: Message = { ...emptyReply(query), rcode: RCODE.SERVFAIL };
    context.reply(buildMessage(message));
  }

  #inForce({ first, last }: RplRange): boolean {
    const number = this.#stepNumber();
    return first <= number && number <= last;
  }

  #stepNumber(): number {
    const { steps } = this.#scenario;
    return steps[Math.min(this.now, steps.length - 1)]?.number ?? 0;
  }

  #hold(arrived: Arrived): void {
    if (this.#pending.length < pendingMax) this.#pending.push(arrived);
  }

  #release(arrived: Arrived): void {
    this.#pending = this.#pending.filter((other) => other !== arrived);
  }

  #answer(arrived: Arrived, entry: RplEntry): void {
    if (entry.adjust.has('do_not_answer')) return;
    const delayMs = entry.delaySeconds * 1000;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#clock.nowMs() + delayMs);
    for (const octets of this.#entryOctets(arrived, entry)) arrived.context.reply(octets, delayMs);
  }

  #entryOctets(arrived: Arrived, entry: RplEntry): Uint8Array[] {
    if (entry.raw) return [entry.adjust.has('raw_id') ? withId(entry.raw, arrived.octets) : entry.raw];
    const templates = arrived.context.protocol === 'tcp' ? entry.templates : entry.templates.slice(0, 1);
    return templates.map((template) => this.#replyOctets(arrived, template, entry.adjust));
  }

  #replyOctets({ octets, query, context }: Arrived, template: Template, adjust: ReadonlySet<string>): Uint8Array {
    if (template.hex) return adjust.has('copy_id') ? withId(template.hex, octets) : template.hex;
    const deckard = this.#scenario.dialect === 'deckard';
    const questions = replyQuestions(query, template, adjust, deckard);
    const { message } = template;
    const edns = message.edns ?? query.edns;
    const reply: Message = {
      ...message,
      id: adjust.has('copy_id') || deckard ? query.id : 0,
      questions,
      edns: edns && {
        udpPayloadOctets: 4096,
        version: 0,
        dnssecOk: edns.dnssecOk,
        options: message.edns?.options ?? [],
      },
    };
    const asked = query.questions[0];
    const same = asked && questions[0]?.name === asked.name && questions.length === 1;
    const options = same ? { questionOctets: octets.slice(12, parseQuestion(octets).end - 4) } : {};
    const built = buildMessage(reply, options);
    const limit = Math.max(512, query.edns?.udpPayloadOctets ?? 0);
    if (context.protocol === 'tcp' || built.length <= limit) return built;
    this.#note(`  truncated, ${built.length} octets`);
    return buildMessage({ ...reply, truncated: true, answer: [], authority: [], additional: [] }, options);
  }

  #note(line: string): void {
    if (this.trace.length < traceLinesMax) this.trace.push(line);
  }
}

/** The question of a reply: the template's, in the asker's letter case; or the asker's own. */
function replyQuestions(
  query: Message,
  { message }: Template,
  adjust: ReadonlySet<string>,
  deckard: boolean,
): readonly Question[] {
  if (adjust.has('copy_query')) return query.questions.slice(0, 1);
  const asked = query.questions[0];
  const given = message.questions[0];
  if (asked && given && deckard && adjust.has('copy_id')) return [{ ...given, name: asked.name }];
  return message.questions;
}

function emptyReply(query: Message): Message {
  return {
    ...query,
    response: true,
    recursionAvailable: false,
    authoritative: false,
    questions: query.questions.slice(0, 1),
    answer: [],
    authority: [],
    additional: [],
    edns: query.edns && { ...query.edns, options: [] },
  };
}

function withId(octets: Uint8Array, query: Uint8Array): Uint8Array {
  const copy = octets.slice();
  copy.set(query.subarray(0, 2));
  return copy;
}

function describe(query: Message): string {
  const question = query.questions[0];
  const edns = query.edns ? ` edns=${query.edns.udpPayloadOctets}${query.edns.dnssecOk ? '+DO' : ''}` : '';
  return question ? `${nameToText(question.name)} ${typeToText(question.type)}${edns}` : `no question${edns}`;
}

/** The root servers by the names under which the script presents them. */
export function namedRoots({ settings, ranges }: Pick<Scenario, 'settings' | 'ranges'>): RootServer[] {
  const messages = ranges.flatMap(({ entries }) => entries.map((entry) => entry.templates[0].message));
  const records = messages.flatMap(({ answer, authority, additional }) => [...answer, ...authority, ...additional]);
  const rootServers = new Set(
    records.filter(({ name, type }) => name === ROOT && type === TYPE.NS).map(({ rdata }) => nameInRdata(rdata)),
  );
  return settings.roots.map(({ nameServer, address }, index) => {
    const key = ipKey(address.ip);
    const known = records.find(
      ({ name, type, rdata }) =>
        (type === TYPE.A || type === TYPE.AAAA) && Buffer.from(rdata).toString('hex') === key && rootServers.has(name),
    );
    return { nameServer: known?.name ?? fallbackName(nameServer, index), ip: address.ip };
  });
}

function fallbackName(given: string | undefined, index: number): RootServer['nameServer'] {
  const letter = index === 0 ? 'k' : `r${index}`;
  return nameFromText(given?.includes('.', given.indexOf('.') + 1) ? given : `${letter}.root-servers.net.`);
}
