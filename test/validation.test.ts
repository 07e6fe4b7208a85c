// Validation as clients see it: verdicts by the chain of trust, CD and AD, retries, anchors, networks that fail.
import { describe, expect, it } from 'vitest';
import type { Resolution } from '../src/resolver/types.ts';
import { nameFromText } from '../src/wire/name.ts';
import { rdataFromText } from '../src/wire/rdata-text.ts';
import type { RRset } from '../src/wire/rrset.ts';
import { EDE, RCODE, TYPE } from '../src/wire/types.ts';
import { rrsetOf, SignedZone } from './attacks/signed-zone.ts';
import { addresses, type Behaviour, type Reply, ROOT_IP, WALL_SECONDS, World } from './attacks/world.ts';
import type { SignOptions } from './dnssec/data.ts';
import {
  clientOf,
  GOOD_IPS,
  good,
  goodByNsec3,
  ISLAND_IP,
  island,
  OPEN_IP,
  open,
  root,
  signedInternet,
} from './signed-internet.ts';

const DAY = 86_400;
const [FIRST_IP = '', SECOND_IP = ''] = GOOD_IPS;

/** good.'s servers, with other words on www.good. A. */
function insteadOf(change: (honest: RRset) => RRset): Behaviour {
  const answer = [change(good.rrset('www.good.', TYPE.A))];
  return (asked) => (asked.text === 'www.good.' && asked.type === TYPE.A ? { answer } : good.reply(asked));
}

function both(behaviour: Behaviour): Record<string, Behaviour> {
  return { [FIRST_IP]: behaviour, [SECOND_IP]: behaviour };
}

const forged: Behaviour = insteadOf((rrset) => ({ ...rrset, rdatas: [rdataFromText(TYPE.A, '192.0.2.66')] }));

function resigned(options: SignOptions): Behaviour {
  return insteadOf((rrset) => good.sign({ ...rrset, signatures: [] }, { ...options }));
}

function codes(resolution: Resolution): number[] {
  return resolution.extendedErrors.map(({ code }) => code);
}

