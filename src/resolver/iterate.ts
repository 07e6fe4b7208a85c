// The referral loop: from the closest known delegation to an answer for one name and type, without following aliases.

import type { Delegation } from '../cache/hierarchy.ts';
import { noteLame } from '../cache/servers.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { RCODE, TYPE } from '../wire/types.ts';
import type { Find } from './addresses.ts';
import { dnameTarget } from './alias.ts';
import { addressSendsSpent, ask } from './ask.ts';
import { type Asked, classify } from './classify.ts';
import { crowdAtZone, isConfigured } from './crowds.ts';
import type { Reply } from './exchange.ts';
import { failLimit, giveUp, stopReason, withinDeadline } from './failure.ts';
import type { Found, FoundFailure } from './found.ts';
import { glueIn } from './glue-asked.ts';
import { LOOK, type WaitFor } from './journal.ts';
import {
  askWhole,
  type Minimisation,
  minimise,
  noteStep,
  type Question,
  silentSendsMost,
  startMinimisation,
} from './minimise.ts';
import {
  note,
  PRIME_AGAIN_MS,
  renewFrom,
  searchGlue,
  searchServer,
  selectNow,
  stand,
  untriedServer,
} from './position.ts';
import { reportResponse } from './report-response.ts';
import type { Lookup, Scope } from './scope.ts';
import { isBare, type Scrubbed, scrub } from './scrub.ts';
import type { Tried } from './select-server.ts';
import { termsOf } from './server-facts.ts';
import { storeChain, storeDenial, storePriming, storeReferral, storeRRset, storeZoneServers } from './store.ts';

