// Bounds late replies by address: those that wait for one another come all at once, at somebody who did not ask.

import type { Clock } from '../base/ports.ts';

/** DNSBomb (CVE-2024-33655): an address gets few answers a second that took longer than this. */
export const LATE_MS = 1900;
const LATE_REPLIES_PER_SECOND = 10;

/** Counts late replies by address, anew each second: true while one more is allowed. */
export function createLateReplies(clock: Clock): (address: string) => boolean {
  const sent = new Map<string, number>();
  let second = -1;
  return (address) => {
    const now = Math.floor(clock.nowMs() / 1000);
    if (now !== second) sent.clear();
    second = now;
    const before = sent.get(address) ?? 0;
    if (before >= LATE_REPLIES_PER_SECOND) return false;
    sent.set(address, before + 1);
    return true;
  };
}
