// Events and results as JSON: names and types as text, RDATA as dig prints it.

import { type Name, nameToText } from '../wire/name.ts';
import { rdataToText } from '../wire/rdata-text.ts';
import type { RRset } from '../wire/rrset.ts';
import { edeToText, rcodeToText, TYPE, typeToText } from '../wire/types.ts';
import type { ResolutionEvent } from './events.ts';
import type { Resolution } from './types.ts';

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Fields that hold names in wire form, one or a list. */
const NAMES = new Set(['name', 'zone', 'nameServer', 'nameServers', 'target', 'from', 'to']);

/** An event with everything readable. */
export function eventToJson(event: ResolutionEvent): Json {
  return Object.fromEntries(
    Object.entries(event)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): [string, Json] => {
        if (key === 'answer') return [key, (value as readonly RRset[]).flatMap((rrset) => recordsToJson(rrset, true))];
        if (NAMES.has(key)) return [key, namesToJson(value as Name | readonly Name[])];
        if (key === 'type') return [key, typeToText(value as number)];
        if (key === 'rcode') return [key, rcodeToText(value as number)];
        return [key, value as Json];
      }),
  );
}

/** A result: RCODE, sections, security state, extended errors, reason of failure. */
export function resolutionToJson(resolution: Resolution, signatures: boolean): { readonly [key: string]: Json } {
  const { rcode, security, authoritative, extendedErrors, failure } = resolution;
  return {
    rcode: rcodeToText(rcode),
    security,
    authoritative,
    answer: resolution.answer.flatMap((rrset) => recordsToJson(rrset, signatures)),
    authority: resolution.authority.flatMap((rrset) => recordsToJson(rrset, signatures)),
    extendedErrors: extendedErrors.map(({ code, text }) => ({ code, name: edeToText(code), text })),
    failure: failure ?? null,
  };
}

function recordsToJson(rrset: RRset, signatures: boolean): Json[] {
  const record = (type: number, rdata: Uint8Array): Json => ({
    name: nameToText(rrset.name),
    ttl: rrset.ttl,
    type: typeToText(type),
    data: rdataToText(type, rdata),
  });
  const signed = signatures ? rrset.signatures.map((rdata) => record(TYPE.RRSIG, rdata)) : [];
  return [...rrset.rdatas.map((rdata) => record(rrset.type, rdata)), ...signed];
}

function namesToJson(value: Name | readonly Name[]): Json {
  return typeof value === 'string' ? nameToText(value) : value.map(nameToText);
}
