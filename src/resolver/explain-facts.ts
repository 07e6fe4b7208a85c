// What the events of a resolution say of zones and servers, gathered for the verdict. Pure.

import { addressKey, type ServerAddress } from '../base/ports.ts';
import { type Name, nameToText, ROOT } from '../wire/name.ts';
import { RCODE, rcodeToText } from '../wire/types.ts';
import type { ResolutionEvent, ResponseClass } from './events.ts';
import { asked, type EventOf, ms, responseWords, serverText, troubleWords } from './explain-words.ts';
import type { Resolution } from './types.ts';

/** What a server did with a question. `silent`: no answer in time; `late`: none until the resolution was over. */
export type DeedKind =
  | 'good'
  | 'silent'
  | 'late'
  | 'unreachable'
  | 'suspect'
  | 'malformed'
  | 'no-edns'
  | 'recurses'
  | 'refused'
  | 'lame'
  | 'failed';

/** One of them: asked at `zone`, in the order of events. */
export interface Deed {
  readonly zone: Name;
  readonly server: ServerAddress;
  readonly nameServer: Name | undefined;
  readonly kind: DeedKind;
  readonly protocol: 'udp' | 'tcp';
  readonly name: Name;
  readonly type: number;
  /** The rest of a sentence that begins with the server. */
  readonly words: string;
  /** What its response was judged to be, if one came. */
  readonly said: ResponseClass | undefined;
  /** What the network said of it: that there is no way there, or that the port is closed (ICMP, or a TCP reset). */
  readonly network: 'no-route' | 'refused' | undefined;
}

/** All that verdicts look at. */
export interface Facts {
  readonly events: readonly ResolutionEvent[];
  readonly resolution: Resolution;
  readonly name: Name;
  readonly type: number;
  readonly deeds: readonly Deed[];
  /** Where it stood, by zone: the last event of each. */
  readonly delegations: ReadonlyMap<Name, EventOf<'delegation'>>;
  /** By zone: the zone whose server referred to it. */
  readonly parents: ReadonlyMap<Name, Name>;
}

/** Reads the events once, in order; what it holds is bounded by them. */
export function gatherFacts(events: readonly ResolutionEvent[], resolution: Resolution): Facts {
  const question = events.find((event) => event.kind === 'question');
  const delegations = new Map<Name, EventOf<'delegation'>>();
  const parents = new Map<Name, Name>();
  const deeds = new Deeds();
  for (const event of events) {
    deeds.take(event);
    if (event.kind === 'delegation') {
      // Of a zone met again the glue in hand is told by its referral alone.
      const before = delegations.get(event.zone);
      const unused = event.unused ?? before?.unused;
      delegations.set(event.zone, unused === undefined ? event : { ...event, unused });
    } else if (event.kind === 'classified' && event.outcome === 'referral' && event.target !== undefined) {
      parents.set(event.target, event.zone);
    }
  }
  return {
    events,
    resolution,
    name: question?.kind === 'question' ? question.name : ROOT,
    type: question?.kind === 'question' ? question.type : 0,
    deeds: deeds.finish(events.at(-1)?.atMs ?? 0),
    delegations,
    parents,
  };
}

/** All events of one kind. */
export function eventsOf<Kind extends ResolutionEvent['kind']>(facts: Facts, kind: Kind): EventOf<Kind>[] {
  return facts.events.filter((event): event is EventOf<Kind> => event.kind === kind);
}

/** Where a server was asked, and under which name it is known there. */
interface Post {
  readonly zone: Name;
  readonly nameServer: Name | undefined;
}

class Deeds {
  readonly #list: { readonly deed: Deed; readonly order: number }[] = [];
  #order = 0;
  /** By exchange: when it was sent, in the order of events. */
  readonly #sentAt = new Map<number, number>();
  /** By lookup and server: for which zone it was chosen. */
  readonly #posts = new Map<string, Post>();
  readonly #zones = new Map<number, Name>();
  readonly #open = new Map<number, EventOf<'sent'> & { readonly lookup: number; readonly atMs: number }>();
  /** By lookup and server: how its last response came. */
  readonly #heard = new Map<string, EventOf<'received'>>();

  take(event: ResolutionEvent): void {
    this.#order += 1;
    switch (event.kind) {
      case 'delegation':
        this.#zones.set(event.lookup, event.zone);
        break;
      case 'server':
        this.#posts.set(postKey(event), { zone: event.zone, nameServer: event.nameServer });
        break;
      case 'sent':
        if (event.joined) break;
        this.#open.set(event.exchange, event);
        this.#sentAt.set(event.exchange, this.#order);
        if (event.why === 'no-edns') {
          this.#add(event, 'no-edns', event.protocol, 'refused the question with EDNS (RFC 6891) and got it without');
        }
        break;
      case 'received':
        this.#received(event);
        break;
      case 'classified':
        this.#classified(event);
        break;
      default:
        break;
    }
  }

  /** The deeds, those whose reply nobody waited for included. */
  finish(endMs: number): readonly Deed[] {
    for (const sent of this.#open.values()) {
      const waited = endMs - sent.atMs;
      if (waited < LATE_MS) continue;
      this.#add(sent, 'late', sent.protocol, `had not answered after ${ms(waited)}`);
    }
    // Silence is a deed of the moment at which it was asked: the walk may have gone on since.
    return this.#list.sort((a, b) => a.order - b.order).map(({ deed }) => deed);
  }

