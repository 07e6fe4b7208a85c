// More questions than the machine can take on: those that are begun are answered in time, the others are told soon.
import { expect, test } from 'vitest';
import { makeLimits } from '../../src/base/limits.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { type Slot, Slots } from '../../src/resolver/slots.ts';
import { Starts } from '../../src/resolver/starts.ts';
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

test('under load the latest questions begin first, and those that have waited longest are not forgotten', async () => {
  const { failures, order } = await askAtOnce(1, 60_000);
  expect(failures).toEqual(Array(QUESTIONS).fill(undefined));
  const [longest, middle, latest] = [30, 150, QUESTIONS - 1].map((i) => order.indexOf(i)) as [number, number, number];
  expect(latest).toBeLessThan(middle);
  expect(longest).toBeLessThan(middle);
});

test('under load a name that is asked for again is among the latest again', async () => {
  const { order } = await askAtOnce(1, 60_000, [150]);
  const [before, again, after] = [149, 150, 151].map((i) => order.indexOf(i)) as [number, number, number];
  expect(again).toBeLessThan(Math.min(before, after) / 1.5);
});

test('who has waited too long is told at once, and takes no turn from others', async () => {
  let nowMs = 0;
  const turns: (() => void)[] = [];
  const after = (_: number, run: () => void) => {
    turns.push(run);
    return () => undefined;
  };
  const starts = new Starts({ nowMs: () => nowMs, wallSeconds: () => 0, after }, 1000);
  const admit = (count: number) => Array.from({ length: count }, () => starts.admit());
  expect(admit(16)).toEqual(Array(16).fill(undefined));
  const late = admit(64);
  nowMs = 1001;
  const others = admit(16);
  for (const turn of turns.splice(0)) turn();
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
