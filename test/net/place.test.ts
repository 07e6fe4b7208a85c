// Whether the machine is where it was.
import { expect, it } from 'vitest';
import { createPlace } from '../../src/net/place.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

it('is another number once the addresses have changed, looked at once a second', async () => {
  const clock = new VirtualClock();
  let addresses = '192.0.2.1';
  let looks = 0;
  const place = createPlace(clock, () => {
    looks++;
    return addresses;
  });
  const first = place();
  addresses = '192.0.2.2';
  expect(place()).toBe(first);
  await clock.advance(1000);
  const second = place();
  expect(second).not.toBe(first);
  await clock.advance(5000);
  expect(place()).toBe(second);
  expect(looks).toBe(3);
});
