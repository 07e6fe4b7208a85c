// The typed events by which a resolution can be seen from outside. Nothing is built unless an observer listens.

import type { LimitName } from '../base/limits.ts';
import type { ServerAddress } from '../base/ports.ts';
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import type { FailureReason } from './types.ts';

/** The layers of the notes, in their order. `answers` is asked by the server, the rest by the resolver. */
export type LayerName = 'answers' | 'host' | 'records' | 'hierarchy';

/** What `classify()` says of a response. */
export type ResponseClass = 'answer' | 'alias' | 'referral' | 'nodata' | 'nxdomain' | 'lame' | 'unusable';

/** Why a server was chosen before its peers. */
export type ChoiceReason = 'fastest' | 'untried' | 'exploring' | 'only' | 'hedge' | 'retry' | 'configured';

/** An address that may not be asked, and why. */
export interface UnusedAddress {
  readonly nameServer: Name;
  readonly ip: string;
  readonly why: 'ipv4-off' | 'ipv6-off' | 'denied';
}

/** What happened, without when and where. */
export type EventBody =
  /** A client question (or a further link of its alias chain) begins. */
  | { readonly kind: 'question'; readonly name: Name; readonly type: number }
  /** A cache layer was asked. `ttl`: seconds left, on a hit. `what`: positive data, alias, denial, failure. */
  | {
      readonly kind: 'layer';
      readonly layer: LayerName;
      readonly name: Name;
      readonly type: number;
      readonly outcome: 'hit' | 'miss';
      readonly what?: 'rrset' | 'alias' | 'nodata' | 'nxdomain' | 'failure';
      readonly ttl?: number;
    }
  /** The walk stands at a zone: its deepest known delegation. `cached`: it was known before this question. */
  | {
      readonly kind: 'delegation';
      readonly zone: Name;
      readonly nameServers: readonly Name[];
      readonly addresses: readonly ServerAddress[];
      readonly source: 'hints' | 'priming' | 'referral' | 'stub' | 'forward';
      readonly cached: boolean;
      /** Addresses that are known and may not be asked: of a family that is off, or in `upstream.deny`. */
      readonly unused?: readonly UnusedAddress[];
    }
  /** A server was chosen among `candidates`. `expectedMs`: its smoothed RTT, when known. */
  | {
      readonly kind: 'server';
      readonly zone: Name;
      readonly server: ServerAddress;
      readonly nameServer?: Name;
      readonly why: ChoiceReason;
      readonly expectedMs?: number;
      readonly candidates: number;
    }
  /** A question went out. `joined`: another resolution had asked the same and its reply is awaited. */
  | {
      readonly kind: 'sent';
      readonly exchange: number;
      readonly server: ServerAddress;
      readonly protocol: 'udp' | 'tcp';
      readonly name: Name;
      readonly type: number;
      readonly edns: boolean;
      readonly joined: boolean;
      readonly why?: 'truncated' | 'suspect' | 'no-edns' | 'bad-cookie' | 'minimised';
    }
  /** How that ended. `rcode`, `octets` only for a response. */
  | {
      readonly kind: 'received';
      readonly exchange: number;
      readonly server: ServerAddress;
      readonly protocol: 'udp' | 'tcp';
      readonly outcome: 'response' | 'timeout' | 'unreachable' | 'suspect' | 'malformed';
      readonly rttMs?: number;
      readonly rcode?: number;
      readonly octets?: number;
      readonly detail?: string;
    }
  /** `classify()` judged a response at `zone`. `target`: child zone of a referral, or target of an alias. */
  | {
      readonly kind: 'classified';
      readonly zone: Name;
      readonly server: ServerAddress;
      readonly name: Name;
      readonly type: number;
      readonly outcome: ResponseClass;
      readonly why: string;
      readonly target?: Name;
      readonly answer?: readonly RRset[];
      /** The server is not authoritative and offers recursion. */
      readonly recurses?: boolean;
    }
  /** Records of a response were not believed. */
  | {
      readonly kind: 'dropped';
      readonly name: Name;
      readonly type: number;
      readonly section: 'answer' | 'authority' | 'additional';
      readonly why: string;
    }
  /** An alias link is followed. `synthesised`: a CNAME made from a DNAME (RFC 6672). */
  | { readonly kind: 'alias'; readonly from: Name; readonly to: Name; readonly synthesised: boolean }
  /** A sub-lookup begins (its events carry `lookup`) or ends. */
  | { readonly kind: 'sublookup'; readonly name: Name; readonly type: number; readonly why: string }
  | { readonly kind: 'sublookup-end'; readonly outcome: string }
  /** Something was written to a layer. */
  | {
      readonly kind: 'cached';
      readonly layer: LayerName;
      readonly name: Name;
      readonly type: number;
      readonly ttl: number;
    }
  /** What validation found. `code`: the extended error (RFC 8914); `atSeconds`: the wall clock that it was judged by. */
  | {
      readonly kind: 'validated';
      readonly name: Name;
      readonly type: number;
      readonly security: 'secure' | 'insecure' | 'bogus' | 'indeterminate';
      readonly zone?: Name;
      readonly why: string;
      readonly code?: number;
      readonly atSeconds?: number;
    }
  /** A bound was reached. */
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly value: number }
  /** The end of the client question. */
  | { readonly kind: 'done'; readonly rcode: number; readonly failure?: FailureReason; readonly detail?: string };

/** An event: when (Clock.nowMs, as the resolution last went on), which lookup (0: the client's question; sub-lookups count up) and its parent. */
export type ResolutionEvent = EventBody & {
  readonly atMs: number;
  readonly lookup: number;
  readonly parent?: number;
};

/** Receives events synchronously and must not throw. */
export type Observer = (event: ResolutionEvent) => void;
