// RDATA in presentation form, both directions, for every type.

import { Buffer } from 'node:buffer';
import { WireError } from './error.ts';
import type { Name } from './name.ts';
import { escapeText } from './name-text.ts';
import { type Field, hex, pushHex, RdataInput, TextInput, words } from './rdata-fields.ts';
import { fieldsOf } from './rdata-table.ts';
import { readEntries, type Token } from './tokens.ts';
import { typeToText } from './types.ts';

/** The longest RDATA (RFC 1035, 3.2.1). */
const rdataOctetsMax = 0xffff;

/**
 * RDATA as dig prints it; in the generic form `\# length hex` (RFC 3597, 5) when the type has no other, when the
 * octets are malformed, and when they could not be told from the text again (padded bitmaps). Never throws.
 */
export function rdataToText(type: number, rdata: Uint8Array): string {
  const fields = fieldsOf(type);
  return (fields && fieldsToText(fields, rdata)) ?? `\\# ${rdata.length} ${words(hex(Buffer.from(rdata)))}`.trimEnd();
}

function fieldsToText(fields: readonly Field[], rdata: Uint8Array): string | undefined {
  const input = new RdataInput(rdata);
  try {
    const texts = fields.map((field) => field.toText(input)).filter((text) => text !== '');
    return input.left === 0 && rdata.length > 0 ? texts.join(' ') : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/**
 * RDATA from its presentation form or the generic one. Relative names end in `origin`; without one every name is
 * absolute. Throws WireError.
 */
export function rdataFromText(type: number, text: string, origin?: Name): Uint8Array {
  const [entry, second] = [...readEntries(text)];
  if (second !== undefined) throw new WireError(`RDATA of more than one line: ${escapeText(text)}`);
  return rdataFromTokens(type, entry?.tokens ?? [], origin);
}

/** As {@link rdataFromText}, from tokens. */
export function rdataFromTokens(type: number, tokens: readonly Token[], origin: Name | undefined): Uint8Array {
  const input = new TextInput(tokens, origin);
  const out: number[] = [];
  const first = tokens[0];
  if (first?.text === '\\#' && !first.quoted) {
    input.token('\\#');
    const count = input.number('the length of RDATA', rdataOctetsMax);
    pushHex(out, input.rest());
    if (out.length !== count) throw new WireError(`\\# ${count}, but ${out.length} octets`);
  } else {
    const fields = fieldsOf(type);
    if (fields === undefined) throw new WireError(`${typeToText(type)} is known in the form \\# length hex only`);
    for (const field of fields) field.fromText(input, out);
    if (!input.done) throw new WireError(`${typeToText(type)}: too much: ${escapeText(input.rest())}`);
  }
  if (out.length > rdataOctetsMax) throw new WireError(`RDATA of ${out.length} octets`);
  return Uint8Array.from(out);
}
