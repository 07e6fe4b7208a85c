// What a Linux machine needs so that its programs ask rootwalk: which files, and which services to tell.

import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import type { ServerAddress } from '../base/ports.ts';
import { serverAddressToText } from '../config/address.ts';

/** A file to write. `replaces`: it takes the place of one that is kept; else it is one of its own in a folder of such. */
export interface FileStep {
  /** From the root of the machine. */
  readonly path: string;
  readonly text: string;
  readonly replaces: boolean;
}

/** All that is to be done, in this order. */
export interface Plan {
  /** Who serves the machine's lookups now, for people. */
  readonly servedBy: string;
  /** Where rootwalk is to be asked. */
  readonly server: ServerAddress;
  readonly files: readonly FileStep[];
  /** Commands that make services read the files. */
  readonly commands: readonly (readonly string[])[];
}

/** The first line of every file that is written: what has it is ours. */
export const MARK = '# Written by rootwalk setup; `rootwalk setup --undo` takes it back.';

/** Where a C library finds its name servers. */
export const RESOLV_CONF = '/etc/resolv.conf';
/** Drop-ins, which are ours alone. */
export const RESOLVED_DROP_IN = '/etc/systemd/resolved.conf.d/rootwalk.conf';
export const MANAGER_DROP_IN = '/etc/NetworkManager/conf.d/rootwalk.conf';

/** The only port that a C library asks. */
const DNS_PORT = 53;
/** Where the stub of systemd-resolved listens. */
const STUBS: readonly string[] = ['127.0.0.53', '127.0.0.54', '0.0.0.0'];

/**
 * The plan for the machine under `root` (the empty text: this one), with rootwalk listening on `listening`. Text: why
 * there is none, and what to do.
 */
export function makePlan(root: string, listening: readonly ServerAddress[]): Plan | string {
  const link = linkOf(root + RESOLV_CONF);
  const before = link === undefined || root === '' ? textOf(root + RESOLV_CONF) : '';
  const stubLink = /systemd\/(?:resolve\/stub-resolv|resolv)\.conf$/.test(link ?? '');
  const stub = stubLink || /^[ \t]*nameserver[ \t]+127\.0\.0\.53\b/m.test(before);
  const resolved = stub || isThere(`${root}/run/systemd/resolve`) || /systemd\/resolve\//.test(link ?? '');
  const stubInTheWay = listening.some(({ ip, port }) => port === DNS_PORT && STUBS.includes(ip));
  const loopback = listening.filter(({ ip }) => /^127\.(?!0\.0\.5[34]$)|^::1$|^0\.0\.0\.0$/.test(ip));
  const plain = loopback.find(({ port }) => port === DNS_PORT);
  // The stub can ask any port, so that no right is needed for a low one.
  const replace = !(stub && !stubInTheWay);
  const chosen = replace ? plain : (plain ?? loopback[0]);
  if (chosen === undefined) {
    const where = loopback.length > 0 ? 'on port 53, the only one that programs ask' : 'on a loopback address';
    return `rootwalk does not listen ${where}; set listen: ["127.0.0.1:53"], or run it as packaging/rootwalk.service`;
  }
  const address = chosen.ip === '0.0.0.0' ? { ...chosen, ip: '127.0.0.1' } : chosen;
  const manager = replace && isThere(`${root}/etc/NetworkManager`);
  const step = (path: string, text: string, replaces = false): FileStep => ({ path, text, replaces });
  return {
    servedBy: stub ? 'systemd-resolved' : manager ? 'NetworkManager' : RESOLV_CONF,
    server: address,
    files: [
      ...(resolved ? [step(RESOLVED_DROP_IN, resolvedText(address, stubInTheWay))] : []),
      ...(manager ? [step(MANAGER_DROP_IN, `${MARK}\n[main]\ndns=none\nrc-manager=unmanaged\n`)] : []),
      ...(replace ? [step(RESOLV_CONF, resolvText(address, before), true)] : []),
    ],
    commands: commandsFor(resolved, manager),
  };
}

/** What makes the services read their drop-ins. */
export function commandsFor(resolved: boolean, manager: boolean): string[][] {
  return [
    ...(resolved ? [['systemctl', 'restart', 'systemd-resolved']] : []),
    ...(manager ? [['systemctl', 'reload', 'NetworkManager']] : []),
  ];
}

function resolvedText(address: ServerAddress, stubInTheWay: boolean): string {
  const server = address.port === DNS_PORT ? address.ip : serverAddressToText(address);
  return [
    MARK,
    '[Resolve]',
    `DNS=${server}`,
    '# All names, whatever the servers of a link would take.',
    'Domains=~.',
    '# To this machine itself, and validated there already.',
    'DNSOverTLS=no',
    'DNSSEC=no',
    ...(stubInTheWay ? ['# rootwalk has that port.', 'DNSStubListener=no'] : []),
    '',
  ].join('\n');
}

/** The search list stays; the rest is the server's business. */
function resolvText(address: ServerAddress, before: string): string {
  const search = before.split('\n').filter((line) => /^[ \t]*(?:search|domain)[ \t]/.test(line));
  // trust-ad: AD from this machine's own validating resolver is believed (resolv.conf(5)).
  return [MARK, `nameserver ${address.ip}`, 'options edns0 trust-ad', ...search, ''].join('\n');
}

/** What cannot be read counts as empty here; writing it would tell. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
