// Questions in flight, by zone and by server: no zone may hold all resolutions, and a server that fails is not flooded.

import type { LimitName } from '../base/limits.ts';
import { addressKey, type ServerAddress } from '../base/ports.ts';
import type { Delegation } from '../cache/hierarchy.ts';
import { isBackedOff, type ServerState } from '../cache/servers.ts';
import type { Name } from '../wire/name.ts';
import type { Scope } from './scope.ts';

/** How many questions are in flight. No more entries than questions. */
export class Crowds {
  readonly #zones = new Map<Name, number>();
  readonly #servers = new Map<string, number>();

  /** Counts a question to a server of a zone; the function given counts it off again. */
  enter(zone: Name, server: ServerAddress): () => void {
    const key = addressKey(server);
    change(this.#zones, zone, 1);
    change(this.#servers, key, 1);
    return () => {
      change(this.#zones, zone, -1);
      change(this.#servers, key, -1);
    };
  }

  atZone(zone: Name): number {
    return this.#zones.get(zone) ?? 0;
  }

  atServer(server: ServerAddress): number {
    return this.#servers.get(addressKey(server)) ?? 0;
  }
}

function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
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
  const crowded = scope.read('crowded', crowds.atZone(zone) >= options.limits.questionsPerZone, zone);
  return crowded ? 'questionsPerZone' : undefined;
}

/** The bound that forbids one more question to a server: few while it is left alone for its silence. */
export function crowdAtServer(scope: Scope, seen: ServerState, configured: boolean): LimitName | undefined {
  const { options, crowds } = scope.shared;
  const limit = isBackedOff(seen, scope.nowMs()) ? 'questionsPerSilentServer' : 'questionsPerServer';
  if (configured && limit === 'questionsPerServer') return undefined;
  const live = crowds.atServer(seen.address) >= options.limits[limit];
  const crowded = scope.journal === undefined ? live : scope.journal.read('crowded', addressKey(seen.address), live);
  return crowded ? limit : undefined;
}
