// Signed data changed on the way: what is not proven is bogus, and what is bogus reaches nobody who wants validation.
import { describe, expect, it } from 'vitest';
import { nameFromText } from '../../src/wire/name.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { RCODE, TYPE } from '../../src/wire/types.ts';
import { Signer, type SignOptions } from '../dnssec/data.ts';
import { atMost, exactly, withoutLimit } from './figures.ts';
import type { RowId } from './rows.ts';
import { nsecOf, rrsetOf, SignedZone } from './signed-zone.ts';
import {
  type Asked,
  addresses,
  type Behaviour,
  nodata,
  type Reply,
  ROOT_IP,
  WALL_SECONDS,
  World,
  type WorldOptions,
} from './world.ts';

const TRUTH = '192.0.2.1';
const DAY = 86_400;

const zone = new SignedZone(
  'zone.',
  `ns.zone. A 10.0.0.3
  www.zone. A ${TRUTH}
  mail.zone. A 192.0.2.2
  *.wild.zone. A 192.0.2.3
  *.alias.zone. CNAME www.zone.
  real.wild.zone. A 192.0.2.4
  cut.zone. NS ns.cut.zone.
  ns.cut.zone. A 10.0.0.4`,
);
const other = new Signer('zone.', 13);
const text = (ds: string): string => `zone. NS ns.zone.
  ns.zone. A 10.0.0.3
  ${ds}
  plain. NS ns.plain.
  ns.plain. A 10.0.0.5
  zz. A 192.0.2.99`;
const root = new SignedZone('.', text(zone.ds));

/** What the zone's server says instead; undefined: the honest reply. */
type Tamper = (asked: Asked, honest: Reply) => Reply | undefined;

function tampered(tamper: Tamper, options: WorldOptions & { root?: SignedZone; atRoot?: Tamper } = {}): World {
  const top = options.root ?? root;
  const world = new World({ dnssec: { anchors: [top.anchor] }, ...options });
  const through =
    (signed: SignedZone, change: Tamper | undefined): Behaviour =>
    (asked) => {
      const honest = signed.reply(asked);
      return change?.(asked, honest) ?? honest;
    };
  world.serve(ROOT_IP, through(top, options.atRoot));
  world.serve('10.0.0.3', through(zone, tamper));
  world.serve('10.0.0.5', ({ text: name, type }) =>
    type === TYPE.A ? { answer: `${name} 300 A 192.0.2.5` } : nodata('plain.'),
  );
  world.serve('10.0.0.4', ({ text: name, type }) =>
    type === TYPE.A ? { answer: `${name} 300 A 192.0.2.6` } : nodata('cut.zone.'),
  );
  return world;
}

const www = (): RRset => ({ ...zone.rrset('www.zone.', TYPE.A), signatures: [] });
const bare = (section: Reply['answer']): RRset[] => (section as RRset[]).map((rrset) => ({ ...rrset, signatures: [] }));
const isWww = ({ text: name, type }: Asked): boolean => name === 'www.zone.' && type === TYPE.A;
const isKeys = ({ type }: Asked): boolean => type === TYPE.DNSKEY;
/** The answer for www.zone signed in another way. */
const signedAs =
  (options: SignOptions): Tamper =>
  (asked) =>
    isWww(asked) ? { answer: [zone.sign(www(), options)] } : undefined;
const soa = zone.rrset('zone.', TYPE.SOA);
const NXDOMAIN = RCODE.NXDOMAIN;

interface Case {
  readonly row: RowId;
  readonly name: string;
  readonly type?: number;
  readonly tamper: Tamper;
  readonly atRoot?: Tamper;
}

/** The signature's octets 2 to 3: algorithm and labels; 0 to 1: type covered. */
const withSignature = (rrset: RRset, change: (octets: Uint8Array) => void): RRset => ({
  ...rrset,
  signatures: rrset.signatures.map((signature) => {
    const octets = Uint8Array.from(signature);
    change(octets);
    return octets;
  }),
});

