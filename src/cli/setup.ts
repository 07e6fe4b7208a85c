// `rootwalk setup`: has the programs of this machine ask rootwalk, tells what that takes, and takes it back.

import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import type { ServerAddress } from '../base/ports.ts';
import { printable } from '../base/printable.ts';
import { parseServerAddress, serverAddressToText } from '../config/address.ts';
import type { StatusReport } from '../console/reports.ts';
import { RCODE, TYPE } from '../wire/types.ts';
import { type DaemonFlags, reachDaemon } from './daemon.ts';
import { probe } from './doctor-probe.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { findSettings } from './settings.ts';
import { type Done, isOurs, keptPath, takeBack, writeFiles } from './setup-files.ts';
import { commandsFor, MANAGER_DROP_IN, makePlan, type Plan, RESOLV_CONF, RESOLVED_DROP_IN } from './setup-plan.ts';
import { jsonText } from './status.ts';

/** Flags of the verb. */
export interface SetupFlags extends DaemonFlags {
  readonly apply?: boolean | undefined;
  readonly undo?: boolean | undefined;
  /** The root of the machine, in place of `/`: services are not told then. */
  readonly root?: string | undefined;
}

/** What the verb does to the world beside files. Tests put another in its place. */
export interface SetupWorld {
  readonly platform: string;
  readonly uid: number | undefined;
  /** Why rootwalk cannot be relied on at this address; undefined: it answers as a resolver does. */
  trouble(address: ServerAddress): Promise<string | undefined>;
  /** Runs a command; rejects when it fails. */
  run(command: readonly string[]): Promise<void>;
}

/** Prints what is to be done, does it (`--apply`), or undoes it (`--undo`). */
export async function setup(io: Io, flags: SetupFlags, world: SetupWorld = systemWorld): Promise<number> {
  if (flags.apply && flags.undo) throw new CliError('setup: --apply or --undo, not both');
  const root = (flags.root ?? '').replace(/\/+$/, '');
  if (root === '' && world.platform === 'darwin') return macOs(io, flags);
  if (root === '' && world.platform !== 'linux') throw new CliError('setup knows Linux and macOS alone');
  if ((flags.apply || flags.undo) && root === '' && world.uid !== 0) {
    throw new CliError(
      `changing this machine takes root; try: sudo rootwalk setup --${flags.apply ? 'apply' : 'undo'}`,
    );
  }
  return flags.undo ? undo(io, flags, root, world) : await plan(io, flags, root, world);
}

async function plan(io: Io, flags: SetupFlags, root: string, world: SetupWorld): Promise<number> {
  const made = makePlan(root, await listeningOn(io, flags));
  if (typeof made === 'string') throw new CliError(made);
  if (!flags.apply) {
    io.out(flags.json ? jsonText(made) : planText(made));
    return EXIT.done;
  }
  // The machine would have no names any more if nothing answered.
  const trouble = await world.trouble(made.server);
  if (trouble !== undefined) {
    const where = serverAddressToText(made.server);
    throw new CliError(`no rootwalk answers at ${where} (${printable(trouble)}); start it first. Nothing was changed`);
  }
  const done = writeFiles(root, made.files);
  try {
    if (root === '' && done.includes('written')) for (const command of made.commands) await world.run(command);
  } catch (error) {
    for (const file of made.files) takeBack(root, file);
    // Those that have read the files already are to forget them; the others fail again.
    for (const command of made.commands) await world.run(command).catch(() => undefined);
    throw new CliError(`${printable((error as Error).message.trim())}; the files were taken back`);
  }
  report(
    io,
    flags,
    made.files.map(({ path }, at) => ({ path, done: done[at] as Done })),
  );
  return EXIT.done;
}

async function undo(io: Io, flags: SetupFlags, root: string, world: SetupWorld): Promise<number> {
  const [resolved, manager] = [isOurs(root + RESOLVED_DROP_IN), isOurs(root + MANAGER_DROP_IN)];
  const files = [
    { path: RESOLV_CONF, replaces: true },
    { path: RESOLVED_DROP_IN, replaces: false },
    { path: MANAGER_DROP_IN, replaces: false },
  ];
  const done = files.map((file) => ({ path: file.path, done: takeBack(root, file) }));
  if (root === '') for (const command of commandsFor(resolved, manager)) await world.run(command);
  report(io, flags, done);
  const changed = done.some((file) => file.done === 'kept: changed since');
  if (changed) {
    io.err(`rootwalk: ${RESOLV_CONF} was changed since; what was there before is in ${keptPath(RESOLV_CONF)}\n`);
  }
  return changed ? EXIT.usage : EXIT.done;
}

/** Where the running daemon listens (a service manager may have bound it elsewhere), or where the settings say. */
async function listeningOn(io: Io, flags: SetupFlags): Promise<ServerAddress[]> {
  let texts: readonly string[];
  try {
    const daemon = await reachDaemon(io, flags, true);
    texts = ((await daemon.ask('GET', '/api/status')).json as StatusReport).listening;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    texts = (await findSettings(io, flags.config)).settings.listen;
  }
  return texts.map((text) => parseServerAddress(text)).filter((address) => address !== undefined);
}

function planText({ servedBy, files, commands }: Plan): string {
  const indented = (text: string): string => text.trimEnd().replace(/^/gm, '    ');
  return [
    `Lookups of this machine are served by ${servedBy}. For rootwalk to serve them:`,
    ...files.flatMap(({ path, text, replaces }) => [
      `  write ${path}${replaces ? ` (what is there now is kept as ${keptPath(path)})` : ''}`,
      indented(text),
    ]),
    ...commands.map((command) => `  run ${command.join(' ')}`),
    'To do so: sudo rootwalk setup --apply; to take it back: sudo rootwalk setup --undo',
    '',
  ].join('\n');
}

function report(io: Io, flags: SetupFlags, files: readonly { readonly path: string; readonly done: Done }[]): void {
  if (flags.json) io.out(jsonText({ files }));
  else io.out(files.map(({ path, done }) => `${path}: ${done}\n`).join(''));
}

function macOs(io: Io, flags: SetupFlags): number {
  if (flags.apply || flags.undo) throw new CliError('on macOS setup only prints what to do: rootwalk setup');
  io.out(
    [
      'macOS asks port 53 of an address, set for each network service (networksetup -listallnetworkservices).',
      'With rootwalk listening on 127.0.0.1:53, for Wi-Fi:',
      '  sudo networksetup -setdnsservers Wi-Fi 127.0.0.1',
      'To take it back:',
      '  sudo networksetup -setdnsservers Wi-Fi Empty',
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

const systemWorld: SetupWorld = {
  platform: process.platform,
  uid: process.getuid?.(),
  async trouble(address) {
    const { systemWorld: openWorld } = await import('./doctor-world.ts');
    const world = openWorld();
    try {
      const found = await probe(world, address, { protocol: 'udp', type: TYPE.NS, recursionDesired: true });
      if (found.kind === 'none') return found.why;
      const { rcode, recursionAvailable } = found.message;
      if (!recursionAvailable) return 'what answers is no resolver';
      return rcode === RCODE.NOERROR ? undefined : 'it does not reach the root: see rootwalk doctor';
    } finally {
      world.close();
    }
  },
  async run([file = '', ...words]) {
    await promisify(execFile)(file, words);
  },
};
