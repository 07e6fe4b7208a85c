// `rootwalk doctor` over a machine and a network made up: nothing on a healthy one, and each ill told with its fix.
import { describe, expect, it } from 'vitest';
import type { Transport, TransportRequest } from '../../src/base/ports.ts';
import { doctor } from '../../src/cli/doctor.ts';
import type { Finding } from '../../src/cli/doctor-network.ts';
import type { World } from '../../src/cli/doctor-world.ts';
import { buildMessage, type Message, parseMessage } from '../../src/wire/message.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';
import { cliIo } from './fake-io.ts';

/** 2026-11-23, within the signature below. */
const NOW = Date.UTC(2026, 10, 23) / 1000;
const DNSKEYS = parseZoneText(
  [
    '. 172800 DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3',
    '. 172800 RRSIG DNSKEY 8 0 172800 20261212000000 20261121000000 20326 . oZBRFmnDr5cKpQ==',
  ].join('\n'),
);

type Answering = (query: Message, request: TransportRequest) => Partial<Message> | 'nothing' | 'ENETUNREACH';

/** What the servers of a healthy Internet say. */
const healthy: Answering = (query, { server, protocol }) => {
  if (server.ip === '203.0.113.53') return 'nothing';
  if (server.ip === '192.168.1.1') return { recursionAvailable: true };
  const large = query.questions[0]?.type === 48;
  return {
    authoritative: true,
    edns: query.edns && { udpPayloadOctets: 1232, version: 0, dnssecOk: query.edns.dnssecOk, options: [] },
    answer: large && (protocol === 'tcp' || query.edns?.dnssecOk) ? DNSKEYS : [],
  };
};

function network(answering: Answering): Transport {
  return {
    async send(request, accept) {
      const query = parseMessage(request.query);
      const said = answering(query, request);
      if (said === 'nothing') return { kind: 'timeout' };
      if (said === 'ENETUNREACH') return { kind: 'unreachable', detail: said };
      const octets = buildMessage({ ...query, response: true, edns: undefined, ...said });
      expect(accept(octets)).toBe('take');
      return { kind: 'response', octets, rttMs: 12 };
    },
    close: () => undefined,
  };
}

interface Machine extends Partial<World> {
  readonly answering?: Answering;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly json?: boolean;
}

async function examine({ answering = healthy, files = {}, config, json = true, ...changes }: Machine = {}) {
  const all: Readonly<Record<string, string>> = {
    '/etc/resolv.conf': 'nameserver 192.168.1.1\n',
    '/proc/sys/net/core/rmem_max': '212992\n',
    '/proc/sys/net/ipv4/ip_unprivileged_port_start': '1024\n',
    '/proc/self/status': 'Name:\tnode\nCapEff:\t0000000000000000\n',
    ...files,
  };
  const world: World = {
    transport: network(answering),
    clock: { nowMs: () => 0, wallSeconds: () => NOW, after: () => () => undefined },
    random: { integer: () => 0 },
    readFile: async (path) => all[path],
    readLink: async () => undefined,
    holder: async () => 'dnsmasq (pid 7)',
    tryListen: async () => undefined,
    hasGlobalIpv6: () => true,
    uid: 1000,
    platform: 'linux',
    ...changes,
  };
  const { io, printed } = cliIo(config === undefined ? {} : { files: { './rootwalk.yaml': config } });
  const code = await doctor(io, { json }, world);
  const { out } = printed();
  const { findings } = (json ? JSON.parse(out) : { findings: [] }) as { findings: Finding[] };
  return { code, out, findings, ill: findings.filter(({ state }) => state !== 'ok') };
}

const PORT_53 = 'listen: ["127.0.0.1:53"]\n';
const withEdns = (query: Message): boolean => query.edns !== undefined;

