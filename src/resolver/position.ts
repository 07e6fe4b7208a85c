// Where a walk stands: a zone, its servers, what was tried there, and which server is next.

import type { Delegation, Glue } from '../cache/hierarchy.ts';
import type { Name } from '../wire/name.ts';
import { AddressSearch, type Find } from './addresses.ts';
import type { Heard } from './ask.ts';
import { isConfigured } from './crowds.ts';
import type { Lookup, Scope } from './scope.ts';
import { type Choice, selectServer, Tried } from './select-server.ts';

/** A place of a walk. */
export interface Position {
  readonly delegation: Delegation;
  readonly search: AddressSearch;
  readonly tried: Tried;
  /** It was known before this lookup: the parent may know better by now. */
  readonly cached: boolean;
}

/** After a priming that failed, or brought nothing to keep, the hints are used for this long. */
export const PRIME_AGAIN_MS = 30_000;

/** Takes up the place of a delegation. `cached`: it was known before. */
export function stand(
  scope: Scope,
  lookup: Lookup,
  { delegation, glue }: { readonly delegation: Delegation; readonly glue: readonly Glue[] },
  places: Map<Name, Tried>,
  cached: boolean,
): Position {
  const search = new AddressSearch(delegation, glue, cached);
  // Looked up here whether or not somebody watches, so that both read the same in the same order.
  const candidates = search.candidates(scope);
  if (scope.observer) {
    const { zone, nameServers, source } = delegation;
    const addresses = candidates.map((candidate) => candidate.state.address);
    const unused = search.unused(scope);
    const common = { kind: 'delegation', zone, nameServers, addresses, source, cached } as const;
    scope.emit(lookup, unused.length === 0 ? common : { ...common, unused });
  }
  // A zone met again within one lookup is not asked from scratch.
  const tried = places.get(delegation.zone) ?? new Tried();
  if (tried.total > 0 && candidates.some(({ state }) => tried.sends(state) === 0)) tried.noteNews();
  // Servers that were silent for as long as a zone is waited for are so to the next lookup of the same question, too.
  if (tried.total === 0 && candidates.length > 0 && candidates.every(({ state }) => scope.budget.isSilent(state))) {
    tried.noteSilence(scope.nowMs());
  }
  places.set(delegation.zone, tried);
  return { delegation, search, tried, cached };
}

/** The server to ask next, of those whose address is known. */
export function selectNow(scope: Scope, position: Position): Choice | undefined {
  const { delegation, search, tried } = position;
  return selectServer(scope, delegation.zone, search.candidates(scope), tried, isConfigured(delegation));
}

/** A server whose address is known and that was not asked yet. */
export function untriedServer(scope: Scope, position: Position): Choice | undefined {
  const choice = selectNow(scope, position);
  return choice?.why === 'retry' ? undefined : choice;
}

/** Looks addresses up, now that every known one has been asked (lazily: NXNSAttack), until one can be asked. */
export async function searchServer(
  scope: Scope,
  lookup: Lookup,
  position: Position,
  find: Find,
): Promise<Choice | undefined> {
  const { limits } = scope.shared.options;
  const { search, tried } = position;
  for (let round = 0; round < limits.nameServerLookupsPerDelegation; round++) {
    // Who has too many questions already, or nothing to say for so long, is no reason to look for more servers.
    if (tried.crowded !== undefined || scope.nowMs() >= tried.silentUntilMs) break;
    const known = search.candidates(scope).length;
    if (!(await search.more(scope, lookup, find))) break;
    if (search.candidates(scope).length > known) tried.noteNews();
    const choice = untriedServer(scope, position);
    if (choice !== undefined) return choice;
  }
  return selectNow(scope, position);
}

/** When nothing else is left: asks the parent for glue that it left out. Whether that gave a server that may be asked. */
export async function searchGlue(scope: Scope, lookup: Lookup, position: Position, find: Find): Promise<boolean> {
  const { search, tried } = position;
  // Where no more may be sent to the zone, a server more is of no use.
  if (tried.total >= scope.shared.options.limits.sendsPerLookup || scope.nowMs() >= tried.silentUntilMs) return false;
  if (!(await search.askParent(scope, lookup, find))) return false;
  tried.noteNews();
  return true;
}

/** When a cached delegation has no server left, its parent is asked once more: glue expires, servers move. */
export function renewFrom(scope: Scope, position: Position, places: Map<Name, Tried>): Delegation | undefined {
  const { zone, source } = position.delegation;
  if (source === 'priming') return scope.backToHints(PRIME_AGAIN_MS);
  if (!position.cached || source !== 'referral') return undefined;
  const parent = scope.closestAbove(zone);
  return parent.zone === zone || places.has(parent.zone) ? undefined : parent;
}

/** Notes what went wrong with a server. */
export function note(position: Position, heard: Heard, trouble: string): void {
  // One line for each send is enough: sends at a zone are bounded.
  position.tried.noteTrouble(`${heard.candidate.state.address.ip} ${trouble}`);
}
