// Makes the engine's options of settings: files are read here and handed over as text.

import { readFileSync } from 'node:fs';
import { makeLimits } from './base/limits.ts';
import type { Clock, Log, Random, ServerAddress, Transport } from './base/ports.ts';
import { parseServerAddress } from './config/address.ts';
import type { Settings } from './config/settings.ts';
import { parseTrustAnchors, rootAnchors } from './dnssec/anchors.ts';
import type { Trust } from './dnssec/delegation.ts';
import { startRollover, type TrustPoint, trustOf } from './dnssec/trust-point.ts';
import { readHosts } from './hosts-file.ts';
import type { EngineOptions } from './resolver/options.ts';
import { builtInRootHints } from './resolver/root-hints.ts';
import type { ConfiguredZone } from './resolver/types.ts';
import { openRolloverFile } from './rollover-file.ts';
import type { ResourceRecord } from './wire/message.ts';
import { nameFromText, nameToText } from './wire/name.ts';
import { TYPE } from './wire/types.ts';
import { parseZoneText } from './wire/zone-text.ts';

/** The ports that an engine stands on. */
export interface Ports {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Thrown when a file that the settings name cannot be used; `message` is one line that says which and why. */
export class SettingsFileError extends Error {
  override readonly name = 'SettingsFileError';
}

/** What an engine is made with beside its settings. */
export interface EngineParts extends Ports {
  /** Replaces `root.hints`. */
  readonly rootHints?: string | undefined;
  readonly keep?: EngineOptions['keep'];
  readonly meter?: EngineOptions['meter'];
}

/** The options of an engine by these settings. Throws {@link SettingsFileError}. */
export function engineOptions(settings: Settings, parts: EngineParts): EngineOptions {
  const { upstream, cache, local, hosts } = settings;
  const { rootHints, keep, meter, ...ports } = parts;
  return {
    ...ports,
    keep,
    meter,
    limits: makeLimits(),
    hints: rootHints === undefined ? readHints(settings.root.hints, ports.log) : parseZoneText(rootHints),
    zones: settings.zones.map((zone) => configuredZone(zone, upstream.port)),
    upstream,
    host: {
      hostsText: hosts === false ? undefined : readHosts(hosts, ports.log),
      zones: local.zones.map(({ zone, kind }) => ({ zone: nameFromText(zone), kind })),
      data: local.data,
      specialUse: local.specialUse,
    },
    cache,
    dnssec: dnssecOptions(settings, ports),
    privateAddresses: privateAddressOptions(settings),
  };
}

function privateAddressOptions({ clients }: Settings): EngineOptions['privateAddresses'] {
  const { dropPrivateAddresses: dropped } = clients;
  return dropped === false ? undefined : { except: dropped.except.map(nameFromText) };
}

function dnssecOptions({ dnssec, root }: Settings, ports: Ports): EngineOptions['dnssec'] {
  const { validate, sha1, negativeTrustAnchors, rolloverState } = dnssec;
  const anchors = validate ? readAnchors(root.trustAnchors) : [];
  return {
    validate,
    sha1,
    ...(validate && rolloverState !== null ? rollingAnchors(anchors, rolloverState, ports) : { anchors }),
    negativeAnchors: negativeTrustAnchors.map(({ zone, until, reason }) => {
      const untilSeconds = until === undefined ? undefined : Date.parse(until) / 1000;
      if (untilSeconds !== undefined && untilSeconds <= ports.clock.wallSeconds()) {
        ports.log.warn('a negative trust anchor has ended: its zone is validated again', { zone, until });
      }
      return { zone: nameFromText(zone), untilSeconds, reason };
    }),
  };
}

/** The anchors as the state file has them, and its way back there. */
function rollingAnchors(
  configured: readonly Trust[],
  path: string,
  ports: Ports,
): Pick<EngineOptions['dnssec'], 'anchors' | 'rollover'> {
  const file = openRolloverFile(path, ports);
  const points = startRollover(configured, file.saved, ports.clock.wallSeconds());
  const save = (changed: readonly TrustPoint[]): void => void file.save(changed);
  return { anchors: trustOf(points), rollover: { store: path, configured, memory: { points }, save } };
}

function readAnchors(file: string | null): Trust[] {
  if (file === null) return parseTrustAnchors(rootAnchors);
  try {
    return parseTrustAnchors(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SettingsFileError(`root.trustAnchors ${file}: ${(error as Error).message}`);
  }
}

function readHints(file: string | null, log: Log): ResourceRecord[] {
  if (file === null) return parseZoneText(builtInRootHints);
  let hints: ResourceRecord[];
  try {
    hints = parseZoneText(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SettingsFileError(`root.hints ${file}: ${(error as Error).message}`);
  }
  const servers = hints.filter((record) => record.type === TYPE.NS && nameToText(record.name) === '.');
  const addresses = hints.filter((record) => record.type === TYPE.A || record.type === TYPE.AAAA);
  // As Unbound does: with forwarders or stubs for all that is asked, no hints are needed.
  if (servers.length === 0 || addresses.length === 0) {
    log.warn('root.hints has no NS of "." with addresses: only names in `zones` can be resolved', { file });
  }
  return hints;
}

function configuredZone({ zone, forward, stub }: Settings['zones'][number], port: number): ConfiguredZone {
  const kind = forward === undefined ? 'stub' : 'forward';
  // A stub's servers are authoritative servers like others; a forwarder has its own port.
  const defaultPort = kind === 'stub' ? port : 53;
  const servers = (forward ?? stub ?? []).map((text) => parseServerAddress(text, defaultPort));
  return {
    zone: nameFromText(zone),
    kind,
    servers: servers.filter((server): server is ServerAddress => server !== undefined),
  };
}
