// `rootwalk lab`: starts the small Internet and a resolver on it, prints a walk, then answers dig and the prompt.

import type { LookupFunction } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock, Log, Random, ServerAddress } from '../base/ports.ts';
import { serverAddressToText } from '../config/address.ts';
import { systemClock } from '../net/clock.ts';
import { systemRandom } from '../net/random.ts';
import type { Observer, ResolutionEvent } from '../resolver/events.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { TYPE, typeToText } from '../wire/types.ts';
import { type AskReply, ask, dataText } from './ask.ts';
import { type SmallInternet, startInternet } from './internet.ts';
import { type LabResolver, startLabResolver } from './lab-resolver.ts';
import type { FindObserver } from './observed.ts';
import { tellWalk, type Walk, type WalkVisit } from './story.ts';
import { questionText, readTyped } from './typed.ts';
import { visit } from './web-page.ts';

/** How the lab runs. */
export interface LabOptions {
  /** Print the walk and close. */
  readonly once: boolean;
  /** Addresses with port to answer on, empty: those of `serve`. Where the port is taken, the next free one is used. */
  readonly listen: readonly string[];
  /** Takes what is to be shown, newlines included. */
  write(text: string): void;
  /** Lines typed by a person; absent: no prompt, the lab serves until it is closed. */
  readonly input?: NodeJS.ReadableStream;
  readonly log: Log;
  /** Milliseconds between the two times that the first name is asked, so that its TTL is seen to fall. Default 1000. */
  readonly pauseMs?: number;
}

/** A lab that runs. */
export interface Lab {
  /** Where the resolver answers, UDP and TCP. */
  readonly bound: readonly ServerAddress[];
  /** Settles once the lab is closed: by `close()`, by `quit` or by the end of the input. */
  readonly closed: Promise<void>;
  /** Ends the prompt, the resolver and the servers. */
  close(): Promise<void>;
}

const firstName = 'www.example.com';
/** Longer than the resolver takes for any question. */
const askTimeoutMs = 8000;
/** Events kept of one walk; the limits of one question keep it far below. */
const eventsMost = 5000;

/** Starts the lab and prints the walk; rejects where no socket can be bound. After `once` it is closed already. */
export async function runLab(options: LabOptions): Promise<Lab> {
  const { write } = options;
  const clock = systemClock();
  const random = systemRandom();
  const internet = await startInternet({ clock });
  const watch: Watch = { events: undefined, name: undefined, type: 0 };
  const find: FindObserver = (name, type) => observerFor(watch, name, type);
  const { listen, log } = options;
  const resolver = await startLabResolver({ internet, clock, random, log, listen, find }).catch(
    async (error: unknown) => {
      await internet.close();
      throw error;
    },
  );
  const walker: Walker = { clock, random, internet, resolver, watch };
  const ending = makeEnding(async () => {
    await resolver.close();
    await internet.close();
  });
  const lab: Lab = { bound: resolver.bound, closed: ending.closed, close: ending.close };

  write('A small Internet on this machine. No network used.\n\n');
  write(`You type ${firstName}\n`);
  write(lines(tellWalk(await walk(walker, firstName, TYPE.A))));
  await new Promise<void>((resume) => clock.after(options.pauseMs ?? 1000, resume));
  write('\nYou type it again\n');
  write(lines(tellWalk(await walk(walker, firstName, TYPE.A), { brief: true })));
  if (options.once) await lab.close();
  else {
    write(lines(['', ...listening(resolver)]));
    if (options.input === undefined) write('Serving until it is stopped (Ctrl-C).\n');
    else prompt(options.input, write, walker, ending);
  }
  return lab;
}

/** What a walk needs. */
interface Walker {
  readonly clock: Clock;
  readonly random: Random;
  readonly internet: SmallInternet;
  readonly resolver: LabResolver;
  readonly watch: Watch;
}

/** The question that is being watched, and its events so far. */
interface Watch {
  events: ResolutionEvent[] | undefined;
  name: Name | undefined;
  type: number;
}

function observerFor(watch: Watch, name: Name, type: number): Observer | undefined {
  const { events } = watch;
  if (events === undefined || name !== watch.name || type !== watch.type) return undefined;
  return (event) => {
    if (events.length < eventsMost) events.push(event);
  };
}

/** Asks the resolver as any program would, watches it at work, and visits the page that the answer leads to. */
async function walk(walker: Walker, name: string, type: number): Promise<Walk> {
  const { clock, random, internet, resolver, watch } = walker;
  const events: ResolutionEvent[] = [];
  Object.assign(watch, { events, name: nameFromText(name), type });
  const startMs = clock.nowMs();
  const reply = await ask(name, type, { server: resolver.client, timeoutMs: askTimeoutMs, clock, random });
  const answeredMs = clock.nowMs() - startMs;
  watch.events = undefined;
  const visited = type === TYPE.A ? await visitPage(internet, name, reply) : undefined;
  return {
    name,
    type: typeToText(type),
    events,
    answeredMs,
    totalMs: clock.nowMs() - startMs,
    ...(reply === undefined ? {} : { reply: { ...reply, data: dataOf(reply, type) } }),
    ...(visited === undefined ? {} : { visit: visited }),
  };
}

