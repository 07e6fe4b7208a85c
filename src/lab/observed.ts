// A resolver as the lab's server is given it: the same one, with every question seen by an observer.

import type { Clock } from '../base/ports.ts';
import type { Answers } from '../cache/answers.ts';
import type { EventBody, Observer } from '../resolver/events.ts';
import type { Resolver } from '../resolver/resolver.ts';
import type { ResolveRequest } from '../resolver/types.ts';
import type { ServedAnswers, ServedResolver } from '../server/handle.ts';
import { parseQuestion } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';

/** Gives the observer of a question, if anybody wants to see it. */
export type FindObserver = (name: Name, type: number) => Observer | undefined;

/** What a server may be given in place of `resolver`, so that `find` sees its questions, `answers` included. */
export function observed(resolver: Resolver, clock: Clock, find: FindObserver): ServedResolver {
  const seen = (request: ResolveRequest): ResolveRequest => {
    const observer = find(request.name, request.type);
    return observer === undefined ? request : { ...request, observer };
  };
  return {
    caches: { answers: observedAnswers(resolver.caches.answers, clock, find) },
    fromCache: (request) => resolver.fromCache(seen(request)),
    resolve: (request) => resolver.resolve(seen(request)),
  };
}

/** The layer `answers` with its finds and puts told as events. */
function observedAnswers(answers: Answers, clock: Clock, find: FindObserver): ServedAnswers {
  function tell(message: Uint8Array, makeBody: (name: Name, type: number) => EventBody): void {
    const { name, type } = parseQuestion(message).question;
    find(name, type)?.({ ...makeBody(name, type), atMs: clock.nowMs(), lookup: 0 });
  }
  return {
    find: (query, questionEnd, flags, nowMs) => {
      const slot = answers.find(query, questionEnd, flags, nowMs);
      tell(query, (name, type) => {
        const common = { kind: 'layer', layer: 'answers', name, type } as const;
        if (slot < 0) return { ...common, outcome: 'miss' };
        return { ...common, outcome: 'hit', ttl: answers.ttlLeft(slot, nowMs) };
      });
      return slot;
    },
    put: (...put) => {
      answers.put(...put);
      const [message, , , ttl] = put;
      tell(message, (name, type) => ({ kind: 'cached', layer: 'answers', name, type, ttl }));
    },
    copy: (...copy) => answers.copy(...copy),
    copyOptions: (...copy) => answers.copyOptions(...copy),
    secure: (slot) => answers.secure(slot),
    get generation() {
      return answers.generation;
    },
  };
}