describe('what the chain of trust reaches', () => {
  it.each([
    ['an address', 'www.good.', TYPE.A, RCODE.NOERROR],
    ['NODATA', 'www.good.', TYPE.MX, RCODE.NOERROR],
    ['an empty non-terminal', 'deep.good.', TYPE.A, RCODE.NOERROR],
    ['NXDOMAIN', 'no.such.good.', TYPE.A, RCODE.NXDOMAIN],
    ['what a wildcard makes', 'x.wild.good.', TYPE.A, RCODE.NOERROR],
    ['a CNAME within', 'inward.good.', TYPE.A, RCODE.NOERROR],
    ['a CNAME to nothing', 'lost.good.', TYPE.A, RCODE.NXDOMAIN],
    ['DS', 'good.', TYPE.DS, RCODE.NOERROR],
    ['the lack of DS', 'open.', TYPE.DS, RCODE.NOERROR],
    ['keys', 'good.', TYPE.DNSKEY, RCODE.NOERROR],
  ] as const)('is secure: %s', async (_, name, type, rcode) => {
    expect(await signedInternet().ask(name, type)).toMatchObject({ rcode, security: 'secure', extendedErrors: [] });
  });

  it.each([
    ['a zone without DS', 'www.open.', TYPE.A],
    ['a denial there', 'nothing.open.', TYPE.A],
    ['an island of signatures', 'www.deep.open.', TYPE.A],
    ['a CNAME out of a signed zone', 'outward.good.', TYPE.A],
    ['a CNAME into a signed zone', 'back.open.', TYPE.A],
  ])('is not, and is insecure: %s', async (_, name, type) => {
    const resolution = await signedInternet().ask(name, type);
    expect(resolution.failure).toBeUndefined();
    expect(resolution.security).toBe('insecure');
  });

  it.each([
    ['forged data', forged, EDE.dnssecBogus],
    [
      'an expired signature',
      resigned({ inception: WALL_SECONDS - 30 * DAY, expiration: WALL_SECONDS - 5 * DAY }),
      EDE.signatureExpired,
    ],
    [
      'a signature of the future',
      resigned({ inception: WALL_SECONDS + 5 * DAY, expiration: WALL_SECONDS + 30 * DAY }),
      EDE.signatureNotYetValid,
    ],
    [
      'a signature that ends before it begins',
      resigned({ inception: WALL_SECONDS + 30, expiration: WALL_SECONDS - 30 }),
      EDE.signatureExpiredBeforeValid,
    ],
    ['no signature', insteadOf((rrset) => ({ ...rrset, signatures: [] })), EDE.rrsigsMissing],
    ['fewer labels than the zone has', resigned({ labels: 0 }), EDE.dnssecBogus],
    ['more labels than the name has', resigned({ labels: 3 }), EDE.dnssecBogus],
    ['another type covered', resigned({ typeCovered: TYPE.TXT }), EDE.rrsigsMissing],
  ] as const)('is bogus: %s', async (_, behaviour, code) => {
    const resolution = await signedInternet(both(behaviour)).ask('www.good.');
    expect(resolution).toMatchObject({ rcode: RCODE.SERVFAIL, security: 'bogus', answer: [] });
    expect(codes(resolution)).toEqual([code]);
    expect(resolution.extendedErrors[0]?.text).toContain('good.');
  });

  it('is bogus behind a CNAME, whole', async () => {
    expect(await signedInternet(both(forged)).ask('back.open.')).toMatchObject({ rcode: RCODE.SERVFAIL, answer: [] });
  });

  it.each(['nothing.good.', 'x.wild.good.'])('a denial without proofs is bogus: %s', async (name) => {
    const bare: Behaviour = (asked) => {
      const reply = good.reply(asked);
      const authority = (reply.authority ?? []) as readonly RRset[];
      return { ...reply, authority: authority.filter((rrset) => rrset.type !== TYPE.NSEC) };
    };
    const resolution = await signedInternet(both(bare)).ask(name);
    expect(resolution).toMatchObject({ rcode: RCODE.SERVFAIL, security: 'bogus' });
    expect(codes(resolution)).toEqual([EDE.nsecMissing]);
  });

  it('a DNAME leads on securely, and its target must be secure too', async () => {
    const zone = new SignedZone(
      'good.',
      'ns.good. A 10.0.0.1\nns2.good. A 10.0.0.2\nin.good. DNAME wild.good.\nout.good. DNAME open.\n*.wild.good. A 192.0.2.3',
    );
    const cut: Behaviour = (asked) => {
      const [above] = asked.text.split('.').slice(-3, -2);
      if (above !== 'in' && above !== 'out') return zone.reply(asked);
      const dname = zone.rrset(`${above}.good.`, TYPE.DNAME);
      return asked.text === `${above}.good.` && asked.type !== TYPE.DNAME ? zone.reply(asked) : { answer: [dname] };
    };
    const above = new SignedZone(
      '.',
      `good. NS ns.good.\nns.good. A 10.0.0.1\nopen. NS ns.open.\nns.open. A 10.0.0.3\n${zone.ds}`,
    );
    const world = signedInternet({ [ROOT_IP]: above.reply, ...both(cut) }, { dnssec: { anchors: [above.anchor] } });
    const inside = await world.ask('x.in.good.');
    expect([inside.security, addresses(inside)]).toEqual(['secure', ['192.0.2.3']]);
    const outside = await world.ask('www.out.good.');
    expect([outside.security, addresses(outside)]).toEqual(['insecure', ['192.0.2.4']]);
  });
});

