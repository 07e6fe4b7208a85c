// Which server of a zone to ask next: by RTT, with exploration, backoff, lameness and the health of IPv6.

import type { LimitName } from '../base/limits.ts';
import type { ServerState } from '../cache/servers.ts';
import type { Name } from '../wire/name.ts';
import { crowdAtServer } from './crowds.ts';
import type { ChoiceReason } from './events.ts';
import type { Scope } from './scope.ts';
import { hasTimedOut, isAnyShunned, penaltyOf, rttOf } from './server-facts.ts';

/** An address of a zone's server that may be asked. */
export interface Candidate {
  /** The name server that has this address; absent for configured servers. */
  readonly nameServer: Name | undefined;
  /** The address, and what is known of the server: one object for each address. */
  readonly state: ServerState;
}

/** What one lookup has already tried at one zone, by server: sends, and whether it gave a definite failure. */
export class Tried {
  /** Few: sends at a zone are bounded, and so are its servers. */
  readonly #sent: ServerState[] = [];
  #failed: ServerState[] | undefined;
  #troubles: string[] | undefined;
  #recursers: Candidate[] | undefined;
  /** Sends to all servers of the zone. */
  total = 0;
  /** Clock.nowMs at which the zone is given up if it goes on saying nothing; Infinity: nothing is awaited. */
  silentUntilMs: number = Number.POSITIVE_INFINITY;
  /** The bound by which a server was passed over for the questions that it has in flight. */
  crowded: LimitName | undefined;

  /** A send, and the moment to which it is worth waiting: the first since the last news decides. */
  note(server: ServerState, silentUntilMs: number): void {
    this.#sent.push(server);
    this.total += 1;
    if (this.silentUntilMs === Number.POSITIVE_INFINITY) this.silentUntilMs = silentUntilMs;
  }

  /** A whole response, or a server that was not known before: the zone is worth waiting for again. */
  noteNews(): void {
    this.silentUntilMs = Number.POSITIVE_INFINITY;
  }

  /** To whom something was sent, a server each time. */
  get servers(): readonly ServerState[] {
    return this.#sent;
  }

  /** Another lookup has waited for the zone's servers in vain. */
  noteSilence(nowMs: number): void {
    this.silentUntilMs = nowMs;
    this.noteTrouble('no reply to an earlier question: timeout');
  }

  /** A send more within an exchange that was noted. */
  noteRepeat(): void {
    this.total += 1;
  }

