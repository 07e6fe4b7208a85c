// Makes old scenarios playable: data signed by algorithms that nobody may support any more are signed anew, so that what
// was valid stays valid and what was bogus stays bogus.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { canonicalRdatas, signedData, signedLabels } from '../dnssec/canonical.ts';
import { dsDigest } from '../dnssec/delegation.ts';
import { keyTag } from '../dnssec/keys.ts';
import type { ResourceRecord } from '../wire/message.ts';
import { labelCount, type Name, ROOT } from '../wire/name.ts';
import { type Rrsig, readDs, readRrsig } from '../wire/rdata.ts';
import { CLASS, TYPE } from '../wire/types.ts';
import { verifyLegacy } from './legacy-signature.ts';
import { recordText } from './rpl-match.ts';
import { flattenLines, parseRecordLine } from './rpl-record.ts';
import type { RplEntry, Scenario, Template } from './rpl-types.ts';
import { replacementAlgorithm, SigningKey } from './signing-key.ts';

/** DSA and its NSEC3 alias: no validator may support them any more (RFC 8624, 3.1). */
const withdrawnAlgorithms: readonly number[] = [3, 6];
const sectionNames = ['answer', 'authority', 'additional'] as const;

/** The anchors of a scenario as records; lines are written with more freedom than master files allow. */
export function anchorRecords(scenario: Scenario): ResourceRecord[] {
  return scenario.settings.trustAnchors.map((line) => parseRecordLine(flattenLines(line), { origin: ROOT, ttl: 0 }));
}

/** Whether a scenario cannot be validated as it is. */
export function needsResigning(scenario: Scenario): boolean {
  const records = [...templatesOf(scenario).flatMap(recordsOf), ...anchorRecords(scenario)];
  return (
    records.some(({ type, rdata }) => type === TYPE.DNSKEY && withdrawnAlgorithms.includes(rdata[3] ?? 0)) ||
    anchorRecords(scenario).some(({ type, rdata }) => type === TYPE.DS && withdrawnAlgorithms.includes(rdata[2] ?? 0))
  );
}

/** The scenario with every key, DS and signature replaced. Undefined: it names its key tags in text, so it cannot be. */
export function resignScenario(scenario: Scenario): Scenario | undefined {
  const records = templatesOf(scenario).flatMap(recordsOf);
  if (records.some((record) => record.class === CLASS.CH)) return undefined;
  const resigner = new Resigner(scenario);
  const { settings } = scenario;
  const trustAnchors = anchorRecords(scenario).map((record) => recordText(resigner.replace(record)));
  return mapRecords({ ...scenario, settings: { ...settings, trustAnchors } }, (record) => resigner.replace(record));
}

/**
 * Some servers' answers in Unbound's files carry a signature in another section than the records it covers, which its
 * own parser forgives: the signature is moved to them.
 */
export function moveStraySignatures(scenario: Scenario): Scenario {
  const ranges = scenario.ranges.map((range) => ({
    ...range,
    entries: range.entries.map((entry) => mapTemplates(entry, withoutStrays)),
  }));
  return { ...scenario, ranges };
}

function withoutStrays(template: Template): Template {
  const { message } = template;
  const home = new Map<string, (typeof sectionNames)[number]>();
  for (const section of sectionNames) {
    for (const { name, type } of message[section])
      if (!home.has(`${type} ${name}`)) home.set(`${type} ${name}`, section);
  }
  const sections = {
    answer: [...message.answer],
    authority: [...message.authority],
    additional: [...message.additional],
  };
  for (const section of sectionNames) {
    for (const record of message[section]) {
      if (record.type !== TYPE.RRSIG || record.rdata.length < 18) continue;
      const covered = readRrsig(record.rdata).typeCovered;
      if (message[section].some(({ name, type }) => name === record.name && type === covered)) continue;
      const to = home.get(`${covered} ${record.name}`);
      if (to === undefined) continue;
      sections[section] = sections[section].filter((other) => other !== record);
      sections[to].push(record);
    }
  }
  return { ...template, message: { ...message, ...sections } };
}