describe('CD and AD', () => {
  it('CD gets bogus data, others never do, in whatever order they ask', async () => {
    for (const order of [
      [true, false, true, false],
      [false, true, false, true],
    ]) {
      const ask = clientOf(signedInternet(both(forged)));
      for (const cd of order) {
        const reply = await ask('www.good.', { cd, ad: true, dnssecOk: true });
        expect([reply.rcode, reply.answer.length, reply.authenticData]).toEqual(
          cd ? [RCODE.NOERROR, 2, false] : [RCODE.SERVFAIL, 0, false],
        );
        expect(reply.checkingDisabled).toBe(cd);
      }
    }
  });

  it('AD is set for those who ask with DO or AD alone', async () => {
    const ask = clientOf(signedInternet());
    // The first is resolved, the second comes from the layer of finished answers.
    for (let times = 0; times < 2; times++) {
      expect((await ask('www.good.', { dnssecOk: true })).authenticData).toBe(true);
      expect((await ask('www.good.', { ad: true })).authenticData).toBe(true);
      expect((await ask('www.good.', { dnssecOk: false, ad: true })).authenticData).toBe(true);
      expect((await ask('www.good.', { dnssecOk: false })).authenticData).toBe(false);
      expect((await ask('www.good.')).authenticData).toBe(false);
      expect((await ask('www.open.', { dnssecOk: true, ad: true })).authenticData).toBe(false);
    }
  });

  it('what is bogus is forgotten within 60 s, and no sooner asked again by each client', async () => {
    let healed = false;
    const behaviour: Behaviour = (asked) => (healed ? good.reply(asked) : forged(asked));
    const world = signedInternet(both(behaviour));
    expect((await world.ask('www.good.')).security).toBe('bogus');
    healed = true;
    const sent = world.network.sent;
    expect((await world.ask('www.good.')).rcode).toBe(RCODE.SERVFAIL);
    expect(world.network.sent).toBe(sent);
    await world.pass(60);
    expect(await world.ask('www.good.')).toMatchObject({ rcode: RCODE.NOERROR, security: 'secure' });
  });

  it('keys that are bogus, too', async () => {
    let healed = false;
    const stranger = new SignedZone('good.', 'www.good. A 192.0.2.66');
    const world = signedInternet(both((asked) => (healed ? good : stranger).reply(asked)));
    expect(codes(await world.ask('www.good.'))).toEqual([EDE.dnskeyMissing]);
    healed = true;
    await world.pass(60);
    expect((await world.ask('www.good.')).security).toBe('secure');
  });
});

describe('servers that fail', () => {
  it.each([
    ['say nothing', (): undefined => undefined],
    ['refuse', (): Reply => ({ rcode: RCODE.REFUSED, aa: false })],
  ])('keys that cannot be fetched, for servers %s, are a failure and not bogus', async (_, no) => {
    let back = false;
    const world = signedInternet(both((asked) => (asked.type === TYPE.DNSKEY && !back ? no() : good.reply(asked))));
    const resolution = await world.ask('www.good.');
    expect(resolution.rcode).toBe(RCODE.SERVFAIL);
    expect(resolution.failure).not.toBe('bogus');
    expect(resolution.security).not.toBe('bogus');
    expect(codes(resolution)).toContain(EDE.dnskeyMissing);
    back = true;
    await world.pass(30);
    expect((await world.ask('www.good.')).security).toBe('secure');
  });

  it.each([FIRST_IP, SECOND_IP])('another is asked before data of %s count as bogus', async (ip) => {
    const world = signedInternet({ [ip]: forged });
    const resolution = await world.ask('www.good.');
    expect([resolution.security, addresses(resolution)]).toEqual(['secure', ['192.0.2.1']]);
  });

  it('both were asked when data do count as bogus', async () => {
    const world = signedInternet(both(forged));
    expect((await world.ask('www.good.')).security).toBe('bogus');
    expect(GOOD_IPS.map((ip) => world.sentTo(ip) > 0)).toEqual([true, true]);
  });

  it('whoever gave bogus data is asked once more when no other is left: what was forged may be right now', async () => {
    let times = 0;
    const once: Behaviour = (asked) =>
      asked.text === 'www.good.' && ++times === 1 ? forged(asked) : good.reply(asked);
    expect((await signedInternet({ [FIRST_IP]: once, [SECOND_IP]: forged }).ask('www.good.')).security).toBe('secure');
  });

  it('another is asked before keys count as bogus', async () => {
    const stranger = new SignedZone('good.', 'www.good. A 192.0.2.66');
    const world = signedInternet({
      [FIRST_IP]: (asked) => (asked.type === TYPE.DNSKEY ? stranger : good).reply(asked),
    });
    expect((await world.ask('www.good.')).security).toBe('secure');
  });
});

