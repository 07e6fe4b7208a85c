// The story of one walk: from the events of a resolution to lines that a person who knows no DNS can follow.

import type { ServerAddress } from '../base/ports.ts';
import type { LayerName, ResolutionEvent } from '../resolver/events.ts';
import type { FailureReason } from '../resolver/types.ts';
import { ancestorOf, labelCount, type Name, nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import type { RRset } from '../wire/rrset.ts';
import { RCODE, TYPE, typeToText } from '../wire/types.ts';

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

/** A time in milliseconds with as many digits as it deserves: 0.02 ms, 0.4 ms, 12 ms. */
export function showMs(ms: number): string {
  if (ms < 0.095) return `${ms.toFixed(2)} ms`;
  return ms < 0.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

// The columns of a line: step, what it is, who or where, what was said, how long it took.
const nameColumn = 19;
const saidColumn = 34;
const hitColumn = 30;
const timeEnd = 64;
/** More of what a server said is left out. */
const saidMost = 44;
/** Sub-lookups deeper than this are indented no further. */
const indentMost = 4;
/** More lines of data than this are counted, not shown. */
const dataMost = 4;

const keptOrder: readonly LayerName[] = ['hierarchy', 'records', 'answers'];

const layerRows: { readonly [Layer in LayerName]?: readonly [step: string, label: string] } = {
  answers: ['1', 'browser cache'],
  host: ['2', 'OS cache'],
  records: ['3', 'resolver cache'],
};

const failures: { readonly [Reason in FailureReason]: string } = {
  'no-servers': 'no server of the zone has an address',
  'servers-failed': 'every server that should know was asked, and none gave a usable answer',
  network: 'no server that should know answered',
  loop: 'the names lead back to themselves, round and round',
  limit: 'that would take more work than one question is allowed',
  timeout: 'the time for one question ran out',
  'cached-failure': 'it failed a moment ago, and that is remembered for some seconds',
  bogus: 'the signatures are wrong, so the answer is not believed',
  busy: 'the resolver has too much to do',
  closed: 'the resolver was closed',
};

/** Reads events in order and writes lines; it remembers only what a later line needs. */
class Teller {
  readonly lines: string[] = [];
  readonly kept = new Set<LayerName>();
  failure: FailureReason | undefined;
  detail: string | undefined;
  readonly #toldLayers = new Set<string>();
  /** By lookup: where the walk stands. */
  readonly #zones = new Map<number, Name>();
  /** By sub-lookup: how deep it is nested; the client's question is at 0. */
  readonly #depths = new Map<number, number>();
  /** By exchange: to whom it was sent and when, while nothing has come back. */
  readonly #awaited = new Map<
    number,
    { readonly lookup: number; readonly server: ServerAddress; readonly atMs: number }
  >();
  /** By lookup and server: the last response that no line has told yet. */
  readonly #waiting = new Map<string, { readonly ms: number; readonly rcode: number | undefined }>();
  /** The client's question is asked again under another name. */
  #aliased = false;

  take(event: ResolutionEvent): void {
    switch (event.kind) {
      case 'layer':
        this.#layer(event);
        break;
      case 'delegation':
        this.#delegation(event);
        break;
      case 'server':
        this.#chosen(event);
        break;
      case 'sent':
        this.#sent(event);
        break;
      case 'received':
        this.#received(event);
        break;
      case 'classified':
        this.#classified(event);
        break;
      case 'alias':
        this.#alias(event);
        break;
      case 'sublookup':
        this.#subLookup(event);
        break;
      case 'cached':
        this.kept.add(event.layer);
        break;
      case 'limit':
        this.#add(event.lookup, note(`stopped at a limit: ${event.limit} ${event.value}`));
        break;
      case 'done':
        this.failure = event.failure;
        this.detail = event.detail;
        break;
      default:
        // What is left is for `explain`: records dropped, questions, ends of sub-lookups.
        break;
    }
  }

  #layer(event: ResolutionEvent & { kind: 'layer' }): void {
    const shown = layerRows[event.layer];
    // Sub-lookups ask the records layer too, and a walk asks it at each alias: the first of each is enough.
    if (shown === undefined || event.lookup !== 0 || this.#toldLayers.has(event.layer)) return;
    // An alias changes the name, and the layers above have said what they know.
    if (this.#aliased && event.layer !== 'records') return;
    this.#toldLayers.add(event.layer);
    this.#add(0, place(row(...shown, event.layer), event.outcome === 'miss' ? 'miss' : showHit(event), hitColumn));
  }

  #delegation(event: ResolutionEvent & { kind: 'delegation' }): void {
    const first = !this.#zones.has(event.lookup);
    this.#zones.set(event.lookup, event.zone);
    const depth = labelCount(event.zone);
    if (!first || !event.cached || depth === 0) return;
    const why = place('hierarchy', `HIT, knows ${zoneText(event.zone)}`, hitColumn - nameColumn);
    this.#add(event.lookup, row('4', 'root', why));
    if (depth > 1) this.#add(event.lookup, row('5', `TLD ${zoneText(ancestorOf(event.zone, 1))}`, why));
  }

  #chosen(event: ResolutionEvent & { kind: 'server' }): void {
    this.#zones.set(event.lookup, event.zone);
    if (event.why !== 'hedge') return;
    // The one asked last is late for its own round trip.
    const late = [...this.#awaited.values()].findLast(({ lookup }) => lookup === event.lookup);
    if (late === undefined) return;
    this.#server(event.lookup, late.server, event.atMs - late.atMs, 'late: ask another too');
  }

  #sent(event: ResolutionEvent & { kind: 'sent' }): void {
    const { lookup, server, atMs } = event;
    if (!event.joined) this.#awaited.set(event.exchange, { lookup, server, atMs });
    const said = event.why === undefined ? undefined : resent[event.why];
    if (said !== undefined) this.#server(event.lookup, event.server, this.#takeWaiting(event), said);
  }

  #received(event: ResolutionEvent & { kind: 'received' }): void {
    const ms = event.rttMs ?? event.atMs - (this.#awaited.get(event.exchange)?.atMs ?? event.atMs);
    this.#awaited.delete(event.exchange);
    if (event.outcome === 'response' || event.outcome === 'suspect') {
      this.#waiting.set(waitingKey(event), { ms, rcode: event.rcode });
      return;
    }
    const said =
      event.outcome === 'timeout' ? 'no answer' : event.outcome === 'malformed' ? 'unreadable' : 'cannot be reached';
    this.#server(event.lookup, event.server, ms, said);
  }

  #classified(event: ResolutionEvent & { kind: 'classified' }): void {
    this.#zones.set(event.lookup, event.zone);
    const rcode = this.#waiting.get(waitingKey(event))?.rcode;
    this.#server(event.lookup, event.server, this.#takeWaiting(event), whatWasSaid(event, rcode));
  }

  #alias(event: ResolutionEvent & { kind: 'alias' }): void {
    this.#aliased ||= event.lookup === 0;
    this.#toldLayers.clear();
    this.#zones.delete(event.lookup);
    this.#add(event.lookup, note(`${host(event.from)} is another name for ${host(event.to)}`));
  }

  #subLookup(event: ResolutionEvent & { kind: 'sublookup' }): void {
    const parent = event.parent ?? 0;
    this.#depths.set(event.lookup, 1 + this.#depth(parent));
    this.#add(parent, note(`first, the address of ${host(event.name)} (${typeToText(event.type)}):`));
  }

  #takeWaiting(event: { readonly lookup: number; readonly server: ServerAddress }): number | undefined {
    const ms = this.#waiting.get(waitingKey(event))?.ms;
    this.#waiting.delete(waitingKey(event));
    return ms;
  }

  #server(lookup: number, server: ServerAddress, ms: number | undefined, said: string): void {
    const zone = this.#zones.get(lookup);
    const [step, label] = zone === undefined ? [' ', 'server'] : stepOf(zone);
    const line = place(row(step, label, server.ip), said, saidColumn);
    this.#add(lookup, ms === undefined ? line : timed(line, ms));
  }

  #add(lookup: number, line: string): void {
    this.lines.push(`${'  '.repeat(Math.min(this.#depth(lookup), indentMost))}${line}`);
  }

  #depth(lookup: number): number {
    return this.#depths.get(lookup) ?? 0;
  }
}

