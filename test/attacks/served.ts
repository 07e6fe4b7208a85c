// A server's handler in front of a world's resolver: clients with any address, on virtual time, without sockets.
import { createAcl } from '../../src/server/acl.ts';
import { createHandler, type Handler } from '../../src/server/handle.ts';
import { createRateLimit, type RateLimitOptions } from '../../src/server/rate-limit.ts';
import type { World } from './world.ts';

/** Clients of a world. */
export interface Served {
  readonly handler: Handler;
  /** Octets in, octets out; undefined: no reply. Time must pass for what is not in memory. */
  ask(query: Uint8Array, from?: { address?: string; port?: number; tcp?: boolean }): Promise<Uint8Array | undefined>;
  /** Faults that the handler reported. */
  readonly faults: readonly string[];
}

/** Addresses that may ask. */
export const ALLOWED: readonly string[] = ['127.0.0.0/8', '10.0.0.0/8', '192.168.0.0/16'];

/** Puts a handler before `world`; replies are limited where `limit` is given. */
export function serveClients(world: World, limit?: RateLimitOptions): Served {
  const rate = limit && createRateLimit(limit, world.clock);
  const faults: string[] = [];
  const handler = createHandler({
    resolver: world.resolver,
    clock: world.clock,
    limits: world.limits,
    classify: createAcl(ALLOWED),
    rateLimit: () => rate,
    cookieSecret: new Uint8Array(16).fill(9),
    reportFault: (what, error) => faults.push(`${what}: ${String(error)}`),
  });
  const out = new Uint8Array(65_535);
  return {
    handler,
    faults,
    async ask(query, { address = '192.168.1.1', port = 4000, tcp = false } = {}) {
      const handled = handler.handle(query, query.length, { address, port }, tcp, tcp ? out : out.subarray(0, 4352));
      if (typeof handled === 'number') return handled === 0 ? undefined : out.slice(0, handled);
      return handled;
    },
  };
}
