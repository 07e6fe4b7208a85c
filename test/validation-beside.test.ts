// What comes beside an answer, and how much of one: proofs with an alias, NXDOMAIN with a CNAME, ANY, forwarders' empty answers.
import { describe, expect, it } from 'vitest';
import { nameFromText } from '../src/wire/name.ts';
import { rdataFromText } from '../src/wire/rdata-text.ts';
import type { RRset } from '../src/wire/rrset.ts';
import { RCODE, TYPE } from '../src/wire/types.ts';
import { nsecOf, SignedZone } from './attacks/signed-zone.ts';
import { addresses, type Behaviour, ROOT_IP, World, type WorldOptions } from './attacks/world.ts';
import { clientOf } from './signed-internet.ts';

const SIGNED_IP = '10.0.0.1';
const PLAIN_IP = '10.0.0.2';

/** A signed zone with an unsigned one below it, under a signed root. */
function worldOf(zone: SignedZone, behaviour: Behaviour, options: WorldOptions = {}): World {
  const top = new SignedZone('.', `good. NS ns.good.\nns.good. A ${SIGNED_IP}\n${zone.ds}`);
  const world = new World({ ...options, dnssec: { anchors: [top.anchor] } });
  world.serve(ROOT_IP, top.reply);
  world.serve(SIGNED_IP, behaviour);
  world.serve(PLAIN_IP, ({ text, type }) => (type === TYPE.A ? { answer: `${text} A 192.0.2.7` } : {}));
  return world;
}

describe.each([
  ['NSEC', {}],
  ['NSEC3', { nsec3Iterations: 0 }],
])('a signed alias that leads below an unsigned cut, with the proof of that (%s)', (_, options) => {
  const zone = new SignedZone(
    'good.',
    `ns.good. A ${SIGNED_IP}\nout.good. CNAME www.cut.good.\ncut.good. NS ns.cut.good.\nns.cut.good. A ${PLAIN_IP}`,
    options,
  );
  const proof = zone.covers([nameFromText('cut.good.')]);
  const ds: string[] = [];
  const serve =
    (beside: typeof proof): Behaviour =>
    (asked) => {
      if (asked.type === TYPE.DS) ds.push(asked.text);
      const reply = zone.reply(asked);
      return asked.text === 'out.good.' ? { ...reply, authority: beside } : reply;
    };

  it('is shown with it to clients with DO, and DS is not asked for', async () => {
    ds.length = 0;
    const forward = { zone: nameFromText('good.'), kind: 'forward', servers: [{ ip: SIGNED_IP, port: 53 }] } as const;
    const recursing: Behaviour = (asked) =>
      asked.text === 'www.cut.good.' ? { aa: false, answer: 'www.cut.good. A 192.0.2.7' } : serve(proof)(asked);
    const ask = clientOf(worldOf(zone, recursing, { zones: [forward] }));
    for (let i = 0; i < 2; i++) {
      const reply = await ask('out.good.', { dnssecOk: true });
      expect(reply).toMatchObject({ rcode: RCODE.NOERROR, authenticData: false });
      expect(reply.answer.map(({ type }) => type)).toEqual([TYPE.CNAME, TYPE.RRSIG, TYPE.A]);
      expect(reply.authority.map(({ name, type }) => [name, type])).toEqual(
        proof.flatMap((rrset) => [
          [rrset.name, rrset.type],
          [rrset.name, TYPE.RRSIG],
        ]),
      );
      expect((await ask('out.good.')).authority).toEqual([]);
    }
    expect(ds).toEqual([]);
  });

  it('is secure all the same where that proof is not signed, which then is not shown', async () => {
    ds.length = 0;
    const stripped = proof.map((rrset) => ({ ...rrset, ttl: 1, signatures: [] }));
    const world = worldOf(zone, serve(stripped));
    const resolution = await world.ask('out.good.', TYPE.A);
    expect(addresses(resolution)).toEqual(['192.0.2.7']);
    expect(resolution).toMatchObject({ security: 'insecure', authority: [], ttl: 300 });
  });
});

describe('NXDOMAIN beside a CNAME, to the question for type CNAME', () => {
  const zone = new SignedZone(
    'good.',
    `ns.good. A ${SIGNED_IP}\nlost.good. CNAME nothing.good.\nfound.good. CNAME www.good.\nwww.good. A 192.0.2.1`,
  );
  const follows: Behaviour = (asked) => {
    const reply = zone.reply(asked);
    return asked.type === TYPE.CNAME && asked.text !== 'www.good.' ? { ...reply, rcode: RCODE.NXDOMAIN } : reply;
  };

  it('is that of its target: told with its proof if it holds', async () => {
    const lost = await worldOf(zone, follows).ask('lost.good.', TYPE.CNAME);
    expect(lost).toMatchObject({ rcode: RCODE.NXDOMAIN, security: 'secure' });
    expect(lost.answer.map(({ type }) => type)).toEqual([TYPE.CNAME]);
    expect(lost.authority.some(({ type }) => type === TYPE.NSEC)).toBe(true);
  });

  it('is not believed of a target that exists', async () => {
    const found = await worldOf(zone, follows).ask('found.good.', TYPE.CNAME);
    expect(found).toMatchObject({ rcode: RCODE.NOERROR, security: 'secure' });
    expect(found.answer.map(({ type }) => type)).toEqual([TYPE.CNAME]);
  });
});