const bogus: Readonly<Record<string, Case>> = {
  'signature stripped': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked, honest) => (isWww(asked) ? { answer: bare(honest.answer) } : undefined),
  },
  'all signatures stripped': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (_, honest) => ({ ...honest, answer: bare(honest.answer ?? []), authority: bare(honest.authority ?? []) }),
  },
  'DS stripped from the referral and denied without proof': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: () => undefined,
    atRoot: ({ type, text: name }, honest) =>
      name === 'zone.' && type === TYPE.DS
        ? { authority: [root.rrset('.', TYPE.SOA)] }
        : honest.aa === false
          ? { ...honest, authority: (honest.authority as RRset[]).filter((rrset) => rrset.type === TYPE.NS) }
          : undefined,
  },
  'DS denied with the NSEC of another name': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: () => undefined,
    atRoot: ({ type, text: name }, honest) => {
      const proof = root.covers([nameFromText('plain.')]);
      if (name === 'zone.' && type === TYPE.DS) return { authority: [root.rrset('.', TYPE.SOA), ...proof] };
      if (honest.aa !== false || !name.endsWith('zone.')) return undefined;
      return {
        ...honest,
        authority: [...(honest.authority as RRset[]).filter((rrset) => rrset.type === TYPE.NS), ...proof],
      };
    },
  },
  'address changed': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked)
        ? { answer: [{ ...zone.rrset('www.zone.', TYPE.A), rdatas: [Uint8Array.of(6, 6, 6, 6)] }] }
        : undefined,
  },
  'address added': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked)
        ? {
            answer: [
              { ...zone.rrset('www.zone.', TYPE.A), rdatas: [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(6, 6, 6, 6)] },
            ],
          }
        : undefined,
  },
  'another name’s data': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked) ? { answer: [{ ...zone.rrset('mail.zone.', TYPE.A), name: nameFromText('www.zone.') }] } : undefined,
  },
  expired: {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: signedAs({ inception: WALL_SECONDS - 40 * DAY, expiration: WALL_SECONDS - 10 * DAY }),
  },
  'not yet valid': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: signedAs({ inception: WALL_SECONDS + 10 * DAY, expiration: WALL_SECONDS + 40 * DAY }),
  },
  'expires before it begins': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: signedAs({ inception: WALL_SECONDS + 10 * DAY, expiration: WALL_SECONDS - 10 * DAY }),
  },
  'signed by a stranger’s key': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isWww(asked) ? { answer: [other.sign(www())] } : undefined),
  },
  'signed by the parent': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isWww(asked) ? { answer: [root.signer.sign(www())] } : undefined),
  },
  'signer below the name': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: signedAs({ signer: nameFromText('www.zone.') }),
  },
  'signature covers another type': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: signedAs({ typeCovered: TYPE.AAAA }),
  },
  'more labels than the name': { row: 'downgrade', name: 'www.zone.', tamper: signedAs({ labels: 9 }) },
  'algorithm unknown in the signature alone': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked)
        ? {
            answer: [
              withSignature(zone.rrset('www.zone.', TYPE.A), (octets) => {
                octets[2] = 200;
              }),
            ],
          }
        : undefined,
  },
  'DNSKEY replaced': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isKeys(asked) ? { answer: [other.signedKeys()] } : undefined),
  },
  'DNSKEY revoked': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => {
      if (!isKeys(asked)) return undefined;
      const key = Uint8Array.from(zone.signer.dnskey);
      key[1] = (key[1] as number) | 0x80;
      return { answer: [zone.sign({ ...rrsetOf('zone. DNSKEY 256 3 13 AAAA'), rdatas: [key] })] };
    },
  },
  'DNSKEY of another protocol': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => {
      if (!isKeys(asked)) return undefined;
      const key = Uint8Array.from(zone.signer.dnskey);
      key[2] = 2;
      return { answer: [zone.sign({ ...rrsetOf('zone. DNSKEY 256 3 13 AAAA'), rdatas: [key] })] };
    },
  },
  'DNSKEY missing': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isKeys(asked) ? { authority: [soa] } : undefined),
  },
  'NXDOMAIN without proof': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isWww(asked) ? { rcode: NXDOMAIN, authority: [soa] } : undefined),
  },
  'NODATA without proof': {
    row: 'downgrade',
    name: 'www.zone.',
    tamper: (asked) => (isWww(asked) ? { authority: [soa] } : undefined),
  },
  'NXDOMAIN of a name that exists': {
    row: 'wrongside',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked) ? { rcode: NXDOMAIN, authority: [soa, ...zone.covers([nameFromText('www.zone.')])] } : undefined,
  },
  'NXDOMAIN without proof for the wildcard': {
    row: 'wrongside',
    name: 'none.wild.zone.',
    tamper: ({ text: name, type }) =>
      name === 'none.wild.zone.' && type === TYPE.A
        ? { rcode: NXDOMAIN, authority: [soa, ...zone.covers([nameFromText('none.wild.zone.')])] }
        : undefined,
  },
  'NODATA by an NSEC that lists the type': {
    row: 'wrongside',
    name: 'www.zone.',
    tamper: (asked) => (isWww(asked) ? { authority: [soa, ...zone.covers([nameFromText('www.zone.')])] } : undefined),
  },
  'NSEC of the parent': {
    row: 'wrongside',
    name: 'www.zone.',
    tamper: (asked) =>
      isWww(asked)
        ? { rcode: NXDOMAIN, authority: [soa, ...root.covers([nameFromText('www.zone.'), nameFromText('*.')])] }
        : undefined,
  },
  'NSEC of a cut for a name below it': {
    row: 'wrongside',
    name: 'below.cut.zone.',
    tamper: ({ text: name }) =>
      name.endsWith('cut.zone.')
        ? { rcode: NXDOMAIN, authority: [soa, ...zone.covers([nameFromText('cut.zone.'), nameFromText('*.zone.')])] }
        : undefined,
  },
  'the child’s NSEC for its own DS': {
    row: 'wrongside',
    name: 'www.zone.',
    tamper: () => undefined,
    atRoot: ({ type, text: name }, honest) => {
      const proof = zone.sign(nsecOf(nameFromText('zone.'), 'mail.zone. NS SOA RRSIG NSEC DNSKEY'));
      if (name === 'zone.' && type === TYPE.DS) return { authority: [soa, proof] };
      if (honest.aa !== false || !name.endsWith('zone.')) return undefined;
      return {
        ...honest,
        authority: [...(honest.authority as RRset[]).filter((rrset) => rrset.type === TYPE.NS), proof],
      };
    },
  },
  'the grandparent’s NSEC for a cut of its child': {
    row: 'wrongside',
    name: 'www.cut.zone.',
    tamper: ({ type, text: name }, honest) => {
      const proof = root.covers([nameFromText('cut.zone.')]);
      if (name === 'cut.zone.' && type === TYPE.DS) return { authority: [root.rrset('.', TYPE.SOA), ...proof] };
      if (honest.aa !== false) return undefined;
      return {
        ...honest,
        authority: [...(honest.authority as RRset[]).filter((rrset) => rrset.type === TYPE.NS), ...proof],
      };
    },
  },
  'fewer labels than the signer, as if from a wildcard of the root': {
    row: 'lowlabels',
    name: 'www.zone.',
    tamper: (asked) => {
      if (!isWww(asked)) return undefined;
      return { answer: [zone.sign(www(), { labels: 0 })], authority: zone.covers([nameFromText('www.zone.')]) };
    },
  },
  'next name outside of the zone': {
    row: 'nsecabuse',
    name: 'www.zone.',
    tamper: (asked) => {
      if (!isWww(asked)) return undefined;
      const proof = zone.sign(nsecOf(nameFromText('real.wild.zone.'), 'zzz. A RRSIG NSEC'));
      const first = zone.sign(nsecOf(nameFromText('zone.'), 'zzz. NS SOA RRSIG NSEC DNSKEY'));
      return { rcode: NXDOMAIN, authority: [soa, proof, first] };
    },
  },
  'an NSEC made from a wildcard': {
    row: 'nsecabuse',
    name: 'www.zone.',
    tamper: (asked) => {
      if (!isWww(asked)) return undefined;
      const made = zone.sign(nsecOf(nameFromText('*.zone.'), 'zz.zone. A RRSIG NSEC'));
      return {
        rcode: NXDOMAIN,
        authority: [soa, { ...made, name: nameFromText('ww.zone.') }, ...zone.covers([nameFromText('*.zone.')])],
      };
    },
  },
  'wildcard without proof': {
    row: 'wildcard',
    name: 'none.wild.zone.',
    tamper: (asked, honest) => (asked.text === 'none.wild.zone.' ? { answer: honest.answer ?? [] } : undefined),
  },
  'wildcard over a name that exists': {
    row: 'wildcard',
    name: 'real.wild.zone.',
    tamper: (asked) =>
      asked.text === 'real.wild.zone.'
        ? {
            answer: [{ ...zone.rrset('*.wild.zone.', TYPE.A), name: nameFromText('real.wild.zone.') }],
            authority: zone.covers([nameFromText('none.wild.zone.')]),
          }
        : undefined,
  },
  'wildcard CNAME without proof': {
    row: 'wildcard',
    name: 'none.alias.zone.',
    tamper: (asked) =>
      asked.text === 'none.alias.zone.'
        ? { answer: [{ ...zone.rrset('*.alias.zone.', TYPE.CNAME), name: nameFromText('none.alias.zone.') }] }
        : undefined,
  },
};

