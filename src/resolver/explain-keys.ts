// The verdict on data that failed validation: the zone's keys, its parent, our clock, our anchors, or a middlebox.

import { isSubdomainOf, type Name, nameToText, ROOT } from '../wire/name.ts';
import { EDE, TYPE } from '../wire/types.ts';
import { type Deed, deedLines, eventsOf, type Facts, serversOf } from './explain-facts.ts';
import { asked, type EventOf, nameIn, zoneWords } from './explain-words.ts';
import type { Verdict } from './verdict.ts';

type Finding = EventOf<'validated'>;
type Judged = Pick<Verdict, 'fault' | 'summary' | 'remedy'>;

/** Something does not pass DNSSEC validation (RFC 4035). */
export function judgeKeys(facts: Facts): Verdict {
  const found = eventsOf(facts, 'validated').filter(({ security }) => security === 'bogus');
  const kept = found.length === 0;
  const bogus = kept ? [keptFinding(facts)] : found;
  const first = bogus[0] as Finding;
  const zone = first.zone ?? first.name;
  const signer = signerIn(first.why);
  const blamed = signer !== undefined && signer !== zone && isSubdomainOf(zone, signer) ? signer : zone;
  const told =
    judgeClock(bogus) ??
    judgeTop(first, zone) ??
    judgeEdns(facts, first, zone) ??
    judgeParent(first, zone, blamed) ??
    judgeZone(first, zone);
  return {
    works: false,
    zone: told.fault === 'our clock' ? undefined : zone,
    servers: serversOf(sourcesOf(facts, first)),
    ...told,
    summary: kept ? `${told.summary} This was found a moment ago, and is remembered.` : told.summary,
    evidence: kept ? [first.why] : evidenceOf(facts, first, bogus),
    remedy: kept ? [...told.remedy, AGAIN] : told.remedy,
  };
}

const AGAIN = { who: 'you', what: 'to see it found anew, explain again after `rootwalk cache flush-bogus`' } as const;

/** What an earlier question has found, by the extended error that is kept with the data. */
function keptFinding({ resolution, name }: Facts): Finding {
  const { code, text } = resolution.extendedErrors[0] ?? { code: EDE.dnssecBogus, text: '' };
  const about = nameIn(text, /^(\S+)(?: [A-Z0-9]+)?: /);
  // The DS of a zone is signed by its parent.
  const zone = (/^\S+ DS: /.test(text) ? about : (signerIn(text) ?? about)) ?? name;
  const why = text === '' ? 'no reason is kept' : text;
  return { kind: 'validated', name: zone, type: TYPE.DNSKEY, security: 'bogus', zone, why, code, atMs: 0, lookup: 0 };
}

const TIMES: ReadonlySet<number | undefined> = new Set([EDE.signatureExpired, EDE.signatureNotYetValid]);

/** Thousands depend on the root's signatures, which are renewed in time; and zones do not fail together. */
function judgeClock(bogus: readonly Finding[]): Judged | undefined {
  const late = bogus.filter(({ code }) => TIMES.has(code));
  const signers = new Set(late.map(({ why, zone, name }) => signerIn(why) ?? zone ?? name));
  if (!signers.has(ROOT) && signers.size < 2) return undefined;
  const [first] = late;
  const wrong = first?.code === EDE.signatureNotYetValid ? 'behind' : 'ahead';
  const zones = signers.has(ROOT) ? "even the root's" : `those of ${[...signers].map(nameToText).join(' and ')}`;
  const clock = first?.atSeconds === undefined ? '' : ` It says ${timeText(first.atSeconds)}.`;
  return {
    fault: 'our clock',
    summary: `The clock of this machine is ${wrong}: by it, signatures ${wrong === 'ahead' ? 'have expired' : 'are not valid yet'}, ${zones}.${clock}`,
    remedy: [
      {
        who: 'you',
        what: 'set the clock (date and year too) and let it be kept by NTP: `timedatectl set-ntp true`; give the time server as an address, since names do not resolve until then',
      },
    ],
  };
}

function judgeTop(first: Finding, zone: Name): Judged | undefined {
  if (zone !== ROOT) return undefined;
  if (/matches the trust anchors|matches DS /.test(first.why)) {
    return {
      fault: 'our policy',
      summary:
        'The keys of the root are not those that this resolver trusts (root.trustAnchors): the anchors are outdated or of another root.',
      remedy: [
        {
          who: 'you',
          what: 'remove root.trustAnchors from the configuration (the built-in ones are right), or fetch them anew from https://data.iana.org/root-anchors/root-anchors.xml',
        },
        { who: 'you', what: 'if they are right, something on the way forges the root: run `rootwalk doctor`' },
      ],
    };
  }
  return {
    fault: 'our network or a middlebox',
    summary:
      'What comes in the name of the root is not signed by the root: something on the way (a router, a firewall, the provider) changes DNS messages or takes the signatures out.',
    remedy: [
      {
        who: 'you',
        what: 'find what intercepts or filters port 53 on the way (router, firewall, provider) and switch it off: run `rootwalk doctor`',
      },
    ],
  };
}

