// From the events of one resolution to lines, one event after the other.

import type { ServerAddress } from '../base/ports.ts';
import type { LayerName, ResolutionEvent } from '../resolver/events.ts';
import type { FailureReason } from '../resolver/types.ts';
import { ancestorOf, labelCount, type Name, nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import type { RRset } from '../wire/rrset.ts';
import { RCODE, TYPE, typeToText } from '../wire/types.ts';
import { hitColumn, nameColumn, note, place, quote, row, saidColumn, shorten, timed } from './columns.ts';

/** Reads events in order and writes lines; it remembers only what a later line needs. */
export class Teller {
  readonly lines: string[] = [];
  /** Layers that something was written to. */
  readonly kept: Set<LayerName> = new Set();
  /** Why it failed, if it did; `detail` says it in the resolver's words. */
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
    if (event.what === 'failure') this.failure = 'cached-failure';
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
  'bad-cookie': '"show me this cookie"',
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

/** Sub-lookups deeper than this are indented no further. */
const indentMost = 4;
const layerRows: { readonly [Layer in LayerName]?: readonly [step: string, label: string] } = {
  answers: ['1', 'browser cache'],
  host: ['2', 'OS cache'],
  records: ['3', 'resolver cache'],
};

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
