// The doctor's look at the machine: who holds the ports, what this user may do, socket buffers, and who serves its lookups.

import type { ServerAddress } from '../base/ports.ts';
import { parseServerAddress, serverAddressToText } from '../config/address.ts';
import { TYPE } from '../wire/types.ts';
import type { Finding } from './doctor-network.ts';
import { probe } from './doctor-probe.ts';
import type { World } from './doctor-world.ts';

/** A rootwalk that runs here: its process and the addresses that it listens on. */
export interface RunningDaemon {
  readonly pid: number;
  readonly listening: readonly string[];
}

/** What the machine is judged by. */
export interface Expected {
  readonly listen: readonly ServerAddress[];
  /** The listen addresses are the default: those that the machine lacks are left out without harm. */
  readonly isDefault: boolean;
  readonly daemon: RunningDaemon | undefined;
}

/** Ports below need a right, unless the system says otherwise. */
const PRIVILEGED_BELOW = 1024;
/** CAP_NET_BIND_SERVICE of capabilities(7), as a bit of CapEff. */
const BIND_CAPABILITY = 1n << 10n;
/** What Linux has by default; less loses datagrams at a few thousand queries a second. */
const BUFFER_OCTETS_LEAST = 212_992;
/** What the listeners ask for. */
const BUFFER_OCTETS_WANTED = 4 * 1024 * 1024;
/** The C library looks at no more (resolv.conf(5), MAXNS). */
const NAMESERVERS_MAX = 3;

/** Judges the machine. */
export async function checkMachine(world: World, expected: Expected): Promise<Finding[]> {
  const ports = await Promise.all(expected.listen.map((address) => portFinding(world, address, expected)));
  return [...ports, await rightsFinding(world, expected), ...(await bufferFinding(world))];
}

async function portFinding(world: World, address: ServerAddress, expected: Expected): Promise<Finding> {
  const where = serverAddressToText(address);
  const check = `port ${where}`;
  const { daemon } = expected;
  if (daemon?.listening.includes(where) === true) {
    return { check, state: 'ok', text: `rootwalk listens (pid ${daemon.pid})` };
  }
  const code = await world.tryListen(address);
  if (code === undefined) return { check, state: 'ok', text: 'free' };
  if (code === 'EADDRINUSE') {
    const holder = (await world.holder('udp', address)) ?? (await world.holder('tcp', address));
    return {
      check,
      state: 'fault',
      text: `held by ${holder ?? 'another process, whose name only root can see'}`,
      remedy: remedyFor(holder ?? ''),
    };
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') {
    if (expected.isDefault) return { check, state: 'ok', text: 'this machine does not have the address: left out' };
    return { check, state: 'fault', text: 'this machine does not have the address', remedy: 'mend `listen`' };
  }
  // The next check tells of rights.
  if (code === 'EACCES') return { check, state: 'ok', text: 'not tried: this user may not' };
  return {
    check,
    state: 'fault',
    text: `cannot be bound (${code})`,
    remedy: 'choose another with `listen`',
  };
}

