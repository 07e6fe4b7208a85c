// Drains a UDP socket in batches: one system call receives up to 64 queries, one sends their replies.

import { newOctets } from '../base/octets.ts';
import { type SystemCalls, sockaddrOctets } from '../base/system-calls.ts';
import { addressToText } from '../wire/address.ts';
import { OUT_OCTETS_LEAST } from './handle.ts';

/** Datagrams to a system call. More save little, and keep others waiting. */
const BATCH_MOST = 64;
/** Octets of a query that are received; what is longer is cut off, and no well-formed query. */
const QUERY_OCTETS_MAX = 4096;
/** Addresses whose text is remembered: a power of two. */
const SOURCES = 1024;

/** Where a datagram came from; one object serves for datagram after datagram. */
export interface Source {
  address: string;
  port: number;
}

// struct mmsghdr on 64-bit Linux, in 32-bit words: msg_name, msg_namelen, msg_iov, msg_iovlen, …, msg_len.
const HEADER_OCTETS = 64;
const NAME_WORD = 0;
const NAME_LENGTH_WORD = 2;
const IOVEC_WORD = 4;
const IOVEC_COUNT_WORD = 6;
const LENGTH_WORD = 14;
const HEADER_WORDS = HEADER_OCTETS / 4;
// struct iovec: address and length.
const IOVEC_OCTETS = 16;
const ADDRESS_STRIDE = 32;

/** Buffers and headers for batches on one socket. What a batch has received and written is void with the next one. */
export class UdpBatch {
  /** Where the queries lie, and what follows them; {@link lengthOf} tells how long each is. */
  readonly queries: readonly Uint8Array[];
  /** Where replies are written. */
  readonly replies: readonly Uint8Array[];
  readonly #calls: SystemCalls;
  readonly #descriptor: number;
  readonly #ipv6: boolean;
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;
  readonly #received: Uint8Array;
  readonly #sent: Uint8Array;
  /** Headers of what is left to send, from each one on. */
  readonly #sentFrom: readonly Uint8Array[];
  readonly #addressesAt: number;
  readonly #replyVectorsAt: number;
  readonly #texts: { readonly key: Int32Array; readonly text: string }[] = [];
  readonly #source: Source = { address: '', port: 0 };

  /** For the socket `descriptor` of that family. */
  constructor(calls: SystemCalls, descriptor: number, ipv6: boolean) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#ipv6 = ipv6;
    let octets = 0;
    const lay = (each: number): number => {
      octets += each * BATCH_MOST;
      return octets - each * BATCH_MOST;
    };
    const receivedAt = lay(HEADER_OCTETS);
    const sentAt = lay(HEADER_OCTETS);
    const queryVectorsAt = lay(IOVEC_OCTETS);
    this.#replyVectorsAt = lay(IOVEC_OCTETS);
    this.#addressesAt = lay(ADDRESS_STRIDE);
    const queriesAt = lay(QUERY_OCTETS_MAX);
    const repliesAt = lay(OUT_OCTETS_LEAST);
    const memory = calls.allocate(octets);
    const { buffer } = memory;
    this.#words = new Int32Array(buffer);
    this.#octets = new Uint8Array(buffer);
    const each = <T>(make: (index: number) => T): T[] => Array.from({ length: BATCH_MOST }, (_, index) => make(index));
    this.#received = new Uint8Array(buffer, receivedAt, HEADER_OCTETS * BATCH_MOST);
    this.#sent = new Uint8Array(buffer, sentAt, HEADER_OCTETS * BATCH_MOST);
    this.#sentFrom = each((i) => this.#sent.subarray(i * HEADER_OCTETS));
    this.queries = each((i) => new Uint8Array(buffer, queriesAt + i * QUERY_OCTETS_MAX, QUERY_OCTETS_MAX));
    this.replies = each((i) => new Uint8Array(buffer, repliesAt + i * OUT_OCTETS_LEAST, OUT_OCTETS_LEAST));
    const pointers = new BigInt64Array(buffer);
    const point = (at: number, to: number): void => {
      pointers[at / 8] = memory.address + BigInt(to);
    };
    for (let i = 0; i < BATCH_MOST; i++) {
      const address = this.#addressesAt + i * ADDRESS_STRIDE;
      for (const [header, vectors, data] of [
        [receivedAt, queryVectorsAt, queriesAt + i * QUERY_OCTETS_MAX],
        [sentAt, this.#replyVectorsAt, repliesAt + i * OUT_OCTETS_LEAST],
      ] as const) {
        const at = header + i * HEADER_OCTETS;
        const vector = vectors + i * IOVEC_OCTETS;
        point(at + 4 * NAME_WORD, address);
        point(at + 4 * IOVEC_WORD, vector);
        this.#words[at / 4 + IOVEC_COUNT_WORD] = 1;
        point(vector, data);
        this.#words[vector / 4 + 2] = QUERY_OCTETS_MAX;
      }
    }
  }

