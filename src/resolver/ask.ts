// Puts one question to a zone's servers: the chosen one first and, each time the one asked last is late for its own
// round trip, another (hedging). The first whole response ends the wait.

import type { Delegation } from '../cache/hierarchy.ts';
import { TYPE } from '../wire/types.ts';
import { exchange, type Reply } from './exchange.ts';
import type { Question } from './minimise.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Candidate, Choice, Tried } from './select-server.ts';

/** The reply that ended the wait, and whose it is. */
export interface Heard {
  readonly candidate: Candidate;
  readonly reply: Reply;
}

/** Servers waited for at the same time: two late ones say more about the network than a third would. */
const IN_FLIGHT_MOST = 3;

/**
 * Asks `first`, then what `next` offers while replies are late. Ends with the first response, or with the last
 * failure once nothing is in flight. `tried` is told of every send before it is made.
 */
export function ask(
  scope: Scope,
  lookup: Lookup,
  delegation: Delegation,
  question: Question,
  tried: Tried,
  first: Choice,
  next: () => Choice | undefined,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    let inFlight = 0;
    let ended = false;
    let resent = false;
    let launchedAtMs = 0;
    let cancelTimer: () => void = () => undefined;

    function launch(choice: Choice): void {
      const { candidate, terms } = choice;
      inFlight += 1;
      launchedAtMs = scope.nowMs();
      tried.note(candidate.state, launchedAtMs + scope.shared.options.limits.zoneSilenceMs);
      if (isForAddress(lookup)) scope.budget.noteAddressSend(delegation.zone);
      if (scope.observer) announce(scope, lookup, delegation, choice);
      const attempt = tried.sends(candidate.state);
      // What TC, a mismatch or EDNS makes to be sent again counts against the zone like any send.
      const mayRepeat = (): boolean => {
        if (tried.total >= scope.shared.options.limits.sendsPerLookup) return false;
        tried.noteRepeat();
        if (isForAddress(lookup)) scope.budget.noteAddressSend(delegation.zone);
        return true;
      };
      const untilMs = tried.silentUntilMs;
      exchange(scope, lookup, {
        ...question,
        zone: delegation.zone,
        server: candidate.state,
        attempt,
        terms,
        untilMs,
        mayRepeat,
      }).then((reply) => {
        inFlight -= 1;
        // Response or not, something came back: the exchange below has noted it.
        if (ended || (reply.kind !== 'message' && inFlight > 0)) return;
        ended = true;
        cancelTimer();
        resolve({ candidate, reply });
      }, reject);
      cancelTimer = scope.clock.after(lateMs(scope, choice), hedge);
    }

    function hedge(): void {
      scope.goOn();
      if (ended || inFlight >= IN_FLIGHT_MOST || scope.budget.remainingMs(scope.nowMs()) <= 0) return;
      if (addressSendsSpent(scope, lookup, delegation.zone)) return;
      const choice = next();
      // Where there is no other server, the datagram may be lost: it is sent again once, and then waited for.
      if (choice?.why === 'retry') {
        if (resent) return;
        // Not as soon as another would be asked: each copy in flight is one more for a forger to hit (RFC 5452, 5).
        const waitMs = launchedAtMs + scope.shared.options.limits.firstTimeoutMs - scope.nowMs();
        if (waitMs > 0) {
          cancelTimer = scope.clock.after(waitMs, hedge);
          return;
        }
        resent = true;
      }
      if (choice !== undefined) launch(choice.why === 'retry' ? choice : { ...choice, why: 'hedge' });
    }

    launch(first);
  });
}

/**
 * Whether a lookup for the address of a name server may ask at `zone` no more: who delegates to names in the zone of
 * somebody else makes us ask there, whatever its servers say (NXNSAttack, CVE-2020-12667).
 */
export function addressSendsSpent(scope: Scope, lookup: Lookup, zone: Lookup['name']): boolean {
  return isForAddress(lookup) && scope.budget.addressSends(zone) >= scope.shared.options.limits.addressSendsPerZone;
}

function isForAddress({ depth, type }: Lookup): boolean {
  return depth > 0 && (type === TYPE.A || type === TYPE.AAAA);
}

/** How long a server may take before it counts as late: by its own RTT, or briefly when it was never asked. */
function lateMs(scope: Scope, { expectedMs, terms: { timeoutMs } }: Choice): number {
  return expectedMs === undefined ? Math.min(timeoutMs, scope.shared.options.limits.hedgeMs) : timeoutMs;
}

function announce(scope: Scope, lookup: Lookup, delegation: Delegation, choice: Choice): void {
  const { candidate, why, expectedMs } = choice;
  scope.emit(lookup, {
    kind: 'server',
    zone: delegation.zone,
    server: candidate.state.address,
    ...(candidate.nameServer === undefined ? {} : { nameServer: candidate.nameServer }),
    why,
    ...(expectedMs === undefined ? {} : { expectedMs }),
    candidates: delegation.nameServers.length,
  });
}
