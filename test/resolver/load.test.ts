// More questions than the machine can take on: those that are begun are answered in time, the others are told soon.
import { expect, test } from 'vitest';
import { makeLimits } from '../../src/base/limits.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { busyClock, makeWorld, type World } from '../testing/recorded-world.ts';

const QUESTIONS = 300;

/** Asks for names that do not exist at a machine that takes `mostMs` for whatever it does. Gives reasons, and who was answered first. */
async function askAtOnce(mostMs: number, startWaitMs: number) {
  const world = makeWorld(1, 'calm', (options) => ({
    ...options,
    clock: busyClock(options.clock as World['clock'], options.random as World['random'], mostMs),
    limits: makeLimits({ startWaitMs }),
  }));
  const { clock, resolver, tree } = world;
  const zone = nameToText(tree.names.at(-1) as (typeof tree.names)[number]);
  const order: number[] = [];
  const asked = Array.from({ length: QUESTIONS }, (_, i) =>
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