/** RFC 4035, 3: without EDNS there are no signatures to be had. */
function judgeEdns(facts: Facts, first: Finding, zone: Name): Judged | undefined {
  const refuses = facts.deeds.some((deed) => deed.zone === zone && deed.kind === 'no-edns');
  if (!refuses || (first.code !== EDE.rrsigsMissing && first.code !== EDE.dnskeyMissing)) return undefined;
  return {
    fault: 'its servers',
    summary: `The servers of ${zoneWords(zone)} refuse EDNS (RFC 6891), without which no signatures can be had; and the zone is signed, so that nothing unsigned is believed.`,
    remedy: [
      { who: { owner: zone }, what: 'update the name server software, or the firewall before it that spoils EDNS' },
      OURS,
    ],
  };
}

/** What the parent says of the zone's keys is itself not proven. */
function judgeParent(first: Finding, zone: Name, blamed: Name): Judged | undefined {
  if (first.type !== TYPE.DNSKEY || blamed === zone) return undefined;
  return {
    fault: 'parent zone',
    summary: `The parent zone ${zoneWords(blamed)} does not properly sign what it says of ${zoneWords(zone)}: ${first.why}.`,
    remedy: [
      { who: { owner: blamed }, what: 'sign the zone anew' },
      { who: { owner: zone }, what: `tell the operators of ${zoneWords(blamed)}` },
      OURS,
    ],
  };
}

const OURS = {
  who: 'you',
  what: 'do not switch validation off; if the zone is needed now and the owner confirms the mistake, except it for a while (dnssec.negativeTrustAnchors)',
} as const;

function judgeZone(first: Finding, zone: Name): Judged {
  const owner = { owner: zone };
  const here = zoneWords(zone);
  if (first.code === EDE.signatureExpired) {
    return {
      fault: 'its keys',
      summary: `The signatures of ${here} have expired: its owner has not renewed them in time.`,
      remedy: [{ who: owner, what: 'sign the zone anew, and see why the signer stopped' }, OURS],
    };
  }
  if (first.code === EDE.signatureNotYetValid) {
    return {
      fault: 'its keys',
      summary: `The signatures of ${here} are not valid yet: the clock of its signer is ahead, or they were published too early.`,
      remedy: [{ who: owner, what: 'set the clock of the signer and sign the zone anew' }, OURS],
    };
  }
  if (/no DNSKEY matches DS/.test(first.why)) {
    return {
      fault: 'its keys',
      summary: `The keys of ${here} are not those that its parent zone vouches for: the DS record there is wrong or outdated.`,
      remedy: [
        {
          who: owner,
          what: 'have the DS at the registrar replaced by that of the present key, or removed if the zone is no longer signed',
        },
        OURS,
      ],
    };
  }
  if (first.code === EDE.dnskeyMissing || first.code === EDE.rrsigsMissing) {
    return {
      fault: 'its keys',
      summary: `The parent zone says that ${here} is signed, and its servers give data without the keys or signatures that belong to them.`,
      remedy: [
        { who: owner, what: 'sign the zone on all its name servers, or have the DS removed at the registrar' },
        {
          who: 'you',
          what: 'if all signed names fail so, something on the way strips signatures: run `rootwalk doctor`',
        },
        OURS,
      ],
    };
  }
  return {
    fault: 'its keys',
    summary: `What the servers of ${here} say does not pass validation: it was changed after it was signed, or signed wrongly.`,
    remedy: [{ who: owner, what: 'sign the zone anew, and see that all its name servers hold the same version' }, OURS],
  };
}

/** The servers that gave what is not believed. */
function sourcesOf(facts: Facts, { name, type }: Finding): Deed[] {
  return facts.deeds.filter((deed) => deed.said === 'answer' && deed.name === name && deed.type === type);
}

function evidenceOf(facts: Facts, first: Finding, bogus: readonly Finding[]): string[] {
  const why = new Map<string, string>();
  for (const one of bogus) {
    const data = asked(one.name, one.type);
    const fault = one.why.startsWith(`${data}: `) ? one.why.slice(data.length + 2) : one.why;
    // What rests on keys that are not believed is told with them.
    if (!why.has(one.why)) why.set(one.why, `${data} is not believed: ${fault}`);
  }
  const clock =
    TIMES.has(first.code) && first.atSeconds !== undefined ? [`the clock here says ${timeText(first.atSeconds)}`] : [];
  const refused = deedLines(facts.deeds.filter(({ kind }) => kind === 'no-edns'));
  const from = serversOf(sourcesOf(facts, first)).map(({ server, nameServer }) => {
    const name = nameServer === undefined ? '' : ` (${nameToText(nameServer)})`;
    return `${server.ip}${name} gave ${asked(first.name, first.type)}`;
  });
  const secure = eventsOf(facts, 'validated').filter((one) => one.security === 'secure' && one.type === TYPE.DNSKEY);
  const sound = secure.map(({ name }) => `the keys of ${zoneWords(name)} are in order`);
  return [...why.values(), ...clock, ...from, ...refused, ...sound];
}

/** The signer that a finding names: `signature by key 1/X of com. expired`, `no signature by com.`. */
function signerIn(why: string): Name | undefined {
  return nameIn(why, /(?:^|: )(?:no )?signature by (?:key \S+ of )?(\S+?)(?::? |$)/);
}

function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
