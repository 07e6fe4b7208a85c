// More questions than the machine can take on: those that are begun are answered in time, the others are told soon.
import { expect, test } from 'vitest';
import { makeLimits } from '../../src/base/limits.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { type Slot, Slots } from '../../src/resolver/slots.ts';
import { Starts, type Waiting } from '../../src/resolver/starts.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { busyClock, makeWorld, type World } from '../testing/recorded-world.ts';

const QUESTIONS = 300;

/** Asks for names that do not exist at a machine that takes `mostMs` for whatever it does. Gives reasons, and who was answered first. */
async function askAtOnce(mostMs: number, startWaitMs: number, again: readonly number[] = []) {
  const world = makeWorld(1, 'calm', (options) => ({
    ...options,
    clock: busyClock(options.clock as World['clock'], options.random as World['random'], mostMs),
    limits: makeLimits({ startWaitMs }),
  }));
  const { clock, resolver, tree } = world;
  const zone = nameToText(tree.names.at(-1) as (typeof tree.names)[number]);
  const order: number[] = [];
  const asked = [...Array(QUESTIONS).keys(), ...again].map((i) =>
    resolver
      .resolve({ name: nameFromText(`n${i}.${zone}`), type: TYPE.A, checkingDisabled: false })
      .then(({ failure }) => {
        order.push(i);
        return failure;
      }),
  );
  const failures = await clock.runUntil(Promise.all(asked), 90_000);
  resolver.close();
  return { failures, order };
}

test('a machine with time to spare answers a burst of questions', async () => {
  expect((await askAtOnce(0, 2000)).failures).toEqual(Array(QUESTIONS).fill(undefined));
});

test('under load what began is answered, and who waited for longer than startWaitMs is told so', async () => {
  const { failures } = await askAtOnce(5, 500);
  expect(new Set(failures)).toEqual(new Set([undefined, 'busy']));
  expect(failures.slice(0, 16)).toEqual(Array(16).fill(undefined));
  expect(failures.filter((failure) => failure === 'busy').length).toBeGreaterThan(QUESTIONS / 3);
});

test('under load a name that is asked for again is answered sooner', async () => {
  const [once, twice] = [await askAtOnce(1, 60_000), await askAtOnce(1, 60_000, [150])];
  expect(once.failures).toEqual(Array(QUESTIONS).fill(undefined));
  expect(twice.order.indexOf(150)).toBeLessThan(once.order.indexOf(150) / 1.5);
});

/** A queue at a moment that the caller sets. */
function makeStarts(waitMs: number) {
  const turns: (() => void)[] = [];
  const now = { ms: 0 };
  const after = (_: number, run: () => void) => {
    turns.push(run);
    return () => undefined;
  };
  const starts = new Starts({ nowMs: () => now.ms, wallSeconds: () => 0, after }, waitMs);
  const admit = (count: number) => Array.from({ length: count }, () => starts.admit());
  const turn = () => {
    for (const run of turns.splice(0)) run();
  };
  return { now, starts, admit, turn };
}

test('under load the latest begin first, and those that have waited longest are not forgotten', async () => {
  const { now, starts, admit, turn } = makeStarts(1000);
  expect(admit(16)).toEqual(Array(16).fill(undefined));
  const order: number[] = [];
  const waiting = admit(40) as Waiting[];
  for (const [i, one] of waiting.entries()) void one.turn.then(() => order.push(i));
  now.ms = 101;
  starts.renew(waiting[20] as Waiting);
  turn();
  await waiting[0]?.turn;
  expect(order).toEqual([0, 1, 2, 3, 20, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29]);
});

test('who has waited too long is told at once, and takes no turn from others', async () => {
  const { now, admit, turn } = makeStarts(1000);
  admit(16);
  const late = admit(64);
  now.ms = 1001;
  const others = admit(16);
  turn();
  expect(await Promise.all(late.map((one) => one?.turn))).toEqual(Array(64).fill(true));
  expect(await Promise.all(others.map((one) => one?.turn))).toEqual(Array(16).fill(false));
});

test('slow work makes room also while an older question waits to begin', () => {
  let nowMs = 0;
  const slots = new Slots(4, { nowMs: () => nowMs, wallSeconds: () => 0, after: () => () => undefined });
  const [, , , slow] = Array.from({ length: 4 }, () => slots.take()) as Slot[];
  const budget = new Budget(makeLimits({}), nowMs);
  slots.begin(slow as Slot, nowMs, budget);
  nowMs = 199;
  expect(slots.take()).toBeUndefined();
  nowMs = 200;
  expect(slots.take()).toBeDefined();
  expect(budget.cancelled).toBe(true);
});