describe('what would take too many', () => {
  it.each([
    ['signatureChecks', 'www.good.', good],
    ['nsec3Hashes', 'nothing.good.', goodByNsec3],
  ] as const)('%s is neither secure nor bogus (EDE 5)', async (limit, name, zone) => {
    const world = signedInternet(both(zone.reply), { limits: { [limit]: 1 } });
    const resolution = await world.ask(name);
    expect(resolution).toMatchObject({ rcode: RCODE.SERVFAIL, security: 'indeterminate', failure: 'limit' });
    const text = expect.stringContaining(`limit reached: ${limit} (1 `);
    expect(resolution.extendedErrors).toEqual([{ code: EDE.dnssecIndeterminate, text }]);
  });
});

describe('anchors', () => {
  it('an anchor of a zone below the root: that zone alone is secure', async () => {
    const world = signedInternet({}, { dnssec: { anchors: [good.anchor] } });
    expect((await world.ask('www.good.')).security).toBe('secure');
    expect((await world.ask('www.open.')).security).toBe('insecure');
    expect((await world.ask('nothing.')).security).toBe('insecure');
  });

  it('an anchor of an island', async () => {
    const world = signedInternet({}, { dnssec: { anchors: [root.anchor, island.anchor] } });
    expect((await world.ask('www.deep.open.')).security).toBe('secure');
    expect((await world.ask('www.open.')).security).toBe('insecure');
  });

  it('an anchor that the zone does not know', async () => {
    const stranger = new SignedZone('deep.open.', '');
    const world = signedInternet({}, { dnssec: { anchors: [root.anchor, stranger.anchor] } });
    expect(codes(await world.ask('www.deep.open.'))).toEqual([EDE.dnskeyMissing]);
    expect((await world.ask('www.good.')).security).toBe('secure');
  });

  it('a forgery with no retry left counts as a bound that held', async () => {
    const world = signedInternet(both(forged), { limits: { bogusRetries: 0 } });
    expect((await world.ask('www.good.')).security).toBe('bogus');
    expect(world.resolver.limitHits.get('bogusRetries')).toBe(1);
  });

  it('a negative anchor holds until its end, for what was cached as well', async () => {
    const anchor = { zone: nameFromText('good.'), untilSeconds: WALL_SECONDS + 200, reason: 'broken keys' };
    const world = signedInternet(both(forged), { dnssec: { anchors: [root.anchor], negativeAnchors: [anchor] } });
    const under = await world.ask('www.good.');
    expect([under.security, addresses(under)]).toEqual(['insecure', ['192.0.2.66']]);
    expect(under.extendedErrors[0]?.text).toContain('broken keys');
    // The records live 300 s.
    await world.pass(201);
    expect((await world.ask('www.good.')).security).toBe('bogus');
  });

  it('a negative anchor that ends while the question is worked on holds no longer', async () => {
    const anchor = { zone: nameFromText('good.'), untilSeconds: WALL_SECONDS + 1, reason: 'broken keys' };
    let queries = 0;
    const late: Behaviour = (asked) => (++queries < 4 ? undefined : forged(asked));
    const world = signedInternet(both(late), { dnssec: { anchors: [root.anchor], negativeAnchors: [anchor] } });
    expect((await world.ask('www.good.')).security).toBe('bogus');
    expect(world.clock.nowMs()).toBeGreaterThan(1000);
  });

  it('a negative anchor above an anchor does not reach it', async () => {
    const negative = { zone: nameFromText('open.'), untilSeconds: undefined, reason: undefined };
    const dnssec = { anchors: [root.anchor, island.anchor], negativeAnchors: [negative] };
    const world = signedInternet({}, { dnssec });
    expect((await world.ask('www.deep.open.')).security).toBe('secure');
  });
});

