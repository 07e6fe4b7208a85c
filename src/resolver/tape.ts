// What a resolution is written on: one list, in the order in which things happened. It is made for one resolution and in
// one piece, so that writing touches little memory and the garbage collector has one young list to look at.

import { withOwnOctets } from '../base/octets.ts';
import type { ServerAddress, TransportOutcome, Verdict } from '../base/ports.ts';
import type { Name } from '../wire/name.ts';
import type { Detail, Look, Reads, WaitFor, Waits } from './journal.ts';

/** One look at something. */
export interface RecordedRead {
  readonly look: Look<keyof Reads>;
  readonly name: Name;
  readonly detail: Detail;
  readonly value: unknown;
}

/** One look at whether something was in progress. */
export interface RecordedWait {
  readonly what: WaitFor<keyof Waits, unknown>;
  readonly about: unknown;
  /** What it came to; `own`: this resolution itself had begun it; undefined: nothing was in progress. */
  readonly end: WaitEnd | 'own' | undefined;
}

/** How what others had in progress ended; one for all who waited for it. No result: the resolution was done before. */
export interface WaitEnd {
  /** Clock.nowMs, when it was first waited for. */
  readonly startMs: number;
  /** `turn`: the how manyth to end. */
  result: { readonly endMs: number; readonly turn: number; readonly value: unknown } | undefined;
}

/** One message to one server, and what came of it. */
export interface RecordedExchange {
  readonly server: ServerAddress;
  readonly protocol: 'udp' | 'tcp';
  readonly query: Uint8Array;
  /** When the resolution last went on before it was sent, as Clock.nowMs said then. */
  readonly startMs: number;
  readonly timeoutMs: number;
  readonly arrivals: RecordedArrival[];
  /** Undefined: the resolution was done before. */
  readonly outcome: TransportOutcome['kind'] | undefined;
  /** When the resolution went on with the outcome. */
  readonly endMs: number;
  /** What the network said, when it was unreachable. */
  readonly detail: string | undefined;
}

/** What arrived for a message, and what the resolver made of it. */
export interface RecordedArrival {
  readonly atMs: number;
  readonly verdict: Verdict;
  readonly octets: Uint8Array;
}

/** What an entry is, by its first place; a look stands there for itself. */
const DRAWN = 0;
const READING = 1;
const TIMER = 2;
const WAIT = 3;
const SENDING = 4;
const ARRIVAL = 5;

/** Places of an entry, the first included. */
const READ_PLACES = 4;
const DRAWN_PLACES = 3;
const READING_PLACES = 2;
const TIMER_PLACES = 2;
const WAIT_PLACES = 4;
const SENDING_PLACES = 9;
const ARRIVAL_PLACES = 5;

/** The same by what an entry is. */
const PLACES = [DRAWN_PLACES, READING_PLACES, TIMER_PLACES, WAIT_PLACES, SENDING_PLACES, ARRIVAL_PLACES];
/** In the entry of a look: what was seen. Of a wait: how it ended. Of a sending, and of an arrival: the message. */
const VALUE_PLACE = 3;
const WAIT_END_PLACE = 3;
const QUERY_PLACE = 3;
const REPLY_PLACE = 4;

/** In the entry of a sending: how it ended, when, and what the network said. */
const OUTCOME_PLACE = 6;
const END_PLACE = 7;
const DETAIL_PLACE = 8;

/** Places for which there is room at first: as many as most resolutions take. */
const PLACES_FIRST = 384;

/** All that a tape holds, each in order. */
export interface Written {
  /** What `Clock.nowMs` said, each time. */
  readonly readings: number[];
  /** Below what was drawn, and what. */
  readonly drawn: [below: number, value: number][];
  /** When each timer that was set fired (Clock.nowMs), in the order of setting; null: not before the end. */
  readonly timers: (number | null)[];
  readonly reads: RecordedRead[];
  readonly waits: RecordedWait[];
  readonly exchanges: RecordedExchange[];
}

/** One resolution, as it was written down. */
export class Tape {
  #places: unknown[] = new Array(PLACES_FIRST);
  #count = 0;

  noteRead(look: Look<keyof Reads>, name: Name, detail: Detail, value: unknown): void {
    const places = this.#places;
    const at = this.#count;
    places[at] = look;
    places[at + 1] = name;
    places[at + 2] = detail;
    places[at + 3] = value;
    this.#count = at + READ_PLACES;
  }

  noteDrawn(below: number, value: number): void {
    const places = this.#places;
    const at = this.#count;
    places[at] = DRAWN;
    places[at + 1] = below;
    places[at + 2] = value;
    this.#count = at + DRAWN_PLACES;
  }

  noteReading(nowMs: number): void {
    const places = this.#places;
    const at = this.#count;
    places[at] = READING;
    places[at + 1] = nowMs;
    this.#count = at + READING_PLACES;
  }

  /** Gives what {@link noteFired} is to be called with. */
  noteTimer(): number {
    const places = this.#places;
    const at = this.#count;
    places[at] = TIMER;
    places[at + 1] = null;
    this.#count = at + TIMER_PLACES;
    return at;
  }

  noteFired(timer: number, atMs: number): void {
    this.#places[timer + 1] = atMs;
  }

