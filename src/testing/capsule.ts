// A capsule: one resolution made portable, as one JSON file that can be played again on any machine without a network.

import type { Limits } from '../base/limits.ts';
import type { UpstreamOptions } from '../resolver/options.ts';
import type { Readable } from './readable.ts';
import { base64, list, number, object, oneOf, record, type Shape, text, truth, tuple } from './shape.ts';

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
  /** How long it took: the RTT when there was a response. */
  readonly tookMs: number;
  readonly query: CapsuleMessage;
  readonly arrivals: readonly CapsuleArrival[];
  readonly outcome: 'response' | 'timeout' | 'unreachable' | 'suspect';
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
  readonly upstream: UpstreamOptions;
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
  /** Whether special-use names are answered locally. Other host data are not part of a capsule. */
  readonly specialUse: boolean;
}

/** The capsule. The caches were empty at its start. */
export interface Capsule {
  readonly format: 'rootwalk-capsule';
  readonly version: 1;
  readonly question: { readonly name: string; readonly type: string; readonly checkingDisabled: boolean };
  readonly settings: CapsuleSettings;
  /** The clocks at the start: monotonic milliseconds, seconds since 1970. */
  readonly clock: { readonly nowMs: number; readonly wallSeconds: number };
  /** Values drawn, in order: below what, and which. */
  readonly random: readonly (readonly [below: number, value: number])[];
  readonly exchanges: readonly CapsuleExchange[];
  /** The response that a client with DO would get, ID 0. */
  readonly answer: CapsuleMessage & { readonly security: string; readonly failure?: string };
}

const readableShape: Shape = record((value, path) =>
  Array.isArray(value) ? list(text)(value, path) : text(value, path),
);
const messageFields = { octets: base64, readable: readableShape };
const verdict = oneOf('take', 'ignore', 'suspect');

const settingsShape: Shape = object({
  limits: record(number),
  hints: list(text),
  zones: list(object({ zone: text, kind: oneOf('forward', 'stub'), servers: list(text) })),
  upstream: object({
    port: number,
    ipv4: truth,
    ipv6: truth,
    deny: list(text),
    qnameMinimisation: oneOf('strict', 'relaxed', 'off'),
    caseRandomisation: truth,
    udpPayloadOctets: number,
  }),
  cache: object({ maxOctets: number, minTtl: number, maxTtl: number, maxNegativeTtl: number }),
  dnssec: object({
    validate: truth,
    anchors: list(text),
    negativeAnchors: list(object({ zone: text }, { untilSeconds: number, reason: text })),
    sha1: oneOf('validate', 'insecure'),
  }),
  specialUse: truth,
});

const exchangeShape: Shape = object(
  {
    server: text,
    protocol: oneOf('udp', 'tcp'),
    startMs: number,
    tookMs: number,
    query: object(messageFields),
    arrivals: list(object({ ...messageFields, afterMs: number, verdict })),
    outcome: oneOf('response', 'timeout', 'unreachable', 'suspect'),
  },
  { detail: text },
);

const capsuleShape: Shape = object({
  format: oneOf('rootwalk-capsule'),
  version: oneOf(1),
  question: object({ name: text, type: text, checkingDisabled: truth }),
  settings: settingsShape,
  clock: object({ nowMs: number, wallSeconds: number }),
  random: list(tuple(number, number)),
  exchanges: list(exchangeShape),
  answer: object({ ...messageFields, security: text }, { failure: text }),
});

/** Reads the text of a capsule file. Throws Error with the file's name and what is wrong where. */
export function parseCapsule(json: string, file: string): Capsule {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${file}: not JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  const fault = capsuleShape(value, '');
  if (fault !== undefined) throw new Error(`${file}: ${fault}`);
  return value as Capsule;
}