/** Walks from the closest delegation to what `lookup` asks. Every pass is paid from the budget, so it ends. `minimising`: RFC 9156. */
export async function iterate(scope: Scope, lookup: Lookup, find: Find, minimising = true): Promise<Found> {
  const { name, type } = lookup;
  const { limits, upstream } = scope.shared.options;
  const minimisation = startMinimisation(!(minimising && minimises(scope, lookup)));
  const relaxed = upstream.qnameMinimisation !== 'strict';
  const places = new Map<Name, Tried>();
  let bareAnswers = 0;
  /** NODATA by a server that said nothing at all: good if no other says more. */
  let bare: (() => Found) | undefined;
  let start = startingPoint(scope, lookup);
  if (start.source === 'hints' && !isPriming(lookup)) {
    const silence = await prime(scope, find);
    if (silence !== undefined) return silence;
    start = startingPoint(scope, lookup);
  }
  let position = stand(scope, lookup, { delegation: start, glue: [] }, places, true);

  for (let pass = 0; pass < limits.iterations; pass++) {
    const stop = stopReason(scope, lookup);
    if (stop !== undefined) return bare?.() ?? stop;
    const { delegation } = position;
    const { zone } = delegation;
    if (addressSendsSpent(scope, lookup, zone)) {
      scope.exhaust(lookup, 'addressSendsPerZone');
      return failLimit('addressSendsPerZone', limits.addressSendsPerZone);
    }
    let choice = untriedServer(scope, position);
    if (choice === undefined && bare === undefined) choice = await searchServer(scope, lookup, position, find);
    if (choice === undefined && bare !== undefined) return bare();
    const crowded = choice === undefined ? position.tried.crowded : crowdAtZone(scope, delegation);
    if (crowded !== undefined) {
      scope.exhaust(lookup, crowded);
      return failLimit(crowded, limits[crowded]);
    }
    let question = questionFor(delegation, lookup, minimisation, limits.minimisationSteps);
    let role = roleOf(delegation);
    if (choice === undefined) {
      const parent = renewFrom(scope, position, places);
      if (parent !== undefined) {
        position = stand(scope, lookup, { delegation: parent, glue: [] }, places, true);
        continue;
      }
      if (position.search.addParentGlue(scope) || position.search.addZoneServers(scope)) {
        position.tried.noteNews();
        continue;
      }
      const candidate = position.tried.nextRecurser();
      if (candidate === undefined) {
        if (await searchGlue(scope, lookup, position, find)) continue;
        const addresses = position.search.candidates(scope).length;
        if (scope.nowMs() >= position.tried.silentUntilMs) scope.budget.noteSilence(position.tried.servers);
        return giveUp(scope, delegation, position.tried.troubles, addresses, lookup);
      }
      position.tried.noteNews();
      const terms = termsOf(scope, candidate.state, isConfigured(delegation));
      choice = { candidate, why: 'retry', expectedMs: undefined, terms };
      question = { name, type, minimised: false, recursionDesired: true };
      role = 'lastResort';
    }
    const heard = await ask(scope, lookup, delegation, question, position.tried, choice, () =>
      selectNow(scope, position),
    );
    if (heard.reply.kind !== 'message') {
      note(position, heard, troubleOf(heard.reply));
      // What the network or the server has said once it will say again; silence may be loss.
      if (heard.reply.kind !== 'timeout') position.tried.fail(heard.candidate.state);
      else if (question.minimised && relaxed && position.tried.total >= silentSendsMost) {
        askWhole(minimisation);
        position.tried.answered();
      }
      continue;
    }
    position.tried.noteNews();
    scope.budget.noteHeard(heard.candidate.state);

    const asked: Asked = { zone, name: question.name, type: question.type, role };
    const response = scrub(
      heard.reply.message,
      heard.candidate.state.address,
      zone,
      question.name,
      question.type,
      limits,
    );
    const outcome = classify(response, asked);
    if (scope.observer) reportResponse(scope, lookup, heard, asked, response, outcome);
    const glue = lookup.cut === undefined ? undefined : glueIn(scope, lookup, lookup.cut, response, outcome);
    if (glue !== undefined) return glue;

    switch (outcome.kind) {
      case 'referral':
        bare = undefined;
        position = stand(scope, lookup, storeReferral(scope, lookup, outcome, response, delegation), places, false);
        break;
      case 'answer': {
        if (question.minimised) {
          advance(minimisation, question, position.tried);
          break;
        }
        const entries = outcome.rrsets.map((rrset) => storeRRset(scope, lookup, rrset, zone, response));
        if (response.zoneServers !== undefined) storeZoneServers(scope, delegation, response.zoneServers);
        // RFC 9609, 4: this is the priming response, whoever asked.
        if (name === ROOT && type === TYPE.NS) storePriming(scope, lookup, outcome.rrsets, response);
        return { kind: 'records', entries };
      }
      case 'alias': {
        // A CNAME says nothing of names below it (RFC 9156, 3); a DNAME speaks for all of them.
        if (question.minimised && outcome.rrset.type === TYPE.CNAME) {
          advance(minimisation, question, position.tried);
          break;
        }
        if (question.minimised) {
          // RFC 6672, 3.2: the DNAME redirects the whole name, not the part of it that was asked.
          const entry = storeRRset(scope, lookup, outcome.rrset, zone, response);
          return { kind: 'alias', entry, target: dnameTarget(outcome.rrset, name) };
        }
        return storeChain(scope, lookup, response, asked, outcome);
      }
      case 'nodata':
        if (question.minimised) {
          advance(minimisation, question, position.tried);
          break;
        }
        bare = () => ({ kind: 'denial', entry: storeDenial(scope, lookup, outcome, name, type, zone, response) });
        // RFC 2308, 2.2 lets NODATA lack its SOA, but so does a server that lacks the zone: others are asked first, as in
        // Unbound.
        if (!isBare(response) || bareAnswers >= BARE_ANSWERS_MOST) return bare();
        bareAnswers += 1;
        position.tried.fail(heard.candidate.state);
        break;
      case 'nxdomain':
        // A signed denial of an ancestor denies the name (RFC 8020, 2): whoever signs does not mistake it for an ENT.
        if (question.minimised && scope.expectsSignatures(delegation) && outcome.proof.length > 0) {
          return { kind: 'denial', entry: storeDenial(scope, lookup, outcome, question.name, type, zone, response) };
        }
        // RFC 9156, 2.3 (relaxed): servers exist that deny names which have only names below them.
        if (question.minimised && relaxed) {
          askWhole(minimisation);
          position.tried.answered();
          break;
        }
        return { kind: 'denial', entry: storeDenial(scope, lookup, outcome, question.name, type, zone, response) };
      case 'lame':
      case 'unusable':
        if (question.minimised && relaxed) {
          askWhole(minimisation);
          break;
        }
        note(position, heard, outcome.why);
        position.tried.fail(heard.candidate.state);
        if (outcome.kind === 'lame' && role === 'authority') {
          if (outcome.recurses) position.tried.noteRecurser(heard.candidate);
          else if (isLameForAll(asked, response)) noteLame(heard.candidate.state, zone, scope.nowMs());
        }
        break;
    }
  }
  scope.exhaust(lookup, 'iterations');
  return failLimit('iterations', limits.iterations);
}

