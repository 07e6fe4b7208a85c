// The verdict where this resolver gave up by its own rules: bounds, loops, failures remembered, shutting down.

import { type LimitName, limitTable } from '../base/limits.ts';
import { type Name, nameToText, ROOT } from '../wire/name.ts';
import { EDE } from '../wire/types.ts';
import { deedLines, eventsOf, type Facts, serversOf } from './explain-facts.ts';
import { limitWords, nameIn } from './explain-words.ts';
import type { FailureReason } from './types.ts';
import type { Fault, Remedy, Verdict } from './verdict.ts';

/** Reasons that are not of servers, keys or delegations. */
export function judgeOurselves(facts: Facts, failure: FailureReason): Verdict {
  if (failure === 'loop') return judgeLoop(facts);
  if (failure === 'cached-failure') return judgeRemembered(facts);
  if (failure === 'limit') return judgeLimit(facts);
  if (failure === 'sentinel') return judgeSentinel(facts);
  return {
    fault: 'our limit',
    works: false,
    zone: undefined,
    servers: [],
    summary:
      failure === 'busy'
        ? 'This resolver had as many questions in progress as it may have, and took no more.'
        : 'This resolver was being shut down.',
    evidence: texts(facts),
    remedy: [
      {
        who: 'you',
        what:
          failure === 'busy' ? 'ask again; see `rootwalk status` for what it is busy with' : 'ask again once it runs',
      },
    ],
  };
}

function judgeLoop(facts: Facts): Verdict {
  const aliases = eventsOf(facts, 'alias');
  const last = aliases.at(-1);
  const zone = zoneOfAlias(facts, last?.from);
  return {
    fault: 'child zone',
    works: false,
    zone,
    servers: [],
    summary: `The aliases (CNAME) lead in a circle: following them from ${nameToText(facts.name)} leads back to a name that was passed already.`,
    evidence: aliases.map(
      ({ from, to, synthesised }) =>
        `${nameToText(from)} is an alias (${synthesised ? 'DNAME' : 'CNAME'}) of ${nameToText(to)}`,
    ),
    remedy: [
      ...owner(zone, 'let one of these names hold an address in place of an alias'),
      { who: 'you', what: 'nothing has to be changed here' },
    ],
  };
}

/** The zone whose server gave the alias at a name. */
function zoneOfAlias(facts: Facts, name: Name | undefined): Name | undefined {
  const given = eventsOf(facts, 'classified').findLast((event) => event.outcome === 'alias');
  const exact = eventsOf(facts, 'classified').find((event) => event.outcome === 'alias' && event.name === name);
  return (exact ?? given)?.zone;
}

function judgeLimit(facts: Facts): Verdict {
  const reached = eventsOf(facts, 'limit');
  const [first] = reached;
  const stood = [...facts.delegations.keys()].at(-1);
  const long = first?.limit === 'aliasLinks';
  const zone = long ? zoneOfAlias(facts, undefined) : stood;
  if (first !== undefined && CROWDS.has(first.limit))
    return judgeCrowd(facts, stood, limitWords(first.limit, first.value));
  const what =
    first === undefined
      ? 'one question is allowed'
      : `one question is allowed (${first.limit}: ${first.value} ${limitTable[first.limit].unit})`;
  const troubles = facts.deeds.filter(({ kind }) => kind !== 'good');
  return {
    fault: 'our limit',
    works: false,
    zone,
    servers: serversOf(troubles),
    summary: `To resolve ${nameToText(facts.name)} would take more work than ${what}. The limit protects against names made to cause work.`,
    evidence: [
      ...reached.map(({ limit, value }) => `limit reached: ${limitWords(limit, value)}`),
      ...(reached.length === 0 ? texts(facts) : []),
      ...deedLines(troubles),
    ],
    remedy: [
      ...owner(
        zone,
        long
          ? 'shorten the chain of aliases'
          : 'make the zone easier to resolve: fewer levels of name servers and aliases, signatures and keys that are in order',
      ),
      {
        who: 'you',
        what: long
          ? 'nothing has to be changed here'
          : 'ask once more: what was learned is kept, so the next attempt gets further',
      },
    ],
  };
}

/** RFC 8509: SERVFAIL is what the name is for. */
function judgeSentinel(facts: Facts): Verdict {
  return {
    fault: 'nobody',
    works: true,
    zone: undefined,
    servers: [],
    summary: `${nameToText(facts.name)} resolves. It is a test of which root keys resolvers trust, and SERVFAIL is how this one answers it (RFC 8509).`,
    evidence: texts(facts),
    remedy: [],
  };
}

/** Bounds on what all questions together have in flight. */
const CROWDS: ReadonlySet<LimitName> = new Set(['questionsPerZone', 'questionsPerServer', 'questionsPerSilentServer']);

function judgeCrowd(facts: Facts, zone: Name | undefined, limit: string): Verdict {
  const where = zone === undefined ? 'the zone' : nameToText(zone);
  return {
    fault: 'our limit',
    works: false,
    zone,
    servers: [],
    summary: `As many questions as may be are in flight to the servers of ${where} already: they are slow or silent, or somebody asks for ever new names there.`,
    evidence: [`limit reached: ${limit}`, ...deedLines(facts.deeds.filter(({ kind }) => kind !== 'good'))],
    remedy: [
      {
        who: 'you',
        what: 'ask again later; `rootwalk servers` tells how its servers fare, and the metrics who is busy',
      },
      ...owner(zone, 'see that the name servers answer, and in time'),
    ],
  };
}

/** RFC 9520: it failed a moment ago; the extended errors tell of then. */
function judgeRemembered(facts: Facts): Verdict {
  const [error] = facts.resolution.extendedErrors;
  const told = error === undefined || error.code === EDE.cachedError ? '' : error.text;
  const zone = nameIn(told, /servers of (\S+?)(?::|,? )/) ?? nameIn(told, /^alias loop: (\S+) /);
  return {
    fault: zone === undefined ? 'our limit' : keptFault(told, zone),
    works: false,
    zone,
    servers: [],
    summary: `${nameToText(facts.name)} failed a moment ago${told === '' ? '' : ` (${told})`}, and is not asked for again so soon (RFC 9520): nothing new was learned.`,
    evidence: texts(facts),
    remedy: [
      {
        who: 'you',
        what: `explain again in some seconds, or after \`rootwalk cache flush ${nameToText(facts.name)}\`: then it is tried anew and told in full`,
      },
      ...(zone === undefined || zone === ROOT ? [] : owner(zone, 'see that the zone and its servers are in order')),
    ],
  };
}

/** Who was at fault, by the words of failure.ts. */
function keptFault(told: string, zone: Name): Fault {
  if (/^no address|^alias loop/.test(told)) return 'child zone';
  return zone === ROOT ? 'our network or a middlebox' : 'its servers';
}

function texts(facts: Facts): string[] {
  return facts.resolution.extendedErrors.map(({ text }) => text).filter((text) => text !== '');
}

function owner(zone: Name | undefined, what: string): Remedy[] {
  return zone === undefined ? [] : [{ who: { owner: zone }, what }];
}