describe('rootwalk doctor', () => {
  it('finds nothing on a healthy machine, and looked at everything', async () => {
    const { code, findings, ill } = await examine();
    expect(ill).toEqual([]);
    expect(code).toBe(0);
    expect(findings.map(({ check }) => check)).toEqual([
      'port 127.0.0.1:5353',
      'port [::1]:5353',
      'privileges',
      'socket buffers',
      'UDP',
      'TCP',
      'EDNS 1232',
      'interception',
      'IPv6',
      'clock',
      'this machine',
    ]);
  });

  it('finds nothing on a healthy machine without IPv6', async () => {
    const answering: Answering = (query, request) =>
      request.server.ip.includes(':') ? 'ENETUNREACH' : healthy(query, request);
    expect((await examine({ answering, hasGlobalIpv6: () => false })).ill).toEqual([]);
  });

  const ills: readonly [string, Machine, string, RegExp, RegExp][] = [
    ['a held port', { tryListen: async () => 'EADDRINUSE' }, 'port 127.0.0.1:5353', /dnsmasq \(pid 7\)/, /systemctl/],
    [
      "systemd-resolved's stub on the port",
      { tryListen: async () => 'EADDRINUSE', holder: async () => 'systemd-resolve (pid 7)' },
      'port 127.0.0.1:5353',
      /systemd-resolve/,
      /setup --apply/,
    ],
    [
      'a right that is missing',
      { config: PORT_53, tryListen: async () => 'EACCES' },
      'privileges',
      /may not bind port 53/,
      /sysctl net.ipv4.ip_unprivileged_port_start=53/,
    ],
    ['small buffers', { files: { '/proc/sys/net/core/rmem_max': '65536\n' } }, 'socket buffers', /65536/, /sysctl/],
    [
      'UDP blocked',
      { answering: (query, request) => (request.protocol === 'udp' ? 'nothing' : healthy(query, request)) },
      'UDP',
      /by TCP they do: UDP is blocked/,
      /allow UDP/,
    ],
    [
      'TCP blocked',
      { answering: (query, request) => (request.protocol === 'tcp' ? 'nothing' : healthy(query, request)) },
      'TCP',
      /no root server answered \(timeout\)/,
      /allow TCP/,
    ],
    ['no network', { answering: () => 'ENETUNREACH' }, 'UDP', /no way to the Internet/, /connect it/],
    [
      'EDNS dropped',
      {
        answering: (query, request) =>
          request.protocol === 'udp' && withEdns(query) ? 'nothing' : healthy(query, request),
      },
      'EDNS 1232',
      /queries with EDNS get no answer/,
      /DNS inspection/,
    ],
    [
      'EDNS taken out',
      { answering: (query, request) => ({ ...(healthy(query, request) as Partial<Message>), edns: undefined }) },
      'EDNS 1232',
      /taken out/,
      /DNS inspection/,
    ],
    [
      'large answers dropped',
      {
        answering: (query, request) =>
          request.protocol === 'udp' && query.questions[0]?.type === 48 ? 'nothing' : healthy(query, request),
      },
      'EDNS 1232',
      /large ones get lost/,
      /udpPayloadOctets: 512/,
    ],
    [
      'an answer from nowhere',
      { answering: (query, request) => (request.server.ip === '203.0.113.53' ? {} : healthy(query, request)) },
      'interception',
      /203\.0\.113\.53, where no server is/,
      /forward/,
    ],
    [
      'a root server that is a resolver',
      {
        answering: (query, request) =>
          request.server.ip === '203.0.113.53'
            ? 'nothing'
            : { ...(healthy(query, request) as Partial<Message>), recursionAvailable: true },
      },
      'interception',
      /\(RA\)/,
      /forward/,
    ],
    [
      'IPv6 that leads nowhere',
      { answering: (query, request) => (request.server.ip.includes(':') ? 'nothing' : healthy(query, request)) },
      'IPv6',
      /no root server answers by IPv6/,
      /ipv6: false/,
    ],
    [
      'a clock that is behind',
      { clock: { nowMs: () => 0, wallSeconds: () => NOW - 400 * 86_400, after: () => () => undefined } },
      'clock',
      /valid only from 2026-11-21.*the clock says 2025-10-19/,
      /timedatectl/,
    ],
    [
      'a clock that is ahead',
      { clock: { nowMs: () => 0, wallSeconds: () => NOW + 400 * 86_400, after: () => () => undefined } },
      'clock',
      /expired 2026-12-12/,
      /timedatectl/,
    ],
    [
      'lookups that go where nothing answers',
      {
        files: { '/etc/resolv.conf': 'nameserver 127.0.0.53\n' },
        answering: (query, request) => (request.server.ip === '127.0.0.53' ? 'nothing' : healthy(query, request)),
      },
      'this machine',
      /127\.0\.0\.53, where nothing answers/,
      /restart systemd-resolved/,
    ],
    [
      'lookups that pass rootwalk by',
      { config: PORT_53, files: { '/etc/resolv.conf': 'nameserver 127.0.0.1\nnameserver 192.168.1.1\n' } },
      'this machine',
      /only 127\.0\.0\.1 is rootwalk/,
      /not validated/,
    ],
  ];
  it.each(ills)('tells of %s, and the fix', async (_, machine, check, text, remedy) => {
    const { ill } = await examine(machine);
    const found = ill.find((finding) => finding.check === check);
    expect(found?.text).toMatch(text);
    expect(found?.remedy).toMatch(remedy);
  });

  it('ends with 1 for a fault, and prints each check and each fix in a line', async () => {
    const { code, out } = await examine({ answering: () => 'ENETUNREACH', json: false });
    expect(code).toBe(1);
    expect(out).toMatch(/^ok +socket buffers +up to 212992 octets/m);
    expect(out).toMatch(/^FAULT +UDP +this machine has no way to the Internet \(ENETUNREACH\)\n +fix: connect it/m);
    expect(out).toMatch(/^3 faults found\.$/m);
  });

  it('asks forwarders in place of the root', async () => {
    const asked = new Set<string>();
    const { findings } = await examine({
      config: 'zones: [{ zone: ".", forward: ["192.0.2.1"] }]\nhosts: false\n',
      answering: (query, request) => {
        asked.add(request.server.ip);
        return { ...(healthy(query, request) as Partial<Message>), recursionAvailable: true };
      },
    });
    expect(asked).toContain('192.0.2.1');
    expect(findings.find(({ check }) => check === 'UDP')).toMatchObject({ state: 'ok' });
    expect(findings.some(({ check }) => check === 'interception')).toBe(false);
  });
});
