// Questions in flight, by zone and by server: no zone may hold all resolutions, and a server that fails is not flooded.

import type { LimitName } from '../base/limits.ts';
import type { Delegation } from '../cache/hierarchy.ts';
import type { ServerState } from '../cache/servers.ts';
import type { Name } from '../wire/name.ts';
import { LOOK } from './journal.ts';
import type { Scope } from './scope.ts';

/** How many questions are in flight at each zone. No more entries than questions. */
export class Crowds {
  readonly #zones = new Map<Name, number>();

  /** Counts a question to a server of a zone, until {@link leave}. */
  enter(zone: Name, server: ServerState): void {
    this.#zones.set(zone, this.atZone(zone) + 1);
    server.inFlight += 1;
  }

  leave(zone: Name, server: ServerState): void {
    const left = this.atZone(zone) - 1;
    if (left > 0) this.#zones.set(zone, left);
    else this.#zones.delete(zone);
    server.inFlight -= 1;
  }

  atZone(zone: Name): number {
    return this.#zones.get(zone) ?? 0;
  }
}

/** Whether a zone's servers are the operator's choice. */
export function isConfigured({ source }: Delegation): boolean {
  return source === 'stub' || source === 'forward';
}

/** The bound that forbids one more question at a zone. */
export function crowdAtZone(scope: Scope, delegation: Delegation): LimitName | undefined {
  if (isConfigured(delegation)) return undefined;
  const { options, crowds } = scope.shared;
  const { zone } = delegation;
  const crowded = scope.read(LOOK.crowded, crowds.atZone(zone) >= options.limits.questionsPerZone, zone);
  return crowded ? 'questionsPerZone' : undefined;
}
