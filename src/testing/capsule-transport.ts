// The network of a replay: answers each send as the equal one was answered in the capsule.

import { Buffer } from 'node:buffer';
import {
  addressKey,
  type Transport,
  type TransportOutcome,
  type TransportRequest,
  type Verdict,
} from '../base/ports.ts';
import type { CapsuleExchange } from '../capsule.ts';
import { octetsIn } from '../capsule-value-read.ts';
import { readable } from '../readable.ts';
import { parseMessage, parseQuestion } from '../wire/message.ts';
import type { CapsuleClock } from './capsule-clock.ts';

/** Answers each send as the equal one was answered in the recording. */
export class ReplayTransport implements Transport {
  readonly #exchanges: readonly CapsuleExchange[];
  readonly #clock: CapsuleClock;
  readonly #compare: 'exact' | 'answer';
  readonly #note: (difference: string) => void;
  readonly #played = new Set<number>();
  asked = 0;

  constructor(
    exchanges: readonly CapsuleExchange[],
    clock: CapsuleClock,
    compare: 'exact' | 'answer',
    note: (difference: string) => void,
  ) {
    this.#exchanges = exchanges;
    this.#clock = clock;
    this.#compare = compare;
    this.#note = note;
  }

  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome> {
    this.asked++;
    const exchange = this.#take(request);
    return new Promise((resolve) => {
      const timeout = (): void => resolve({ kind: 'timeout' });
      if (exchange === undefined) {
        this.#clock.unrecorded(request.timeoutMs, timeout);
        return;
      }
      const { startMs, tookMs, outcome, arrivals, detail = '' } = exchange;
      for (const { octets, afterMs } of arrivals) {
        this.#clock.recorded(startMs, afterMs, () => {
          const recorded = octetsIn(octets);
          const message = this.#compare === 'exact' ? recorded : asReplyTo(request.query, recorded);
          const verdict = accept(message);
          if (verdict === 'take') resolve({ kind: 'response', octets: message, rttMs: tookMs });
          else if (verdict === 'suspect') resolve({ kind: 'suspect' });
        });
      }
      if (outcome === 'unreachable') {
        this.#clock.recorded(startMs, tookMs, () => resolve({ kind: 'unreachable', detail }));
      } else if ((outcome === 'timeout' || outcome === 'suspect') && this.#compare === 'exact') {
        // Too many datagrams that nobody took are suspect, whatever each of them was.
        this.#clock.recorded(startMs, tookMs, () => resolve({ kind: outcome }));
      }
      // Whatever else a changed resolution makes of what arrives, it does not wait for ever.
      this.#clock.unrecorded(request.timeoutMs, timeout);
    });
  }

  close(): void {
    // Nothing is open.
  }

  /** The first recorded exchange that was not asked again; numbers count from 1. */
  missed(): { readonly number: number; readonly exchange: CapsuleExchange } | undefined {
    const index = this.#exchanges.findIndex((_, at) => !this.#played.has(at));
    const exchange = this.#exchanges[index];
    return exchange && { number: index + 1, exchange };
  }

  /** Exactly the octets, or the question and whether there is EDNS. */
  #queryKey(octets: Uint8Array): string {
    if (this.#compare === 'exact') return Buffer.from(octets).toString('base64');
    const { questions, edns } = parseMessage(octets);
    return JSON.stringify([questions, edns !== undefined]);
  }

  #take(request: TransportRequest): CapsuleExchange | undefined {
    const server = addressKey(request.server);
    const query = this.#queryKey(request.query);
    const index = this.#exchanges.findIndex(
      (exchange, at) =>
        !this.#played.has(at) &&
        exchange.server === server &&
        exchange.protocol === request.protocol &&
        this.#queryKey(octetsIn(exchange.query.octets)) === query,
    );
    if (index >= 0) {
      this.#played.add(index);
      return this.#exchanges[index];
    }
    const asked = `${server} ${request.protocol} ${readable(request.query).question?.join(' ')}`;
    const recorded = this.missed();
    const instead = recorded ? `recorded ${exchangeText(recorded.exchange)}` : 'recorded no further one';
    this.#note(`exchange ${this.asked}: asked ${asked}; ${instead}`);
    return undefined;
  }
}

/** A recorded reply with the ID and the letter case of another query for the same name. */
function asReplyTo(query: Uint8Array, recorded: Uint8Array): Uint8Array {
  const reply = recorded.slice();
  const end = parseQuestion(query).end;
  reply.set(query.subarray(0, 2));
  if (reply.length >= end) reply.set(query.subarray(12, end), 12);
  return reply;
}

/** An exchange in words. */
export function exchangeText({ server, protocol, query }: CapsuleExchange): string {
  return `${server} ${protocol} ${query.readable.question?.join(' ')}`;
}