/** Why the same server is asked again, as the server's words. */
const resent: { readonly [why: string]: string | undefined } = {
  truncated: '"too long for UDP, ask by TCP"',
  suspect: 'a reply that may be forged: asked by TCP',
  'no-edns': '"I do not know EDNS": asked without',
};

function stepOf(zone: Name): readonly [step: string, label: string] {
  const depth = labelCount(zone);
  if (depth === 0) return ['4', 'root'];
  return depth === 1 ? ['5', `TLD ${zoneText(zone)}`] : ['6', 'authoritative'];
}

function whatWasSaid(event: ResolutionEvent & { kind: 'classified' }, rcode: number | undefined): string {
  switch (event.outcome) {
    case 'referral':
      return event.target === undefined ? '"ask others"' : `"ask ${zoneText(event.target)}"`;
    case 'answer':
    case 'alias':
      return quote(shorten(answerText(event.answer ?? [], event.target)));
    case 'nodata':
      return `"no ${typeToText(event.type)} record at ${host(event.name)}"`;
    case 'nxdomain':
      return '"no such name"';
    case 'lame':
    case 'unusable':
      if (rcode === RCODE.REFUSED) return '"I refuse"';
      return rcode === RCODE.SERVFAIL ? '"I failed"' : `of no use: ${event.why}`;
  }
}

