// The library's face: a resolver for Node programs, with results in plain values.

import type { Capsule } from './capsule.ts';
import { type Recording, recordResolution } from './capsule-record.ts';
import type { Observer, ResolutionEvent } from './resolver/events.ts';
import { explainLines } from './resolver/explain-tree.ts';
import type { Resolver } from './resolver/resolver.ts';
import type { FailureReason, Resolution } from './resolver/types.ts';
import { WireError } from './wire/error.ts';
import { type Name, nameFromText, nameToText } from './wire/name.ts';
import { rdataToText } from './wire/rdata-text.ts';
import { RCODE, TYPE, typeFromText, typeToText } from './wire/types.ts';

/** One record, in presentation form. */
export interface ResolvedRecord {
  /** Owner, with the final dot. */
  readonly name: string;
  readonly type: string;
  /** Seconds left. */
  readonly ttl: number;
  /** RDATA as dig prints it. */
  readonly data: string;
  /** RDATA as octets, uncompressed. */
  readonly octets: Uint8Array;
}

/** What a question came to. */
export interface ResolveResult {
  readonly kind: 'answer' | 'nodata' | 'nxdomain' | 'failure';
  readonly security: 'secure' | 'insecure' | 'bogus' | 'indeterminate';
  /** Alias links first, in order. */
  readonly records: readonly ResolvedRecord[];
  /** Seconds that the result holds; 0 for a failure. */
  readonly ttl: number;
  /** RFC 8914. */
  readonly extendedErrors: readonly { readonly code: number; readonly text: string }[];
  /** Why it failed; only with `kind: 'failure'`. */
  readonly failure?: FailureReason;
  /** Every step that led here, in the eight steps of a lookup, and what came of it. Lines of text. */
  explain(): string;
  /** The same steps as typed events. */
  readonly events: readonly ResolutionEvent[];
  /**
   * All that this resolution read and exchanged, as a JSON value: `rootwalk replay` plays it on any machine without a
   * network. No client is in it. Undefined: the question was turned away (busy or closed) before anything was read.
   */
  capsule(): Capsule | undefined;
}

/** Thrown for a name or type that is none. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
  readonly code = 'EBADNAME';
}

/** Asks one question and puts the result in plain values. Throws {@link QuestionError}. */
export async function resolveToResult(
  resolver: Resolver,
  name: string,
  type: string,
  options: { readonly checkingDisabled?: boolean; readonly observer?: Observer } = {},
): Promise<ResolveResult> {
  const { checkingDisabled = false, observer } = options;
  const question = { ...parseQuestionText(name, type), checkingDisabled, ...(observer && { observer }) };
  return toResult(await recordResolution(resolver, question), question);
}

/** The question in wire values. Throws {@link QuestionError} with what is wrong. */
export function parseQuestionText(name: string, type: string): { readonly name: Name; readonly type: number } {
  const number = typeFromText(type);
  if (number === undefined) throw new QuestionError(`${type}: not a record type (A, AAAA, MX, TXT, TYPE65…)`);
  try {
    return { name: nameFromText(name), type: number };
  } catch (error) {
    if (error instanceof WireError) throw new QuestionError(`${name}: not a domain name: ${error.message}`);
    throw error;
  }
}

function toResult(
  { resolution, events, capsule }: Recording,
  question: { readonly name: Name; readonly type: number },
): ResolveResult {
  const elapsedMs = (events.at(-1)?.atMs ?? 0) - (events[0]?.atMs ?? 0);
  const { security, failure, extendedErrors, ttl } = resolution;
  return {
    kind: kindOf(resolution, question.type),
    security: security === 'unchecked' ? 'indeterminate' : security,
    records: resolution.answer.flatMap((rrset) =>
      rrset.rdatas.map((octets) => ({
        name: nameToText(rrset.name),
        type: typeToText(rrset.type),
        ttl: rrset.ttl,
        data: rdataToText(rrset.type, octets),
        octets: octets.slice(),
      })),
    ),
    ttl,
    extendedErrors,
    ...(failure === undefined ? {} : { failure }),
    explain: () => explainLines(question, events, resolution, elapsedMs).join('\n'),
    events,
    capsule,
  };
}

function kindOf(resolution: Resolution, type: number): ResolveResult['kind'] {
  if (resolution.rcode === RCODE.NXDOMAIN) return 'nxdomain';
  if (resolution.rcode !== RCODE.NOERROR) return 'failure';
  const wanted = resolution.answer.some((rrset) => rrset.type === type || type === TYPE.ANY);
  return wanted ? 'answer' : 'nodata';
}