describe('signed data that were changed', () => {
  it.each(Object.entries(bogus))('%s: SERVFAIL', async (_, { name, type = TYPE.A, tamper, atRoot }) => {
    const world = tampered(tamper, atRoot === undefined ? {} : { atRoot });
    const { rcode, security, answer } = await world.ask(name, type);
    expect({ rcode, security, answer }).toEqual({ rcode: RCODE.SERVFAIL, security: 'bogus', answer: [] });
  });

  it('are counted', async () => {
    const rows = new Set(Object.values(bogus).map(({ row }) => row));
    for (const row of rows) {
      const cases = Object.values(bogus).filter((one) => one.row === row);
      let believed = 0;
      for (const { name, type = TYPE.A, tamper, atRoot } of cases) {
        const { rcode } = await tampered(tamper, atRoot === undefined ? {} : { atRoot }).ask(name, type);
        if (rcode !== RCODE.SERVFAIL) believed++;
      }
      exactly(row, `believed of ${cases.length} ${cases.length === 1 ? 'forgery' : 'forgeries'}`, believed, 0);
    }
  });
});

describe('NXDOMAIN made of an honest NODATA', () => {
  const denying = (name: string, type: number): World =>
    tampered((asked, honest) =>
      asked.text === name && asked.type === type ? { ...honest, rcode: NXDOMAIN } : undefined,
    );

  it('denies neither the names below, nor other types', async () => {
    // Asked on the way down, when names are minimised (RFC 9156).
    const below = await denying('wild.zone.', TYPE.A).ask('real.wild.zone.');
    // Kept for a client that sets CD.
    const world = denying('www.zone.', TYPE.DS);
    await world.ask('www.zone.', TYPE.DS, true);
    const beside = await world.ask('www.zone.');
    const answers = [addresses(below), addresses(beside)];
    expect([below.security, beside.security]).toEqual(['secure', 'secure']);
    exactly('downgrade', 'names denied by a false NXDOMAIN', answers.filter(({ length }) => length === 0).length, 0);
    expect(answers).toEqual([['192.0.2.4'], [TRUTH]]);
  });
});

