// Servers that speak of what is not theirs: nothing of it is believed, whatever the server's role.
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import type { ConfiguredZone } from '../../src/resolver/types.ts';
import { parseMessage } from '../../src/wire/message.ts';
import { nameFromText, nameOctets } from '../../src/wire/name.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { TYPE } from '../../src/wire/types.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import { serveClients } from './served.ts';
import {
  addresses,
  addressServer,
  type Behaviour,
  delegating,
  nodata,
  type Reply,
  ROOT_IP,
  referral,
  World,
} from './world.ts';

const POISON = '6.6.6.6';
const ATTACKER = '10.0.0.1';
const TRUTH = '192.0.2.2';
const plain = 'q.attacker.com. 300 A 192.0.2.1';
const nsGlue = 'ns.attacker.com. 300 A 10.0.0.1';

/** What the attacker's server says to the question for q.attacker.com. */
const attempts: Readonly<Record<string, Reply>> = {
  'answer: an address of the victim': { answer: `${plain}\nwww.victim.com. 300 A ${POISON}` },
  'answer: an NS set of the victim': { answer: `${plain}\nvictim.com. 300 NS ns.attacker.com.`, additional: nsGlue },
  'answer: a CNAME with the victim’s address': {
    answer: `q.attacker.com. 300 CNAME www.victim.com.\nwww.victim.com. 300 A ${POISON}`,
  },
  'answer: the victim’s name alone': { answer: `www.victim.com. 300 A ${POISON}` },
  'authority: an NS set of the victim': {
    answer: plain,
    authority: 'victim.com. 300 NS ns.attacker.com.',
    additional: nsGlue,
  },
  'authority: an NS set of com': { answer: plain, authority: 'com. 300 NS ns.attacker.com.', additional: nsGlue },
  'authority: an NS set of the root': { answer: plain, authority: '. 300 NS ns.attacker.com.', additional: nsGlue },
  'authority: an address of the victim': { answer: plain, authority: `www.victim.com. 300 A ${POISON}` },
  'additional: an address of the victim': { answer: plain, additional: `www.victim.com. 300 A ${POISON}` },
  'additional: an address of the victim’s server': {
    answer: plain,
    authority: 'attacker.com. 300 NS ns.victim.com.',
    additional: `ns.victim.com. 300 A ${ATTACKER}`,
  },
  'referral to com': referral('com.', { 'ns.attacker.com.': ATTACKER }),
  'referral to the victim': referral('victim.com.', { 'ns.attacker.com.': ATTACKER }),
  'referral to the root': referral('.', { 'ns.attacker.com.': ATTACKER }),
  'referral with the victim’s server as glue': referral('q.attacker.com.', { 'ns.victim.com.': '10.6.6.6' }),
  'DNAME at com': {
    answer: 'com. 300 DNAME attacker.com.\nq.attacker.com. 300 CNAME q.attacker.attacker.com.',
  },
  'DNAME at the victim': {
    answer: `victim.com. 300 DNAME attacker.com.\n${plain}\nwww.victim.com. 300 CNAME www.attacker.com.`,
  },
  'NXDOMAIN with the SOA of com': { rcode: 3, authority: 'com. 300 SOA ns. host. 1 2 3 4 300' },
  'NODATA with the SOA of the victim': { authority: 'victim.com. 300 SOA ns. host. 1 2 3 4 300' },
};

/** Attacker and victim side by side; kid.victim.com is the attacker's too. */
function sideBySide(attack: Behaviour, zones: readonly ConfiguredZone[] = []): { world: World; leaked: () => number } {
  const world = new World({ zones });
  let leaked = 0;
  const isVictims = (text: string): boolean => text.endsWith('victim.com.') && !text.endsWith('kid.victim.com.');
  const watched: Behaviour = (asked) => {
    if (isVictims(asked.text)) leaked++;
    return attack(asked);
  };
  world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
  world.serve(
    '10.0.0.100',
    delegating({ 'attacker.com.': { 'ns.attacker.com.': ATTACKER }, 'victim.com.': { 'ns.victim.com.': '10.0.0.2' } }),
  );
  world.serve('10.0.0.2', (asked) => {
    if (asked.text.endsWith('kid.victim.com.')) return referral('kid.victim.com.', { 'ns.kid.victim.com.': ATTACKER });
    return addressServer('victim.com.', asked.text === 'ns.victim.com.' ? '10.0.0.2' : TRUTH)(asked);
  });
  world.serve(ATTACKER, watched);
  world.serve('10.6.6.6', watched);
  return { world, leaked: () => leaked };
}