/**
 * What proved bogus is asked again in full: minimised questions puzzle some servers. So is DS on the way down the chain
 * of trust: it goes to the zone above, label by label already, and hides nothing from it. DS for a client is sought by
 * shorter names whatever the settings say: a server of both sides of the cut would answer for the child (RFC 4035,
 * 3.1.4.1).
 */
function minimises(scope: Scope, { type, above, cut }: Lookup): boolean {
  if (type === TYPE.DS) return above === undefined;
  // The parent has named this name itself, and may have glue for the whole of it alone.
  if (cut !== undefined) return false;
  return scope.shared.options.upstream.qnameMinimisation !== 'off' && !scope.hasDistrusted;
}

/** The closest delegation to the name; for DS above it, since DS lives on the parent's side (RFC 4035, 3.1.4.1), as glue does. */
function startingPoint(scope: Scope, { name, type, cut }: Lookup): Delegation {
  if (cut !== undefined) return scope.closestAbove(cut);
  return type === TYPE.DS ? scope.closestAbove(name) : scope.closest(name);
}

function isPriming({ name, type }: Lookup): boolean {
  return name === ROOT && type === TYPE.NS;
}

/**
 * RFC 9609: asks a server of the hints for the root's NS RRset. One question however many wait; hints serve if it fails.
 * Gives a failure to who asked it when all of them were silent: he has waited for them as long as a zone is waited for.
 */
export async function prime(scope: Scope, find: Find): Promise<FoundFailure | undefined> {
  const { shared } = scope;
  let silence: FoundFailure | undefined;
  let priming = scope.wait(PRIMING, shared.priming, undefined);
  if (priming === undefined) {
    if (scope.nowMs() < scope.read(LOOK.primeAgain, shared.primeAgainMs, ROOT)) return undefined;
    priming = iterate(scope, scope.primingLookup(), find)
      .then((found) => {
        // What the starter could not afford says nothing of the root.
        if (found.kind === 'failure' && (found.reason === 'timeout' || found.reason === 'limit')) return undefined;
        shared.primeAgainMs = scope.nowMs() + PRIME_AGAIN_MS;
        if (found.kind === 'failure' && found.reason === 'network') silence = found;
        return undefined;
      })
      .finally(() => {
        shared.priming = undefined;
      });
    shared.priming = { work: priming, by: scope };
  }
  await withinDeadline(scope, priming);
  return silence;
}

const PRIMING: WaitFor<'priming', undefined> = { kind: 'priming', key: () => '.', kept: () => undefined };

function questionFor(delegation: Delegation, lookup: Lookup, minimisation: Minimisation, stepsMax: number): Question {
  const { name, type } = lookup;
  // A forwarder does the walk: it needs the whole question.
  if (delegation.source === 'forward') return { name, type, minimised: false, recursionDesired: true };
  return minimise(delegation.zone, name, type, minimisation, stepsMax);
}

function roleOf({ source }: Delegation): Asked['role'] {
  if (source === 'forward') return 'forwarder';
  return source === 'stub' || source === 'hints' ? 'configured' : 'authority';
}

function advance(minimisation: Minimisation, { name }: Question, tried: Tried): void {
  tried.answered();
  noteStep(minimisation, name);
}

/** A wait that was cut short met silence too. */
function troubleOf(reply: Exclude<Reply, { kind: 'message' }>): string {
  if (reply.kind === 'unreachable') return reply.detail;
  return reply.kind === 'spent' ? 'timeout' : reply.kind;
}

/** Servers that may say nothing at all before that is taken for NODATA. */
const BARE_ANSWERS_MOST = 2;

/**
 * Whether who was lame for one question is expected to be so for the zone. Not where it refused, nor at the root: there
 * are no others, whatever a middlebox makes them say. RFC 4074, 4.4: there are servers that answer AAAA so, and A well.
 */
function isLameForAll({ zone, type }: Asked, { rcode }: Scrubbed): boolean {
  return rcode === RCODE.NOERROR && type === TYPE.A && zone !== ROOT;
}
