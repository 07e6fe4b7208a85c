// The engine: state shared by all resolutions, joining of equal client questions, admission.

import type { LimitName } from '../base/limits.ts';
import { createLogSample, type LogSample } from '../base/log-sample.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { ROOT } from '../wire/name.ts';
import { rcodeToText, TYPE } from '../wire/types.ts';
import { fromHost, fromRecords } from './answer.ts';
import { failed, startChain } from './chain.ts';
import { Crowds } from './crowds.ts';
import { describe, fail } from './failure.ts';
import { createInspector, type Inspector } from './inspect.ts';
import type { EngineOptions } from './options.ts';
import { withoutPrivateAddresses } from './private-addresses.ts';
import { reconfigured } from './reconfigure.ts';
import { Recorder } from './recorder.ts';
import { resolve } from './resolve.ts';
import { Rollover } from './rollover.ts';
import { type Lookup, Scope } from './scope.ts';
import { withSentinel } from './sentinel.ts';
import type { Caches, Shared } from './shared.ts';
import { type Slot, Slots } from './slots.ts';
import { Starts, type Waiting } from './starts.ts';
import { type Life, makeCaches, makeShared, makeTrust } from './state.ts';
import { RecordingRoom } from './tape.ts';
import type { FailureReason, Resolution, ResolveRequest } from './types.ts';

/** A client question in progress and how many wait for it. */
interface InProgress {
  /** Undefined until its first step is done: nobody can join before. */
  promise: Promise<Resolution> | undefined;
  clients: number;
  /** Undefined: it began at once. */
  waiting: Waiting | undefined;
}

/** Lines about failed resolutions in ten seconds; the metrics count them all. */
const FAILURES_LOGGED = 20;

/** A resolver without sockets or files of its own: everything it touches comes by its options. */
export class Resolver {
  readonly caches: Caches;
  /** Looks into the caches, and takes things out. */
  readonly inspector: Inspector;
  readonly #life: Life = { closed: false, crowds: new Crowds(), limitHits: new Map() };
  readonly #inProgress = new Map<string, InProgress>();
  #shared: Shared;
  /** Undefined: the anchors stay as they are. */
  #rollover: Rollover | undefined;
  readonly #slots: Slots;
  readonly #starts: Starts;
  /** Of recordings in progress. */
  readonly #room: RecordingRoom;
  readonly #recordings: TokenBucket;
  readonly #failureSample: LogSample;

  constructor(options: EngineOptions) {
    this.caches = makeCaches(options);
    this.#slots = new Slots(options.limits.resolutions, options.clock);
    this.#starts = new Starts(options.clock, options.limits.startWaitMs);
    const { recordingsOctets, recordingsPerSecond } = options.limits;
    this.#room = new RecordingRoom(recordingsOctets);
    this.#recordings = new TokenBucket(options.clock, recordingsPerSecond, recordingsPerSecond);
    this.#failureSample = createLogSample(options.clock, FAILURES_LOGGED);
    this.#shared = makeShared(
      options,
      this.#life,
      { caches: this.caches },
      makeTrust(options, this.caches.names),
      new Map(),
    );
    this.#rollover = makeRollover(this.#shared);
    this.inspector = createInspector(() => this.#shared);
  }

  /**
   * Takes other options at once, with the caches kept but for what they contradict; what is in progress ends as it
   * began. Throws WireError, with nothing changed, for local data that is no record. `cache.maxOctets`, `limits` and
   * the ports have to be as they were.
   */
  reconfigure(options: EngineOptions): void {
    const old = this.#shared;
    this.#shared = reconfigured(old, options, this.#life);
    // Questions in progress are not joined any more: theirs would be answers by the old options.
    this.#inProgress.clear();
    if (this.#shared.trust === old.trust) {
      this.#rollover?.follow(this.#shared);
    } else {
      this.#rollover?.stop();
      this.#rollover = makeRollover(this.#shared);
    }
  }

  /** Times that each bound was reached since the start; bounds never reached are missing. */
  get limitHits(): ReadonlyMap<LimitName, number> {
    return this.#life.limitHits;
  }

  /** Whether the root's servers have told of themselves (RFC 9609), or need not: it is not asked. */
  get isPrimed(): boolean {
    const { clock, zones } = this.#shared.options;
    const root = this.caches.hierarchy.delegation(ROOT, clock.nowMs());
    const rootless = root === undefined || root.nameServers.length === 0;
    return rootless || root.source === 'priming' || zones.some(({ zone }) => zone === ROOT);
  }