describe('a private zone under a signed parent', () => {
  it('is bogus, and the error says what to do, until a negative anchor excepts it', async () => {
    const stub = { zone: nameFromText('corp.good.'), kind: 'stub', servers: [{ ip: '10.0.0.9', port: 53 }] } as const;
    const plain: Behaviour = ({ text }) => ({ aa: true, answer: `${text} A 192.0.2.9` });
    const world = signedInternet({ '10.0.0.9': plain }, { zones: [stub] });
    const refused = await world.ask('www.corp.good.');
    expect(refused.security).toBe('bogus');
    expect(refused.extendedErrors[0]?.text).toContain('if corp.good. is private, it needs an entry in dnssec.negative');
    const anchor = { zone: nameFromText('corp.good.'), untilSeconds: undefined, reason: undefined };
    const excepting = { anchors: [root.anchor], negativeAnchors: [anchor] };
    const excepted = signedInternet({ '10.0.0.9': plain }, { zones: [stub], dnssec: excepting });
    expect(addresses(await excepted.ask('www.corp.good.'))).toEqual(['192.0.2.9']);
  });
});

describe('zones whose servers hold parent and child', () => {
  it('are told apart by their signatures', async () => {
    const child = new SignedZone('sub.good.', 'www.sub.good. A 192.0.2.7\nns.sub.good. A 10.0.0.1');
    const parent = new SignedZone(
      'good.',
      `ns.good. A 10.0.0.1\nsub.good. NS ns.sub.good.\nns.sub.good. A 10.0.0.1\n${child.ds}`,
    );
    const top = new SignedZone('.', `good. NS ns.good.\nns.good. A 10.0.0.1\n${parent.ds}`);
    const world = new World({ dnssec: { anchors: [top.anchor] } });
    world.serve(ROOT_IP, top.reply);
    world.serve('10.0.0.1', (asked) => {
      const below = asked.text.endsWith('sub.good.') && !(asked.text === 'sub.good.' && asked.type === TYPE.DS);
      return (below ? child : parent).reply(asked);
    });
    expect(await world.ask('www.sub.good.')).toMatchObject({ rcode: RCODE.NOERROR, security: 'secure' });
    expect(await world.ask('sub.good.', TYPE.DS)).toMatchObject({ security: 'secure' });
    expect(await world.ask('nothing.sub.good.')).toMatchObject({ rcode: RCODE.NXDOMAIN, security: 'secure' });
  });

  it('the parent may not sign for the child, nor the child for the parent', async () => {
    const impostor: Behaviour = (asked) =>
      asked.text === 'www.deep.open.'
        ? { answer: [open.sign(rrsetOf('www.deep.open. 300 A 192.0.2.66'))] }
        : island.reply(asked);
    const dnssec = { anchors: [open.anchor] };
    expect((await signedInternet({ [ISLAND_IP]: impostor }, { dnssec }).ask('www.deep.open.')).security).toBe('bogus');
    const child: Behaviour = (asked) =>
      asked.text === 'www.open.' ? { answer: [island.sign(rrsetOf('www.open. 300 A 192.0.2.66'))] } : open.reply(asked);
    expect((await signedInternet({ [OPEN_IP]: child }, { dnssec }).ask('www.open.')).security).toBe('bogus');
  });
});
