// Which server of a zone to ask next: by RTT, with exploration, backoff, lameness and the health of IPv6.

import type { LimitName } from '../base/limits.ts';
import type { ServerState } from '../cache/servers.ts';
import type { Name } from '../wire/name.ts';
import type { ChoiceReason } from './events.ts';
import type { Scope } from './scope.ts';
import { hasTimedOut, type Standing, standingOf, type Terms, termsOf } from './server-facts.ts';

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
  readonly terms: Terms;
}

/** One choice in this many tries another than the fastest, so that a server that has become fast is found. */
const EXPLORE_ONE_IN = 20;
/** A known server slower than this, µs, is no better than one never asked (Unbound's RTT band). */
const SLOW_US = 400_000;

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
  const standing = standingOf(scope, zone, candidates);
  /** By their places among `candidates`. */
  let pool: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let place = 0; place < candidates.length; place++) {
    const { state } = candidates[place] as Candidate;
    const sends = tried.sends(state);
    if (sends >= limits.sendsPerServer || tried.hasFailed(state)) continue;
    const distrusts = scope.distrustsOf(zone, state.address);
    if (distrusts > DISTRUSTS_MOST) continue;
    const penalty = sends * 2 + (standing.penalties?.[place] ?? 0) + distrusts * DISTRUST;
    if (penalty < least) {
      least = penalty;
      pool = [];
    }
    if (penalty === least) pool.push(place);
  }
  if (pool.length === 0) return undefined;
  const picked = pickFrom(scope, candidates, standing, pool, configured);
  const { state } = picked.candidate;
  const terms = termsOf(scope, state, configured);
  if (terms.crowded !== undefined) {
    tried.crowded = terms.crowded;
    tried.fail(state);
    // One candidate fewer each time.
    return selectServer(scope, zone, candidates, tried, configured);
  }
  const { candidate, expectedMs } = picked;
  if (tried.sends(state) > 0) return { candidate, why: 'retry', expectedMs, terms };
  const only = pool.length === 1 && candidates.length === 1;
  return { candidate, why: only ? 'only' : picked.why, expectedMs, terms };
}

function pickFrom(
  scope: Scope,
  candidates: readonly Candidate[],
  { rttsUs }: Standing,
  pool: readonly number[],
  configured: boolean,
): Omit<Choice, 'terms'> {
  const pick = (place: number, why: ChoiceReason): Omit<Choice, 'terms'> => {
    const rttUs = rttsUs[place];
    return {
      candidate: candidates[place] as Candidate,
      why,
      expectedMs: rttUs === undefined ? undefined : rttUs / 1000,
    };
  };
  // Forwarders and stubs are equals in the order they were written until one is known to be slower.
  let best: number | undefined;
  let bestUs = Number.POSITIVE_INFINITY;
  const unknown: number[] = [];
  for (const place of pool) {
    const rttUs = rttsUs[place];
    if (rttUs === undefined) unknown.push(place);
    else if (rttUs < bestUs) {
      best = place;
      bestUs = rttUs;
    }
  }
  if ((best === undefined || bestUs > SLOW_US) && unknown.length > 0) {
    const place = unknown[configured ? 0 : scope.random.integer(unknown.length)] as number;
    return pick(place, configured ? 'configured' : 'untried');
  }
  const drawn = pool.length > 1 ? scope.random.integer(EXPLORE_ONE_IN * pool.length) : pool.length;
  const place = pool[drawn % pool.length] as number;
  // Each is to be known soon, for the fastest to be among those known. One that was silent is known well enough.
  const isNew =
    !configured && rttsUs[place] === undefined && !hasTimedOut(scope, (candidates[place] as Candidate).state);
  if (isNew) return pick(place, 'untried');
  if (best !== undefined && drawn >= pool.length) return pick(best, configured ? 'configured' : 'fastest');
  return pick(place, 'exploring');
}