function dataOf(reply: AskReply, type: number): string[] {
  const names = [typeToText(type), `UNKNOWN_${type}`];
  return reply.answers.filter((record) => names.includes(record.type)).map(dataText);
}

async function visitPage(internet: SmallInternet, name: string, reply?: AskReply): Promise<WalkVisit | undefined> {
  const ip = reply?.answers.find((record) => record.type === 'A')?.data;
  const page = typeof ip === 'string' ? internet.page(ip) : undefined;
  if (page === undefined) return undefined;
  const lookup: LookupFunction = (_name, { all }, done) => {
    if (all) done(null, [{ address: page.ip, family: 4 }]);
    else done(null, page.ip, 4);
  };
  try {
    return await visit(name, page.port, lookup);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function listening({ bound, client, moved }: LabResolver): string[] {
  const dig = `dig @${client.ip} -p ${client.port}`;
  const broken = `  ${dig} broken.example`;
  return [
    ...(moved === undefined ? [] : [moved]),
    `Listening on ${bound.map(serverAddressToText).join(' and ')} (UDP, TCP). From another terminal:`,
    `  ${dig} ${firstName}`,
    `${broken.padEnd(firstName.length + dig.length + 3)}       # fails on purpose`,
  ];
}

const help = [
  'Type a name, and a type behind it if you like. Some names of this Internet:',
  '  nosuch.example.com    does not exist',
  '  shop.example.com      is another name for www.example.com',
  '  store.example.com     is another name in another zone, whose servers have no addresses at hand',
  '  www.moved.example.com a whole tree moved elsewhere (DNAME)',
  '  any.wild.example.com  a wildcard',
  '  big.example.com TXT   too long for UDP',
  '  slow.example          a slow server',
  '  half.example          one of two servers is dead',
  '  old.example           a server from before EDNS',
  '  six.example           a server with an IPv6 address alone',
  '  loop.example          aliases that lead to each other',
  '  chicken.example       two zones that name their servers in each other',
  '  broken.example        one server silent, one that refuses',
  'quit or Ctrl-D ends the lab.',
];

function prompt(input: NodeJS.ReadableStream, write: (text: string) => void, walker: Walker, ending: Ending): void {
  write('No dig? Type a name here: nosuch.example.com, loop.example (help shows more, quit ends)\n');
  const reader = createInterface({ input, terminal: false });
  ending.before(() => reader.close());
  const readLines = async (): Promise<void> => {
    write('> ');
    for await (const line of reader) {
      if (ending.begun || !(await answerLine(line, write, walker))) return;
      write('> ');
    }
    // Ctrl-D leaves the cursor behind the prompt.
    if (!ending.begun) write('\n');
  };
  // A fault here is one of ours: it ends the lab and is told to whoever waits for `closed`.
  readLines().then(ending.close).catch(ending.fail);
}

/** Answers one line of the prompt; false: the person wants to leave. */
async function answerLine(line: string, write: (text: string) => void, walker: Walker): Promise<boolean> {
  const typed = readTyped(line);
  switch (typed.kind) {
    case 'quit':
      return false;
    case 'nothing':
      return true;
    case 'help':
      write(lines(help));
      return true;
    case 'bad':
      write(lines([typed.why]));
      return true;
    case 'question':
      write(`\nYou type ${questionText(typed.name, typed.type)}\n`);
      write(lines([...tellWalk(await walk(walker, typed.name, typed.type)), '']));
      return true;
  }
}

/** The end of the lab: once, however often and by whomever it is asked for. */
interface Ending {
  readonly begun: boolean;
  readonly closed: Promise<void>;
  close(): Promise<void>;
  /** Has `run` called when the end begins. */
  before(run: () => void): void;
  /** Closes and rejects `closed` with `error`. */
  fail(error: unknown): void;
}

function makeEnding(finish: () => Promise<void>): Ending {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const first: (() => void)[] = [];
  let begun = false;
  const close = (): Promise<void> => {
    if (!begun) {
      begun = true;
      for (const run of first) run();
      finish().then(resolve, reject);
    }
    return promise;
  };
  return {
    get begun() {
      return begun;
    },
    closed: promise,
    close,
    before: (run) => first.push(run),
    fail: (error) => {
      reject(error);
      close().catch(() => undefined);
    },
  };
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
