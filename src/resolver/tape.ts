// What a resolution is written on. Octets and numbers lie in typed arrays that are used again and again, so they leave
// nothing for the garbage collector. References lie in lists of their own time: in an old list each reference to a new
// object costs the collector more than the list does.

import { withOwnOctets } from '../base/octets.ts';
import { OUTCOMES, PROTOCOLS, type ServerAddress, type TransportOutcome, type Verdict } from '../base/ports.ts';
import type { Name } from '../wire/name.ts';
import type { Detail, Look, Reads, WaitFor, Waits } from './journal.ts';
import type { RecordedExchange, RecordedRead, RecordedWait, WaitEnd } from './recorder.ts';

/** Numbers in order. */
export class Numbers {
  values: Float64Array;
  count = 0;

  constructor(size: number) {
    this.values = new Float64Array(size);
  }

  /** Gives the place of the number. */
  push(value: number): number {
    const at = this.take(1);
    this.values[at] = value;
    return at;
  }

  /** Makes room for so many numbers in a row, and gives the place of the first. */
  take(count: number): number {
    const at = this.count;
    this.count = at + count;
    if (this.count > this.values.length) this.values = grown(this.values, new Float64Array(this.values.length * 2));
    return at;
  }

  /** Those there are. */
  list(): number[] {
    return Array.from(this.values.subarray(0, this.count));
  }
}

const READ_FIELDS = 4;
/** Reads for which there is room at first: as many as most resolutions make. */
const READS_FIRST = 64;
const WAIT_FIELDS = 3;
/** Protocol, start, timeout, the query's octets (from, to), outcome, end. */
const EXCHANGE_FIELDS = 7;
const OUTCOME_FIELD = 5;
const END_FIELD = 6;
/** Exchange, moment, verdict, octets (from, to). */
const ARRIVAL_FIELDS = 5;
const VERDICTS = ['take', 'ignore', 'suspect'] as const;
const UNFINISHED = -1;

/** One resolution, as it was written down. */
export class Tape {
  /** What `Clock.nowMs` said, each time. */
  readonly readings: Numbers = new Numbers(128);
  /** Below what was drawn and what, in turns. */
  readonly drawn: Numbers = new Numbers(32);
  /** When each timer that was set fired (Clock.nowMs), in the order of setting; NaN: not before the end. */
  readonly timers: Numbers = new Numbers(16);
  /** Octets of the room that it has taken, and those of them that are not used yet. */
  takenOctets = 0;
  leftOctets = 0;
  /** Look, name, detail and value in turns. */
  #reads: unknown[] = [];
  #readCount = 0;
  #waits: unknown[] = [];
  /** By exchange; beyond their count, what earlier resolutions left. */
  readonly #servers: ServerAddress[] = [];
  readonly #exchanges: Numbers = new Numbers(8 * EXCHANGE_FIELDS);
  readonly #arrivals: Numbers = new Numbers(8 * ARRIVAL_FIELDS);
  /** What the network said, by exchange. */
  #details: Map<number, string> | undefined;
  #octets: Uint8Array = new Uint8Array(2048);
  #octetCount = 0;

  /** To be called before anything is written. */
  begin(): void {
    this.#reads = new Array(READS_FIRST * READ_FIELDS);
  }

  noteRead(look: Look<keyof Reads>, name: Name, detail: Detail, value: unknown): void {
    const reads = this.#reads;
    const at = this.#readCount;
    reads[at] = look;
    reads[at + 1] = name;
    reads[at + 2] = detail;
    reads[at + 3] = value;
    this.#readCount = at + READ_FIELDS;
  }

  /** What was looked at, in order. */
  *reads(): Generator<RecordedRead> {
    for (let at = 0; at < this.#readCount; at += READ_FIELDS) {
      const [look, name, detail, value] = this.#reads.slice(at, at + READ_FIELDS);
      yield { look, name, detail, value } as RecordedRead;
    }
  }