const roles: readonly [string, readonly ConfiguredZone[]][] = [
  ['authoritative', []],
  ['stub', [{ zone: nameFromText('attacker.com.'), kind: 'stub', servers: [{ ip: ATTACKER, port: 53 }] }]],
  ['forwarder', [{ zone: nameFromText('attacker.com.'), kind: 'forward', servers: [{ ip: ATTACKER, port: 53 }] }]],
];

describe.each(roles)('a hostile server as %s', (role, zones) => {
  it('poisons nothing beside its zone and gets no questions of the victim', async () => {
    const poisoned: string[] = [];
    let leaks = 0;
    for (const [what, reply] of Object.entries(attempts)) {
      const { world, leaked } = sideBySide(
        ({ text, type }) =>
          text.endsWith('attacker.com.') && text !== 'q.attacker.com.' && type === TYPE.A
            ? { answer: `${text} 300 A 192.0.2.7` }
            : reply,
        zones,
      );
      await world.ask('q.attacker.com.');
      for (const name of ['www.victim.com.', 'other.victim.com.']) {
        if (addresses(await world.ask(name)).join() !== TRUTH) poisoned.push(`${what}: ${name}`);
      }
      if (addresses(await world.ask('ns.victim.com.')).join() !== '10.0.0.2') poisoned.push(`${what}: ns.victim.com.`);
      leaks += leaked();
    }
    expect(poisoned).toEqual([]);
    const row = role === 'authoritative' ? 'bailiwick' : 'maginot';
    exactly(row, `poisoned of ${Object.keys(attempts).length} attempts, ${role}`, poisoned.length, 0);
    exactly(row, `questions of the victim at the attacker, ${role}`, leaks, 0);
  });
});

describe('a child zone', () => {
  it('cannot take its parent', async () => {
    const { world, leaked } = sideBySide(({ text }) => ({
      answer: `${text} 300 A 192.0.2.1\nvictim.com. 300 NS ns.kid.victim.com.`,
      authority: 'victim.com. 300 NS ns.kid.victim.com.',
      additional: `ns.kid.victim.com. 300 A ${ATTACKER}`,
    }));
    await world.ask('www.kid.victim.com.');
    expect(addresses(await world.ask('www.victim.com.'))).toEqual([TRUTH]);
    exactly('bailiwick', 'parents taken by their child', leaked(), 0);
  });
});

describe('an NS set beside an answer of the zone itself', () => {
  const ns = { authority: 'victim.com. 300 NS ns.attacker.com.', additional: nsGlue };
  const kinds: Readonly<Record<string, Reply>> = {
    'a positive answer': { answer: `first.victim.com. 300 A ${TRUTH}`, ...ns },
    'NODATA without SOA': { ...ns },
    NXDOMAIN: { rcode: 3, ...ns, authority: `${ns.authority}\nvictim.com. 300 SOA ns. host. 1 2 3 4 300` },
    YXDOMAIN: { rcode: 6, ...ns },
    'a referral to itself': { aa: false, ...ns },
  };
  it('is never followed', async () => {
    let followed = 0;
    for (const reply of Object.values(kinds)) {
      const { world, leaked } = sideBySide(addressServer('attacker.com.', POISON));
      let forged = true;
      world.serve('10.0.0.2', (asked) => {
        const said = forged ? reply : addressServer('victim.com.', TRUTH)(asked);
        forged = false;
        return said;
      });
      await world.ask('first.victim.com.');
      for (const name of ['second.victim.com.', 'third.victim.com.']) {
        expect(addresses(await world.ask(name))).toEqual([TRUTH]);
      }
      if (leaked() > 0) followed++;
    }
    exactly('promiscuous', `followed of ${Object.keys(kinds).length} kinds`, followed, 0);
  });
});

