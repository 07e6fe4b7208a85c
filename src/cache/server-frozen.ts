// A server's state as it was at a moment, for recordings: all of them share one copy until it changes.

import type { Name } from '../wire/name.ts';
import type { ServerState } from './servers.ts';

/** The state as it is now, for keeps: the same object until something changes. */
export function frozen(state: ServerState): ServerState {
  const last = state.frozen;
  if (last !== undefined && isSame(state, last)) return last;
  const copy = { ...state, lame: state.lame.size === 0 ? NOT_LAME : new Map(state.lame), frozen: undefined };
  state.frozen = copy;
  return copy;
}

const NOT_LAME: Map<Name, number> = new Map();

function isSame(a: ServerState, b: ServerState): boolean {
  return (
    a.smoothedRttMs === b.smoothedRttMs &&
    a.rttVariationMs === b.rttVariationMs &&
    a.heardAtMs === b.heardAtMs &&
    a.timeouts === b.timeouts &&
    a.timedOutAtMs === b.timedOutAtMs &&
    a.backoffUntilMs === b.backoffUntilMs &&
    a.edns === b.edns &&
    a.ednsUntilMs === b.ednsUntilMs &&
    a.ednsRefusals === b.ednsRefusals &&
    a.cookie === b.cookie &&
    a.cookieUnknownUntilMs === b.cookieUnknownUntilMs &&
    a.lame.size === b.lame.size &&
    (a.lame.size === 0 || [...a.lame].every(([zone, untilMs]) => b.lame.get(zone) === untilMs))
  );
}
