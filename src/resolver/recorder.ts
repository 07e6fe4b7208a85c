// Writes one resolution down as it happens: the substance of a capsule. A daemon does so for 200 a second, so it only
// notes numbers and references; words are made of them when a capsule is wanted.

import type { Clock, Random, Transport, TransportOutcome, TransportRequest, Verdict } from '../base/ports.ts';
import type { Name } from '../wire/name.ts';
import type { Detail, Journal, Look, Reads, WaitFor, Waits } from './journal.ts';
import type { EngineOptions } from './options.ts';
import type { Shared } from './shared.ts';
import { type RecordingRoom, Tape, type WaitEnd } from './tape.ts';
import type { ResolveRequest } from './types.ts';

/** The engine's settings as they were, with the anchors that were trusted then. */
export type RecordedOptions = Pick<
  EngineOptions,
  'limits' | 'hints' | 'zones' | 'upstream' | 'cache' | 'dnssec' | 'privateAddresses'
> & { readonly host: Pick<EngineOptions['host'], 'specialUse'> };

/** What a recorder has written, and nothing that it wrote it with. */
export interface Recorded extends Pick<Recorder, 'request' | 'start' | 'ended' | 'tape' | 'complete'> {
  /** Of memory. */
  readonly octets: number;
}

/** What each entry takes of the room, octets: about what it keeps from the garbage collector. */
const RECORDER_OCTETS = 4000;
const READ_OCTETS = 32;
/** Caches give what they hold as a new object. */
const VALUE_OCTETS = 300;
const READING_OCTETS = 32;
const DRAWN_OCTETS = 40;
const TIMER_OCTETS = 100;
const WAIT_OCTETS = 32;
/** What was waited for is a reply, or a status. */
const FOREIGN_OCTETS = 1500;
const EXCHANGE_OCTETS = 150;
const ARRIVAL_OCTETS = 100;
/** Room is taken in such pieces: most resolutions need one. */
const EXTENT_OCTETS = 16 * 1024;

/** Writes one resolution down. It stands in for the engine's clock and chance, too. */
export class Recorder implements Journal, Clock, Random {
  readonly request: ResolveRequest;
  /** Whether all was written down: false when there was no room for it. */
  complete = true;
  start: { readonly nowMs: number; readonly wallSeconds: number; readonly options: RecordedOptions } | undefined;
  readonly #room: RecordingRoom;
  readonly #octetsMost: number;
  /** Octets of the room that it has taken, and those of them that are not used yet. */
  #takenOctets = 0;
  #leftOctets = 0;
  /** Undefined: what was written is forgotten. */
  #tape: Tape | undefined = new Tape();
  /** The tape, while it is written on. */
  #open: Tape | undefined;
  #foreign: Map<unknown, WaitEnd> | undefined;
  /** Of them, how many have ended. */
  #foreignEnds = 0;
  #live: EngineOptions | undefined;
  /** What the clock said last. */
  #lastMs = 0;
  #ended = false;
  #isKept = false;

  /** Takes at most `octetsMost` of the room, and gives it back when {@link free} is called. */
  constructor(request: ResolveRequest, room: RecordingRoom, octetsMost: number) {
    this.request = request;
    this.#room = room;
    this.#octetsMost = octetsMost;
    this.#open = this.#tape;
    this.#writes(RECORDER_OCTETS);
  }

  get clock(): Clock {
    return this;
  }

  get random(): Random {
    return this;
  }

  begin({ options, trust }: Shared): void {
    const { clock, dnssec } = options;
    const anchors = trust === undefined ? dnssec.anchors : [...trust.anchors.values()];
    this.#live = options;
    this.start = {
      nowMs: clock.nowMs(),
      wallSeconds: clock.wallSeconds(),
      options: anchors.every((anchor, at) => anchor === dnssec.anchors[at])
        ? options
        : { ...options, dnssec: { ...dnssec, anchors } },
    };
  }

  end(): void {
    this.#ended = true;
    this.#open = undefined;
  }

  /** Whether the resolution is done. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What was written; undefined once it is forgotten. */
  get tape(): Tape | undefined {
    return this.#tape;
  }

  /** What was written, for keeps: it leaves the room. To be called once, when the resolution is done. */
  keep(): Recorded {
    const { request, start, ended, tape, complete } = this;
    const octets = this.#takenOctets - this.#leftOctets;
    tape?.own();
    this.#isKept = true;
    this.#giveRoom();
    const { name, type, checkingDisabled } = request;
    const own = start && { ...start, options: ownOptions(start.options) };
    return { request: { name, type, checkingDisabled }, start: own, ended, tape, complete, octets };
  }

  /** Forgets what was written, unless it is kept. */
  free(): void {
    if (this.#isKept) return;
    this.end();
    this.#foreign = undefined;
    this.#tape = undefined;
    this.#giveRoom();
  }

  #giveRoom(): void {
    this.#room.give(this.#takenOctets);
    this.#takenOctets = 0;
    this.#leftOctets = 0;
  }

