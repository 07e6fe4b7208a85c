// The verdict on what did not fail: an answer, no such record, no such name, or what this resolver itself refuses.

import { addressKey } from '../base/ports.ts';
import { type Name, nameToText } from '../wire/name.ts';
import { EDE, edeToText, RCODE, rcodeToText } from '../wire/types.ts';
import { type Deed, deedLines, eventsOf, type Facts, familyOf, missingFamily, serversOf } from './explain-facts.ts';
import { asked, zoneWords } from './explain-words.ts';
import type { Remedy, Verdict } from './verdict.ts';

/** It works, or there is nothing; servers that failed on the way are told. */
export function judgeSuccess(facts: Facts): Verdict {
  const { rcode } = facts.resolution;
  const own = eventsOf(facts, 'layer').find(({ layer, outcome }) => layer === 'host' && outcome === 'hit');
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return refused(facts);
  if (facts.resolution.extendedErrors.some(({ code }) => code === EDE.blocked)) return leftOut(facts);
  if (rcode === RCODE.NXDOMAIN) return own === undefined ? noSuchName(facts) : ourOwnWord(facts);
  const found = facts.resolution.answer.some(({ type }) => type === facts.type);
  const what = found
    ? `It works: ${nameToText(facts.name)} resolves.`
    : `${nameToText(facts.name)} exists and has no ${asked(facts.name, facts.type).split(' ')[1] ?? ''} record.`;
  return withNotes(facts, {
    fault: 'nobody',
    works: true,
    zone: undefined,
    servers: [],
    summary: what,
    evidence: [],
    remedy: [],
  });
}

/** This resolver's own rules forbid it. */
function refused(facts: Facts): Verdict {
  const errors = facts.resolution.extendedErrors.map(({ code, text }) => {
    return text === '' ? edeToText(code) : `${edeToText(code)}: ${text}`;
  });
  return {
    fault: 'our policy',
    works: false,
    zone: undefined,
    servers: [],
    summary: `This resolver itself answers ${rcodeToText(facts.resolution.rcode)}: its rules do not let it resolve the name.`,
    evidence: errors,
    remedy: [{ who: 'you', what: 'change the configuration if this is not meant' }],
  };
}

/** Part of what servers said is kept from clients. */
function leftOut(facts: Facts): Verdict {
  const whole = facts.resolution.answer.some(({ type }) => type === facts.type);
  const kept = eventsOf(facts, 'dropped').filter(({ why }) => why.includes('clients.dropPrivateAddresses'));
  return {
    fault: 'our policy',
    works: whole,
    zone: undefined,
    servers: [],
    summary: `${nameToText(facts.name)} leads to private addresses, and this resolver gives none for public names.`,
    evidence: kept.map(({ name, why }) => `${nameToText(name)}: ${why}`),
    remedy: [
      {
        who: 'you',
        what: 'if the zone is one of your own, name it: clients: { dropPrivateAddresses: { except: [ZONE] } }',
      },
    ],
  };
}

function ourOwnWord(facts: Facts): Verdict {
  return {
    fault: 'our policy',
    works: true,
    zone: undefined,
    servers: [],
    summary: `This resolver itself says that ${nameToText(facts.name)} does not exist: it is in its local data, or a name that is never asked for on the Internet (RFC 6761, 6303).`,
    evidence: [`answered from the layer "host", without asking a server`],
    remedy: [
      { who: 'you', what: 'if the name is to be resolved, see local: (zones, data, specialUse) in the configuration' },
    ],
  };
}

/** NXDOMAIN: by whose word, and for which part of the name. */
function noSuchName(facts: Facts): Verdict {
  const denied = eventsOf(facts, 'classified').findLast(({ outcome }) => outcome === 'nxdomain');
  const aliases = eventsOf(facts, 'alias').map(
    ({ from, to }) => `${nameToText(from)} is an alias of ${nameToText(to)}`,
  );
  const target = eventsOf(facts, 'alias').at(-1)?.to ?? facts.name;
  const zone = denied?.zone;
  const holder =
    zone === undefined ? 'What is remembered says' : `The zone that holds such names, ${zoneWords(zone)}, says`;
  const missing = denied?.name ?? target;
  const remedy: Remedy[] = [{ who: 'you', what: 'check the spelling of the name; nothing has to be changed here' }];
  const whose = zone === undefined || missing !== target ? missing : zone;
  remedy.push({
    who: { owner: whose },
    what:
      whose === missing && zone !== undefined
        ? `if it should exist, see whether its registration in ${zoneWords(zone)} has expired or was never made`
        : `if ${nameToText(missing)} should exist, add it to the zone`,
  });
  return withNotes(facts, {
    fault: 'nobody',
    works: true,
    zone,
    servers: [],
    summary: `${holder} that there is no ${nameToText(missing)} (NXDOMAIN). That is an answer, not a failure.`,
    evidence: [...aliases, ...(denied === undefined ? [] : deniedBy(facts, denied.zone, missing))],
    remedy,
  });
}

