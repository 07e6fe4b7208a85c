// Keeps the trust anchors of an engine fresh: asks for their DNSKEY RRsets in time and acts on what they show (RFC 5011).

import type { Trust } from '../dnssec/delegation.ts';
import {
  type AnchorChange,
  advance,
  changesTrust,
  changeToText,
  examineKeys,
  queryIntervalSeconds,
  retryIntervalSeconds,
  type Sighting,
  type Timing,
} from '../dnssec/rollover.ts';
import { hasTrust, startRollover, type TrustPoint, trustOf } from '../dnssec/trust-point.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { TYPE } from '../wire/types.ts';
import { Checks } from './checks.ts';
import type { FoundFailure } from './found.ts';
import { iterate } from './iterate.ts';
import type { DnssecOptions } from './options.ts';
import { find } from './resolve.ts';
import { Scope } from './scope.ts';
import type { Shared } from './shared.ts';
import type { TrustState } from './zone-status.ts';

/** Where the state of rolling anchors comes from and goes to. */
export interface RolloverOptions {
  /** What tells the store of the state from others: its path. */
  readonly store: string;
  /** The anchors configured, by which {@link startRollover} began. */
  readonly configured: readonly Trust[];
  /** The state, which may be newer than what could be written. Its {@link trustOf} are the engine's anchors. */
  readonly memory: { points: readonly TrustPoint[] };
  /** Takes the state after each refresh that validated or revoked something. Must not throw. */
  readonly save: (points: readonly TrustPoint[]) => void;
}

/** `next` with the anchors as they rolled under `before`, when both keep their state at one place: memory knows best. */
export function withRolled(before: DnssecOptions, next: DnssecOptions, nowSeconds: number): DnssecOptions {
  const { rollover: old } = before;
  const { rollover } = next;
  if (old === undefined || rollover === undefined || old.store !== rollover.store) return next;
  const { configured } = rollover;
  const points = startRollover(configured, old.memory.points, nowSeconds);
  return { ...next, anchors: trustOf(points), rollover: { ...old, configured, memory: { points } } };
}

/** From the start to the first question: what lives shorter (one lookup on the command line) asks nothing and writes nothing. */
const FIRST_MS = 60_000;
/** The longest sleep: a clock that was set, or a machine that slept, is noticed by then. RFC 5011, 2.3 has no shorter interval. */
const SLEEP_MS_MAX = 3_600_000;

/** When a trust point is asked for next, and by what that was reckoned. */
interface Schedule {
  dueSeconds: number;
  /** The interval that led to `dueSeconds`: further away than this it cannot be, unless the clock was set back. */
  intervalSeconds: number;
  timing: Timing | undefined;
  failed: boolean;
}

/** The anchors of one engine as they roll over. */
export class Rollover {
  #shared: Shared;
  readonly #trust: TrustState;
  readonly #schedules = new Map<Name, Schedule>();
  #options: RolloverOptions;
  #cancel: () => void;
  #stopped = false;

  /** Starts at once; `trust.anchors` is replaced as anchors change. */
  constructor(shared: Shared, trust: TrustState, options: RolloverOptions) {
    this.#shared = shared;
    this.#trust = trust;
    this.#options = options;
    this.#cancel = shared.options.clock.after(FIRST_MS, () => this.#wake());
  }

  /** Asks no more. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Goes on under other options; what is believed is the same. */
  follow(shared: Shared): void {
    this.#shared = shared;
    this.#options = shared.options.dnssec.rollover ?? this.#options;
  }

  #wake(): void {
    const { log } = this.#shared.options;
    this.#refreshDue()
      .catch((error: unknown) => log.error('refreshing trust anchors failed by a fault of ours', { error: `${error}` }))
      .finally(() => this.#sleep());
  }

