// The story of one walk: from the events of a resolution to lines that a person who knows no DNS can follow.

import type { LayerName, ResolutionEvent } from '../resolver/events.ts';
import type { FailureReason } from '../resolver/types.ts';
import { note, quote, row, shorten, timed } from './columns.ts';
import { Teller } from './teller.ts';

/** What the client got: the response that came back over its socket. */
export interface WalkReply {
  /** "NOERROR", "NXDOMAIN", "SERVFAIL"… */
  readonly rcode: string;
  /** The data of the records of the type asked for, as text. */
  readonly data: readonly string[];
  /** UDP had no room for it, so the client asked again by TCP. */
  readonly byTcp?: boolean;
}

/** How the visit to the web page ended: a status with the page's text, or why there was none. */
export type WalkVisit = { readonly status: number; readonly text: string } | { readonly error: string };

/** One walk, as observed. Nothing in it is made up: events of the resolver, a response, a visit, measured times. */
export interface Walk {
  /** The name without final dot, and the type ("A"). */
  readonly name: string;
  readonly type: string;
  readonly events: readonly ResolutionEvent[];
  /** From sending the question to having the response, in milliseconds. */
  readonly answeredMs: number;
  /** From sending the question to the end of it all. */
  readonly totalMs: number;
  /** Absent: the client waited in vain. */
  readonly reply?: WalkReply;
  readonly visit?: WalkVisit;
}

/** The lines of the walk. `brief`: without what the client got, where the answer came at once from `answers`. */
export function tellWalk(walk: Walk, options: { readonly brief?: boolean } = {}): string[] {
  const teller = new Teller();
  for (const event of walk.events) teller.take(event);
  const { lines, kept } = teller;
  // A response too long for UDP is asked for twice, and the second time is a hit: the first one tells.
  const first = walk.events.find((event) => event.kind === 'layer' && event.layer === 'answers');
  if (first?.kind === 'layer' && first.outcome === 'hit') {
    const hit = [...lines.slice(0, -1), timed(lines.at(-1) ?? '', walk.answeredMs)];
    return options.brief ? hit : [...hit, ...ending(walk, teller)];
  }
  const layers = keptOrder.filter((layer) => kept.has(layer));
  const keptLine = layers.length > 0 ? [row('7', 'kept in', layers.join(', '))] : [];
  return [...lines, ...keptLine, ...ending(walk, teller), timed('', walk.totalMs, ' in all')];
}

/** More lines of data than this are counted, not shown. */
const dataMost = 4;

const keptOrder: readonly LayerName[] = ['hierarchy', 'records', 'answers'];

const failures: { readonly [Reason in FailureReason]: string } = {
  'no-servers': 'no server of the zone has an address',
  'servers-failed': 'every server that should know was asked, and none gave a usable answer',
  network: 'no server that should know answered',
  loop: 'the names lead back to themselves, round and round',
  limit: 'that would take more work than one question is allowed',
  timeout: 'the time for one question ran out',
  'cached-failure': 'it failed a moment ago, and that is remembered for some seconds',
  bogus: 'the signatures are wrong, so the answer is not believed',
  sentinel: 'the name asks which root keys are trusted here, and this says no',
  busy: 'the resolver has too much to do',
  closed: 'the resolver was closed',
};

function ending(walk: Walk, teller: Teller): string[] {
  const { reply, visit } = walk;
  if (reply === undefined) return [row('8', 'you get', 'nothing: no response came')];
  const byTcp = reply.byTcp ? [note('too long for UDP: the client asks again by TCP')] : [];
  if (visit !== undefined) {
    const said = 'error' in visit ? visit.error : `${visit.status} ${quote(visit.text)}`;
    return [...byTcp, timed(row('8', 'website', `GET / -> ${said}`), walk.totalMs - walk.answeredMs)];
  }
  if (reply.rcode === 'NXDOMAIN') return [row('8', 'you get', `"${walk.name} does not exist"`)];
  if (reply.rcode !== 'NOERROR') {
    const why = teller.failure === undefined ? '' : `: ${failures[teller.failure]}`;
    const detail = teller.detail === undefined ? [] : [note(teller.detail)];
    return [row('8', 'you get', `${reply.rcode}${why}`), ...detail];
  }
  if (reply.data.length === 0) return [row('8', 'you get', `"${walk.name} exists, but has no ${walk.type} record"`)];
  const shown = reply.data.slice(0, dataMost).map((text) => row('8', 'you get', shorten(text)));
  const more = reply.data.length - shown.length;
  return [...byTcp, ...shown, ...(more > 0 ? [row(' ', '', `and ${more} more`)] : [])];
}