function deniedBy(facts: Facts, zone: Name, missing: Name): string[] {
  const said = facts.deeds.findLast((deed) => deed.zone === zone && deed.name === missing && deed.said === 'nxdomain');
  if (said === undefined) return [];
  return deedLines([said]);
}

/** Servers that failed though the whole worked. */
function withNotes(facts: Facts, verdict: Verdict): Verdict {
  const good = new Set(facts.deeds.filter(({ kind }) => kind === 'good').map(({ server }) => addressKey(server)));
  const bad = facts.deeds.filter(
    ({ server, kind }) => kind !== 'good' && (kind === 'no-edns' || !good.has(addressKey(server))),
  );
  const family = missingFamily(facts);
  const theirs = family === undefined ? bad : bad.filter(({ server }) => familyOf(server) !== family);
  if (theirs.length < bad.length) return withNotes({ ...facts, deeds: theirs }, noFamily(verdict, family, bad));
  if (bad.length === 0) return verdict;
  const zones = [...new Set(bad.map(({ zone }) => zone))];
  return {
    ...verdict,
    zone: verdict.zone ?? zones[0],
    servers: serversOf(bad),
    summary: `${verdict.summary} But ${notes(bad)}.`,
    evidence: [...verdict.evidence, ...deedLines(bad)],
    remedy: [
      ...verdict.remedy,
      ...zones.map((zone): Remedy => {
        return { who: { owner: zone }, what: repair(bad.filter((deed) => deed.zone === zone)) };
      }),
    ],
  };
}

/** The machine has no way by a family of addresses: no server is to blame for that. */
function noFamily(verdict: Verdict, family: string | undefined, bad: readonly Deed[]): Verdict {
  const lost = bad.filter(({ server }) => familyOf(server) === family);
  const what = `nothing has to be changed; \`upstream.${family?.toLowerCase()}: false\` saves the attempts`;
  return {
    ...verdict,
    summary: `${verdict.summary} This machine reaches nothing by ${family}; the servers were asked otherwise.`,
    evidence: [...verdict.evidence, ...deedLines(lost)],
    remedy: [...verdict.remedy, { who: 'you', what }],
  };
}

function notes(bad: readonly Deed[]): string {
  const servers = serversOf(bad).length;
  const zones = [...new Set(bad.map(({ zone }) => zoneWords(zone)))].join(' and ');
  const one = servers === 1;
  const who = one ? `one server of ${zones}` : `${servers} servers of ${zones}`;
  if (bad.every(({ kind }) => kind === 'no-edns'))
    return `${who} ${one ? 'refuses' : 'refuse'} EDNS and had to be asked twice`;
  if (bad.every(({ kind }) => kind === 'late')) return `${who} had not answered yet when another did`;
  if (bad.every(({ network }) => network === 'refused'))
    return `${who} ${one ? 'refuses' : 'refuse'} the connection; another was asked instead`;
  if (bad.every(({ kind }) => kind === 'silent' || kind === 'late' || kind === 'unreachable')) {
    return `${who} ${one ? 'does' : 'do'} not answer; another was asked instead`;
  }
  return `${who} ${one ? 'is' : 'are'} not in order; another was asked instead`;
}

function repair(bad: readonly Deed[]): string {
  if (bad.every(({ kind }) => kind === 'no-edns')) {
    return 'update the name server software: without EDNS every resolver has to ask twice, and DNSSEC is not possible';
  }
  if (bad.every(({ kind }) => kind === 'late')) {
    return 'see whether this name server is alive: if it is, it is far away or slow; if not, the zone hangs on the others';
  }
  return 'repair this name server: when the others fail too, the zone is gone';
}
