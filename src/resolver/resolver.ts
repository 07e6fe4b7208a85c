// The engine: state shared by all resolutions, joining of equal client questions, admission.

import { PrefixSet } from '../base/prefix.ts';
import { Answers } from '../cache/answers.ts';
import { DenialRanges } from '../cache/denial-ranges.ts';
import { Hierarchy } from '../cache/hierarchy.ts';
import { Host } from '../cache/host.ts';
import { Records } from '../cache/records.ts';
import { SegmentedMap } from '../cache/segmented.ts';
import { FamilyHealth, Servers, stateOctets } from '../cache/servers.ts';
import { ImportedKeys } from '../dnssec/keys.ts';
import { probeSupport } from '../dnssec/support.ts';
import { ROOT } from '../wire/name.ts';
import { toRRsets } from '../wire/rrset.ts';
import { rcodeToText, TYPE } from '../wire/types.ts';
import { addressesOf } from './addresses.ts';
import { fromHost, fromRecords } from './answer.ts';
import { failed, startChain } from './chain.ts';
import { nameServersOf } from './classify.ts';
import { describe, fail } from './failure.ts';
import type { EngineOptions } from './options.ts';
import { Pacer } from './pacer.ts';
import { resolve } from './resolve.ts';
import { Rollover } from './rollover.ts';
import { type Caches, Scope, type Shared } from './scope.ts';
import { type TrustState, zoneStatusOctets } from './trust.ts';
import type { Resolution, ResolveRequest } from './types.ts';

/** A client question in progress and how many wait for it. */
interface InProgress {
  readonly promise: Promise<Resolution>;
  clients: number;
}

/** What share of `cache.maxOctets` each layer may fill; the sum is 1. */
const SHARES = {
  answers: 0.33,
  records: 0.37,
  denialRanges: 0.05,
  hierarchy: 0.15,
  servers: 0.05,
  zones: 0.05,
} as const;

/** A resolver without sockets or files of its own: everything it touches comes by its options. */
export class Resolver {
  readonly caches: Caches;
  readonly #shared: Shared;
  readonly #inProgress = new Map<string, InProgress>();
  /** Undefined: the anchors stay as they are. */
  readonly #rollover: Rollover | undefined;
  #resolutions = 0;

  constructor(options: EngineOptions) {
    this.caches = makeCaches(options);
    this.#shared = {
      options,
      caches: this.caches,
      trust: makeTrust(options),
      pacer: new Pacer(options.clock),
      denied: new PrefixSet(options.upstream.deny),
      exchanges: new Map(),
      priming: undefined,
      primeAgainMs: Number.NEGATIVE_INFINITY,
      closed: false,
    };
    const { rollover } = options.dnssec;
    const { trust } = this.#shared;
    if (trust !== undefined && rollover !== undefined) this.#rollover = new Rollover(this.#shared, trust, rollover);
  }

  /** The answer from host data and records alone, or undefined when the network is needed. */
  fromCache(request: ResolveRequest): Resolution | undefined {
    const scope = new Scope(this.#shared, request.checkingDisabled, request.observer);
    const lookup = scope.rootLookup(request.name, request.type);
    return fromHost(scope, lookup) ?? fromRecords(scope, lookup, startChain(request.name, request.type));
  }

  /**
   * The answer, by the network where needed. Equal questions in progress are joined, but for observed ones, whose
   * events are their own. Never rejects but for a fault of ours (AssertionError).
   */
  resolve(request: ResolveRequest): Promise<Resolution> {
    const { limits } = this.#shared.options;
    if (this.#shared.closed) return Promise.resolve(failed(fail('closed', 'the resolver is closed')));
    const key = `${request.checkingDisabled ? 1 : 0} ${request.type} ${request.name}`;
    const running = request.observer === undefined ? this.#inProgress.get(key) : undefined;
    if (running !== undefined) {
      if (running.clients >= limits.clientsPerQuestion) {
        return Promise.resolve(busy(`limit reached: clientsPerQuestion (${limits.clientsPerQuestion} clients)`));
      }
      running.clients += 1;
      return running.promise;
    }
    if (this.#resolutions >= limits.resolutions) {
      return Promise.resolve(busy(`limit reached: resolutions (${limits.resolutions} at once)`));
    }
    const promise = this.#run(request);
    if (request.observer === undefined) {
      this.#inProgress.set(key, { promise, clients: 1 });
      const done = (): void => {
        this.#inProgress.delete(key);
      };
      promise.then(done, done);
    }
    return promise;
  }

  async #run(request: ResolveRequest): Promise<Resolution> {
    const { name, type, checkingDisabled, observer } = request;
    this.#resolutions += 1;
    try {
      const scope = new Scope(this.#shared, checkingDisabled, observer);
      const lookup = scope.rootLookup(name, type);
      if (observer) scope.emit(lookup, { kind: 'question', name, type });
      const resolution = await resolve(scope, lookup);
      this.#finish(scope, request, resolution);
      if (observer) {
        const { rcode, failure, extendedErrors } = resolution;
        const detail = extendedErrors[0]?.text;
        scope.emit(lookup, {
          kind: 'done',
          rcode,
          ...(failure === undefined ? {} : { failure }),
          ...(detail === undefined ? {} : { detail }),
        });
      }
      return resolution;
    } finally {
      this.#resolutions -= 1;
    }
  }

  /** Keeps a failure for its own question alone (RFC 9520) and logs it. */
  #finish(scope: Scope, request: ResolveRequest, resolution: Resolution): void {
    const { failure, extendedErrors } = resolution;
    if (failure === undefined || failure === 'cached-failure' || failure === 'closed') return;
    const { name, type, checkingDisabled } = request;
    this.caches.records.putFailure({ name, type, checkingDisabled, reason: failure, extendedErrors }, scope.nowMs());
    this.#shared.options.log.info('resolution failed', {
      question: describe(name, type),
      rcode: rcodeToText(resolution.rcode),
      reason: failure,
      detail: extendedErrors[0]?.text,
    });
  }

  /** Asks the root for its servers (RFC 9609), unless they are known; a failure says why no root server was heard. */
  prime(): Promise<Resolution> {
    return this.resolve({ name: ROOT, type: TYPE.NS, checkingDisabled: false });
  }

  /** Takes the hosts file's new text; finished answers that it may contradict are dropped. */
  setHosts(text: string | undefined): void {
    this.caches.host.setHosts(text);
    this.caches.answers.clear();
  }

  /** Resolutions in progress. */
  get resolutions(): number {
    return this.#resolutions;
  }

  /** Ends what is in progress at its next step, as failures, and closes the transport. */
  close(): void {
    this.#shared.closed = true;
    this.#rollover?.stop();
    this.#shared.options.transport.close();
  }
}

