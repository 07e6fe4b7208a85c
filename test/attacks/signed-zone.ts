// A signed zone from master-file text, served by RFC 4035 and RFC 5155: honest, so that tests change single replies.

import type { Trust } from '../../src/dnssec/delegation.ts';
import { nsec3Hash } from '../../src/dnssec/nsec3.ts';
import {
  ancestorOf,
  compareNames,
  isSubdomainOf,
  labelCount,
  type Name,
  nameFromText,
  nameToText,
  parentOf,
  wildcardOf,
} from '../../src/wire/name.ts';
import { nameInRdata, readDs } from '../../src/wire/rdata.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import { type RRset, toRRsets } from '../../src/wire/rrset.ts';
import { CLASS, RCODE, TYPE, typeToText } from '../../src/wire/types.ts';
import { parseZoneText } from '../../src/wire/zone-text.ts';
import { Signer, type SignOptions } from '../dnssec/data.ts';
import { type Asked, type Reply, ROOT_IP } from './world.ts';

/** How a zone denies. */
export interface SignedZoneOptions {
  readonly algorithm?: number;
  /** With one and the same key of Ed25519 for zones of this name, so that each run has the same octets. */
  readonly fixed?: boolean;
  /** Present: NSEC3 with this many iterations and no salt. */
  readonly nsec3Iterations?: number;
  /** For every signature. */
  readonly sign?: SignOptions;
}

const BASE32 = '0123456789abcdefghijklmnopqrstuv';

/** An RRset of one type from master-file lines. */
export function rrsetOf(text: string): RRset {
  const [rrset] = toRRsets(parseZoneText(text, { ttl: 300 }));
  if (rrset === undefined) throw new Error('no records');
  return rrset;
}

/** A zone with one key; the records of `text`, SOA and NS of the apex among them if they matter. */
export class SignedZone {
  readonly name: Name;
  readonly origin: string;
  readonly signer: Signer;
  readonly #options: SignedZoneOptions;
  readonly #rrsets = new Map<string, RRset>();
  readonly #names: Name[];
  readonly #signed = new Map<RRset, RRset>();
  readonly #hashes: { hash: string; name: Name }[] = [];