  #received(event: EventOf<'received'>): void {
    const sent = this.#open.get(event.exchange);
    this.#open.delete(event.exchange);
    this.#heard.set(postKey(event), event);
    if (sent === undefined || event.outcome === 'response') return;
    const detail = event.detail === undefined ? '' : ` (${troubleWords(event.detail)})`;
    const how = {
      timeout: ['silent', 'did not answer'],
      unreachable: ['unreachable', `could not be reached${detail}`],
      suspect: ['suspect', 'gave replies that may be forged'],
      malformed: ['malformed', `gave a reply that cannot be read${detail}`],
    } as const;
    const [kind, words] = how[event.outcome];
    const network = event.outcome === 'unreachable' ? networkSays(event.detail ?? '') : undefined;
    const cut = sent.why === 'truncated' ? 'cut its answer short by UDP (TC), and by TCP ' : '';
    this.#add(sent, kind, event.protocol, cut + words, network);
  }

  #classified(event: EventOf<'classified'>): void {
    const heard = this.#heard.get(postKey(event));
    const protocol = heard?.protocol ?? 'udp';
    const rcode = heard?.rcode ?? RCODE.NOERROR;
    switch (event.outcome) {
      case 'lame':
        if (event.recurses === true) {
          this.#add(event, 'recurses', protocol, 'does not hold the zone: it offers to ask others (RA, not AA)');
        } else if (rcode === RCODE.NOERROR) {
          this.#add(event, 'lame', protocol, `does not hold the zone: ${event.why}`);
        } else {
          this.#add(event, 'refused', protocol, `answered ${rcodeToText(rcode)}`);
        }
        break;
      case 'unusable':
        this.#add(
          event,
          'failed',
          protocol,
          rcode === RCODE.NOERROR ? `was of no use: ${event.why}` : `answered ${rcodeToText(rcode)}`,
        );
        break;
      default:
        this.#add(event, 'good', protocol, `answered ${responseWords(event)}`);
    }
  }

  #add(
    event: (EventOf<'sent'> | EventOf<'classified'>) & { readonly lookup: number },
    kind: DeedKind,
    protocol: 'udp' | 'tcp',
    words: string,
    network?: Deed['network'],
  ): void {
    const { server, name, type } = event;
    const post = this.#posts.get(postKey(event));
    const zone = (event.kind === 'classified' ? event.zone : post?.zone) ?? this.#zones.get(event.lookup) ?? ROOT;
    const said = event.kind === 'classified' ? event.outcome : undefined;
    const deed = { zone, server, nameServer: post?.nameServer, kind, protocol, name, type, words, said, network };
    const order = event.kind === 'sent' ? (this.#sentAt.get(event.exchange) ?? this.#order) : this.#order;
    this.#list.push({ deed, order });
  }
}

/** A server counts as late from here on, ms: hedging begins sooner with servers that are known to be fast. */
const LATE_MS = 100;

function postKey(event: { readonly lookup: number; readonly server: ServerAddress }): string {
  return `${event.lookup} ${addressKey(event.server)}`;
}

/** `192.0.2.1 (ns1.example.com.)`. */
export function deedServer({ server, nameServer }: Pick<Deed, 'server' | 'nameServer'>): string {
  return nameServer === undefined ? serverText(server) : `${serverText(server)} (${nameToText(nameServer)})`;
}

/** Lines of evidence: what each server did, the same deeds told once with all that it was asked. */
export function deedLines(deeds: readonly Deed[]): string[] {
  const lines = new Map<string, { readonly deed: Deed; readonly questions: Set<string>; count: number }>();
  for (const deed of deeds) {
    const key = `${addressKey(deed.server)} ${deed.kind} ${deed.protocol} ${deed.words}`;
    const line = lines.get(key) ?? { deed, questions: new Set(), count: 0 };
    line.questions.add(asked(deed.name, deed.type));
    line.count += 1;
    lines.set(key, line);
  }
  return [...lines.values()].map(({ deed, questions, count }) => {
    const [first = '', ...others] = questions;
    const more = others.length === 0 ? '' : others.length === 1 ? ` and ${others[0]}` : ` and ${others.length} others`;
    const times = count === 1 ? '' : `, ${count} times${others.length === 0 ? '' : ' in all'}`;
    const how = deed.protocol === 'tcp' ? 'by TCP' : 'by UDP';
    return `${deedServer(deed)} was asked ${first}${more} ${how}${times}: it ${deed.words}`;
  });
}

/** The servers of deeds, each once. */
export function serversOf(deeds: readonly Deed[]): { server: ServerAddress; nameServer: Name | undefined }[] {
  const servers = new Map<string, { server: ServerAddress; nameServer: Name | undefined }>();
  for (const { server, nameServer } of deeds) {
    const known = servers.get(addressKey(server));
    if (known?.nameServer === undefined) servers.set(addressKey(server), { server, nameServer });
  }
  return [...servers.values()];
}

function networkSays(detail: string): Deed['network'] {
  if (/NETUNREACH|HOSTUNREACH|ADDRNOTAVAIL/.test(detail)) return 'no-route';
  return detail === 'ECONNREFUSED' ? 'refused' : undefined;
}

/** The family of a server's address. */
export function familyOf({ ip }: ServerAddress): 'IPv4' | 'IPv6' {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** The family by which nothing came back, the network said that there is no way, and the other worked. */
export function missingFamily({ deeds }: Facts): 'IPv4' | 'IPv6' | undefined {
  return (['IPv4', 'IPv6'] as const).find((family) => {
    const own = deeds.filter(({ server }) => familyOf(server) === family);
    const lost = own.every(({ kind }) => kind === 'silent' || kind === 'late' || kind === 'unreachable');
    return lost && own.some(({ network }) => network === 'no-route') && deeds.some((deed) => deed.kind === 'good');
  });
}
