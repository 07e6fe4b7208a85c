// Reads the text of capsules: checks that they have the form that schema/capsule.json publishes.

import type { Capsule } from '../capsule.ts';
import { valueShape } from './capsule-value-shape.ts';
import {
  base64,
  closedObject,
  either,
  type JsonSchema,
  list,
  number,
  object,
  oneOf,
  record,
  type Shape,
  text,
  truth,
  tuple,
} from './shape.ts';

const readableShape: Shape = record(either(text, list(text)));
const messageFields = { octets: base64, readable: readableShape };
const verdict = oneOf('take', 'ignore', 'suspect');

const settingsShape: Shape = object(
  {
    limits: record(number),
    hints: list(text),
    zones: list(object({ zone: text, kind: oneOf('forward', 'stub'), servers: list(text) })),
    upstream: object(
      {
        port: number,
        ipv4: truth,
        ipv6: truth,
        deny: list(text),
        qnameMinimisation: oneOf('strict', 'relaxed', 'off'),
        caseRandomisation: truth,
        udpPayloadOctets: number,
      },
      { cookies: truth },
    ),
    cache: object({ maxOctets: number, minTtl: number, maxTtl: number, maxNegativeTtl: number }),
    dnssec: object({
      validate: truth,
      anchors: list(text),
      negativeAnchors: list(object({ zone: text }, { untilSeconds: number, reason: text })),
      sha1: oneOf('validate', 'insecure'),
    }),
    specialUse: truth,
  },
  { privateAddresses: object({ except: list(text) }) },
);

const place = either(oneOf(null), number);

const readShape: Shape = object({ kind: text, key: text, values: list(tuple(place, number)) });

const waitShape: Shape = object(
  { kind: oneOf('exchange', 'status', 'priming', 'turn'), key: text },
  { startMs: number, own: oneOf(true), endMs: number, turn: number, value: place },
);

const exchangeShape: Shape = object(
  {
    server: text,
    protocol: oneOf('udp', 'tcp'),
    startMs: number,
    tookMs: number,
    query: object(messageFields),
    arrivals: list(object({ ...messageFields, afterMs: number, verdict })),
    outcome: oneOf('response', 'timeout', 'unreachable', 'suspect', 'unfinished'),
  },
  { detail: text },
);

const capsuleShape: Shape = closedObject(
  {
    format: oneOf('rootwalk-capsule'),
    version: oneOf(1, 5),
    question: object({ name: text, type: text, checkingDisabled: truth }),
    settings: settingsShape,
    clock: object({ nowMs: number, wallSeconds: number }, { readings: list(number) }),
    random: list(tuple(number, number)),
    exchanges: list(exchangeShape),
    answer: object({ ...messageFields, security: text }, { failure: text }),
  },
  {
    complete: truth,
    timers: list(place),
    reads: list(readShape),
    waits: list(waitShape),
    values: list(valueShape),
    explanation: list(text),
  },
);

/** What a capsule is, in JSON Schema; published as schema/capsule.json. */
export const capsuleSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'rootwalk capsule: one resolution made portable',
  ...capsuleShape.schema,
};

/** Reads the text of a capsule file. Throws Error with the file's name and what is wrong where. */
export function parseCapsule(json: string, file: string): Capsule {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${file}: not JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  const fault = capsuleShape.check(value, '');
  if (fault !== undefined) throw new Error(`${file}: ${fault}`);
  return value as Capsule;
}