  constructor(origin: string, text: string, options: SignedZoneOptions = {}) {
    this.origin = origin;
    this.name = nameFromText(origin);
    this.#options = options;
    const { fixed = false } = options;
    this.signer = new Signer(origin, fixed ? 15 : (options.algorithm ?? 13), { fixed });
    const ns = origin === '.' ? `. 300 NS a.root.\na.root. 300 A ${ROOT_IP}` : `${origin} 300 NS ns.test.`;
    const apex = `${origin} 300 SOA ns.test. host.test. 1 7200 3600 1209600 300\n${ns}\n`;
    for (const rrset of toRRsets(parseZoneText(`${apex}${text.replace(/^ +/gm, '')}`, { ttl: 300 }))) this.add(rrset);
    this.#rrsets.set(keyOf(this.name, TYPE.DNSKEY), this.signer.signedKeys());
    const owners = new Set([...this.#rrsets.values()].map((rrset) => rrset.name).filter((name) => !this.#isGlue(name)));
    if (options.nsec3Iterations !== undefined) {
      for (const name of [...owners]) {
        for (let labels = labelCount(name); labels > labelCount(this.name); labels--)
          owners.add(ancestorOf(name, labels));
      }
      const parameters = { iterations: options.nsec3Iterations, salt: new Uint8Array(0) };
      for (const name of owners) this.#hashes.push({ hash: nsec3Hash(name, parameters), name });
      this.#hashes.sort((a, b) => (a.hash < b.hash ? -1 : 1));
    }
    this.#names = [...owners].sort(compareNames);
  }

  /** Adds or replaces an RRset; the NSEC chain does not change. */
  add(rrset: RRset): void {
    this.#rrsets.set(keyOf(rrset.name, rrset.type), rrset);
  }

  /** The trust anchor of this zone. */
  get anchor(): Trust {
    return { zone: this.name, ds: [readDs(this.signer.ds())], keys: [] };
  }

  /** A DS line for the parent. */
  get ds(): string {
    const rdata = Buffer.from(this.signer.ds()).toString('hex');
    return `${this.origin} 300 DS \\# ${rdata.length / 2} ${rdata}`;
  }

  /** `rrset` with this zone's signature. */
  sign(rrset: RRset, options: SignOptions = {}): RRset {
    const known = this.#signed.get(rrset);
    if (known !== undefined && Object.keys(options).length === 0) return known;
    const signed = rrset.signatures.length > 0 ? rrset : this.signer.sign(rrset, { ...this.#options.sign, ...options });
    if (Object.keys(options).length === 0) this.#signed.set(rrset, signed);
    return signed;
  }

  /** The signed RRset of a name. */
  rrset(name: string, type: number): RRset {
    const rrset = this.#rrsets.get(keyOf(nameFromText(name), type));
    if (rrset === undefined) throw new Error(`no ${name} ${typeToText(type)}`);
    return this.sign(rrset);
  }

  /** The honest reply. */
  reply = ({ name, type }: Pick<Asked, 'name' | 'type'>): Reply => {
    for (let labels = labelCount(this.name) + 1; labels <= labelCount(name); labels++) {
      const above = ancestorOf(name, labels);
      const ns = this.#rrsets.get(keyOf(above, TYPE.NS));
      if (ns !== undefined && !(above === name && type === TYPE.DS)) return this.#referral(ns);
    }
    const found = this.#rrsets.get(keyOf(name, type)) ?? this.#rrsets.get(keyOf(name, TYPE.CNAME));
    if (found !== undefined) {
      return { answer: [this.sign(found)], ...(type === TYPE.NS ? { additional: this.#glueOf(found) } : {}) };
    }
    if (this.#exists(name)) return { authority: this.#denial(name, [name]) };
    let encloser = parentOf(name);
    while (!this.#exists(encloser)) encloser = parentOf(encloser);
    const wild = this.#rrsets.get(keyOf(wildcardOf(encloser), type));
    if (wild !== undefined) {
      const signed = this.sign(wild);
      return { answer: [{ ...signed, name }], authority: this.covers([name]) };
    }
    const wildcard = wildcardOf(encloser);
    return { rcode: RCODE.NXDOMAIN, authority: this.#denial(name, [name, encloser, wildcard]) };
  };

  /** NSEC or NSEC3 at or over each of the names, signed, each once. */
  covers(names: readonly Name[]): RRset[] {
    const proofs = new Map<Name, RRset>();
    for (const name of names) {
      const proof = this.#options.nsec3Iterations === undefined ? this.#nsec(name) : this.#nsec3(name);
      proofs.set(proof.name, proof);
    }
    return [...proofs.values()];
  }

  #denial(name: Name, names: readonly Name[]): RRset[] {
    const list = this.#options.nsec3Iterations === undefined ? names : [...names, this.#nextCloser(name)];
    return [this.sign(this.#rrsets.get(keyOf(this.name, TYPE.SOA)) as RRset), ...this.covers(list)];
  }

  #nextCloser(name: Name): Name {
    for (let labels = labelCount(this.name) + 1; labels <= labelCount(name); labels++) {
      if (!this.#exists(ancestorOf(name, labels))) return ancestorOf(name, labels);
    }
    return name;
  }

  #referral(ns: RRset): Reply {
    const ds = this.#rrsets.get(keyOf(ns.name, TYPE.DS));
    return {
      aa: false,
      authority: [ns, ...(ds === undefined ? this.covers([ns.name]) : [this.sign(ds)])],
      additional: this.#glueOf(ns),
    };
  }

  #glueOf(ns: RRset): RRset[] {
    return ns.rdatas
      .map((rdata) => this.#rrsets.get(keyOf(nameInRdata(rdata), TYPE.A)))
      .filter((rrset) => rrset !== undefined);
  }

  #exists(name: Name): boolean {
    return name === this.name || this.#names.some((one) => isSubdomainOf(one, name));
  }

  #isGlue(name: Name): boolean {
    for (let labels = labelCount(this.name) + 1; labels < labelCount(name); labels++) {
      if (this.#rrsets.has(keyOf(ancestorOf(name, labels), TYPE.NS))) return true;
    }
    return false;
  }

  #typesOf(name: Name): string {
    const types = [...this.#rrsets.values()].filter((rrset) => rrset.name === name).map((rrset) => rrset.type);
    const cut = name !== this.name && types.includes(TYPE.NS);
    const kept = cut ? types.filter((type) => type === TYPE.NS || type === TYPE.DS) : types;
    return kept.map(typeToText).join(' ');
  }

  readonly #nsecs = new Map<Name, RRset>();

  #nsec(name: Name): RRset {
    let at = this.#names.length - 1;
    while (at > 0 && compareNames(this.#names[at] as Name, name) > 0) at--;
    const owner = this.#names[at] as Name;
    let rrset = this.#nsecs.get(owner);
    if (rrset === undefined) {
      const next = this.#names[(at + 1) % this.#names.length] as Name;
      rrset = this.sign(nsecOf(owner, `${nameToText(next)} ${this.#typesOf(owner)} RRSIG NSEC`));
      this.#nsecs.set(owner, rrset);
    }
    return rrset;
  }

  #nsec3(name: Name): RRset {
    const iterations = this.#options.nsec3Iterations ?? 0;
    const hashed = nsec3Hash(name, { iterations, salt: new Uint8Array(0) });
    let at = this.#hashes.findLastIndex(({ hash }) => hash <= hashed);
    if (at < 0) at = this.#hashes.length - 1;
    const { hash, name: owner } = this.#hashes[at] as { hash: string; name: Name };
    const next = (this.#hashes[(at + 1) % this.#hashes.length] as { hash: string }).hash;
    const text = `1 0 ${iterations} - ${base32(next)} ${this.#typesOf(owner)} RRSIG`;
    const ownerName = nameFromText(`${base32(hash)}.${this.origin === '.' ? '' : this.origin}`);
    let rrset = this.#nsecs.get(ownerName);
    if (rrset === undefined) {
      const rdatas = [rdataFromText(TYPE.NSEC3, text)];
      rrset = this.sign({ name: ownerName, type: TYPE.NSEC3, class: CLASS.IN, ttl: 300, rdatas, signatures: [] });
      this.#nsecs.set(ownerName, rrset);
    }
    return rrset;
  }
}

/** An unsigned NSEC RRset. */
export function nsecOf(owner: Name, text: string): RRset {
  const rdatas = [rdataFromText(TYPE.NSEC, text)];
  return { name: owner, type: TYPE.NSEC, class: CLASS.IN, ttl: 300, rdatas, signatures: [] };
}

/** RFC 4648, 7 without padding, of octets in a string. */
export function base32(octets: string): string {
  const bits = [...octets].map((octet) => octet.charCodeAt(0).toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((group) => BASE32[Number.parseInt(group, 2)]).join('');
}

function keyOf(name: Name, type: number): string {
  return `${type} ${name}`;
}
