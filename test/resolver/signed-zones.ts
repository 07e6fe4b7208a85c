// A small signed tree on a virtual network: a root and zones whose servers prove what they deny, by NSEC or NSEC3.

import { nsec3Hash } from '../../src/dnssec/nsec3.ts';
import type { Observer } from '../../src/resolver/events.ts';
import { Resolver } from '../../src/resolver/resolver.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { type TestEngineSettings, testEngineOptions } from '../../src/testing/engine.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual-network.ts';
import { buildMessage, parseMessage } from '../../src/wire/message.ts';
import {
  ancestorOf,
  compareNames,
  isSubdomainOf,
  labelCount,
  type Name,
  nameFromText,
  nameOctets,
  nameToText,
  prependLabel,
  ROOT,
  wildcardOf,
} from '../../src/wire/name.ts';
import { bitmapOctets, toBase32 } from '../../src/wire/rdata-fields.ts';
import { type RRset, toRecords } from '../../src/wire/rrset.ts';
import { CLASS, RCODE, TYPE, typeFromText } from '../../src/wire/types.ts';
import { at, rrsetOf, rrsetsOf, Signer } from '../dnssec/data.ts';

export interface Hashing {
  readonly iterations: number;
  readonly optOut: boolean;
}

interface Reply {
  readonly rcode: number;
  readonly answer: RRset[];
  readonly authority: RRset[];
}

/** One zone: its records as text, owners in full. Delegations are NS below the apex. */
export class TestZone {
  readonly origin: Name;
  readonly signer: Signer;
  readonly #rrsets: RRset[];
  readonly #hashing: Hashing | undefined;
  readonly #signed = new Map<RRset, RRset>();
  #denials: RRset[] | undefined;

