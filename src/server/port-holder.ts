// Finds out which process holds a port, for the error that says so. Linux only, best effort.

import { readdir, readFile, readlink } from 'node:fs/promises';
import type { ServerAddress } from '../base/ports.ts';
import { parseIp } from '../base/prefix.ts';

/** Processes looked at. */
const PROCESSES_MAX = 4096;
/** Descriptors looked at in one process. */
const DESCRIPTORS_MAX = 4096;

/**
 * `name (pid 123)` of a process that holds the port at the address or at all addresses, or undefined when that cannot be
 * seen. Never rejects.
 */
export async function portHolder(protocol: 'udp' | 'tcp', { ip, port }: ServerAddress): Promise<string | undefined> {
  const wanted = [ip, '0.0.0.0', '::', `::ffff:${ip}`].flatMap((text) => tableText(parseIp(text), port) ?? []);
  const inodes = new Set<string>();
  for (const file of [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]) {
    for (const inode of inodesOf(await readText(file), protocol, wanted)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  const processes = (await listFolder('/proc')).filter((entry) => /^[0-9]+$/.test(entry));
  for (const pid of processes.slice(0, PROCESSES_MAX)) {
    const folder = `/proc/${pid}/fd`;
    for (const descriptor of (await listFolder(folder)).slice(0, DESCRIPTORS_MAX)) {
      const inode = /^socket:\[([0-9]+)\]$/.exec(await linkTarget(`${folder}/${descriptor}`))?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return `${await processName(pid)} (pid ${pid})`;
    }
  }
  return undefined;
}

/** The program's name; Node.js calls every program's main thread the same, so that its script tells more. */
async function processName(pid: string): Promise<string> {
  const name = (await readText(`/proc/${pid}/comm`)).trim();
  // `nsd: xfrd` is what one of its processes does.
  if (name !== 'MainThread' && !name.startsWith('node')) return name === '' ? 'a process' : name.replace(/: .*/, '');
  const [, script] = (await readText(`/proc/${pid}/cmdline`)).split('\0');
  if (script === undefined || script.startsWith('-')) return 'node';
  return /(?:^|[\\/])rootwalk$|[\\/]cli[\\/]main\.[jt]s$/.test(script) ? 'rootwalk' : `node ${script}`;
}

/** An address and a port as the kernel's tables write them: words of four octets in the order of the machine. */
function tableText(octets: Uint8Array | undefined, port: number): string | undefined {
  if (octets === undefined) return undefined;
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
  const words: string[] = [];
  // Every machine that Node.js has binaries for is little-endian, s390x apart.
  for (let at = 0; at < octets.length; at += 4) {
    words.push(...[...octets.subarray(at, at + 4)].reverse().map((octet) => hex(octet, 2)));
  }
  return `${words.join('')}:${hex(port, 4)}`;
}

/** Inodes of the sockets bound to one of the addresses; for TCP the listening ones (state 0A). */
function inodesOf(table: string, protocol: 'udp' | 'tcp', wanted: readonly string[]): string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/ +/);
    const [local, state, inode] = [fields[1], fields[3], fields[9]];
    if (local === undefined || !wanted.includes(local) || inode === undefined) continue;
    if (protocol === 'udp' || state === '0A') inodes.push(inode);
  }
  return inodes;
}

/** What cannot be read (another system, another user's process, one that has ended) counts as empty. */
async function readText(file: string): Promise<string> {
  return readFile(file, 'latin1').catch(() => '');
}

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function linkTarget(link: string): Promise<string> {
  return readlink(link).catch(() => '');
}