describe('honest data beside them', () => {
  it.each([
    ['an answer', 'www.zone.', TYPE.A, 'secure', RCODE.NOERROR],
    ['a name that does not exist', 'none.zone.', TYPE.A, 'secure', RCODE.NXDOMAIN],
    ['a type that does not exist', 'www.zone.', TYPE.AAAA, 'secure', RCODE.NOERROR],
    ['a wildcard', 'none.wild.zone.', TYPE.A, 'secure', RCODE.NOERROR],
    ['an unsigned zone', 'www.plain.', TYPE.A, 'insecure', RCODE.NOERROR],
    ['an unsigned cut', 'www.cut.zone.', TYPE.A, 'insecure', RCODE.NOERROR],
  ])('%s is %s', async (_, name, type, security, rcode) => {
    const resolution = await tampered(() => undefined).ask(name, type);
    expect({ security: resolution.security, rcode: resolution.rcode }).toEqual({ security, rcode });
  });

  it('a wildcard’s CNAME with its proof is secure', async () => {
    const world = tampered(({ text: name }) =>
      name === 'none.alias.zone.'
        ? {
            answer: [{ ...zone.rrset('*.alias.zone.', TYPE.CNAME), name: nameFromText(name) }],
            authority: zone.covers([nameFromText(name)]),
          }
        : undefined,
    );
    const { security, rcode } = await world.ask('none.alias.zone.');
    expect({ security, rcode }).toEqual({ security: 'secure', rcode: RCODE.NOERROR });
  });
});

