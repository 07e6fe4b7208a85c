// A capsule: one resolution made portable, as one JSON value that can be played again on any machine without a network.

import type { Limits } from './base/limits.ts';
import type { CapsuleValue } from './capsule-value.ts';
import type { Readable } from './readable.ts';
import type { Reads, Waits } from './resolver/journal.ts';
import type { UpstreamOptions } from './resolver/options.ts';

/** Octets as base64, and what they say. */
export interface CapsuleMessage {
  readonly octets: string;
  readonly readable: Readable;
}

/** A message that arrived: when, in ms since the exchange began, and what the resolver made of it. */
export interface CapsuleArrival extends CapsuleMessage {
  readonly afterMs: number;
  readonly verdict: 'take' | 'ignore' | 'suspect';
}

/** One message to one server and what came of it. */
export interface CapsuleExchange {
  /** `ip@port`. */
  readonly server: string;
  readonly protocol: 'udp' | 'tcp';
  /** Milliseconds since the resolution began. */
  readonly startMs: number;
  /** How long it took, to the moment at which the resolution went on: the RTT, and what else the machine had to do. */
  readonly tookMs: number;
  readonly query: CapsuleMessage;
  readonly arrivals: readonly CapsuleArrival[];
  /** `unfinished`: the resolution was done before. */
  readonly outcome: 'response' | 'timeout' | 'unreachable' | 'suspect' | 'unfinished';
  /** What the network said, when it was unreachable. */
  readonly detail?: string;
}

/** The settings that a resolution depends on. Names and records are presentation text. */
export interface CapsuleSettings {
  readonly limits: Limits;
  readonly hints: readonly string[];
  readonly zones: readonly {
    readonly zone: string;
    readonly kind: 'forward' | 'stub';
    readonly servers: readonly string[];
  }[];
  /** Without `cookies` in capsules older than they. */
  readonly upstream: Omit<UpstreamOptions, 'cookies'> & Partial<UpstreamOptions>;
  readonly cache: {
    readonly maxOctets: number;
    readonly minTtl: number;
    readonly maxTtl: number;
    readonly maxNegativeTtl: number;
  };
  readonly dnssec: {
    readonly validate: boolean;
    /** DS and DNSKEY records. */
    readonly anchors: readonly string[];
    readonly negativeAnchors: readonly {
      readonly zone: string;
      readonly untilSeconds?: number;
      readonly reason?: string;
    }[];
    readonly sha1: 'validate' | 'insecure';
  };
  /** Present: private addresses were left out of answers, but for names in `except`. */
  readonly privateAddresses?: { readonly except: readonly string[] };
  /** Whether special-use names are answered locally. */
  readonly specialUse: boolean;
}

/** What was read of one thing, in order: places in `values`, null for nothing there, each with how often in a row. */
export interface CapsuleRead {
  readonly kind: keyof Reads;
  /** What was looked at: a name and type, a zone, a server. */
  readonly key: string;
  readonly values: readonly (readonly [value: number | null, times: number])[];
}

/** Whether something was in progress for another question, and what came of waiting for it. Times from the start. */
export interface CapsuleWait {
  readonly kind: keyof Waits;
  readonly key: string;
  /** Undefined: nothing was in progress. */
  readonly startMs?: number;
  /** True: this resolution itself had begun it. */
  readonly own?: true;
  /** Undefined: it is of its own, or the resolution was done before. */
  readonly endMs?: number;
  /** The how manyth of all that others had in progress to end: of those that end at one moment, the lower comes first. */
  readonly turn?: number;
  /** A place in `values`; null: nothing but the end. */
  readonly value?: number | null;
}

/**
 * The capsule. Version 1 has no `readings`, `timers`, `reads`, `waits` and `values`: the caches were empty at its start, and
 * time is played by how long things took. Versions 2 to 4 were never released. No client is in it.
 */
export interface Capsule {
  readonly format: 'rootwalk-capsule';
  readonly version: 1 | 5;
  readonly question: { readonly name: string; readonly type: string; readonly checkingDisabled: boolean };
  readonly settings: CapsuleSettings;
  /** The clocks at the start: monotonic milliseconds, seconds since 1970; and what the former said later, each time. */
  readonly clock: { readonly nowMs: number; readonly wallSeconds: number; readonly readings?: readonly number[] };
  /** When each timer that was set fired, by the same clock, in the order of setting; null: not before the end. */
  readonly timers?: readonly (number | null)[];
  /** Values drawn, in order: below what, and which. */
  readonly random: readonly (readonly [below: number, value: number])[];
  readonly exchanges: readonly CapsuleExchange[];
  /** False: there was too much to write down, and a replay will part. */
  readonly complete?: boolean;
  /** What the resolution read of caches, servers' states and zones' keys. */
  readonly reads?: readonly CapsuleRead[];
  readonly waits?: readonly CapsuleWait[];
  readonly values?: readonly CapsuleValue[];
  /** The response that a client with DO would get, ID 0. */
  readonly answer: CapsuleMessage & { readonly security: string; readonly failure?: string };
  /** The steps that led to it, as `explain` prints them. */
  readonly explanation?: readonly string[];
}