function busy(text: string): Resolution {
  return failed(fail('busy', text));
}

function makeCaches(options: EngineOptions): Caches {
  const { limits, cache, random } = options;
  const { maxOctets } = cache;
  const hierarchy = new Hierarchy({ octetsMax: Math.floor(maxOctets * SHARES.hierarchy), limits });
  configureZones(hierarchy, options);
  return {
    answers: new Answers({
      octetsMax: Math.floor(maxOctets * SHARES.answers),
      seed: [random.integer(2 ** 32), random.integer(2 ** 32)],
    }),
    host: new Host(options.host),
    records: new Records({ octetsMax: Math.floor(maxOctets * SHARES.records), limits }),
    denialRanges: new DenialRanges({ octetsMax: Math.floor(maxOctets * SHARES.denialRanges) }),
    hierarchy,
    servers: new Servers({ entriesMax: Math.floor((maxOctets * SHARES.servers) / stateOctets) }),
    families: new FamilyHealth(),
  };
}

/** What validation needs; undefined when nothing is validated. */
function makeTrust({ dnssec, cache }: EngineOptions): TrustState | undefined {
  if (!dnssec.validate) return undefined;
  return {
    anchors: new Map(dnssec.anchors.map((anchor) => [anchor.zone, anchor])),
    negativeAnchors: new Map(dnssec.negativeAnchors.map((anchor) => [anchor.zone, anchor])),
    support: probeSupport({ sha1: dnssec.sha1 }),
    imported: new ImportedKeys(),
    zones: new SegmentedMap({ octetsMax: Math.floor(cache.maxOctets * SHARES.zones), sizeOf: zoneStatusOctets }),
    inFlight: new Map(),
  };
}

/** The root by its hints, and the zones whose servers are configured. */
function configureZones(hierarchy: Hierarchy, { hints, zones, limits }: EngineOptions): void {
  const rrsets = toRRsets(hints);
  const ns = rrsets.find((rrset) => rrset.name === ROOT && rrset.type === TYPE.NS);
  const base = { expiresAtMs: Number.POSITIVE_INFINITY, ds: undefined, dsProof: [] } as const;
  const glue = rrsets
    .filter((rrset) => rrset.type === TYPE.A || rrset.type === TYPE.AAAA)
    .map((rrset) => ({
      nameServer: rrset.name,
      family: rrset.type === TYPE.A ? (4 as const) : (6 as const),
      addresses: addressesOf([rrset], rrset.type, limits.addressesPerNameServer),
      expiresAtMs: Number.POSITIVE_INFINITY,
    }));
  const nameServers = ns === undefined ? [] : nameServersOf(ns, limits.nameServersPerDelegation);
  hierarchy.configure({ ...base, zone: ROOT, nameServers, source: 'hints', addresses: [] }, glue);
  for (const { zone, kind, servers } of zones) {
    hierarchy.configure({ ...base, zone, nameServers: [], source: kind, addresses: servers }, []);
  }
}
