// QNAME minimisation (RFC 9156): how much of a name each zone's servers get to see.

import { ancestorOf, isSubdomainOf, labelCount, type Name } from '../wire/name.ts';
import { TYPE } from '../wire/types.ts';

/** The question as it goes out. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  /** It is not the whole question. */
  readonly minimised: boolean;
  /** RD: towards forwarders, and as a last resort. */
  readonly recursionDesired: boolean;
}

/** The state of one lookup's minimisation. */
export interface Minimisation {
  /** Steps taken, bounded by limits.minimisationSteps; Infinity once the name is asked in full. */
  steps: number;
  /** Labels already known to exist at or below the current zone: the next question has more. */
  known: number;
}

/** The state at the start; `whole`: the name is asked in full at once. */
export function startMinimisation(whole: boolean): Minimisation {
  return { steps: whole ? Number.POSITIVE_INFINITY : 0, known: 0 };
}

/** A shortened name was answered: the next question has more labels. */
export function noteStep(state: Minimisation, name: Name): void {
  state.steps += 1;
  state.known = labelCount(name);
}

/** From now on the name is asked in full (RFC 9156, 2.3). */
export function askWhole(state: Minimisation): void {
  state.steps = Number.POSITIVE_INFINITY;
}

/**
 * Sends of a shortened name without a reply, after which the whole is asked: there are servers that drop it. Unbound sends
 * three; here a lone server has been sent both before it is waited for, and the zone's time (zoneSilenceMs) is to do for all.
 */
export const silentSendsMost = 2;

/** RFC 9156, 2.3: MINIMISE_ONE_LAB, the steps that add one label each; later steps share the labels that are left. */
const ONE_LABEL_STEPS = 4;

/** The question for servers of `zone`, which are authoritative, on the way to `name` and `type`. */
export function minimise(zone: Name, name: Name, type: number, state: Minimisation, stepsMax: number): Question {
  const total = labelCount(name);
  const known = Math.max(labelCount(zone), state.known);
  if (state.steps >= stepsMax || known + 1 >= total || !isSubdomainOf(name, zone)) {
    return { name, type, minimised: false, recursionDesired: false };
  }
  const left = total - known;
  const step = state.steps < ONE_LABEL_STEPS ? 1 : Math.max(1, Math.ceil(left / Math.max(1, stepsMax - state.steps)));
  const labels = known + step;
  if (labels >= total) return { name, type, minimised: false, recursionDesired: false };
  // RFC 9156, 2.1: a type that hides the one asked for; A is least often mishandled.
  return { name: ancestorOf(name, labels), type: TYPE.A, minimised: true, recursionDesired: false };
}