  #sleep(): void {
    if (this.#shared.closed || this.#stopped) return;
    const { clock } = this.#shared.options;
    const now = clock.wallSeconds();
    const dues = [...this.#schedules.values()].map(({ dueSeconds }) => (dueSeconds - now) * 1000);
    this.#cancel = clock.after(Math.max(1000, Math.min(SLEEP_MS_MAX, ...dues)), () => this.#wake());
  }

  async #refreshDue(): Promise<void> {
    const { clock } = this.#shared.options;
    for (const point of this.#options.memory.points) {
      // RFC 5011, 5: without a trusted key there is nothing left to follow.
      if (!hasTrust(point)) {
        this.#schedules.delete(point.zone);
        continue;
      }
      const schedule = this.#schedules.get(point.zone);
      const left = schedule === undefined ? 0 : schedule.dueSeconds - clock.wallSeconds();
      if (left <= 0 || (schedule !== undefined && left > schedule.intervalSeconds))
        await this.#refresh(point, schedule);
    }
  }

  async #refresh(point: TrustPoint, schedule: Schedule | undefined): Promise<void> {
    const { clock } = this.#shared.options;
    const { sighting, why } = await this.#look(point);
    if (this.#stopped) return;
    const now = clock.wallSeconds();
    const validated = sighting !== undefined && sighting.signers.length > 0;
    const timing = validated ? sighting : schedule?.timing;
    const intervalSeconds = validated ? queryIntervalSeconds(sighting) : retryIntervalSeconds(timing);
    this.#schedules.set(point.zone, { dueSeconds: now + intervalSeconds, intervalSeconds, timing, failed: !validated });
    this.#report(point.zone, schedule?.failed === true, validated ? undefined : why, intervalSeconds);
    if (sighting === undefined || (!validated && sighting.revoked.length === 0)) return;
    const step = advance(point, sighting, now);
    const { memory, save } = this.#options;
    memory.points = memory.points.map((one) => (one.zone === point.zone ? step.point : one));
    this.#act(step.point, step.changes);
    save(memory.points);
  }

  /** One line when refreshing begins to fail, one when it works again. */
  #report(name: Name, failedBefore: boolean, why: string | undefined, retrySeconds: number): void {
    const { log } = this.#shared.options;
    const zone = nameToText(name);
    if (why !== undefined && !failedBefore)
      log.warn('trust anchors could not be refreshed', { zone, why, retrySeconds });
    if (why === undefined && failedBefore) log.info('trust anchors are refreshed again', { zone });
  }

  /** Asks the zone itself, whatever is cached, and other servers when a reply proves nothing. */
  async #look(point: TrustPoint): Promise<{ readonly sighting?: Sighting; readonly why: string }> {
    const scope = new Scope(this.#shared, false, undefined);
    const lookup = scope.rootLookup(point.zone, TYPE.DNSKEY);
    let why: string | undefined;
    // The budget bounds the retries.
    for (;;) {
      const found = await iterate(scope, lookup, find);
      // What was heard first explains more than that nobody is left to ask.
      if (found.kind === 'failure') return { why: why ?? textOf(found) };
      const dnskeys = found.kind === 'records' ? found.entries[0]?.rrset : undefined;
      why = 'no DNSKEY RRset';
      if (dnskeys !== undefined) {
        const checks = new Checks(scope, lookup, this.#trust);
        const sighting = await checks.run(examineKeys(point, dnskeys, checks.context));
        if ('kind' in sighting) return { why: textOf(sighting) };
        why = 'no trusted key signed the DNSKEY RRset';
        if (sighting.signers.length + sighting.revoked.length > 0) return { sighting, why };
      }
      if (!scope.distrust(found)) return { why };
    }
  }

  /** What changed is told, and takes effect at once. */
  #act(point: TrustPoint, changes: readonly AnchorChange[]): void {
    const { options, caches } = this.#shared;
    for (const change of changes) {
      const worse = change.to === 'Missing' || change.to === 'Revoked';
      const fields = { change: changeToText(change) };
      if (worse) options.log.warn('trust anchor changed', fields);
      else options.log.info('trust anchor changed', fields);
    }
    this.#trust.anchors = new Map(trustOf(this.#options.memory.points).map((trust) => [trust.zone, trust]));
    if (!changes.some(changesTrust)) return;
    this.#trust.zones.clear();
    this.#trust.inFlight.clear();
    caches.answers.clear();
    if (hasTrust(point)) return;
    const zone = nameToText(point.zone);
    options.log.error('every trust anchor of the zone is revoked: it is not validated any more (RFC 5011, 5)', {
      zone,
    });
  }
}

function textOf({ reason, extendedErrors }: FoundFailure): string {
  return extendedErrors[0]?.text ?? reason;
}
