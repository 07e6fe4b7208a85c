// Virtual time: order, turns between timers, and its bounds.

import { describe, expect, test } from 'vitest';
import { VirtualClock, VirtualTimeError } from '../../src/testing/virtual-clock.ts';

function sleep(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

describe('VirtualClock', () => {
  test('fires timers by time, then by the order of their making, each at its own time', async () => {
    const clock = new VirtualClock({ startMs: 100 });
    const fired: string[] = [];
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['d', 30],
      ['b', 20.5],
    ] as const) {
      clock.after(delayMs, () => fired.push(`${name} ${clock.nowMs()}`));
    }
    await clock.advance(30);
    expect(fired).toEqual(['a 110', 'b 120.5', 'c 130', 'd 130']);
    expect(clock.nowMs()).toBe(130);
  });

  test('runs the promise continuations that one timer makes ready before the next timer', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const chain = async (): Promise<void> => {
      await sleep(clock, 5);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(`chain ${clock.nowMs()}`);
      clock.after(0, () => seen.push(`zero ${clock.nowMs()}`));
    };
    clock.after(5, () => seen.push(`timer ${clock.nowMs()}`));
    const done = chain();
    clock.after(6, () => seen.push(`later ${clock.nowMs()}`));
    await clock.runUntil(done);
    await clock.advance(10);
    expect(seen).toEqual(['timer 5', 'chain 5', 'zero 5', 'later 6']);
  });

  test('a cancelled timer does not fire and is not kept', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    for (let i = 0; i < 10_000; i++) clock.after(1000, () => fired++)();
    expect(clock.pending).toBe(0);
    await clock.advance(2000);
    expect(fired).toBe(0);
  });

  test('moves the wall clock with the monotonic one', async () => {
    const clock = new VirtualClock({ startMs: 7, wallSeconds: 1_500_000_000 });
    await clock.advance(61_500);
    expect(clock.wallSeconds()).toBe(1_500_000_061);
  });

  test('a day of timers passes at once', async () => {
    const clock = new VirtualClock();
    const day = sleep(clock, 86_400_000).then(() => clock.nowMs());
    expect(await clock.runUntil(day, 86_400_000)).toBe(86_400_000);
  });

  test('a jump fires nothing and leaves each timer the wait it had left', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.nowMs()));
    clock.jump(1000);
    expect([clock.nowMs(), ...fired]).toEqual([1000]);
    await clock.advance(10);
    expect(fired).toEqual([1010]);
  });

  test('says so when nothing can settle the promise, or not in time, or not within the steps', async () => {
    const clock = new VirtualClock({ stepsMax: 100 });
    const never = new Promise<void>(() => undefined);
    await expect(clock.runUntil(never)).rejects.toThrow(/nothing is left/);
    await expect(clock.runUntil(sleep(clock, 100), 50)).rejects.toThrow(/within 50 ms/);
    const spin = (): void => {
      clock.after(0, spin);
    };
    spin();
    await expect(clock.runUntil(never)).rejects.toThrow(VirtualTimeError);
    await expect(clock.advance(1)).rejects.toThrow(/more than 100 timers/);
  });
});
