// A daemon on loopback whose servers are made up: whatever it asks, a root server answers with one address.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transport } from '../../src/base/ports.ts';
import { silentLog } from '../../src/base/ports.ts';
import { fillSettings } from '../../src/config/schema.ts';
import type { Settings, SettingsInput } from '../../src/config/settings.ts';
import { createDaemon, type Daemon, type DaemonParts, type StartedDaemon } from '../../src/create.ts';
import { buildMessage, parseMessage, type ResourceRecord } from '../../src/wire/message.ts';
import { nameFromText, nameOctets, nameToText, ROOT } from '../../src/wire/name.ts';
import { CLASS, TYPE } from '../../src/wire/types.ts';

/** A daemon under test. */
export interface Rig {
  readonly daemon: Daemon;
  readonly started: StartedDaemon;
  readonly settings: Settings;
  /** Questions that servers were asked, as `www.example.com. 1`. */
  readonly asked: readonly string[];
  /** Path of its control socket. */
  readonly control: string;
}

/** What the servers do; all may be changed while they are asked. */
export interface World {
  /** The address in every answer; undefined: no reply. */
  address: string | undefined;
  /** Replies wait for it. */
  gate?: Promise<void>;
}

const daemons: Daemon[] = [];
const folders: string[] = [];

/** Settings that suit a test, with changes: any port, sockets in a folder of the test's own, nothing validated. */
export function rigSettings(changes: SettingsInput = {}): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'rootwalk-console-'));
  folders.push(folder);
  return fillSettings({
    listen: ['127.0.0.1:0'],
    hosts: false,
    dnssec: { validate: false },
    control: join(folder, 'control.sock'),
    console: '127.0.0.1:0',
    ...changes,
    upstream: { qnameMinimisation: 'off', deny: [], ...changes.upstream },
  });
}

/** Starts one. */
export async function startRig(
  settings: Settings = rigSettings(),
  world: World = { address: '192.0.2.1' },
  parts: Partial<DaemonParts> = {},
): Promise<Rig> {
  const asked: string[] = [];
  const daemon = createDaemon(settings, {
    log: silentLog,
    transport: worldTransport(world, asked),
    rootHints: '. 60 NS a.root.\na.root. 60 A 198.51.100.1\n',
    ...parts,
  });
  daemons.push(daemon);
  const started = await daemon.start();
  return { daemon, started, settings, asked, control: String(settings.control) };
}

/** Ends all daemons and takes away what they left. */
export async function closeRigs(): Promise<void> {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

function worldTransport(world: World, asked: string[]): Transport {
  return {
    async send({ query }, accept) {
      const [question] = parseMessage(query).questions;
      if (question === undefined) return { kind: 'timeout' };
      asked.push(`${nameToText(question.name)} ${question.type}`);
      await world.gate;
      if (world.address === undefined) return { kind: 'unreachable', detail: 'ENETUNREACH' };
      const octets = reply(query, world.address);
      return accept(octets) === 'take' ? { kind: 'response', octets, rttMs: 5 } : { kind: 'timeout' };
    },
    close: () => undefined,
  };
}

/** RFC 9609, 4.1 for the root; an address for any name, no data for other types. */
function reply(query: Uint8Array, address: string): Uint8Array {
  const asked = parseMessage(query);
  const [question] = asked.questions;
  if (question === undefined) throw new Error('a query without a question');
  const server = nameFromText('a.root.');
  const priming = question.name === ROOT && question.type === TYPE.NS;
  const record = (name: typeof server, type: number, rdata: Uint8Array): ResourceRecord => {
    return { name, type, class: CLASS.IN, ttl: 300, rdata };
  };
  const a = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number));
  const answer = priming
    ? [record(ROOT, TYPE.NS, nameOctets(server))]
    : question.type === TYPE.A
      ? [record(question.name, TYPE.A, a(address))]
      : [];
  const soa = Uint8Array.of(0, 0, ...Array.from({ length: 20 }, (_, i) => (i % 4 === 3 ? 60 : 0)));
  const message = buildMessage({
    ...asked,
    response: true,
    authoritative: true,
    recursionAvailable: false,
    answer,
    authority: answer.length === 0 ? [record(ROOT, TYPE.SOA, soa)] : [],
    additional: priming ? [record(server, TYPE.A, a('198.51.100.1'))] : [],
  });
  // The question goes back in its own case.
  message.set(query.subarray(12, 12 + nameOctets(question.name).length), 12);
  return message;
}