  noteWait(what: WaitFor<keyof Waits, never>, about: unknown, end: WaitEnd | 'own' | undefined): void {
    const places = this.#places;
    const at = this.#count;
    places[at] = WAIT;
    places[at + 1] = what;
    places[at + 2] = about;
    places[at + 3] = end;
    this.#count = at + WAIT_PLACES;
  }

  /** Gives what {@link noteArrival} and {@link noteEnd} are to be called with. */
  noteSending(
    server: ServerAddress,
    protocol: 'udp' | 'tcp',
    query: Uint8Array,
    startMs: number,
    timeoutMs: number,
  ): number {
    const places = this.#places;
    const at = this.#count;
    places[at] = SENDING;
    places[at + 1] = server;
    places[at + 2] = protocol;
    places[at + 3] = query;
    places[at + 4] = startMs;
    places[at + 5] = timeoutMs;
    places[at + OUTCOME_PLACE] = undefined;
    places[at + END_PLACE] = startMs + timeoutMs;
    places[at + DETAIL_PLACE] = undefined;
    this.#count = at + SENDING_PLACES;
    return at;
  }

  /** `atMs`: undefined when the exchange ends with it, whenever that is. `octets` are kept as they are. */
  noteArrival(sending: number, atMs: number | undefined, verdict: Verdict, octets: Uint8Array): void {
    const places = this.#places;
    const at = this.#count;
    places[at] = ARRIVAL;
    places[at + 1] = sending;
    places[at + 2] = atMs;
    places[at + 3] = verdict;
    places[at + 4] = octets;
    this.#count = at + ARRIVAL_PLACES;
  }

  noteEnd(sending: number, outcome: TransportOutcome, endMs: number): void {
    const places = this.#places;
    places[sending + OUTCOME_PLACE] = outcome.kind;
    places[sending + END_PLACE] = endMs;
    if (outcome.kind === 'unreachable') places[sending + DETAIL_PLACE] = outcome.detail;
  }

  /** To be called when the tape is to be kept: octets on it may lie in pieces of memory with much else. */
  own(): void {
    const places = this.#places.slice(0, this.#count);
    for (let at = 0; at < places.length; at += placesOf(places[at])) {
      const first = places[at];
      if (first === WAIT) ownResult(places[at + WAIT_END_PLACE] as RecordedWait['end']);
      const octets = octetsPlaceOf(first);
      if (octets !== undefined) places[at + octets] = withOwnOctets(places[at + octets]);
    }
    this.#places = places;
  }

  /** All that was written. */
  written(): Written {
    const written: Written = { readings: [], drawn: [], timers: [], reads: [], waits: [], exchanges: [] };
    const bySending = new Map<number, RecordedExchange>();
    for (let at = 0; at < this.#count; at += placesOf(this.#places[at])) this.#take(at, written, bySending);
    return written;
  }

  /** Takes up the entry that begins at a place. */
  #take(at: number, written: Written, bySending: Map<number, RecordedExchange>): void {
    const entry = this.#places.slice(at, at + placesOf(this.#places[at]));
    switch (entry[0]) {
      case DRAWN:
        written.drawn.push([entry[1] as number, entry[2] as number]);
        break;
      case READING:
        written.readings.push(entry[1] as number);
        break;
      case TIMER:
        written.timers.push(entry[1] as number | null);
        break;
      case WAIT: {
        const [, what, about, end] = entry;
        written.waits.push({ what, about, end } as RecordedWait);
        break;
      }
      case SENDING: {
        const [, server, protocol, query, startMs, timeoutMs, outcome, endMs, detail] = entry;
        const fields = { server, protocol, query, startMs, timeoutMs, arrivals: [], outcome, endMs, detail };
        const exchange = fields as unknown as RecordedExchange;
        written.exchanges.push(exchange);
        bySending.set(at, exchange);
        break;
      }
      case ARRIVAL: {
        const [, sending, atMs, verdict, octets] = entry;
        const exchange = bySending.get(sending as number);
        exchange?.arrivals.push({ atMs: atMs ?? exchange.endMs, verdict, octets } as RecordedArrival);
        break;
      }
      default: {
        const [look, name, detail, value] = entry;
        written.reads.push({ look, name, detail, value } as RecordedRead);
      }
    }
  }
}

/** The places of an entry, by its first. */
function placesOf(first: unknown): number {
  return typeof first === 'number' ? (PLACES[first] as number) : READ_PLACES;
}

/** Where an entry holds octets, or a value that may: undefined where it has none of its own. */
function octetsPlaceOf(first: unknown): number | undefined {
  if (first === SENDING) return QUERY_PLACE;
  if (first === ARRIVAL) return REPLY_PLACE;
  return typeof first === 'number' ? undefined : VALUE_PLACE;
}

/** One end is there for all who waited for it. */
function ownResult(end: RecordedWait['end']): void {
  if (typeof end === 'object') end.result = withOwnOctets(end.result);
}

/** The room for recordings in progress: all of them draw on one. */
export class RecordingRoom {
  #leftOctets: number;

  constructor(octetsMax: number) {
    this.#leftOctets = octetsMax;
  }

  /** Takes so much of it; false: there is not so much left. */
  take(octets: number): boolean {
    if (this.#leftOctets < octets) return false;
    this.#leftOctets -= octets;
    return true;
  }

  /** Gives so much back. */
  give(octets: number): void {
    this.#leftOctets += octets;
  }
}