function mapTemplates(entry: RplEntry, change: (template: Template) => Template): RplEntry {
  const [first, ...rest] = entry.templates;
  return { ...entry, templates: [change(first), ...rest.map(change)] };
}

function mapRecords(scenario: Scenario, replace: (record: ResourceRecord) => ResourceRecord): Scenario {
  const change = (entry: RplEntry): RplEntry =>
    mapTemplates(entry, (template) => {
      const { answer, authority, additional } = template.message;
      const sections = {
        answer: answer.map(replace),
        authority: authority.map(replace),
        additional: additional.map(replace),
      };
      return { ...template, message: { ...template.message, ...sections } };
    });
  return {
    ...scenario,
    ranges: scenario.ranges.map((range) => ({ ...range, entries: range.entries.map(change) })),
    steps: scenario.steps.map((step) => ({ ...step, entry: step.entry && change(step.entry) })),
  };
}

function templatesOf({ ranges, steps }: Scenario): Template[] {
  const entries = [...ranges.flatMap((range) => range.entries), ...steps.flatMap(({ entry }) => entry ?? [])];
  return entries.flatMap(({ templates }) => templates);
}

function recordsOf({ message }: Template): ResourceRecord[] {
  return [...message.answer, ...message.authority, ...message.additional];
}

interface KeyPair {
  readonly old: Uint8Array;
  readonly key: SigningKey;
}

/** The records of one name and type as they stand together in a section. */
interface RRsetHere {
  readonly name: Name;
  readonly records: readonly ResourceRecord[];
}

class Resigner {
  /** By owner, algorithm and tag of the old key. */
  readonly #pairs = new Map<string, KeyPair[]>();
  /** By type covered. */
  readonly #rrsets = new Map<number, RRsetHere[]>();
  readonly #replaced = new Map<string, Uint8Array>();

  constructor(scenario: Scenario) {
    for (const template of templatesOf(scenario)) {
      for (const section of sectionNames) this.#collect(template.message[section]);
    }
    for (const anchor of anchorRecords(scenario)) if (anchor.type === TYPE.DNSKEY) this.#addKey(anchor);
  }

  /** The record to play in place of one of the scenario. */
  replace(record: ResourceRecord): ResourceRecord {
    const { type, name, rdata } = record;
    if (type !== TYPE.DNSKEY && type !== TYPE.DS && type !== TYPE.RRSIG) return record;
    const key = `${type} ${name} ${Buffer.from(rdata).toString('latin1')}`;
    const known = this.#replaced.get(key) ?? this.#replacement(record);
    this.#replaced.set(key, known);
    return { ...record, rdata: known };
  }

