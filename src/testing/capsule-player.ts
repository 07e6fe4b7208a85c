// Gives a resolution what another one read, value by value, out of its capsule.

import type { Random, Transport } from '../base/ports.ts';
import type { Capsule, CapsuleRead, CapsuleWait } from '../capsule.ts';
import { valueIn } from '../capsule-value-read.ts';
import type { Detail, Journal, Look, Reads, WaitFor, Waits } from '../resolver/journal.ts';
import type { Name } from '../wire/name.ts';
import type { CapsuleClock } from './capsule-clock.ts';
import type { Differences } from './differences.ts';

/** What a player needs beside the capsule. */
export interface PlayerParts {
  readonly clock: CapsuleClock;
  readonly random: Random;
  readonly transport: Transport;
  readonly differences: Differences;
}

/** Reads of one thing that are yet to come. */
interface Coming {
  readonly read: CapsuleRead;
  run: number;
  /** Reads taken of the run. */
  taken: number;
}

/**
 * The nth read of a thing gives what the nth read gave then, whoever had changed it meanwhile. What was not read then
 * is taken from the engine's own caches, which hold what this resolution has learnt; a difference that follows is its work.
 */
export class CapsulePlayer implements Journal {
  readonly clock: CapsuleClock;
  readonly random: Random;
  readonly transport: Transport;
  readonly #differences: Differences;
  readonly #values: readonly unknown[];
  readonly #reads: ReadonlyMap<string, Coming>;
  readonly #waits = new Map<string, CapsuleWait[]>();
  readonly #foreign = new Map<string, Promise<unknown>>();
  /** What is to end at each moment since the start, in turn. */
  readonly #ends = new Map<number, { readonly turn: number; readonly run: () => void }[]>();

  /** Throws WireError or Error for values that cannot be read. */
  constructor(capsule: Capsule, { clock, random, transport, differences }: PlayerParts) {
    const { reads = [], waits = [], values = [] } = capsule;
    this.clock = clock;
    this.random = random;
    this.transport = transport;
    this.#differences = differences;
    this.#values = values.map(valueIn);
    this.#reads = new Map(reads.map((read) => [`${read.kind} ${read.key}`, { read, run: 0, taken: 0 }]));
    for (const wait of waits) {
      const id = `${wait.kind} ${wait.key}`;
      const list = this.#waits.get(id);
      if (list === undefined) this.#waits.set(id, [wait]);
      else list.push(wait);
    }
  }

  begin(): void {
    // The engine is as the capsule says.
  }

  end(): void {
    this.#differences.end();
  }

  read<Kind extends keyof Reads>(look: Look<Kind>, name: Name, detail: Detail, live: Reads[Kind]): Reads[Kind] {
    const { kind } = look;
    const key = look.key(name, detail);
    const coming = this.#reads.get(`${kind} ${key}`);
    const run = coming?.read.values[coming.run];
    if (coming === undefined || run === undefined) {
      this.#differences.look(
        `${kind} of ${key} is read ${coming === undefined ? '' : 'once more '}here, and was not then`,
      );
      return live;
    }
    const [place, times] = run;
    coming.taken += 1;
    if (coming.taken >= times) {
      coming.run += 1;
      coming.taken = 0;
    }
    return (place === null ? undefined : this.#values[place]) as Reads[Kind];
  }

  wait<Kind extends keyof Waits, About>(
    what: WaitFor<Kind, About>,
    about: About,
    running: Promise<Waits[Kind]> | undefined,
  ): Promise<Waits[Kind]> | undefined {
    const { kind } = what;
    const key = what.key(about);
    const wait = this.#waits.get(`${kind} ${key}`)?.shift();
    if (wait === undefined) this.#differences.look(`${kind} of ${key} is begun here, and was not then`);
    // What this resolution has begun itself ends as it does; what others had begun is not there.
    if (wait === undefined || wait.own) return running;
    if (wait.startMs === undefined) return undefined;
    // Those who waited for the same went on in one turn.
    const id = `${kind} ${key} ${wait.endMs}`;
    const foreign = this.#foreign.get(id) ?? this.#until(wait);
    this.#foreign.set(id, foreign);
    return foreign as Promise<Waits[Kind]>;
  }

  sending(): number {
    return 0;
  }

  arrived(): void {
    // The transport plays what arrived.
  }

  sendEnded(): void {
    // As it plays how that ended.
  }

  #until({ endMs, turn = 0, value }: CapsuleWait): Promise<unknown> {
    return new Promise((resolve) => {
      if (endMs === undefined) return;
      const ends = this.#ends.get(endMs) ?? [];
      this.#ends.set(endMs, ends);
      ends.push({ turn, run: () => resolve(typeof value === 'number' ? this.#values[value] : undefined) });
      this.clock.at(endMs, () => {
        ends.sort((a, b) => a.turn - b.turn);
        ends.shift()?.run();
      });
    });
  }
}
