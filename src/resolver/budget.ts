// The budget of one client question: all the work it causes, wherever that arises, is paid from here.

import type { LimitName, Limits } from '../base/limits.ts';
import type { ServerState } from '../cache/servers.ts';
import type { Name } from '../wire/name.ts';

/** What may be spent piece by piece. */
export type Spendable = 'upstreamQueries' | 'nameServerLookups' | 'signatureChecks' | 'bogusRetries';

/** Shared by reference with every sub-lookup of the question; nothing refills it, restarts included. */
export class Budget {
  /** The moment (Clock.nowMs) at which the question is given up. */
  readonly deadlineMs: number;
  /** The first bound that was reached, if any: the reason that a failure names. */
  exhausted: LimitName | undefined;
  /** Set to stop the work at its next step: nobody waits for it any more, or the resolver closes. */
  cancelled = false;
  /** NSEC3 hashes left; dnssec/ counts it down. */
  readonly nsec3Meter: { nsec3HashesLeft: number };
  readonly #left: { [Key in Spendable]: number };
  /** No more entries than upstream queries. */
  #addressSends: Map<Name, number> | undefined;
  /** Servers that have responded, and those that a lookup has waited for in vain. No more than upstream queries. */
  readonly #heard: ServerState[] = [];
  #silent: ServerState[] | undefined;

  /** `nowMs`: Clock.nowMs. */
  constructor(limits: Limits, nowMs: number) {
    this.deadlineMs = nowMs + limits.resolutionMs;
    this.#left = {
      upstreamQueries: limits.upstreamQueries,
      nameServerLookups: limits.nameServerLookups,
      signatureChecks: limits.signatureChecks,
      bogusRetries: limits.bogusRetries,
    };
    this.nsec3Meter = { nsec3HashesLeft: limits.nsec3Hashes };
  }

  /** Takes one; false, and the bound is noted, when none is left. */
  spend(what: Spendable): boolean {
    if (this.#left[what] <= 0) {
      this.exhausted ??= what;
      return false;
    }
    this.#left[what] -= 1;
    return true;
  }

  /** Counts a send to a server of `zone` for the address of a name server. */
  noteAddressSend(zone: Name): void {
    this.#addressSends ??= new Map();
    this.#addressSends.set(zone, this.addressSends(zone) + 1);
  }

  /** Sends so far to servers of `zone` for addresses of name servers. */
  addressSends(zone: Name): number {
    return this.#addressSends?.get(zone) ?? 0;
  }

  /** The server has responded. */
  noteHeard(server: ServerState): void {
    if (!this.#heard.includes(server)) this.#heard.push(server);
  }

  /** A lookup has waited for these servers for as long as a zone is waited for. */
  noteSilence(servers: readonly ServerState[]): void {
    this.#silent ??= [];
    for (const server of servers) if (!this.#silent.includes(server)) this.#silent.push(server);
  }

  /** Whether a lookup has waited for the server in vain, and none has ever heard of it. */
  isSilent(server: ServerState): boolean {
    return this.#silent?.includes(server) === true && !this.#heard.includes(server);
  }

  /** How much is left of `what`. */
  left(what: Spendable): number {
    return this.#left[what];
  }

  /** Milliseconds until the deadline, 0 when it has passed or the work was cancelled. */
  remainingMs(nowMs: number): number {
    if (this.cancelled) return 0;
    return Math.max(0, this.deadlineMs - nowMs);
  }
}