describe('DS of unknown kinds', () => {
  const ds = zone.ds;
  const foreign = `zone. 300 DS 1 200 2 ${'00'.repeat(32)}`;
  const digest = `zone. 300 DS ${zone.signer.tag} 13 99 ${'00'.repeat(32)}`;
  it.each([
    ['an unknown algorithm alone', foreign, 'insecure'],
    ['an unknown digest alone', digest, 'insecure'],
    ['an unknown algorithm beside a known one', `${ds}\n${foreign}`, 'secure'],
    ['an unknown digest beside a known one', `${ds}\n${digest}`, 'secure'],
  ])('%s: %s', async (what, lines, security) => {
    const world = tampered(() => undefined, { root: new SignedZone('.', text(lines)) });
    expect((await world.ask('www.zone.')).security).toBe(security);
    if (security === 'insecure') return;
    // Stripping what is known must not help.
    const stripped = tampered((asked, honest) => (isWww(asked) ? { answer: bare(honest.answer) } : undefined), {
      root: new SignedZone('.', text(lines)),
    });
    const { rcode } = await stripped.ask('www.zone.');
    exactly('downgrade', `unsigned data believed, ${what}`, rcode === RCODE.SERVFAIL ? 0 : 1, 0);
  });
});

describe('a client that sets CD', () => {
  it('does not poison those that do not', async () => {
    let forging = true;
    const forged: Tamper = (asked) =>
      isWww(asked) && forging
        ? { answer: [{ ...zone.rrset('www.zone.', TYPE.A), rdatas: [Uint8Array.of(6, 6, 6, 6)] }] }
        : undefined;
    const world = tampered(forged);
    expect(addresses(await world.ask('www.zone.', TYPE.A, true))).toEqual(['6.6.6.6']);
    const during = await world.ask('www.zone.');
    exactly('downgrade', 'bogus records given to one without CD', during.answer.length, 0);
    forging = false;
    await world.pass(61);
    expect(addresses(await world.ask('www.zone.'))).toEqual([TRUTH]);
  });
});

describe('an NSEC beside an unrelated answer', () => {
  it('denies nothing later', async () => {
    const liar = zone.sign(nsecOf(nameFromText('mail.zone.'), 'zz.zone. A RRSIG NSEC'));
    const unsigned = { ...liar, signatures: [other.sign({ ...liar, signatures: [] }).signatures[0] as Uint8Array] };
    const foreign = root.sign(nsecOf(nameFromText('mail.zone.'), 'zz.zone. A RRSIG NSEC'));
    let denied = 0;
    for (const extra of [unsigned, foreign]) {
      const world = tampered(({ text: name, type }, honest) =>
        name === 'mail.zone.' && type === TYPE.A ? { ...honest, authority: [extra] } : undefined,
      );
      await world.ask('mail.zone.');
      if (addresses(await world.ask('www.zone.')).join() !== TRUTH) denied++;
    }
    exactly('nsecabuse', 'names denied by NSEC carried along', denied, 0);
  });
});