describe('sibling glue', () => {
  it('serves the referral in hand and never a client', async () => {
    const world = new World();
    world.serve(ROOT_IP, delegating({ 'com.': { 'ns.com.': '10.0.0.100' } }));
    world.serve(
      '10.0.0.100',
      delegating({ 'a.com.': { 'ns.b.com.': '10.0.0.3' }, 'b.com.': { 'ns.b.com.': '10.0.0.4' } }),
    );
    world.serve('10.0.0.3', addressServer('a.com.', '192.0.2.3'));
    world.serve('10.0.0.4', addressServer('b.com.', '192.0.2.4'));
    expect(addresses(await world.ask('www.a.com.'))).toEqual(['192.0.2.3']);
    const served = addresses(await world.ask('ns.b.com.'));
    exactly('sibling', 'glue given to a client', served.includes('10.0.0.3') ? 1 : 0, 0);
    expect(served).toEqual(['192.0.2.4']);
    const before = world.sentTo('10.0.0.3');
    expect(addresses(await world.ask('www.b.com.'))).toEqual(['192.0.2.4']);
    exactly('sibling', 'questions of b.com sent to the glue of a.com', world.sentTo('10.0.0.3') - before, 0);
  });
});

describe('glue that is no server', () => {
  it('is never asked and flushes nothing', async () => {
    const bad = ['0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255'];
    const glue = Object.fromEntries(bad.map((ip, i) => [`ns${i}.bad.com.`, ip]));
    const attack = async (deny: readonly string[]): Promise<{ sent: number; cached: string[]; after: number }> => {
      const world = new World({ upstream: { deny } });
      world.serve(ROOT_IP, delegating({ 'bad.com.': glue, 'good.com.': { 'ns.good.com.': '10.0.0.2' } }));
      world.serve('10.0.0.2', addressServer('good.com.', TRUTH));
      await world.ask('www.good.com.');
      for (let i = 0; i < 5; i++) await world.ask(`w${i}.bad.com.`);
      const before = world.network.sent;
      const cached = addresses(await world.ask('www.good.com.'));
      const sent = world.network.exchanges.filter(({ server }) => bad.includes(server.ip)).length;
      return { sent, cached, after: world.network.sent - before };
    };
    const guarded = await attack(defaultSettings.upstream.deny);
    exactly('badglue', 'packets to such addresses', guarded.sent, 0);
    exactly('badglue', 'queries for a name that was cached', guarded.after, 0);
    expect(guarded.cached).toEqual([TRUTH]);
    withoutLimit('badglue', 'packets to such addresses', (await attack([])).sent, 0);
  });
});

describe('names', () => {
  const labels = [
    'a\\.b',
    'a.b',
    '\\000',
    'www\\000',
    'www\\000.x',
    '\\192',
    '\\224',
    '[',
    '{',
    '\\]',
    '}',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '\\032',
    'a\\032b',
    '\\009',
    '\\010',
    '\\013\\010',
    '*',
    '\\@',
    '\\255',
    '\\"',
    '\\\\',
    '\\$',
    '\\(',
    '\\;x',
    'x'.repeat(63),
    '\\195\\159',
    'xn--nxasmq6b',
  ];
  it('of any octets are told apart and come back as they were', async () => {
    const world = new World();
    world.serve(ROOT_IP, ({ name, type }) =>
      type === TYPE.A ? { answer: [{ name, type, class: 1, ttl: 300, rdata: addressOf(name) }] } : nodata('.'),
    );
    const served = serveClients(world);
    let confused = 0;
    for (let round = 0; round < 2; round++) {
      for (const label of labels) {
        const name = nameFromText(`${label}.test-zone.`);
        const query = buildQuery({ id: 7, name, type: TYPE.A, recursionDesired: true, checkingDisabled: false });
        const reply = await world.virtual?.runUntil(served.ask(query));
        if (reply === undefined) throw new Error(`no reply for ${label}`);
        const echo = Buffer.compare(reply.subarray(12, 12 + name.length), nameOctets(name)) === 0;
        const rdata = parseMessage(reply).answer[0]?.rdata ?? new Uint8Array(4);
        if (!echo || Buffer.compare(rdata, addressOf(name)) !== 0) confused++;
      }
    }
    exactly('labels', `confused of ${labels.length} names, asked twice`, confused, 0);
    atMost('labels', 'queries upstream for them', world.sentTo(ROOT_IP), 2 * labels.length + 20);
  });

  function addressOf(name: string): Uint8Array {
    let sum = 17;
    for (let i = 0; i < name.length; i++) sum = (Math.imul(sum, 31) + name.charCodeAt(i)) >>> 0;
    return Uint8Array.of(192, sum >>> 16, sum >>> 8, sum);
  }
});
