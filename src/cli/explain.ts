// `rootwalk explain`: resolves a name in this process and shows each step, in the eight steps of the notes.

import { silentLog } from '../base/ports.ts';
import type { ResolutionEvent } from '../resolver/events.ts';
import { explainLines } from '../resolver/explain-tree.ts';
import { verdictToJson } from '../resolver/explain-verdict.ts';
import { asked, outcome } from '../resolver/explain-words.ts';
import { diagnose } from '../resolver/verdict.ts';
import { readDigOptions } from './dig-options.ts';
import { eventToJson, resolutionToJson } from './explain-json.ts';
import { EXIT, type Io } from './io.ts';
import type { QueryFlags } from './query.ts';
import { readQuestion } from './question.ts';
import { findSettings } from './settings.ts';

/** Far more than the budget of one question can cause; the rest is counted. */
const EVENTS_MAX = 20_000;

/** Runs the verb; exit codes as of `query`. */
export async function explain(io: Io, words: readonly string[], flags: QueryFlags): Promise<number> {
  const options = readDigOptions(words.filter((word) => word.startsWith('+')));
  const question = readQuestion(
    words.filter((word) => !word.startsWith('+')),
    flags.reverse,
  );
  const { settings } = await findSettings(io, flags.config);
  const events: ResolutionEvent[] = [];
  let unseen = 0;

  const opened = await io.parts.openResolver(settings, silentLog);
  try {
    const startMs = opened.clock.nowMs();
    const resolution = await opened.resolve({
      ...question,
      checkingDisabled: options.cd,
      observer: (event) => {
        if (events.length < EVENTS_MAX) events.push(event);
        else unseen += 1;
      },
    });
    const elapsedMs = opened.clock.nowMs() - startMs;
    if (flags.json) {
      // Times from the start of the question: the clock's own origin means nothing outside.
      const timed = events.map((event) => ({ ...event, atMs: Math.round((event.atMs - startMs) * 1000) / 1000 }));
      const json = {
        question: asked(question.name, question.type),
        outcome: outcome(events, resolution, elapsedMs),
        verdict: verdictToJson(diagnose(events, resolution)),
        events: timed.map(eventToJson),
        eventsNotShown: unseen,
        result: resolutionToJson(resolution, true),
      };
      io.out(`${JSON.stringify(json, undefined, 2)}\n`);
    } else {
      io.out(`${explainLines(question, events, resolution, elapsedMs).join('\n')}\n`);
      if (unseen > 0) io.out(`(${unseen} more events are not shown)\n`);
    }
    const answered = resolution.failure === undefined && (resolution.rcode === 0 || resolution.rcode === 3);
    return answered ? EXIT.done : EXIT.noAnswer;
  } finally {
    await opened.close();
  }
}