describe('a wildcard that is asked for by its own name', () => {
  it('is not expanded, and no proof goes with it (RFC 4034, 3.1.3)', async () => {
    const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\n*.w.good. A 192.0.2.1`);
    const authority = zone.covers([nameFromText('a.w.good.')]);
    const world = worldOf(zone, (asked) =>
      asked.text === '*.w.good.' ? { ...zone.reply(asked), authority } : zone.reply(asked),
    );
    const resolution = await world.ask('*.w.good.', TYPE.A);
    expect(resolution).toMatchObject({ security: 'secure', authority: [] });
    expect(addresses(resolution)).toEqual(['192.0.2.1']);
  });
});

describe('ANY', () => {
  it('of very many RRsets is answered with the first of them, all validated (RFC 8482, 4.1)', async () => {
    const types = Array.from({ length: 40 }, (_, i) => `www.good. TYPE${4001 + i} \\# 1 01`);
    const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\n${types.join('\n')}`);
    const all = types.map((_, i) => zone.rrset('www.good.', 4001 + i));
    const world = worldOf(zone, (asked) => (asked.type === TYPE.ANY ? { answer: all } : zone.reply(asked)));
    const resolution = await world.ask('www.good.', TYPE.ANY);
    expect(resolution).toMatchObject({ rcode: RCODE.NOERROR, security: 'secure' });
    expect(resolution.answer.map(({ type }) => type)).toEqual(all.slice(0, world.limits.anyRRsets).map((r) => r.type));
  });
});

describe('a forwarder that answers with nothing but the servers of the zone', () => {
  const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\nwww.good. A 192.0.2.1`);
  const forward = { zone: nameFromText('.'), kind: 'forward', servers: [{ ip: SIGNED_IP, port: 53 }] } as const;
  const empty: Behaviour = (asked) =>
    asked.type === TYPE.AAAA
      ? { aa: false, ra: true, authority: `${asked.text} NS ns.${asked.text}` }
      : zone.reply(asked);

  it('says that there are no such records (RFC 1034, 4.3.1)', async () => {
    const world = new World({ zones: [forward] });
    world.serve(SIGNED_IP, empty);
    expect(await world.ask('www.good.', TYPE.AAAA)).toMatchObject({ rcode: RCODE.NOERROR, answer: [], authority: [] });
  });

  it('is not believed where signatures are due', async () => {
    const world = new World({ zones: [forward], dnssec: { anchors: [zone.anchor] } });
    world.serve(SIGNED_IP, empty);
    expect(await world.ask('www.good.', TYPE.AAAA)).toMatchObject({ rcode: RCODE.SERVFAIL, security: 'bogus' });
  });
});

describe('a wildcard’s proof', () => {
  it('holds beside the proof of another zone, which then is not shown', async () => {
    const forward = { zone: nameFromText('.'), kind: 'forward', servers: [{ ip: SIGNED_IP, port: 53 }] } as const;
    const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\n*.wild.good. A 192.0.2.3`);
    const other = new SignedZone('other.', `ns.other. A ${PLAIN_IP}`);
    const world = new World({ zones: [forward], dnssec: { anchors: [zone.anchor] } });
    const own = zone.covers([nameFromText('x.wild.good.')]);
    world.serve(SIGNED_IP, (asked) => {
      const reply = zone.reply(asked);
      const authority = [...own, ...other.covers([nameFromText('x.other.')])];
      return asked.text === 'x.wild.good.' ? { ...reply, authority } : reply;
    });
    const resolution = await world.ask('x.wild.good.', TYPE.A);
    expect(resolution).toMatchObject({ rcode: RCODE.NOERROR, security: 'secure' });
    expect(resolution.authority.map(({ name }) => name)).toEqual(own.map(({ name }) => name));
  });

  it('is not shown for longer than its own TTL, nor what it proves', async () => {
    const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\n*.wild.good. A 192.0.2.3`);
    const brief: Behaviour = (asked) => {
      const reply = zone.reply(asked);
      if (asked.text !== 'x.wild.good.') return reply;
      const authority = zone.covers([asked.name]).map((rrset) => ({ ...rrset, ttl: 60 }));
      return { ...reply, authority };
    };
    const world = worldOf(zone, brief);
    expect(await world.ask('x.wild.good.')).toMatchObject({ security: 'secure', ttl: 60 });
    await world.virtual?.advance(45_000);
    const later = await world.ask('x.wild.good.');
    expect([...later.answer, ...later.authority].map(({ ttl }) => ttl)).toEqual([15, 15]);
  });
});

