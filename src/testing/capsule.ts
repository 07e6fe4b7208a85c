// A capsule: one resolution made portable, as one JSON file that can be played again on any machine without a network.

import { z } from 'zod';
import type { Limits } from '../base/limits.ts';
import type { UpstreamOptions } from '../resolver/options.ts';
import type { Readable } from './readable.ts';

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

const readableSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
const messageSchema = z.object({ octets: z.base64(), readable: readableSchema });

/** The schema of a capsule, for whoever reads one in another program: `z.toJSONSchema(capsuleSchema)`. */
export const capsuleSchema: z.ZodType<Capsule> = z.object({
  format: z.literal('rootwalk-capsule'),
  version: z.literal(1),
  question: z.object({ name: z.string(), type: z.string(), checkingDisabled: z.boolean() }),
  settings: z.object({
    limits: z.record(z.string(), z.number()) as unknown as z.ZodType<Limits>,
    hints: z.array(z.string()),
    zones: z.array(z.object({ zone: z.string(), kind: z.enum(['forward', 'stub']), servers: z.array(z.string()) })),
    upstream: z.object({
      port: z.number().int(),
      ipv4: z.boolean(),
      ipv6: z.boolean(),
      deny: z.array(z.string()),
      qnameMinimisation: z.enum(['strict', 'relaxed', 'off']),
      caseRandomisation: z.boolean(),
      udpPayloadOctets: z.number().int(),
    }),
    cache: z.object({ maxOctets: z.number(), minTtl: z.number(), maxTtl: z.number(), maxNegativeTtl: z.number() }),
    dnssec: z.object({
      validate: z.boolean(),
      anchors: z.array(z.string()),
      negativeAnchors: z.array(
        z.object({ zone: z.string(), untilSeconds: z.number().optional(), reason: z.string().optional() }),
      ),
      sha1: z.enum(['validate', 'insecure']),
    }),
    specialUse: z.boolean(),
  }),
  clock: z.object({ nowMs: z.number(), wallSeconds: z.number() }),
  random: z.array(z.tuple([z.number(), z.number()])),
  exchanges: z.array(
    z.object({
      server: z.string(),
      protocol: z.enum(['udp', 'tcp']),
      startMs: z.number(),
      tookMs: z.number(),
      query: messageSchema,
      arrivals: z.array(messageSchema.extend({ afterMs: z.number(), verdict: z.enum(['take', 'ignore', 'suspect']) })),
      outcome: z.enum(['response', 'timeout', 'unreachable', 'suspect']),
      detail: z.string().optional(),
    }),
  ),
  answer: messageSchema.extend({ security: z.string(), failure: z.string().optional() }),
}) as z.ZodType<Capsule>;

/** Reads the text of a capsule file. Throws Error with the file's name and what is wrong where. */
export function parseCapsule(text: string, file: string): Capsule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: not JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  const parsed = capsuleSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}
