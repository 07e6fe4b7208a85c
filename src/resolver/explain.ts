// Resolves a question and tells each step of it, in words and as JSON: for `explain`, here or inside a daemon.

import type { Clock } from '../base/ports.ts';
import type { ResolutionEvent } from './events.ts';
import { eventToJson, type Json, resolutionToJson } from './explain-json.ts';
import { explainLines } from './explain-tree.ts';
import { verdictToJson } from './explain-verdict.ts';
import { asked, outcome } from './explain-words.ts';
import type { Resolution, ResolveRequest } from './types.ts';
import { diagnose } from './verdict.ts';

/** What is told of one resolution. A plain value: it goes over the control socket as it is. */
export interface Explained {
  /** `www.example.com. A`. */
  readonly question: string;
  /** What came of it, in a sentence. */
  readonly outcome: string;
  readonly verdict: unknown;
  /** Times in ms from the start of the question. */
  readonly events: readonly Json[];
  /** Events beyond those listed. */
  readonly eventsNotShown: number;
  readonly result: { readonly [key: string]: Json };
  /** NOERROR or NXDOMAIN. */
  readonly answered: boolean;
  /** The same for people, as a tree. */
  readonly lines: readonly string[];
}

/** What resolves, and the clock by which it does. */
export interface Explaining {
  readonly clock: Pick<Clock, 'nowMs'>;
  resolve(request: ResolveRequest): Promise<Resolution>;
  /** Seconds left of the response kept for it in `answers`, undefined: there is none. Absent: there is no such layer. */
  answerTtl?(request: ResolveRequest): number | undefined;
}

/** Far more than the budget of one question can cause; the rest is counted. */
const EVENTS_MAX = 20_000;

/** Resolves `request`, whose own observer is not called. */
export async function explainQuestion(by: Explaining, request: ResolveRequest): Promise<Explained> {
  const { name, type } = request;
  const startMs = by.clock.nowMs();
  const events: ResolutionEvent[] = [];
  let eventsNotShown = 0;
  if (by.answerTtl !== undefined) {
    const ttl = by.answerTtl(request);
    const common = { kind: 'layer', layer: 'answers', name, type, atMs: startMs, lookup: 0 } as const;
    events.push(ttl === undefined ? { ...common, outcome: 'miss' } : { ...common, outcome: 'hit', ttl });
  }
  const resolution = await by.resolve({
    ...request,
    observer: (event) => {
      if (events.length < EVENTS_MAX) events.push(event);
      else eventsNotShown += 1;
    },
  });
  const elapsedMs = by.clock.nowMs() - startMs;
  // Times from the start of the question: the clock's own origin means nothing outside.
  const timed = events.map((event) => ({ ...event, atMs: Math.round((event.atMs - startMs) * 1000) / 1000 }));
  return {
    question: asked(name, type),
    outcome: outcome(events, resolution, elapsedMs),
    verdict: verdictToJson(diagnose(events, resolution)),
    events: timed.map(eventToJson),
    eventsNotShown,
    result: resolutionToJson(resolution, true),
    answered: resolution.failure === undefined && (resolution.rcode === 0 || resolution.rcode === 3),
    lines: [
      ...explainLines(request, events, resolution, elapsedMs),
      ...(eventsNotShown === 0 ? [] : [`(${eventsNotShown} more events are not shown)`]),
    ],
  };
}
