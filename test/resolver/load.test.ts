// More questions than the machine can take on: those that are begun are answered in time, the others are told soon.
import { expect, test } from 'vitest';
import { makeLimits } from '../../src/base/limits.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { TYPE } from '../../src/wire/types.ts';
import { busyClock, makeWorld, type World } from '../testing/recorded-world.ts';

const QUESTIONS = 300;

/** Asks for names that do not exist at a machine that takes `mostMs` for whatever it does. Gives reasons and waits. */
async function askAtOnce(mostMs: number, startWaitMs: number) {
  const world = makeWorld(1, 'calm', (options) => ({
    ...options,
    clock: busyClock(options.clock as World['clock'], options.random as World['random'], mostMs),
    limits: makeLimits({ startWaitMs }),
  }));
  const { clock, resolver, tree } = world;
  const zone = nameToText(tree.names.at(-1) as (typeof tree.names)[number]);
  const asked = Array.from({ length: QUESTIONS }, (_, i) =>
    resolver.resolve({ name: nameFromText(`n${i}.${zone}`), type: TYPE.A, checkingDisabled: false }),
  );
  const resolutions = await clock.runUntil(Promise.all(asked), 90_000);
  resolver.close();
  return resolutions.map(({ failure }) => failure);
}

test('a machine with time to spare answers a burst of questions', async () => {
  expect(await askAtOnce(0, 2000)).toEqual(Array(QUESTIONS).fill(undefined));
});

test('under load what began is answered, and who waited for longer than startWaitMs is told so', async () => {
  const failures = await askAtOnce(5, 500);
  expect(new Set(failures)).toEqual(new Set([undefined, 'busy']));
  expect(failures.slice(0, 16)).toEqual(Array(16).fill(undefined));
  expect(failures.filter((failure) => failure === 'busy').length).toBeGreaterThan(QUESTIONS / 3);
});