function answerText(answer: readonly RRset[], target: Name | undefined): string {
  const last = answer.at(-1);
  if (last === undefined || last.type === TYPE.CNAME || last.type === TYPE.DNAME) {
    if (target !== undefined) return `see ${host(target)}`;
  }
  if (last === undefined) return 'found';
  return last.rdatas.map((rdata) => rdataToText(last.type, rdata)).join(', ');
}

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

/** In quotes, unless it brings its own. */
function quote(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}

function showHit(event: ResolutionEvent & { kind: 'layer' }): string {
  const what = event.what === undefined ? '' : hitKinds[event.what];
  return `HIT${what}${event.ttl === undefined ? '' : `, ${event.ttl} s left`}`;
}

const hitKinds = {
  rrset: '',
  alias: ', another name',
  nodata: ': no such record',
  nxdomain: ': no such name',
  failure: ': failed a moment ago',
} as const;

function row(step: string, label: string, rest: string): string {
  return place(` ${step} ${label}`, rest, nameColumn);
}

function note(text: string): string {
  return `   ${text}`;
}

/** `text` at `column`, or two blanks behind what is there already. */
function place(line: string, text: string, column: number): string {
  return `${line.padEnd(Math.max(column, line.length + 2))}${text}`;
}

function timed(line: string, ms: number, words = ''): string {
  const text = `${showMs(ms)}${words}`;
  return place(line, text, timeEnd - text.length);
}

function shorten(text: string): string {
  return text.length > saidMost ? `${text.slice(0, saidMost - 1)}…` : text;
}

/** A name as people write it: without the final dot. */
function host(name: Name): string {
  const text = nameToText(name);
  return text === '.' ? text : text.slice(0, -1);
}

/** A zone as the story calls it: ".com" for a TLD. */
function zoneText(zone: Name): string {
  return labelCount(zone) === 1 ? `.${host(zone)}` : host(zone);
}

function waitingKey(event: { readonly lookup: number; readonly server: ServerAddress }): string {
  return `${event.lookup} ${event.server.ip}`;
}
