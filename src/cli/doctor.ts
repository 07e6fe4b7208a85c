// `rootwalk doctor`: what on this machine or on its way out keeps a resolver from working, and the fix for each.

import type { ServerAddress } from '../base/ports.ts';
import { parseServerAddress } from '../config/address.ts';
import { defaultSettings, type Settings } from '../config/settings.ts';
import type { StatusReport } from '../console/reports.ts';
import { builtInRootHints } from '../resolver/root-hints.ts';
import { expandListen } from '../server/listen.ts';
import { addressToText } from '../wire/address.ts';
import { TYPE } from '../wire/types.ts';
import { parseZoneText } from '../wire/zone-text.ts';
import { type DaemonFlags, reachDaemon } from './daemon.ts';
import { checkLookups, checkMachine, type RunningDaemon } from './doctor-machine.ts';
import { checkNetwork, type Finding, type Upstream } from './doctor-network.ts';
import type { World } from './doctor-world.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { readText } from './read-text.ts';
import { checkedSettings } from './settings.ts';
import { jsonText } from './status.ts';
import { table } from './table.ts';

/** Prints what was found; exit code 1 when there is a fault. `world` in tests: another than the real one. */
export async function doctor(io: Io, flags: DaemonFlags, world?: World): Promise<number> {
  const { settings } = await checkedSettings(io, flags.config);
  const findings =
    world === undefined ? await realFindings(io, flags, settings) : await find(io, flags, settings, world);
  const faults = findings.filter(({ state }) => state === 'fault').length;
  if (flags.json) io.out(jsonText({ faults, findings }));
  else io.out(findingsText(findings, faults));
  return faults === 0 ? EXIT.done : EXIT.usage;
}

async function realFindings(io: Io, flags: DaemonFlags, settings: Settings): Promise<Finding[]> {
  const { systemWorld } = await import('./doctor-world.ts');
  const world = systemWorld();
  try {
    return await find(io, flags, settings, world);
  } finally {
    world.close();
  }
}

async function find(io: Io, flags: DaemonFlags, settings: Settings, world: World): Promise<Finding[]> {
  const [upstream, daemon] = await Promise.all([upstreamOf(io, settings), runningDaemon(io, flags)]);
  const expected = {
    listen: expandListen(settings.listen).map(({ address }) => address),
    isDefault: settings.listen.join() === defaultSettings.listen.join(),
    daemon,
  };
  // Nothing is bound while questions are under way, or a port that a question left from could seem to be held.
  const machine = await checkMachine(world, expected);
  const network = await checkNetwork(world, upstream);
  return [...machine, ...network, ...(await checkLookups(world, expected))];
}

async function runningDaemon(io: Io, flags: DaemonFlags): Promise<RunningDaemon | undefined> {
  try {
    const daemon = await reachDaemon(io, flags, true);
    return (await daemon.ask('GET', '/api/status')).json as StatusReport;
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

async function upstreamOf(io: Io, settings: Settings): Promise<Upstream> {
  const { root, upstream, zones, dnssec } = settings;
  const { port, udpPayloadOctets } = upstream;
  const given = zones.find(({ zone }) => zone === '.');
  const servers =
    given !== undefined
      ? [...(given.forward ?? given.stub ?? [])].map((text) => parseServerAddress(text, port))
      : rootAddresses(root.hints === null ? builtInRootHints : await readText(io, root.hints), port);
  return {
    servers: servers
      .filter((server) => server !== undefined)
      .filter(({ ip }) => (ip.includes(':') ? upstream.ipv6 : upstream.ipv4)),
    forwarded: given?.forward !== undefined,
    port,
    udpPayloadOctets,
    validate: dnssec.validate,
    ipv6: upstream.ipv6,
  };
}

function rootAddresses(hints: string, port: number): ServerAddress[] {
  return parseZoneText(hints)
    .filter(({ type }) => type === TYPE.A || type === TYPE.AAAA)
    .map(({ rdata }) => ({ ip: addressToText(rdata), port }));
}

function findingsText(findings: readonly Finding[], faults: number): string {
  const rows = findings.flatMap(({ check, state, text, remedy }) => [
    [state === 'ok' ? 'ok' : state.toUpperCase(), check, text],
    ...(remedy === undefined ? [] : [['', '', `fix: ${remedy}`]]),
  ]);
  const sum = faults === 0 ? 'No fault found.' : `${faults} ${faults === 1 ? 'fault' : 'faults'} found.`;
  return `${table(rows)}${sum}\n`;
}
