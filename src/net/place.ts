// Where this machine is on the network: a number that changes with its addresses.

import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/ports.ts';

/** The addresses are looked at again after this, ms: asking the system takes a tenth of a millisecond. */
const LOOK_AGAIN_MS = 1000;

/** A function that gives another number once the addresses that `list` gives (default: the system's) have changed. */
export function createPlace(clock: Clock, list: () => string = localAddresses): () => number {
  let place = 0;
  let known: string | undefined;
  let againMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs < againMs) return place;
    againMs = nowMs + LOOK_AGAIN_MS;
    const now = list();
    if (known !== undefined && now !== known) place += 1;
    known = now;
    return place;
  };
}

function localAddresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
    .join(' ');
}