  /** The answer from host data and records alone, or undefined when the network is needed. */
  fromCache(request: ResolveRequest): Resolution | undefined {
    const scope = new Scope(this.#shared, request.checkingDisabled, request.observer);
    const lookup = scope.rootLookup(request.name, request.type);
    const found = fromHost(scope, lookup) ?? fromRecords(scope, lookup, startChain(request.name, request.type));
    return found && forClient(scope, lookup, found);
  }

  /**
   * The answer, by the network where needed. Equal questions in progress are joined, but for observed and
   * recorded ones, whose story is their own. Never rejects but for a fault of ours (AssertionError).
   */
  resolve(request: ResolveRequest): Promise<Resolution> {
    const { limits } = this.#shared.options;
    if (this.#shared.closed) return Promise.resolve(failed(fail('closed', 'the resolver is closed')));
    const key = `${request.checkingDisabled ? 1 : 0} ${request.type} ${request.name}`;
    const own = request.observer !== undefined || request.journal !== undefined;
    const running = own ? undefined : this.#inProgress.get(key);
    if (running?.promise !== undefined) {
      if (running.clients >= limits.clientsPerQuestion) {
        return Promise.resolve(this.#busy('clientsPerQuestion', `${limits.clientsPerQuestion} clients`));
      }
      running.clients += 1;
      if (running.waiting !== undefined) this.#starts.renew(running.waiting);
      return running.promise;
    }
    const slot = this.#slots.take();
    if (slot === undefined) {
      // What is in memory needs no slot.
      return Promise.resolve(this.fromCache(request) ?? this.#busy('resolutions', `${limits.resolutions} at once`));
    }
    const started: InProgress = { promise: undefined, clients: 1, waiting: undefined };
    if (!own) this.#inProgress.set(key, started);
    started.promise = this.#run(request, slot, key, started);
    return started.promise;
  }

  #busy(limit: LimitName, most: string): Resolution {
    const { limitHits } = this.#life;
    limitHits.set(limit, (limitHits.get(limit) ?? 0) + 1);
    return failed(fail('busy', `limit reached: ${limit} (${most})`));
  }

  /** Writes down what may be worth keeping; undefined: nobody keeps anything, or too much is written already. */
  #recorderFor(request: ResolveRequest): Recorder | undefined {
    const { keep, limits } = this.#shared.options;
    return keep && this.#recordings.take() ? new Recorder(request, this.#room, limits.recordingOctets) : undefined;
  }

  /** The resolution itself, which others may join while it is `started` under `key`. What waits to begin has no more than that. */
  async #run(request: ResolveRequest, slot: Slot, key: string, started: InProgress): Promise<Resolution> {
    try {
      started.waiting = this.#starts.admit();
      const late = started.waiting !== undefined && (await started.waiting.turn);
      return await this.#conduct(request, slot, late);
    } finally {
      this.#slots.release(slot);
      // After a change of options the same question may be in progress again.
      if (this.#inProgress.get(key) === started) this.#inProgress.delete(key);
    }
  }

  /** From the first look at the caches to the answer. `late`: it has waited too long to begin, the time is better spent on others. */
  async #conduct(request: ResolveRequest, slot: Slot, late: boolean): Promise<Resolution> {
    const { name, type, checkingDisabled, observer } = request;
    const recorder = late || request.journal !== undefined ? undefined : this.#recorderFor(request);
    const scope = new Scope(this.#shared, checkingDisabled, observer, recorder ?? request.journal);
    try {
      this.#slots.begin(slot, scope.nowMs(), scope.budget);
      const lookup = scope.rootLookup(name, type);
      if (observer) scope.emit(lookup, { kind: 'question', name, type });
      const found = late ? this.#tooLate() : forClient(scope, lookup, await resolve(scope, lookup));
      // Cancelled: a newer question has its slot. That says nothing of the name.
      const cancelled = scope.budget.cancelled && found.failure !== undefined;
      const resolution = cancelled ? this.#busy('resolutions', 'the slot went to a newer question') : found;
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
      scope.journal?.end();
      if (request.journal === undefined) scope.shared.options.keep?.(recorder, resolution, scope.budget.exhausted);
      return resolution;
    } finally {
      scope.journal?.end();
      recorder?.free();
    }
  }

  #tooLate(): Resolution {
    return this.#busy('startWaitMs', `${this.#shared.options.limits.startWaitMs} ms, with too much to do`);
  }

  /** Keeps a failure for its own question alone (RFC 9520) and logs it. */
  #finish(scope: Scope, request: ResolveRequest, resolution: Resolution): void {
    const { failure, extendedErrors } = resolution;
    if (failure === undefined || UNKEPT.has(failure)) return;
    const { name, type, checkingDisabled } = request;
    scope.shared.caches.records.putFailure(
      { name, type, checkingDisabled, reason: failure, extendedErrors },
      scope.nowMs(),
    );
    const notLogged = this.#failureSample();
    if (notLogged === undefined) return;
    this.#shared.options.log.info('resolution failed', {
      question: describe(name, type),
      rcode: rcodeToText(resolution.rcode),
      reason: failure,
      detail: extendedErrors[0]?.text,
      ...(notLogged > 0 && { notLogged }),
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
    return this.#slots.size;
  }

  /** Ends what is in progress at its next step, as failures, and closes the transport. */
  close(): void {
    this.#life.closed = true;
    this.#rollover?.stop();
    this.#shared.options.transport.close();
  }
}

/** Failures of this moment or of this resolver, and not of the name. */
const UNKEPT: ReadonlySet<FailureReason> = new Set(['cached-failure', 'sentinel', 'closed', 'busy']);

/** What the client gets of what was found. */
function forClient(scope: Scope, lookup: Lookup, found: Resolution): Resolution {
  return withoutPrivateAddresses(scope, lookup, withSentinel(scope, lookup, found));
}

function makeRollover(shared: Shared): Rollover | undefined {
  const { trust, options } = shared;
  const { rollover } = options.dnssec;
  return trust === undefined || rollover === undefined ? undefined : new Rollover(shared, trust, rollover);
}
