// From the events of a resolution to a tree in the eight steps of the notes. Pure: the same events, the same tree.

import { addressKey, type ServerAddress } from '../base/ports.ts';
import { printable, shorten } from '../base/printable.ts';
import { type Name, nameToText, ROOT } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import { RCODE, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import type { LayerName, ResolutionEvent } from './events.ts';
import { verdictLines } from './explain-verdict.ts';
import {
  asked,
  choiceWords,
  delegationWords,
  droppedWords,
  type EventOf,
  layerTitles,
  layerWords,
  limitWords,
  ms,
  outcome,
  receivedWords,
  responseWords,
  sendWords,
  serverText,
  zoneTitle,
} from './explain-words.ts';
import { node, type TreeNode, treeLines } from './tree.ts';
import type { Resolution } from './types.ts';
import { diagnose } from './verdict.ts';

/** The lines of an explanation: the question, the tree, what came of it in one sentence, and the verdict. */
export function explainLines(
  question: { readonly name: Name; readonly type: number },
  events: readonly ResolutionEvent[],
  resolution: Resolution,
  elapsedMs: number,
): string[] {
  return [
    asked(question.name, question.type),
    ...treeLines(explainTree(events, resolution)),
    printable(outcome(events, resolution, elapsedMs)),
    '',
    ...verdictLines(diagnose(events, resolution)),
  ];
}

/** Lines of one kind below a node (records dropped, names kept, addresses); more are counted. */
const LISTED_MAX = 8;

/** The tree of a resolution. Sub-lookups are nested where they were needed. */
export function explainTree(events: readonly ResolutionEvent[], resolution: Resolution): TreeNode[] {
  const builder = new TreeBuilder();
  for (const event of events) builder.take(event);
  const first = events.some((event) => event.kind === 'layer' && event.layer === 'answers')
    ? []
    : [node(`${layerTitles.answers}: not asked here; a daemon looks there first, and resolves what it lacks`)];
  return [...first, ...builder.top, ...keptNodes(events), clientNode(resolution)];
}

/** Where a lookup stands while its events are read. */
interface Place {
  /** Where its steps go. */
  steps: TreeNode[];
  /** The zone that is being asked. */
  zone: TreeNode | undefined;
  /** The last server that was heard: records dropped and judgements belong to it. */
  heard: TreeNode | undefined;
  /** By server: its node, from being chosen until its response is judged. */
  readonly open: Map<string, TreeNode>;
  /** By server: how its node begins, and the time of its last reply. */
  readonly rtts: Map<string, number>;
  questions: number;
  dropped: number;
}

/** Reads events in order; everything it holds is bounded by the events. */
class TreeBuilder {
  readonly top: TreeNode[] = [];
  readonly #places = new Map<number, Place>();
  /** By exchange: the server's node. */
  readonly #exchanges = new Map<number, TreeNode>();
  readonly #titles = new Map<TreeNode, string>();
  /** By sub-lookup: its own node. */
  readonly #subLookups = new Map<number, TreeNode>();

  take(event: ResolutionEvent): void {
    if (event.kind === 'sublookup') {
      this.#subLookup(event);
      return;
    }
    const place = this.#place(event);
    switch (event.kind) {
      case 'question':
        this.#question(place, event);
        break;
      case 'layer':
        place.steps.push(node(`${layerTitles[event.layer]}: ${layerWords(event)}`));
        break;
      case 'delegation':
        place.zone = node(`${zoneTitle(event.zone)}: ${delegationWords(event)}`);
        place.open.clear();
        place.steps.push(place.zone);
        break;
      case 'server':
        this.#server(place, event);
        break;
      case 'sent':
        this.#sent(place, event);
        break;
      case 'received':
        this.#received(place, event);
        break;
      case 'dropped':
        place.dropped += 1;
        this.#below(place, droppedWords(event), place.dropped);
        break;
      case 'classified':
        this.#classified(place, event);
        break;
      case 'alias': {
        const how = event.synthesised ? 'DNAME' : 'CNAME';
        place.steps.push(node(`alias (${how}): ${nameToText(event.from)} is ${nameToText(event.to)}`));
        break;
      }
      case 'sublookup-end':
        this.#subLookupEnd(event);
        break;
      case 'validated': {
        const { name, type, security, why } = event;
        (place.zone?.children ?? place.steps).push(node(`validated ${asked(name, type)}: ${security}, ${why}`));
        break;
      }
      case 'limit':
        (place.zone?.children ?? place.steps).push(node(`limit reached: ${limitWords(event.limit, event.value)}`));
        break;
      case 'cached':
      case 'done':
        // Told once for the whole resolution, at its end.
        break;
    }
  }

  #place(event: ResolutionEvent): Place {
    const known = this.#places.get(event.lookup);
    if (known !== undefined) return known;
    if (event.lookup === 0) return this.#newPlace(0, this.top);
    const words = unannounced(event);
    const begun = node(words);
    this.#subLookups.set(event.lookup, begun);
    const parent = event.parent === undefined ? undefined : this.#places.get(event.parent);
    (parent?.zone?.children ?? parent?.steps ?? this.top).push(begun);
    return this.#newPlace(event.lookup, begun.children);
  }

  #newPlace(lookup: number, steps: TreeNode[]): Place {
    const place: Place = {
      steps,
      zone: undefined,
      heard: undefined,
      open: new Map(),
      rtts: new Map(),
      questions: 0,
      dropped: 0,
    };
    this.#places.set(lookup, place);
    return place;
  }

  #question(place: Place, event: EventOf<'question'>): void {
    place.questions += 1;
    if (place.questions === 1) return;
    const link = node(`then ${asked(event.name, event.type)}`);
    (event.lookup === 0 ? this.top : place.steps).push(link);
    place.steps = link.children;
    place.zone = undefined;
    place.heard = undefined;
    place.open.clear();
  }

  #server(place: Place, event: EventOf<'server'>): void {
    const name = event.nameServer === undefined ? '' : ` (${nameToText(event.nameServer)})`;
    const opened = this.#open(place, event.server, `${serverText(event.server)}${name}`);
    const expectation = event.expectedMs === undefined ? '' : `, usually answers in ${ms(event.expectedMs)}`;
    const among = event.candidates > 1 ? ` of ${event.candidates}` : '';
    opened.children.push(node(`chosen${among}: ${choiceWords[event.why]}${expectation}`));
  }

  #open(place: Place, server: ServerAddress, title: string): TreeNode {
    const opened = node(`${title}: no reply seen`);
    this.#titles.set(opened, title);
    place.open.set(addressKey(server), opened);
    (place.zone?.children ?? place.steps).push(opened);
    return opened;
  }

  #sent(place: Place, event: EventOf<'sent'>): void {
    const opened =
      place.open.get(addressKey(event.server)) ?? this.#open(place, event.server, serverText(event.server));
    this.#exchanges.set(event.exchange, opened);
    const how = `${event.protocol.toUpperCase()}${event.edns ? '' : ' without EDNS'}`;
    const why = event.why === undefined ? '' : ` (${sendWords[event.why]})`;
    const joined = event.joined ? ', joining the same question that was in flight already' : '';
    if (event.joined) opened.text = `${this.#titles.get(opened)}: awaited with the same question that was in flight`;
    opened.children.push(node(`asked ${asked(event.name, event.type)} by ${how}${why}${joined}`));
  }

  #received(place: Place, event: EventOf<'received'>): void {
    const opened = this.#exchanges.get(event.exchange) ?? this.#open(place, event.server, serverText(event.server));
    this.#exchanges.delete(event.exchange);
    place.heard = opened;
    place.dropped = 0;
    const title = this.#titles.get(opened) ?? serverText(event.server);
    if (event.rttMs !== undefined) place.rtts.set(addressKey(event.server), event.rttMs);
    const words = receivedWords(event);
    opened.text = `${title}: ${words}`;
    opened.children.push(node(`got ${words}`));
  }

  #classified(place: Place, event: EventOf<'classified'>): void {
    const key = addressKey(event.server);
    const opened = place.open.get(key) ?? place.heard ?? this.#open(place, event.server, serverText(event.server));
    place.open.delete(key);
    const rtt = place.rtts.get(key);
    const title = this.#titles.get(opened) ?? serverText(event.server);
    opened.text = `${title}: ${responseWords(event)}${rtt === undefined ? '' : `, ${ms(rtt)}`}`;
    // Of a response that is no use the title has told why.
    if (event.outcome === 'lame' || event.outcome === 'unusable') return;
    opened.children.push(node(`judged ${event.outcome}: ${event.why}`));
  }

  #subLookup(event: EventOf<'sublookup'>): void {
    const parent = this.#places.get(event.parent ?? 0);
    const begun = node(`meanwhile ${asked(event.name, event.type)}: ${event.why}`);
    this.#subLookups.set(event.lookup, begun);
    (parent?.zone?.children ?? parent?.steps ?? this.top).push(begun);
    this.#newPlace(event.lookup, begun.children);
  }

  #subLookupEnd(event: EventOf<'sublookup-end'>): void {
    const begun = this.#subLookups.get(event.lookup);
    if (begun !== undefined) begun.children.push(node(`ended: ${event.outcome}`));
  }

  /** A line below the server that was heard; from LISTED_MAX on only counted. */
  #below(place: Place, text: string, count: number): void {
    const lines = place.heard?.children ?? place.steps;
    if (count <= LISTED_MAX) lines.push(node(text));
    else if (count === LISTED_MAX + 1) lines.push(node('1 more dropped'));
    else (lines.at(-1) as TreeNode).text = `${count - LISTED_MAX} more dropped`;
  }
}