  sends(server: ServerState): number {
    let count = 0;
    for (const one of this.#sent) if (one === server) count += 1;
    return count;
  }

  /** A question was answered, and another follows: its sends count from nothing (sendsPerServer is of one question). */
  answered(): void {
    this.#sent.length = 0;
    this.total = 0;
  }

  /** This server said something that asking again will not change. */
  fail(server: ServerState): void {
    this.#failed ??= [];
    if (!this.#failed.includes(server)) this.#failed.push(server);
  }

  hasFailed(server: ServerState): boolean {
    return this.#failed?.includes(server) === true;
  }

  /** What went wrong at the zone, in words, for the reason of a failure. */
  get troubles(): readonly string[] {
    return this.#troubles ?? NO_TROUBLES;
  }

  noteTrouble(trouble: string): void {
    this.#troubles ??= [];
    this.#troubles.push(trouble);
  }

  /** This server would recurse: it is asked to do so when no authoritative one is left. */
  noteRecurser(candidate: Candidate): void {
    this.#recursers ??= [];
    this.#recursers.push(candidate);
  }

  nextRecurser(): Candidate | undefined {
    return this.#recursers?.shift();
  }
}

const NO_TROUBLES: readonly string[] = [];

/** A choice and its reason. */
export interface Choice {
  readonly candidate: Candidate;
  readonly why: ChoiceReason;
  readonly expectedMs: number | undefined;
}

/** One choice in this many tries another than the fastest, so that a server that has become fast is found. */
const EXPLORE_ONE_IN = 20;
/** A known server slower than this is no better than one never asked (Unbound's RTT band). */
const SLOW_MS = 400;

/**
 * How often a server's bogus data are put up with within a client question. What was forged on the way, or taken from an
 * answer to another question, may be right the next time; Unbound asks again, too.
 */
const DISTRUSTS_MOST = 1;
/** Whoever gave them is asked after all others. */
const DISTRUST = 10_000;

/**
 * The server to ask next among `candidates`, or undefined when each has been asked enough or is crowded, or all have been
 * silent for too long. Least-tried first; within these the fastest, now and then another; servers in backoff, of a dead
 * family or lame only when nothing else is left.
 */
export function selectServer(
  scope: Scope,
  zone: Name,
  candidates: readonly Candidate[],
  tried: Tried,
  configured: boolean,
): Choice | undefined {
  const { limits } = scope.shared.options;
  if (tried.total >= limits.sendsPerLookup) return undefined;
  if (scope.nowMs() >= tried.silentUntilMs) return undefined;
  const anyShunned = isAnyShunned(scope, zone, candidates);
  let pool: Candidate[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { state } = candidate;
    const sends = tried.sends(state);
    if (sends >= limits.sendsPerServer || tried.hasFailed(state)) continue;
    const distrusts = scope.distrustsOf(zone, state.address);
    if (distrusts > DISTRUSTS_MOST) continue;
    const penalty = sends * 2 + (anyShunned ? penaltyOf(scope, zone, state) : 0) + distrusts * DISTRUST;
    if (penalty < least) {
      least = penalty;
      pool = [];
    }
    if (penalty === least) pool.push(candidate);
  }
  if (pool.length === 0) return undefined;
  const chosen = pickFrom(scope, pool, configured);
  const crowded = crowdAtServer(scope, chosen.candidate.state, configured);
  if (crowded !== undefined) {
    tried.crowded = crowded;
    tried.fail(chosen.candidate.state);
    // One candidate fewer each time.
    return selectServer(scope, zone, candidates, tried, configured);
  }
  if (tried.sends(chosen.candidate.state) > 0) return { ...chosen, why: 'retry' };
  return pool.length === 1 && candidates.length === 1 ? { ...chosen, why: 'only' } : chosen;
}

function pickFrom(scope: Scope, pool: readonly Candidate[], configured: boolean): Choice {
  // Forwarders and stubs are equals in the order they were written until one is known to be slower.
  let best: Candidate | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  const unknown: Candidate[] = [];
  for (const candidate of pool) {
    const expectedMs = expectedMsOf(scope, candidate);
    if (expectedMs === undefined) unknown.push(candidate);
    else if (expectedMs < bestMs) {
      best = candidate;
      bestMs = expectedMs;
    }
  }
  if ((best === undefined || bestMs > SLOW_MS) && unknown.length > 0) {
    const candidate = unknown[configured ? 0 : scope.random.integer(unknown.length)] as Candidate;
    return { candidate, why: configured ? 'configured' : 'untried', expectedMs: undefined };
  }
  const drawn = pool.length > 1 ? scope.random.integer(EXPLORE_ONE_IN * pool.length) : pool.length;
  const candidate = pool[drawn % pool.length] as Candidate;
  // Each is to be known soon, for the fastest to be among those known. One that was silent is known well enough.
  const isNew = !configured && unknown.includes(candidate) && !hasTimedOut(scope, candidate.state);
  if (isNew) return { candidate, why: 'untried', expectedMs: undefined };
  if (best !== undefined && drawn >= pool.length) {
    return { candidate: best, why: configured ? 'configured' : 'fastest', expectedMs: bestMs };
  }
  return { candidate, why: 'exploring', expectedMs: expectedMsOf(scope, candidate) };
}

function expectedMsOf(scope: Scope, { state }: Candidate): number | undefined {
  const rtt = rttOf(scope, state);
  return rtt === undefined ? undefined : rtt / 1000;
}