function remedyFor(holder: string): string {
  const name = holder.replace(/ \(pid .*/, '');
  if (name.startsWith('systemd-resolve')) return 'sudo rootwalk setup --apply, which ends its stub';
  if (name === 'rootwalk') return 'stop that rootwalk, or name its settings with --config';
  if (/^(?:dnsmasq|named|unbound|kresd|pdns_recursor|nsd|knotd|coredns|avahi-daemon)$/.test(name)) {
    return `sudo systemctl disable --now ${name === 'named' ? 'named bind9' : name}, or choose another port with \`listen\``;
  }
  return 'stop it, or choose another port with `listen`';
}

async function rightsFinding(world: World, { listen, daemon }: Expected): Promise<Finding> {
  const check = 'privileges';
  const least = Math.min(...listen.map(({ port }) => (port === 0 ? PRIVILEGED_BELOW : port)));
  if (least >= PRIVILEGED_BELOW) return { check, state: 'ok', text: 'none are needed for these ports' };
  if (daemon !== undefined) return { check, state: 'ok', text: 'the daemon has its ports' };
  if (world.platform !== 'linux' || world.uid === undefined) {
    // macOS lets everybody bind them on the wildcard address alone.
    if (world.uid === 0 || world.uid === undefined) return { check, state: 'ok', text: 'this user may bind them' };
  } else {
    const start = Number((await world.readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start')) ?? PRIVILEGED_BELOW);
    if (least >= start) return { check, state: 'ok', text: `ports from ${start} on are free to all users` };
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec((await world.readFile('/proc/self/status')) ?? '')?.[1];
    if (effective !== undefined ? (BigInt(`0x${effective}`) & BIND_CAPABILITY) !== 0n : world.uid === 0) {
      const rest = world.uid === 0 ? '; given up once the ports are bound' : '';
      return { check, state: 'ok', text: `this user may bind ports below ${start}${rest}` };
    }
  }
  return {
    check,
    state: 'fault',
    text: `this user may not bind port ${least} (no CAP_NET_BIND_SERVICE)`,
    remedy: `run it as a service (packaging/rootwalk.service) or with sudo, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=${least}`,
  };
}

async function bufferFinding(world: World): Promise<Finding[]> {
  const check = 'socket buffers';
  const octets = Number(await world.readFile('/proc/sys/net/core/rmem_max'));
  if (!(octets > 0)) return [];
  const text = `up to ${octets} octets (net.core.rmem_max)`;
  if (octets >= BUFFER_OCTETS_WANTED) return [{ check, state: 'ok', text }];
  if (octets >= BUFFER_OCTETS_LEAST) {
    return [{ check, state: 'ok', text: `${text}; a busy server wants ${BUFFER_OCTETS_WANTED}` }];
  }
  const remedy = `sudo sysctl net.core.rmem_max=${BUFFER_OCTETS_WANTED}`;
  return [{ check, state: 'fault', text: `${text}: bursts of queries get lost`, remedy }];
}

/** Who answers the lookups of this machine's programs, by /etc/resolv.conf, and whether it answers. */
export async function checkLookups(world: World, { listen, daemon }: Expected): Promise<Finding[]> {
  const check = 'this machine';
  if (world.platform === 'win32') return [];
  const text = await world.readFile('/etc/resolv.conf');
  const link = await world.readLink('/etc/resolv.conf');
  if (text === undefined) {
    const what = link === undefined ? 'is missing' : `leads to ${link}, which is missing`;
    return [fault(check, `/etc/resolv.conf ${what}`, 'sudo rootwalk setup --apply')];
  }
  const servers = nameserversOf(text);
  if (servers.length === 0) return [fault(check, '/etc/resolv.conf names no server', 'sudo rootwalk setup --apply')];
  const replies = await Promise.all(
    servers.map((server) => probe(world, server, { protocol: 'udp', type: TYPE.NS, recursionDesired: true })),
  );
  const silent = servers.filter((_, at) => replies[at]?.kind !== 'reply').map(({ ip }) => ip);
  const names = servers.map(({ ip }) => ip).join(', ');
  if (silent.length === servers.length) {
    const remedy = servers.some(({ ip }) => ip === STUB)
      ? 'sudo systemctl restart systemd-resolved'
      : 'start what should answer there; where `setup` wrote the file, sudo rootwalk setup --undo takes it back';
    return [fault(check, `lookups go to ${names}, where nothing answers`, remedy)];
  }
  if (silent.length > 0) {
    return [
      {
        check,
        state: 'warning',
        text: `lookups go to ${names}; ${silent.join(', ')} does not answer`,
        remedy: 'take it out of /etc/resolv.conf: each lookup may wait 5 s for it',
      },
    ];
  }
  const ours = servers.filter((server) => isOurs(server, listen, daemon));
  if (ours.length === servers.length) return [{ check, state: 'ok', text: `lookups go to ${names}: rootwalk` }];
  if (ours.length > 0) {
    return [
      {
        check,
        state: 'warning',
        text: `lookups go to ${names}, of which only ${ours.map(({ ip }) => ip).join(', ')} is rootwalk`,
        remedy: 'take the others out of /etc/resolv.conf: what they answer is not validated',
      },
    ];
  }
  const dropIn = await world.readFile('/etc/systemd/resolved.conf.d/rootwalk.conf');
  const stub = servers.some(({ ip }) => ip === STUB);
  const who = !stub
    ? 'not rootwalk'
    : dropIn === undefined
      ? 'systemd-resolved'
      : 'systemd-resolved, which asks rootwalk';
  const hint = stub && dropIn !== undefined ? '' : '; to change that: rootwalk setup';
  return [{ check, state: 'ok', text: `lookups go to ${names}: ${who}${hint}` }];
}

/** Where systemd-resolved answers. */
const STUB = '127.0.0.53';

function nameserversOf(text: string): ServerAddress[] {
  const found: ServerAddress[] = [];
  for (const [, word = ''] of text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)) {
    const address = parseServerAddress(word, 53);
    if (address !== undefined && found.length < NAMESERVERS_MAX) found.push(address);
  }
  return found;
}

function isOurs(server: ServerAddress, listen: readonly ServerAddress[], daemon: RunningDaemon | undefined): boolean {
  const where = serverAddressToText(server);
  return daemon === undefined
    ? listen.some((address) => serverAddressToText(address) === where)
    : daemon.listening.includes(where);
}

function fault(check: string, text: string, remedy: string): Finding {
  return { check, state: 'fault', text, remedy };
}