/** The title of a lookup whose begin no event announced. Without a parent it is the priming question, which belongs to all. */
function unannounced(event: ResolutionEvent): string {
  if (event.parent === undefined) return `first, who the root servers are (RFC 9609): ${asked(ROOT, TYPE.NS)}`;
  return event.kind === 'layer' || event.kind === 'sent' ? `meanwhile ${asked(event.name, event.type)}` : 'meanwhile';
}

/** Step 7: what every layer that was passed has kept. */
function keptNodes(events: readonly ResolutionEvent[]): TreeNode[] {
  const order: readonly LayerName[] = ['hierarchy', 'records', 'host', 'answers'];
  const kept = events.filter((event) => event.kind === 'cached');
  if (kept.length === 0) return [];
  const layers = order.flatMap((layer) => {
    const texts = new Map<string, string>();
    for (const { layer: at, name, type, ttl } of kept) {
      const what =
        layer === 'hierarchy'
          ? `${nameToText(name)} ${type === TYPE.NS ? 'delegation' : typeToText(type)}`
          : asked(name, type);
      if (at === layer) texts.set(what, `${what} for ${Math.floor(ttl)} s`);
    }
    if (texts.size === 0) return [];
    const lines = [...texts.values()];
    const more = lines.length > LISTED_MAX ? [node(`and ${lines.length - LISTED_MAX} more`)] : [];
    return [
      node(layerTitles[layer].replace(/^\S+ /, ''), [...lines.slice(0, LISTED_MAX).map((line) => node(line)), ...more]),
    ];
  });
  return [node('7 return and cache: kept in', layers)];
}

/** Step 8: what the client has in hand. */
function clientNode(resolution: Resolution): TreeNode {
  const title = '8 the client gets';
  if (resolution.rcode !== RCODE.NOERROR) return node(`${title} ${rcodeToText(resolution.rcode)}`);
  const records = resolution.answer.flatMap(({ name, type, rdatas }) =>
    rdatas.map((rdata) => `${asked(name, type)} ${shorten(rdataToText(type, rdata), 100)}`),
  );
  if (records.length === 0) return node(`${title} an empty answer: the name exists, without such a record`);
  const more = records.length > LISTED_MAX ? [node(`and ${records.length - LISTED_MAX} more`)] : [];
  return node(title, [...records.slice(0, LISTED_MAX).map((record) => node(record)), ...more]);
}