  #replacement(record: ResourceRecord): Uint8Array {
    const { type, name, rdata } = record;
    if (type === TYPE.DNSKEY) return this.#pairOf(name, rdata)?.key.dnskey ?? rdata;
    if (type === TYPE.DS) return rdata.length < 4 ? rdata : this.#replaceDs(name, rdata);
    return rdata.length < 19 ? rdata : this.#replaceSignature(record, readRrsig(rdata));
  }

  #collect(records: readonly ResourceRecord[]): void {
    const groups = new Map<string, RRsetHere & { records: ResourceRecord[] }>();
    for (const record of records) {
      if (record.type === TYPE.DNSKEY) this.#addKey(record);
      const key = `${record.type} ${record.class} ${record.name}`;
      const group = groups.get(key) ?? { name: record.name, records: [] };
      group.records.push(record);
      groups.set(key, group);
    }
    for (const group of groups.values()) {
      const type = group.records[0]?.type ?? 0;
      this.#rrsets.set(type, [...(this.#rrsets.get(type) ?? []), group]);
    }
  }

  #addKey({ name, rdata }: ResourceRecord): void {
    const algorithm = rdata[3] ?? 0;
    if (replacementAlgorithm(algorithm) === undefined || this.#pairOf(name, rdata)) return;
    const id = pairKey(name, algorithm, keyTag(rdata));
    const pair = { old: rdata, key: new SigningKey(name, rdata) };
    this.#pairs.set(id, [...(this.#pairs.get(id) ?? []), pair]);
  }

  #pairOf(name: Name, rdata: Uint8Array): KeyPair | undefined {
    const pairs = this.#pairs.get(pairKey(name, rdata[3] ?? 0, keyTag(rdata)));
    return pairs?.find(({ old }) => Buffer.compare(old, rdata) === 0);
  }

  /** A DS that fits an old key fits its new one; any other fits none. */
  #replaceDs(name: Name, rdata: Uint8Array): Uint8Array {
    const { keyTag: tag, algorithm, digestType, digest } = readDs(rdata);
    const pairs = this.#pairs.get(pairKey(name, algorithm, tag)) ?? [];
    const pair = pairs.find(({ old }) => Buffer.compare(dsDigest(name, old, digestType) ?? noOctets, digest) === 0);
    const newTag = (pair ?? pairs[0])?.key.tag ?? tag;
    const newDigest = pair ? (dsDigest(name, pair.key.dnskey, digestType) ?? digest) : digest;
    const newAlgorithm = replacementAlgorithm(algorithm) ?? algorithm;
    return Uint8Array.from([newTag >> 8, newTag & 255, newAlgorithm, digestType, ...newDigest]);
  }

  /** A signature that verifies over some RRset of the scenario is made anew over it; else it becomes noise. */
  #replaceSignature({ name, rdata }: ResourceRecord, rrsig: Rrsig): Uint8Array {
    const { algorithm, keyTag: tag, signer } = rrsig;
    const newAlgorithm = replacementAlgorithm(algorithm);
    if (newAlgorithm === undefined) return rdata;
    const pairs = this.#pairs.get(pairKey(signer, algorithm, tag)) ?? [];
    for (const { old, key } of pairs) {
      for (const { records } of this.#candidates(name, rrsig)) {
        const oldData = dataToSign(name, records, rrsig, rdata);
        if (!verifyLegacy(algorithm, old.subarray(4), oldData, rrsig.signature)) continue;
        const head = signatureHead(rdata, rrsig, key.algorithm, key.tag);
        const replaced = records.map((record) => this.replace(record));
        const newData = dataToSign(name, replaced, readRrsig(Uint8Array.from([...head, 0])), head);
        return Uint8Array.from([...head, ...key.sign(newData)]);
      }
    }
    const head = signatureHead(rdata, rrsig, newAlgorithm, pairs[0]?.key.tag ?? tag);
    const noise = createHash('sha512')
      .update(rdata)
      .digest()
      .subarray(0, rrsig.signature.length > 0 ? 64 : 0);
    return Uint8Array.from([...head, ...noise]);
  }

  /** RRsets of the name; for a wildcard's expansion that stands alone, those of any name. */
  #candidates(name: Name, { typeCovered, labels }: Rrsig): readonly RRsetHere[] {
    if (labels > signedLabels(name)) return [];
    const all = this.#rrsets.get(typeCovered) ?? [];
    const own = all.filter((rrset) => rrset.name === name);
    return own.length === 0 && labelCount(name) > labels ? all : own;
  }
}

const noOctets = new Uint8Array(0);

function pairKey(name: Name, algorithm: number, tag: number): string {
  return `${algorithm} ${tag} ${name}`;
}

function dataToSign(name: Name, records: readonly ResourceRecord[], rrsig: Rrsig, rdata: Uint8Array): Uint8Array {
  const type = rrsig.typeCovered;
  const rdatas = canonicalRdatas(
    type,
    records.map((record) => record.rdata),
  );
  return signedData({ name, type, class: records[0]?.class ?? CLASS.IN }, rdatas, rrsig, rdata);
}

/** The RDATA before the signature, with another algorithm and key tag. */
function signatureHead(rdata: Uint8Array, rrsig: Rrsig, algorithm: number, tag: number): Uint8Array {
  const head = rdata.slice(0, rrsig.signatureOffset);
  head[2] = algorithm;
  head[16] = tag >> 8;
  head[17] = tag & 255;
  return head;
}