describe('records of denial beside those that prove it', () => {
  const names = Array.from({ length: 20 }, (_, i) => `n${i}.good. A 192.0.2.1`);
  const zone = new SignedZone('good.', `ns.good. A ${SIGNED_IP}\n*.wild.good. A 192.0.2.3\n${names.join('\n')}`);
  const beside =
    (extra: readonly RRset[]): Behaviour =>
    (asked) => {
      const reply = zone.reply(asked);
      const denies = asked.type === TYPE.A && reply.authority !== undefined;
      return denies ? { ...reply, authority: [...(reply.authority as RRset[]), ...extra] } : reply;
    };

  it.each(['nothing.good.', 'x.wild.good.'])('spoil it where one is forged: %s', async (name) => {
    const forged = { ...zone.sign(nsecOf(nameFromText('n1.good.'), 'n3.good. A RRSIG NSEC')), ttl: 300 };
    const changed = { ...forged, rdatas: [rdataFromText(TYPE.NSEC, 'n4.good. A RRSIG NSEC')] };
    expect((await worldOf(zone, beside([forged])).ask(name)).security).toBe('secure');
    const resolution = await worldOf(zone, beside([changed])).ask(name);
    expect([resolution.rcode, resolution.security]).toEqual([RCODE.SERVFAIL, 'bogus']);
    expect(resolution.extendedErrors[0]?.text).toMatch(/^n1\.good\. NSEC: signature by key .* does not verify/);
  });

  it('spoil a denial that would be insecure, too: iterations over the limit', async () => {
    const costly = new SignedZone('good.', names.join('\n'), { nsec3Iterations: 51 });
    const changing =
      (change: (rrset: RRset) => RRset): Behaviour =>
      (asked) => {
        const reply = costly.reply(asked);
        return reply.authority === undefined
          ? reply
          : { ...reply, authority: (reply.authority as RRset[]).map(change) };
      };
    expect((await worldOf(costly, costly.reply).ask('x.y.good.')).security).toBe('insecure');
    let first: string | undefined;
    const changed = changing((rrset) => {
      if (rrset.type === TYPE.NSEC3) first ??= rrset.name;
      if (rrset.name !== first) return rrset;
      const rdata = Uint8Array.from(rrset.rdatas[0] as Uint8Array);
      rdata[rdata.length - 1] = (rdata.at(-1) ?? 0) ^ 1;
      return { ...rrset, rdatas: [rdata] };
    });
    const resolution = await worldOf(costly, changed).ask('x.y.good.');
    expect([resolution.rcode, resolution.security]).toEqual([RCODE.SERVFAIL, 'bogus']);
  });

  it('are shown only so far as they were looked at', async () => {
    const extra = names.flatMap((line) => zone.covers([nameFromText(line.split(' ')[0] ?? '')]));
    const { security, authority } = await worldOf(zone, beside(extra)).ask('nothing.good.');
    expect([security, authority.length]).toEqual(['secure', 1 + 8]);
  });
});

describe('a chain of zones in which one server each is bad', () => {
  it('is secure by the others', async () => {
    const zones = ['good.', 'sub.good.', 'deep.sub.good.'];
    const ips = zones.map((_, i) => [`10.1.${i}.1`, `10.1.${i}.2`] as const);
    const made: SignedZone[] = [];
    for (const [i, name] of [...zones.entries()].reverse()) {
      const child = made[0];
      const [bad, fine] = ips[i + 1] ?? [];
      const cut = child && `${child.origin} NS a.${child.origin}\n${child.origin} NS b.${child.origin}\n${child.ds}`;
      const glue = child && `a.${child.origin} A ${bad}\nb.${child.origin} A ${fine}`;
      made.unshift(new SignedZone(name, `www.${name} A 192.0.2.1\n${cut ?? ''}\n${glue ?? ''}`));
    }
    const [first] = made as [SignedZone];
    const [bad, fine] = ips[0] as readonly [string, string];
    const top = new SignedZone(
      '.',
      `good. NS a.good.\ngood. NS b.good.\na.good. A ${bad}\nb.good. A ${fine}\n${first.ds}`,
    );
    const world = new World({ dnssec: { anchors: [top.anchor] } });
    world.serve(ROOT_IP, top.reply);
    for (const [i, zone] of made.entries()) {
      const stranger = new SignedZone(zone.origin, `www.${zone.origin} A 192.0.2.66`);
      const [badIp, fineIp] = ips[i] as readonly [string, string];
      world.serve(badIp, (asked) =>
        asked.type === TYPE.DNSKEY || asked.text === `www.${zone.origin}` ? stranger.reply(asked) : zone.reply(asked),
      );
      world.serve(fineIp, zone.reply);
    }
    const resolution = await world.ask('www.deep.sub.good.');
    expect([resolution.security, addresses(resolution)]).toEqual(['secure', ['192.0.2.1']]);
  });
});
