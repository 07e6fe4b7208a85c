// The resolvers that peer.ts sets side by side: how each is started, with the same facts and one thread.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonSettings } from './daemon-settings.ts';

/** What both are told. */
export interface Facts {
  readonly folder: string;
  readonly hints: string;
  readonly anchor: string;
  /** The core that they run on. */
  readonly core: string;
  readonly batchedIo: string;
}

/** A resolver at work on 127.0.0.1. */
export interface Server {
  readonly title: string;
  readonly port: number;
  /** CPU seconds of all its threads since it began. */
  cpuSeconds(): number;
  end(): void;
}

const main = join(import.meta.dirname, '../dist/cli/main.js');
/** The unit of /proc/PID/stat: USER_HZ, the same on every Linux of today. */
const ticksPerSecond = 100;

/** Our daemon as it is built. */
export function startOurs({ folder, hints, anchor, core, batchedIo }: Facts): Server {
  const port = 5301;
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  const file = join(folder, 'rootwalk.yaml');
  writeFileSync(
    file,
    daemonSettings(
      port,
      `root: { hints: "${hints}", trustAnchors: "${anchor}" }`,
      `upstream: { ipv6: false, deny: [], batchedIo: ${batchedIo} }`,
      'cache: { maxOctets: 192MiB }',
    ),
  );
  return start(`rootwalk ${version}`, port, core, [process.execPath, main, 'serve', '--config', file], folder);
}

/** Unbound from the PATH: one thread, and beside what the network needs its defaults. */
export function startUnbound({ folder, hints, anchor, core }: Facts): Server {
  const port = 5302;
  const file = join(folder, 'unbound.conf');
  writeFileSync(
    file,
    `server:
  interface: 127.0.0.1@${port}
  access-control: 127.0.0.0/8 allow
  num-threads: 1
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  logfile: "${join(folder, 'unbound.log')}"
  do-ip6: no
  msg-cache-size: 64m
  rrset-cache-size: 128m
  module-config: "validator iterator"
  root-hints: "${hints}"
  trust-anchor-file: "${anchor}"
remote-control:
  control-enable: no
`,
  );
  const version = /Version (\S+)/.exec(execFileSync('unbound', ['-V'], { encoding: 'utf8' }))?.[1] ?? '';
  return start(`Unbound ${version}`, port, core, ['unbound', '-d', '-c', file], folder);
}

function start(title: string, port: number, core: string, words: readonly string[], folder: string): Server {
  const child: ChildProcess = spawn('taskset', ['-c', core, ...words], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let ending = false;
  child.on('exit', (code) => {
    if (ending) return;
    console.error(`${title} ended by itself, with code ${code}`);
    process.exit(1);
  });
  return {
    title,
    port,
    cpuSeconds: () => {
      // The second field is a name in parentheses, which may hold blanks; utime and stime are the 14th and 15th.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    end: () => {
      ending = true;
      child.kill('SIGKILL');
    },
  };
}
