// The real clock: its timers fire in time, in order, once, and can be cancelled.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/net/clock.ts';

const clock = systemClock();

function elapsed(delayMs: number): Promise<number> {
  const setMs = clock.nowMs();
  return new Promise((resolve) => {
    clock.after(delayMs, () => resolve(clock.nowMs() - setMs));
  });
}

describe.concurrent('systemClock', () => {
  it.each([0, 1, 19, 20, 33, 100])('runs after %i ms, not before', async (delayMs) => {
    const tookMs = await elapsed(delayMs);
    expect(tookMs).toBeGreaterThanOrEqual(delayMs - 1);
    expect(tookMs).toBeLessThan(delayMs + 80);
  });

  it('outlasts a whole turn of the wheel', async () => {
    const early = elapsed(40);
    const tookMs = await elapsed(2600);
    expect(await early).toBeLessThan(200);
    expect(tookMs).toBeGreaterThanOrEqual(2600);
    expect(tookMs).toBeLessThan(2700);
  });

  it('runs thousands of timers in the order in which they are due, to the width of a slot', async () => {
    const due: number[] = [];
    const delays = Array.from({ length: 3000 }, (_, i) => 20 + ((i * 7919) % 10) * 20);
    await Promise.all(
      delays.map((delayMs) => {
        const dueMs = clock.nowMs() + delayMs;
        return elapsed(delayMs).then(() => due.push(dueMs));
      }),
    );
    expect(due).toHaveLength(3000);
    for (const [i, dueMs] of due.entries()) expect(due[i + 1] ?? dueMs).toBeGreaterThan(dueMs - 6);
  });

  it.each([0, 5, 50])('never runs what was cancelled (%i ms)', async (delayMs) => {
    let runs = 0;
    const cancel = clock.after(delayMs, () => {
      runs += 1;
    });
    cancel();
    await elapsed(delayMs + 30);
    cancel();
    expect(runs).toBe(0);
  });

  it('lets one timer cancel another of the same moment and set a new one', async () => {
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      let cancelSecond = (): void => undefined;
      clock.after(30, () => {
        ran.push('first');
        cancelSecond();
        clock.after(30, () => {
          ran.push('new');
          resolve();
        });
      });
      cancelSecond = clock.after(30, () => ran.push('second'));
    });
    expect(ran).toEqual(['first', 'new']);
  });

  it('tells wall time in whole seconds', () => {
    expect(Math.abs(clock.wallSeconds() - Math.floor(Date.now() / 1000))).toBeLessThanOrEqual(1);
  });
});