  /** Receives what waits at the socket; returns how many datagrams. */
  receive(): number {
    const words = this.#words;
    const octets = this.#ipv6 ? sockaddrOctets : 16;
    const headers = this.#received.byteOffset >> 2;
    for (let i = 0; i < BATCH_MOST; i++) words[headers + i * HEADER_WORDS + NAME_LENGTH_WORD] = octets;
    return this.#calls.receiveMany(this.#descriptor, this.#received, BATCH_MOST);
  }

  /** Octets of the query at `index`. */
  lengthOf(index: number): number {
    return this.#words[(this.#received.byteOffset >> 2) + index * HEADER_WORDS + LENGTH_WORD] as number;
  }

  /** Where the query at `index` came from; overwritten by the next call. */
  sourceOf(index: number): Source {
    const at = this.#addressesAt + index * ADDRESS_STRIDE;
    const source = this.#source;
    source.port = ((this.#octets[at + 2] as number) << 8) | (this.#octets[at + 3] as number);
    source.address = this.#textAt(at >> 2);
    return source;
  }

  /** The address of the sender of the query at `index`, for a later reply. */
  sockaddrOf(index: number): Uint8Array {
    const at = this.#addressesAt + index * ADDRESS_STRIDE;
    const sockaddr = newOctets(this.#ipv6 ? sockaddrOctets : 16);
    for (let i = 0; i < sockaddr.length; i++) sockaddr[i] = this.#octets[at + i] as number;
    return sockaddr;
  }

  /** Says that `replies[at]` holds `length` octets for the sender of the query at `index`. */
  address(at: number, index: number, length: number): void {
    const words = this.#words;
    const to = (this.#sent.byteOffset >> 2) + at * HEADER_WORDS;
    const from = (this.#received.byteOffset >> 2) + index * HEADER_WORDS;
    words[to + NAME_WORD] = words[from + NAME_WORD] as number;
    words[to + NAME_WORD + 1] = words[from + NAME_WORD + 1] as number;
    words[to + NAME_LENGTH_WORD] = this.#ipv6 ? sockaddrOctets : 16;
    words[(this.#replyVectorsAt >> 2) + at * (IOVEC_OCTETS / 4) + 2] = length;
  }

  /** Sends the first `count` replies. What the system does not take is lost, as in any queue that is full. */
  send(count: number): void {
    for (let sent = 0; sent < count; ) {
      const taken = this.#calls.sendMany(this.#descriptor, this.#sentFrom[sent] as Uint8Array, count - sent);
      // One that cannot be sent (its address is unreachable, say) holds up those behind it: they are tried without it.
      sent += Math.max(taken, 1);
    }
  }

  /** Sends the first `length` octets to `sockaddr`; lost if the system does not take them now. */
  sendTo(octets: Uint8Array, length: number, sockaddr: Uint8Array): void {
    this.#calls.sendTo(this.#descriptor, octets, length, sockaddr);
  }

  /** The text of the address in the `sockaddr` at 32-bit word `at`. */
  #textAt(at: number): string {
    const words = this.#words;
    const first = at + (this.#ipv6 ? 2 : 1);
    const count = this.#ipv6 ? 5 : 1;
    let hash = 0;
    for (let i = 0; i < count; i++) hash = Math.imul(hash ^ (words[first + i] as number), 0x9e3779b1);
    const place = (hash >>> 16) & (SOURCES - 1);
    const known = this.#texts[place];
    if (known !== undefined) {
      let same = 0;
      while (same < count && known.key[same] === words[first + same]) same++;
      if (same === count) return known.text;
    }
    const key = words.slice(first, first + count);
    const scope = this.#ipv6 ? key[4] : 0;
    const octets = new Uint8Array(key.buffer, 0, this.#ipv6 ? 16 : 4);
    const text = scope === 0 ? addressToText(octets) : `${addressToText(octets)}%${scope}`;
    this.#texts[place] = { key, text };
    return text;
  }
}
