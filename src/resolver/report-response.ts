// Tells an observer what a response was taken for, and which of its records were not believed.

import type { Heard } from './ask.ts';
import type { Asked, Classified } from './classify.ts';
import type { Lookup, Scope } from './scope.ts';
import type { Scrubbed } from './scrub.ts';

/** Emits the events of one response. Callers ask for `scope.observer` first. */
export function reportResponse(
  scope: Scope,
  lookup: Lookup,
  heard: Heard,
  asked: Asked,
  response: Scrubbed,
  outcome: Classified,
): void {
  for (const { rrset, section, why } of response.dropped) {
    scope.emit(lookup, { kind: 'dropped', name: rrset.name, type: rrset.type, section, why });
  }
  const target =
    outcome.kind === 'referral'
      ? { target: outcome.zone }
      : outcome.kind === 'alias' && outcome.target
        ? { target: outcome.target }
        : {};
  const answer = outcome.kind === 'answer' ? { answer: outcome.rrsets } : {};
  const recurses = outcome.kind === 'lame' && outcome.recurses ? { recurses: true } : {};
  const server = heard.candidate.state.address;
  const { zone, name, type } = asked;
  scope.emit(lookup, {
    kind: 'classified',
    zone,
    server,
    name,
    type,
    outcome: outcome.kind,
    why: outcome.why,
    ...target,
    ...answer,
    ...recurses,
  });
}
