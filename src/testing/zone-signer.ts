// Signs the zones of a tree: one Ed25519 key a zone, made from a seed, so that every run gives the same signatures.

import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { canonicalRdatas, signedData, signedLabels } from '../dnssec/canonical.ts';
import { dsDigest } from '../dnssec/delegation.ts';
import { keyTag } from '../dnssec/keys.ts';
import { type Name, nameOctets } from '../wire/name.ts';
import { readRrsig } from '../wire/rdata.ts';
import { CLASS } from '../wire/types.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { TreeRecords } from './zone-tree.ts';

/** When signatures begin and end to be valid: seconds since 1970. */
export interface Validity {
  readonly inception: number;
  readonly expiration: number;
}

/** From 2020 to 2050, whatever the virtual clock says. */
const longValidity: Validity = { inception: 1_577_836_800, expiration: 2_524_608_000 };
const ed25519 = 15;
const sha256 = 2;
/** The DER of a private key (RFC 8410, 7) up to its 32 octets. */
const privateKeyHead = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of one zone. */
export class ZoneSigner {
  readonly zone: Name;
  /** RDATA of the DNSKEY: flags 257, so that one key signs keys and data. */
  readonly dnskey: Uint8Array;
  readonly #key: KeyObject;
  readonly #tag: number;
  readonly #validity: Validity;
  readonly #signatures = new Map<string, Uint8Array>();

  constructor(zone: Name, random: SeededRandom, validity: Validity = longValidity) {
    const seed = Buffer.from(Array.from({ length: 32 }, () => random.integer(256)));
    this.zone = zone;
    this.#validity = validity;
    this.#key = createPrivateKey({ key: Buffer.concat([privateKeyHead, seed]), format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.dnskey = Uint8Array.from([1, 1, 3, ed25519, ...publicKey]);
    this.#tag = keyTag(this.dnskey);
  }

  /** RDATA of the DS that the parent holds. */
  ds(): Uint8Array {
    const digest = dsDigest(this.zone, this.dnskey, sha256) ?? new Uint8Array(0);
    return Uint8Array.from([this.#tag >> 8, this.#tag & 255, ed25519, sha256, ...digest]);
  }

  /** RDATA of the RRSIG over an RRset; for a wildcard's, `owner` is the wildcard. */
  sign(owner: Name, type: number, records: TreeRecords): Uint8Array {
    const key = `${type} ${owner}`;
    const known = this.#signatures.get(key);
    if (known) return known;
    const head = this.#head(owner, type, records.ttl);
    const rrsig = readRrsig(Uint8Array.from([...head, 0]));
    const rrset = { name: owner, type, class: CLASS.IN };
    const data = signedData(rrset, canonicalRdatas(type, records.rdatas), rrsig, head);
    const rdata = Uint8Array.from([...head, ...sign(null, data, this.#key)]);
    this.#signatures.set(key, rdata);
    return rdata;
  }

  /** RFC 4034, 3.1: everything before the signature. */
  #head(owner: Name, type: number, ttl: number): Uint8Array {
    const signer = nameOctets(this.zone);
    const head = new Uint8Array(18 + signer.length);
    const view = new DataView(head.buffer);
    view.setUint16(0, type);
    head[2] = ed25519;
    head[3] = signedLabels(owner);
    view.setUint32(4, ttl);
    view.setUint32(8, this.#validity.expiration);
    view.setUint32(12, this.#validity.inception);
    view.setUint16(16, this.#tag);
    head.set(signer, 18);
    return head;
  }
}
