// Who is at fault when a name does not resolve, by what evidence, and what to do. Pure: from events and the result.

import type { ServerAddress } from '../base/ports.ts';
import { labelCount, type Name, nameToText, ROOT } from '../wire/name.ts';
import type { ResolutionEvent } from './events.ts';
import { judgeDelegation } from './explain-delegation.ts';
import { deedLines, eventsOf, type Facts, gatherFacts, serversOf } from './explain-facts.ts';
import { judgeKeys } from './explain-keys.ts';
import { judgeOurselves } from './explain-ourselves.ts';
import { hasOwnHints, judgeServers } from './explain-servers.ts';
import { judgeSuccess } from './explain-success.ts';
import type { Resolution } from './types.ts';

/** Who is at fault; `nobody`: it works, or the name does not exist. */
export type Fault =
  | 'parent zone'
  | 'child zone'
  | 'its keys'
  | 'its servers'
  | 'our network or a middlebox'
  | 'our policy'
  | 'our limit'
  | 'our clock'
  | 'nobody';

/** What somebody can do: whoever runs a zone, or whoever runs this resolver. */
export interface Remedy {
  readonly who: { readonly owner: Name } | 'you';
  readonly what: string;
}

/** A server by its address and its name, as far as they are known. */
export interface Accused {
  readonly server: ServerAddress | undefined;
  readonly nameServer: Name | undefined;
}

/** The verdict on one resolution. Texts are not escaped: whoever prints them does that. */
export interface Verdict {
  readonly fault: Fault;
  /** Whether the client got what there is: an answer, NODATA or NXDOMAIN. */
  readonly works: boolean;
  /** The zone concerned, if it is one. */
  readonly zone: Name | undefined;
  /** The servers that failed, or that gave what is not believed. */
  readonly servers: readonly Accused[];
  /** What happened, in a sentence or two. */
  readonly summary: string;
  /** A few lines, each from an event. */
  readonly evidence: readonly string[];
  readonly remedy: readonly Remedy[];
}

/** Judges a resolution by its events, from 'question' to 'done'. */
export function diagnose(events: readonly ResolutionEvent[], resolution: Resolution): Verdict {
  const facts = gatherFacts(events, resolution);
  const verdict = judgeInterception(facts) ?? judge(facts);
  return { ...verdict, evidence: few(verdict.evidence) };
}

function judge(facts: Facts): Verdict {
  switch (facts.resolution.failure) {
    case undefined:
      return judgeSuccess(facts);
    case 'bogus':
      return judgeKeys(facts);
    case 'no-servers':
      return judgeDelegation(facts);
    case 'servers-failed':
    case 'network':
    case 'timeout':
      return judgeServers(facts);
    case 'limit':
      // Time is spent by servers that do not answer.
      if (eventsOf(facts, 'limit')[0]?.limit === 'resolutionMs') return judgeServers(facts);
      return judgeOurselves(facts, 'limit');
    default:
      return judgeOurselves(facts, facts.resolution.failure);
  }
}

/** Lines of evidence; more are counted. */
const EVIDENCE_MAX = 6;

function few(lines: readonly string[]): readonly string[] {
  if (lines.length <= EVIDENCE_MAX) return lines;
  return [...lines.slice(0, EVIDENCE_MAX - 1), `and ${lines.length - EVIDENCE_MAX + 1} more of the kind`];
}

/**
 * A root server refers and never recurses: what offers recursion in its place is something on the way. The same goes
 * for the servers of several zones at once, a TLD among them: one zone alone may be lame.
 */
function judgeInterception(facts: Facts): Verdict | undefined {
  const recursing = facts.deeds.filter(({ kind }) => kind === 'recurses');
  const zones = new Set(recursing.map(({ zone }) => zone));
  if (!zones.has(ROOT) && (zones.size < 2 || ![...zones].some((zone) => labelCount(zone) === 1))) return undefined;
  if (hasOwnHints(facts)) return undefined;
  const works = facts.resolution.failure === undefined;
  const bogus = eventsOf(facts, 'validated').filter(({ security }) => security === 'bogus');
  const where = zones.has(ROOT) ? 'a root server' : `the servers of ${[...zones].map(nameToText).join(' and ')}`;
  return {
    fault: 'our network or a middlebox',
    works,
    zone: undefined,
    servers: serversOf(recursing),
    summary:
      `Port 53 is intercepted: what answers in the place of ${where} is another resolver ` +
      '(in a router, a firewall or at the provider), which asks others instead of saying whom to ask.' +
      (works ? ' It gave an answer all the same.' : ''),
    evidence: [
      ...deedLines(recursing),
      ...bogus.map(({ name, why }) => `DNSSEC notices it at ${nameToText(name)}: ${why}`),
    ],
    remedy: [
      {
        who: 'you',
        what: 'have the interception of port 53 switched off (in the router: "DNS redirect", "DNS protection"; else ask the provider)',
      },
      { who: 'you', what: 'or send everything to a resolver that you trust: zones: [{ zone: ".", forward: [...] }]' },
    ],
  };
}
