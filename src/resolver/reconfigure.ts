// Gives a running engine other options: caches are kept, but for what the new options contradict.

import { Host } from '../cache/host.ts';
import type { Trust } from '../dnssec/delegation.ts';
import { type Name, ROOT } from '../wire/name.ts';
import type { EngineOptions } from './options.ts';
import { withRolled } from './rollover.ts';
import type { Caches, Shared } from './shared.ts';
import { configureZones, type Life, makeCaches, makeShared, makeTrust } from './state.ts';

/**
 * What resolutions share from now on. Those in progress end as they began: where what is believed or whom to ask has
 * changed, with caches of their own, so that nothing found under the old options is kept under the new. Throws
 * WireError for local data that is no record, with nothing changed. `cache.maxOctets`, `limits` and the ports are to
 * be as they were.
 */
export function reconfigured(old: Shared, wanted: EngineOptions, life: Life): Shared {
  const { caches, options: before } = old;
  const options = { ...wanted, dnssec: withRolled(before.dnssec, wanted.dnssec, before.clock.wallSeconds()) };
  const host = new Host(options.host);
  // Anchors may have rolled over since they were read.
  const anchors = old.trust === undefined ? before.dnssec.anchors : [...old.trust.anchors.values()];
  const trustChanged = !same(trustOf(before, anchors), trustOf(options, options.dnssec.anchors));
  const touched = touchedZones(before, options);
  const contradicts = trustChanged || touched.length > 0;
  const home = contradicts ? { caches } : old.home;
  const trust = contradicts ? makeTrust(options, caches.names) : old.trust;
  const next = makeShared(options, life, home, trust, contradicts ? new Map() : old.exchanges);
  // Nothing throws from here on.
  if (contradicts) old.home.caches = makeCaches({ ...before, cache: { ...before.cache, maxOctets: SCRATCH_OCTETS } });
  // Finished answers were made by the old ones.
  if (!same(madeBy(before), madeBy(options))) caches.answers.clear();
  caches.host.become(host);
  caches.hierarchy.unconfigure();
  configureZones(caches.hierarchy, options);
  if (!same(before.hints, options.hints)) caches.hierarchy.flush(ROOT);
  for (const zone of touched) flushBelow(caches, zone);
  if (trustChanged) {
    caches.answers.clear();
    caches.records.clear();
    caches.denialRanges.clear();
  }
  return next;
}

/** For what is in progress while what it began with is gone. */
const SCRATCH_OCTETS = 1024 * 1024;

/** What decides over answers beside the data. */
function madeBy({ host, privateAddresses }: EngineOptions): unknown {
  return [host, privateAddresses ?? null];
}

/** What decides whether data are secure, but for single zones that are exempt. */
function trustOf({ dnssec }: EngineOptions, anchors: readonly Trust[]): unknown {
  return [dnssec.validate, dnssec.sha1, anchors];
}

/** Zones whose servers, or whose exemption from validation, are not as before. */
function touchedZones(before: EngineOptions, after: EngineOptions): Name[] {
  return [
    ...differing(before.zones, after.zones),
    ...differing(before.dnssec.negativeAnchors, after.dnssec.negativeAnchors),
  ];
}

function differing<One extends { readonly zone: Name }>(before: readonly One[], after: readonly One[]): Name[] {
  const missing = (these: readonly One[], those: readonly One[]): Name[] =>
    these.filter((one) => !those.some((other) => same(one, other))).map(({ zone }) => zone);
  return [...new Set([...missing(before, after), ...missing(after, before)])];
}

function flushBelow(caches: Caches, zone: Name): void {
  caches.answers.clear();
  caches.records.flushZone(zone);
  caches.denialRanges.flushZone(zone);
  caches.hierarchy.flushZone(zone);
}

/** Options are plain data, octets included. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