describe('NSEC ranges kept for later denials', () => {
  it('deny nothing outside of their zone, below a cut, or under a wildcard', async () => {
    // The attacker's own zone, signed in due form, claims all names between its own and the end.
    const evil = new SignedZone('evil.', 'ns.evil. A 10.0.0.6');
    const top = new SignedZone('.', `${text(zone.ds)}\nevil. NS ns.evil.\nns.evil. A 10.0.0.6\n${evil.ds}`);
    const world = tampered(() => undefined, { root: top });
    const reach = evil.sign(nsecOf(nameFromText('evil.'), 'zzzz. NS SOA RRSIG NSEC DNSKEY'));
    const away = evil.sign(nsecOf(nameFromText('ns.evil.'), 'zz. A RRSIG NSEC'));
    world.serve('10.0.0.6', (asked) =>
      asked.type === TYPE.A && asked.text.startsWith('x')
        ? {
            rcode: NXDOMAIN,
            authority: [
              evil.rrset('evil.', TYPE.SOA),
              reach,
              away,
              ...evil.covers([asked.name, nameFromText('*.evil.')]),
            ],
          }
        : evil.reply(asked),
    );
    for (let i = 0; i < 3; i++) await world.ask(`x${i}.evil.`);
    // Ranges of the zone itself, one of which spans the names below its unsigned cut.
    expect((await world.ask('cutx.zone.')).rcode).toBe(RCODE.NXDOMAIN);
    expect((await world.ask('cus.zone.')).rcode).toBe(RCODE.NXDOMAIN);
    expect((await world.ask('none.zone.')).rcode).toBe(RCODE.NXDOMAIN);
    const names = [
      'www.zone.',
      'mail.zone.',
      'www.cut.zone.',
      'other.cut.zone.',
      'some.wild.zone.',
      'zz.',
      'www.plain.',
    ];
    const denied: string[] = [];
    for (const name of names) if ((await world.ask(name)).rcode !== RCODE.NOERROR) denied.push(name);
    expect(denied).toEqual([]);
    exactly('nsecabuse', `denied of ${names.length} names that exist, after hostile ranges`, denied.length, 0);
  });
});

describe('bogus data', () => {
  const strip: Tamper = (asked, honest) =>
    asked.text.endsWith('www.zone.') ? { answer: bare(honest.answer ?? []) } : undefined;
  it('cost few queries, and none when asked again', async () => {
    const world = tampered(strip);
    const first = await world.cost('www.zone.');
    atMost('bogusretry', 'queries for a bogus name', first.sent, 40);
    const again = await world.cost('www.zone.');
    atMost('bogusretry', 'queries when asked again', again.sent, 1);
  });

  it('cost more with more retries', async () => {
    const servers = Array.from({ length: 8 }, (_, i) => i);
    const lines = servers.map((i) => `zone. NS ns${i}.zone.\nns${i}.zone. A 10.0.1.${i}`).join('\n');
    const manyServers = new SignedZone('.', `${lines}\n${zone.ds}`);
    const cost = async (limits: WorldOptions['limits']): Promise<number> => {
      const world = tampered(strip, { root: manyServers, limits: limits ?? {} });
      for (const i of servers)
        world.serve(`10.0.1.${i}`, (asked) => strip(asked, zone.reply(asked)) ?? zone.reply(asked));
      return (await world.cost('www.zone.')).sent;
    };
    const bounded = await cost({});
    atMost('bogusretry', 'queries for a bogus name with eight servers', bounded, 40);
    withoutLimit(
      'bogusretry',
      'queries for a bogus name with eight servers',
      await cost({ bogusRetries: 1000 }),
      bounded,
    );
  });
});