  constructor(origin: string, text: string, hashing?: Hashing) {
    this.origin = nameFromText(origin);
    this.signer = new Signer(origin, 13);
    this.#hashing = hashing;
    const apex = `${origin} 3600 SOA ns.${origin} host.${origin} 1 2 3 4 900\n${origin} 3600 NS ns.${origin}`;
    const dnskeys = { name: this.origin, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, signatures: [] };
    this.#rrsets = [
      ...rrsetsOf(`${apex.replaceAll('..', '.')}\n${text}`),
      { ...dnskeys, rdatas: [this.signer.dnskey] },
    ];
  }

  /** The DS record that secures it, as text. */
  ds(): string {
    const digest = Buffer.from(this.signer.ds().subarray(4)).toString('hex');
    return `${nameToText(this.origin)} 3600 DS ${this.signer.tag} 13 2 ${digest}`;
  }

  /** Takes records away: the next answers, and proofs, are of the zone without them. */
  remove(owner: string): void {
    const gone = nameFromText(owner);
    this.#rrsets.splice(0, this.#rrsets.length, ...this.#rrsets.filter(({ name }) => name !== gone));
    this.#denials = undefined;
  }

  reply(name: Name, type: number): Reply {
    const cut = this.#cutAbove(name, type);
    if (cut !== undefined) return { rcode: RCODE.NOERROR, answer: [], authority: this.#referral(cut) };
    if (this.#exists(name)) {
      const answer = this.#at(name, type);
      if (answer !== undefined) return { rcode: RCODE.NOERROR, answer: [answer], authority: [] };
      return { rcode: RCODE.NOERROR, answer: [], authority: [this.#soa(), ...this.#matching(name)] };
    }
    const closestEncloser = this.#closestEncloser(name);
    const wildcard = wildcardOf(closestEncloser);
    const proof = this.#nameProof(name, closestEncloser);
    if (!this.#exists(wildcard)) {
      const authority = [this.#soa(), ...new Set([...proof, ...this.#covering(wildcard)])];
      return { rcode: RCODE.NXDOMAIN, answer: [], authority };
    }
    const source = this.#at(wildcard, type);
    // RFC 5155, 7.2.6: the signature tells the closest encloser.
    const unmatched = this.#hashing === undefined ? proof : proof.slice(1);
    if (source !== undefined) return { rcode: RCODE.NOERROR, answer: [{ ...source, name }], authority: unmatched };
    const authority = [this.#soa(), ...new Set([...proof, ...this.#matching(wildcard)])];
    return { rcode: RCODE.NOERROR, answer: [], authority };
  }

  #cutAbove(name: Name, type: number): Name | undefined {
    for (let labels = labelCount(this.origin) + 1; labels <= labelCount(name); labels++) {
      const cut = ancestorOf(name, labels);
      const isCut = this.#rrsets.some((one) => one.name === cut && one.type === TYPE.NS);
      if (isCut && !(cut === name && type === TYPE.DS)) return cut;
    }
    return undefined;
  }

  #referral(cut: Name): RRset[] {
    const ns = this.#rrsets.find((one) => one.name === cut && one.type === TYPE.NS) as RRset;
    const ds = this.#at(cut, TYPE.DS);
    return [ns, ...(ds === undefined ? this.#matching(cut) : [ds])];
  }

  /** The RRset of a name, signed; a CNAME stands for any type. */
  #at(name: Name, type: number): RRset | undefined {
    const found = (wanted: number): RRset | undefined =>
      this.#rrsets.find((one) => one.name === name && one.type === wanted);
    const rrset = found(type) ?? found(TYPE.CNAME);
    return rrset && this.#sign(rrset);
  }

  #soa(): RRset {
    return this.#at(this.origin, TYPE.SOA) as RRset;
  }

  #exists(name: Name): boolean {
    return this.#rrsets.some((one) => isSubdomainOf(one.name, name));
  }

  #closestEncloser(name: Name): Name {
    let labels = labelCount(name);
    while (!this.#exists(ancestorOf(name, labels))) labels--;
    return ancestorOf(name, labels);
  }

  /** That no name closer to `name` than `closestEncloser` exists; with NSEC3 that this one does. */
  #nameProof(name: Name, closestEncloser: Name): RRset[] {
    if (this.#hashing === undefined) return this.#covering(name);
    const nextCloser = ancestorOf(name, labelCount(closestEncloser) + 1);
    return [...this.#matching(closestEncloser), ...this.#covering(nextCloser)];
  }

  /** The denial record of a name that exists; NSEC have none at empty non-terminals. */
  #matching(name: Name): RRset[] {
    const owner = this.#hashing === undefined ? name : this.#hashed(name);
    const match = this.denials().find((one) => one.name === owner);
    return match === undefined ? this.#covering(name) : [this.#sign(match)];
  }

  #covering(name: Name): RRset[] {
    const owner = this.#hashing === undefined ? name : this.#hashed(name);
    const denials = this.denials();
    const before = denials.findLast((one) => compareNames(one.name, owner) < 0) ?? denials.at(-1);
    return [this.#sign(before as RRset)];
  }

  #hashed(name: Name): Name {
    const hash = nsec3Hash(name, { iterations: this.#hashing?.iterations ?? 0, salt: new Uint8Array(0) });
    return prependLabel(toBase32(Buffer.from(hash, 'latin1')), this.origin) as Name;
  }

  /** All NSEC or NSEC3 in order, unsigned. */
  denials(): RRset[] {
    this.#denials ??= this.#hashing === undefined ? this.#nsecs() : this.#nsec3s(this.#hashing);
    return this.#denials;
  }

  #typesAt(name: Name): number[] {
    return this.#rrsets.filter((one) => one.name === name).map(({ type }) => type);
  }

  #nsecs(): RRset[] {
    const owners = [...new Set(this.#rrsets.map(({ name }) => name))].sort(compareNames);
    return owners.map((name, i) => {
      const next = nameOctets(owners[i + 1] ?? this.origin);
      const types = bitmapOctets([...this.#typesAt(name), TYPE.NSEC, TYPE.RRSIG]);
      const rdatas = [Uint8Array.from([...next, ...types])];
      return { name, type: TYPE.NSEC, class: CLASS.IN, ttl: 900, rdatas, signatures: [] };
    });
  }

  #nsec3s({ iterations, optOut }: Hashing): RRset[] {
    const names = new Set<Name>();
    for (const { name } of this.#rrsets) {
      for (let labels = labelCount(this.origin); labels <= labelCount(name); labels++)
        names.add(ancestorOf(name, labels));
    }
    const owners = [...names].map((name) => ({ name, owner: this.#hashed(name) }));
    owners.sort((a, b) => compareNames(a.owner, b.owner));
    return owners.map(({ name, owner }, i) => {
      const next = owners[(i + 1) % owners.length]?.name as Name;
      const hash = Buffer.from(nsec3Hash(next, { iterations, salt: new Uint8Array(0) }), 'latin1');
      const types = this.#typesAt(name);
      const bitmap = bitmapOctets(types.length > 0 ? [...types, TYPE.RRSIG] : []);
      const rdatas = [Uint8Array.from([1, optOut ? 1 : 0, 0, iterations, 0, 20, ...hash, ...bitmap])];
      return { name: owner, type: TYPE.NSEC3, class: CLASS.IN, ttl: 900, rdatas, signatures: [] };
    });
  }

  #sign(rrset: RRset): RRset {
    let signed = this.#signed.get(rrset);
    if (signed === undefined) {
      signed = this.signer.sign(rrset);
      this.#signed.set(rrset, signed);
    }
    return signed;
  }
}

/** What a question came to. `sent`: upstream queries that it cost. */
export interface Asked {
  readonly resolution: Resolution;
  readonly sent: number;
}

/** A root, secured by its key, that delegates to each zone; every zone has a server of its own. */
export class SignedTree {
  readonly clock: VirtualClock = new VirtualClock({ wallSeconds: at('2026-06-01T00:00:00Z') });
  readonly network: VirtualNetwork = new VirtualNetwork({ clock: this.clock });
  readonly resolver: Resolver;

  constructor(zones: readonly TestZone[], settings: Partial<TestEngineSettings> = {}) {
    const tops = zones.filter(({ origin }) => labelCount(origin) === 1);
    const children = tops.map((zone, i) => ({ zone: nameToText(zone.origin), ds: zone.ds(), ip: `192.0.2.${i + 10}` }));
    const text = children.map(({ zone, ds }) => `${zone} 3600 NS ns.${zone}\n${ds}`).join('\n');
    const root = new TestZone('.', text);
    this.serve('192.0.2.1', [root], children);
    for (const { zone, ip } of children) {
      const own = zones.filter(({ origin }) => isSubdomainOf(origin, nameFromText(zone)));
      this.serve(ip, own, []);
    }
    const options = testEngineOptions({
      transport: this.network,
      clock: this.clock,
      random: new SeededRandom(1),
      roots: [{ nameServer: nameFromText('ns.'), ip: '192.0.2.1' }],
      upstream: { ipv6: false },
      ...settings,
      dnssec: {
        validate: true,
        anchors: [{ zone: ROOT, ds: [], keys: [root.signer.dnskey] }],
        ...settings.dnssec,
      },
    });
    this.resolver = new Resolver(options);
  }

  async ask(name: string, type = 'A', options: { cd?: boolean; observer?: Observer } = {}): Promise<Asked> {
    const before = this.network.sent;
    const promise = this.resolver.resolve({
      name: nameFromText(name),
      type: typeFromText(type) as number,
      checkingDisabled: options.cd ?? false,
      ...(options.observer && { observer: options.observer }),
    });
    const resolution = await this.clock.runUntil(promise);
    return { resolution, sent: this.network.sent - before };
  }

  /** The deepest of `zones` replies; glue goes with referrals. */
  serve(ip: string, zones: readonly TestZone[], children: readonly { zone: string; ip: string }[]): void {
    const glue = children.map((child) => rrsetOf(`ns.${child.zone} 3600 A ${child.ip}`));
    const deepest = [...zones].sort((a, b) => labelCount(b.origin) - labelCount(a.origin));
    this.network.serve(ip, (octets) => {
      const query = parseMessage(octets);
      const question = query.questions[0];
      if (question === undefined) return undefined;
      const holds = ({ origin }: TestZone): boolean =>
        isSubdomainOf(question.name, origin) && !(question.type === TYPE.DS && question.name === origin);
      const zone = deepest.find(holds);
      if (zone === undefined) return undefined;
      const { rcode, answer, authority } = zone.reply(question.name, question.type);
      const referral = rcode === RCODE.NOERROR && authority[0]?.type === TYPE.NS;
      const records = (rrsets: readonly RRset[]) => rrsets.flatMap((one) => toRecords(one, { signatures: true }));
      return buildMessage({
        ...query,
        response: true,
        authoritative: !referral,
        rcode,
        answer: records(answer),
        authority: records(authority),
        additional: referral ? records(glue.filter(({ name }) => isSubdomainOf(name, authority[0]?.name as Name))) : [],
        edns: { udpPayloadOctets: 1232, version: 0, dnssecOk: true, options: [] },
      });
    });
  }
}