  read<Kind extends keyof Reads>(look: Look<Kind>, name: Name, detail: Detail, live: Reads[Kind]): Reads[Kind] {
    const tape = this.#writes(typeof live === 'object' ? READ_OCTETS + VALUE_OCTETS : READ_OCTETS);
    tape?.noteRead(look, name, detail, live);
    return live;
  }

  wait<Kind extends keyof Waits, About>(
    what: WaitFor<Kind, About>,
    about: About,
    running: Promise<Waits[Kind]> | undefined,
    own: boolean,
  ): Promise<Waits[Kind]> | undefined {
    const tape = this.#writes(WAIT_OCTETS);
    const end = running === undefined ? undefined : own ? 'own' : tape && this.#endOf(what, running);
    tape?.noteWait(what, about, end);
    return running;
  }

  nowMs(): number {
    const nowMs = this.#engine.clock.nowMs();
    this.#writes(READING_OCTETS)?.noteReading(nowMs);
    this.#lastMs = nowMs;
    return nowMs;
  }

  wallSeconds(): number {
    return this.start?.wallSeconds ?? this.#engine.clock.wallSeconds();
  }

  after(delayMs: number, run: () => void): () => void {
    const { clock } = this.#engine;
    const tape = this.#writes(TIMER_OCTETS);
    if (tape === undefined) return clock.after(delayMs, run);
    const timer = tape.noteTimer();
    return clock.after(delayMs, () => {
      if (!this.#ended) tape.noteFired(timer, clock.nowMs());
      run();
    });
  }

  integer(below: number): number {
    const value = this.#engine.random.integer(below);
    this.#writes(DRAWN_OCTETS)?.noteDrawn(below, value);
    return value;
  }

  get transport(): Transport {
    return this.#engine.transport;
  }

  sending({ server, protocol, query, timeoutMs }: TransportRequest): number {
    const tape = this.#writes(EXCHANGE_OCTETS + query.length);
    return tape?.noteSending(server, protocol, query, this.#lastMs, timeoutMs) ?? 0;
  }

  arrived(sent: number, octets: Uint8Array, verdict: Verdict): void {
    const tape = this.#writes(ARRIVAL_OCTETS + octets.length);
    // What is taken, and what smells of forgery, ends the exchange: the resolution goes on, and reads the clock.
    const atMs = verdict === 'ignore' ? this.#engine.clock.nowMs() : undefined;
    // The transport changes nothing in what is taken; other octets it may put to another use.
    tape?.noteArrival(sent, atMs, verdict, verdict === 'take' ? octets : Uint8Array.from(octets));
  }

  sendEnded(sent: number, outcome: TransportOutcome): void {
    this.#open?.noteEnd(sent, outcome, this.#lastMs);
  }

  get #engine(): EngineOptions {
    if (this.#live === undefined) throw new Error('the recording has not begun');
    return this.#live;
  }

  /** Whoever waits for the same goes on in one turn, here as in a replay. */
  #endOf<Kind extends keyof Waits>(what: WaitFor<Kind, never>, running: Promise<Waits[Kind]>): WaitEnd {
    const known = this.#foreign?.get(running);
    if (known !== undefined) return known;
    const { clock } = this.#engine;
    const end: WaitEnd = { startMs: clock.nowMs(), result: undefined };
    this.#foreign ??= new Map();
    this.#foreign.set(running, end);
    this.#writes(FOREIGN_OCTETS);
    const note = (value: Waits[Kind]): void => {
      if (!this.#ended) end.result = { endMs: clock.nowMs(), turn: this.#foreignEnds++, value: what.kept(value) };
    };
    // A fault of ours (AssertionError) reaches whoever waits.
    running.then(note, () => undefined);
    return end;
  }

  /** The tape, with room for an entry of so many octets; undefined: nothing is written any more. */
  #writes(octets: number): Tape | undefined {
    const tape = this.#open;
    if (tape === undefined) return undefined;
    this.#leftOctets -= octets;
    if (this.#leftOctets >= 0 || this.#extend(octets)) return tape;
    this.complete = false;
    this.#open = undefined;
    return undefined;
  }

  /** Takes more of the room, and some in reserve; false: there is none, or it has as much as one may have. */
  #extend(octets: number): boolean {
    const wanted = Math.max(octets, EXTENT_OCTETS);
    if (this.#takenOctets + wanted > this.#octetsMost || !this.#room.take(wanted)) return false;
    this.#takenOctets += wanted;
    this.#leftOctets += wanted;
    return true;
  }
}

/** Without what was read of files, which may be large. */
function ownOptions(options: RecordedOptions): RecordedOptions {
  const { limits, hints, zones, upstream, cache, dnssec, privateAddresses, host } = options;
  const { specialUse } = host;
  return { limits, hints, zones, upstream, cache, dnssec, privateAddresses, host: { specialUse } };
}