  /** To be called when the tape is to be kept: what was read and waited for may lie in pieces of memory with much else. */
  own(): void {
    for (let at = 0; at < this.#readCount; at += READ_FIELDS) this.#reads[at + 3] = withOwnOctets(this.#reads[at + 3]);
    for (const { end } of this.waits()) if (typeof end === 'object') end.result = withOwnOctets(end.result);
  }

  noteWait(what: WaitFor<keyof Waits, never>, about: unknown, end: WaitEnd | 'own' | undefined): void {
    this.#waits.push(what, about, end);
  }

  /** What might have been waited for, in order. */
  *waits(): Generator<RecordedWait> {
    for (let at = 0; at < this.#waits.length; at += WAIT_FIELDS) {
      const [what, about, end] = this.#waits.slice(at, at + WAIT_FIELDS);
      yield { what, about, end } as RecordedWait;
    }
  }

  /** Gives the exchange's number. */
  noteSending(
    server: ServerAddress,
    protocol: 'udp' | 'tcp',
    query: Uint8Array,
    startMs: number,
    timeoutMs: number,
  ): number {
    const from = this.#noteOctets(query);
    const at = this.#exchanges.take(EXCHANGE_FIELDS);
    const { values } = this.#exchanges;
    values[at] = PROTOCOLS.indexOf(protocol);
    values[at + 1] = startMs;
    values[at + 2] = timeoutMs;
    values[at + 3] = from;
    values[at + 4] = this.#octetCount;
    values[at + OUTCOME_FIELD] = UNFINISHED;
    values[at + END_FIELD] = startMs + timeoutMs;
    const exchange = at / EXCHANGE_FIELDS;
    this.#servers[exchange] = server;
    return exchange;
  }

  /** `atMs`: NaN when the exchange ends with it, whenever that is. */
  noteArrival(exchange: number, atMs: number, verdict: Verdict, octets: Uint8Array): void {
    const from = this.#noteOctets(octets);
    const at = this.#arrivals.take(ARRIVAL_FIELDS);
    const { values } = this.#arrivals;
    values[at] = exchange;
    values[at + 1] = atMs;
    values[at + 2] = VERDICTS.indexOf(verdict);
    values[at + 3] = from;
    values[at + 4] = this.#octetCount;
  }

  noteEnd(exchange: number, outcome: TransportOutcome, endMs: number): void {
    const { values } = this.#exchanges;
    const at = exchange * EXCHANGE_FIELDS;
    values[at + OUTCOME_FIELD] = OUTCOMES.indexOf(outcome.kind);
    values[at + END_FIELD] = endMs;
    if (outcome.kind !== 'unreachable') return;
    this.#details ??= new Map();
    this.#details.set(exchange, outcome.detail);
  }

  /** What was sent, in order, and what came of it. */
  exchanges(): RecordedExchange[] {
    const servers = this.#servers.slice(0, this.#exchanges.count / EXCHANGE_FIELDS);
    const arrivals = servers.map((): RecordedExchange['arrivals'][number][] => []);
    const numbers = this.#exchanges.list();
    const arrived = this.#arrivals.list();
    for (let i = 0; i < arrived.length; i += ARRIVAL_FIELDS) {
      const [exchange = 0, noted = 0, verdict, from, to] = arrived.slice(i, i + ARRIVAL_FIELDS);
      const atMs = Number.isNaN(noted) ? (numbers[exchange * EXCHANGE_FIELDS + END_FIELD] as number) : noted;
      const octets = this.#octets.slice(from, to);
      arrivals[exchange]?.push({ atMs, verdict: VERDICTS[verdict as number] as Verdict, octets });
    }
    return servers.map((server, i): RecordedExchange => {
      const at = i * EXCHANGE_FIELDS;
      const [protocol, startMs = 0, timeoutMs = 0, from, to, outcome, endMs = 0] = numbers.slice(at);
      return {
        server,
        protocol: PROTOCOLS[protocol as number] as 'udp' | 'tcp',
        query: this.#octets.slice(from, to),
        startMs,
        timeoutMs,
        arrivals: arrivals[i] ?? [],
        outcome: OUTCOMES[outcome as number],
        endMs,
        detail: this.#details?.get(i),
      };
    });
  }

  /** Gives where they begin; they end where the tape does. */
  #noteOctets(octets: Uint8Array): number {
    const at = this.#octetCount;
    const end = at + octets.length;
    if (end > this.#octets.length) {
      this.#octets = grown(this.#octets, new Uint8Array(Math.max(end, this.#octets.length * 2)));
    }
    this.#octets.set(octets, at);
    this.#octetCount = end;
    return at;
  }

  /** Forgets everything. False: it has grown too long to be kept for another. */
  reset(): boolean {
    this.#reads = [];
    this.#readCount = 0;
    this.#waits = [];
    this.#exchanges.count = 0;
    this.#arrivals.count = 0;
    this.#details = undefined;
    this.readings.count = 0;
    this.drawn.count = 0;
    this.timers.count = 0;
    this.#octetCount = 0;
    this.takenOctets = 0;
    this.leftOctets = 0;
    return this.#octets.length <= OCTETS_KEPT;
  }
}

/** What a tape that is kept for another resolution may hold: beyond what most need. */
const OCTETS_KEPT = 16 * 1024;
/** Tapes kept while nobody writes on them: less than 1 MiB mostly. */
const TAPES_KEPT = 100;

/** Room is taken in such pieces: most resolutions need one. */
const EXTENT_OCTETS = 16 * 1024;

/** The room for recordings in progress: all of them draw on one. */
export class RecordingRoom {
  #leftOctets: number;
  readonly #tapes: Tape[] = [];

  constructor(octetsMax: number) {
    this.#leftOctets = octetsMax;
  }

  /** An empty tape. */
  tape(): Tape {
    const tape = this.#tapes.pop() ?? new Tape();
    tape.begin();
    return tape;
  }

  /** Lets a tape that has come to its end have `octets` more, and some in reserve; false: there are none, or it has `most`. */
  extend(tape: Tape, octets: number, most: number): boolean {
    const wanted = Math.max(octets, EXTENT_OCTETS);
    if (this.#leftOctets < wanted || tape.takenOctets + wanted > most) return false;
    this.#leftOctets -= wanted;
    tape.takenOctets += wanted;
    tape.leftOctets += wanted;
    return true;
  }

  /** Lets a tape go that somebody keeps. */
  leave(tape: Tape): void {
    this.#leftOctets += tape.takenOctets;
  }

  /** Takes a tape and its octets back. */
  give(tape: Tape): void {
    this.leave(tape);
    if (tape.reset() && this.#tapes.length < TAPES_KEPT) this.#tapes.push(tape);
  }
}

function grown<Values extends Float64Array | Uint8Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}
