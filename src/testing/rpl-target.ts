// This package's own resolver as a scenario's clients see it: the engine behind the daemon's handling of queries.

import { makeLimits } from '../base/limits.ts';
import type { Clock, Random, Transport } from '../base/ports.ts';
import { parseTrustAnchors } from '../dnssec/anchors.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import { createAcl } from '../server/acl.ts';
import { createHandler } from '../server/handle.ts';
import { testEngineOptions } from './engine.ts';
import { recordText } from './rpl-match.ts';
import { anchorRecords } from './rpl-resign.ts';
import { namedRoots } from './rpl-server.ts';
import type { Scenario } from './rpl-types.ts';

/** A resolver as a scenario sees it: from its clients' side. */
export interface ReplayTarget {
  /** Puts a client's message to it; undefined: it does not answer that. */
  ask(query: Uint8Array, protocol: 'udp' | 'tcp', client: string): Promise<Uint8Array | undefined>;
  close(): void;
}

/** What a resolver under test is made with. */
export interface ReplayEnvironment {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scenario: Scenario;
}

/** Room for the longest message over TCP, with what the server adds. */
const outOctets = 65_535 + 256;

/** The resolver that a scenario's settings describe, with empty caches. Faults of its own make `ask` reject. */
export function makeReplayTarget(environment: ReplayEnvironment): ReplayTarget {
  const { clock } = environment;
  const resolver = new Resolver(engineOptions(environment));
  const faults: unknown[] = [];
  const handler = createHandler({
    resolver,
    clock,
    limits: makeLimits(),
    classify: createAcl(['0.0.0.0/0', '::/0']),
    cookieSecret: undefined,
    reportFault: (_what, error) => faults.push(error),
  });
  return {
    async ask(query, protocol, client) {
      const out = new Uint8Array(outOctets);
      const handled = handler.handle(query, query.length, { address: client, port: 5353 }, protocol === 'tcp', out);
      const octets = typeof handled === 'number' ? out.slice(0, handled) : await handled;
      if (faults.length > 0) throw faults[0];
      return octets === undefined || octets.length === 0 ? undefined : octets;
    },
    close: () => resolver.close(),
  };
}

function engineOptions({ transport, clock, random, scenario }: ReplayEnvironment): EngineOptions {
  const { settings } = scenario;
  const { ipv4, ipv6, queryLocalhost, qnameMinimisation, minTtl, maxTtl, domainInsecure } = settings;
  const anchors = anchorRecords(scenario);
  return testEngineOptions({
    transport,
    clock,
    random,
    roots: namedRoots(scenario),
    zones: settings.zones,
    upstream: {
      ipv4,
      ipv6,
      deny: queryLocalhost ? [] : ['127.0.0.0/8', '::1'],
      qnameMinimisation: qnameMinimisation ? 'relaxed' : 'off',
    },
    dnssec: {
      validate: settings.trustAnchors.length > 0 && settings.validator,
      anchors: anchors.length > 0 ? parseTrustAnchors(anchors.map(recordText).join('\n')) : [],
      negativeAnchors: domainInsecure.map((zone) => ({ zone, untilSeconds: undefined, reason: undefined })),
    },
    cache: { ...(minTtl === undefined ? {} : { minTtl }), ...(maxTtl === undefined ? {} : { maxTtl }) },
  });
}
