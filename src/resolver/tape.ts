// What a resolution is written on. Tapes are used again and again, and octets and numbers lie on them in typed arrays:
// so writing leaves nothing for the garbage collector, which would otherwise cost more than the writing.

import type { Name } from '../wire/name.ts';
import type { Look, Reads, WaitFor, Waits } from './journal.ts';
import type { Place, RecordedExchange, RecordedRead, RecordedWait, WaitEnd } from './recorder.ts';

/** Numbers in order. */
export class Numbers {
  values: Float64Array;
  count = 0;

  constructor(size: number) {
    this.values = new Float64Array(size);
  }

  /** Gives the place of the number. */
  push(value: number): number {
    if (this.count === this.values.length) this.values = grown(this.values, new Float64Array(this.count * 2));
    this.values[this.count] = value;
    return this.count++;
  }

  /** Those there are. */
  list(): number[] {
    return Array.from(this.values.subarray(0, this.count));
  }
}

const READ_FIELDS = 4;
const WAIT_FIELDS = 3;

/** One resolution, as it was written down. */
export class Tape {
  /** What `Clock.nowMs` said, each time. */
  readonly readings: Numbers = new Numbers(128);
  /** Below what was drawn and what, in turns. */
  readonly drawn: Numbers = new Numbers(32);
  /** When each timer that was set fired (Clock.nowMs), in the order of setting; NaN: not before the end. */
  readonly timers: Numbers = new Numbers(16);
  readonly exchanges: RecordedExchange[] = [];
  /** Octets of the room that it has taken, and those of them that are not used yet. */
  takenOctets = 0;
  leftOctets = 0;
  /** Look, name, detail and value in turns. References beyond the count are undefined. */
  readonly #reads: unknown[] = [];
  #readCount = 0;
  readonly #waits: unknown[] = [];
  #waitCount = 0;
  #octets: Uint8Array = new Uint8Array(2048);
  #octetCount = 0;

  noteRead(look: Look<keyof Reads>, name: Name, detail: number | string, value: unknown): void {
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

  noteWait(what: WaitFor<keyof Waits, never>, about: unknown, end: WaitEnd | 'own' | undefined): void {
    const waits = this.#waits;
    const at = this.#waitCount;
    waits[at] = what;
    waits[at + 1] = about;
    waits[at + 2] = end;
    this.#waitCount = at + WAIT_FIELDS;
  }

  /** What might have been waited for, in order. */
  *waits(): Generator<RecordedWait> {
    for (let at = 0; at < this.#waitCount; at += WAIT_FIELDS) {
      const [what, about, end] = this.#waits.slice(at, at + WAIT_FIELDS);
      yield { what, about, end } as RecordedWait;
    }
  }

  noteOctets(octets: Uint8Array): Place {
    const at = this.#octetCount;
    const end = at + octets.length;
    if (end > this.#octets.length) {
      this.#octets = grown(this.#octets, new Uint8Array(Math.max(end, this.#octets.length * 2)));
    }
    this.#octets.set(octets, at);
    this.#octetCount = end;
    return { at, end };
  }

  /** A copy. */
  octets({ at, end }: Place): Uint8Array {
    return this.#octets.slice(at, end);
  }

  /** Forgets everything. False: it has grown too long to be kept for another. */
  reset(): boolean {
    for (let i = 0; i < this.#readCount; i++) this.#reads[i] = undefined;
    for (let i = 0; i < this.#waitCount; i++) this.#waits[i] = undefined;
    this.#readCount = 0;
    this.#waitCount = 0;
    this.exchanges.length = 0;
    this.readings.count = 0;
    this.drawn.count = 0;
    this.timers.count = 0;
    this.#octetCount = 0;
    this.takenOctets = 0;
    this.leftOctets = 0;
    return this.#reads.length + this.#waits.length <= REFERENCES_KEPT && this.#octets.length <= OCTETS_KEPT;
  }
}

/** What a tape that is kept for another resolution may hold: beyond what most need. */
const REFERENCES_KEPT = 2048;
const OCTETS_KEPT = 16 * 1024;
/** Tapes kept while nobody writes on them: at most some 35 MiB, 8 MiB mostly. */
const TAPES_KEPT = 1000;

/** Room is taken in such pieces: most resolutions need one or two. */
const EXTENT_OCTETS = 8192;

/** The room for recordings in progress: all of them draw on one. */
export class RecordingRoom {
  #leftOctets: number;
  readonly #tapes: Tape[] = [];

  constructor(octetsMax: number) {
    this.#leftOctets = octetsMax;
  }

  /** An empty tape. */
  tape(): Tape {
    return this.#tapes.pop() ?? new Tape();
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

  /** Takes a tape and its octets back. */
  give(tape: Tape): void {
    this.#leftOctets += tape.takenOctets;
    if (tape.reset() && this.#tapes.length < TAPES_KEPT) this.#tapes.push(tape);
  }
}

function grown<Values extends Float64Array | Uint8Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}
