// EDNS (RFC 6891): the OPT record and its options, among them extended errors (RFC 8914).

import { Buffer } from 'node:buffer';
import { WireError } from './error.ts';
import type { Edns, EdnsOption, ExtendedError } from './message.ts';
import { OPTION } from './types.ts';

/** The options at `start`..`end` of a message; over `optionsMax` of them, or one cut off: WireError. */
export function readOptions(octets: Uint8Array, start: number, end: number, optionsMax: number): EdnsOption[] {
  const options: EdnsOption[] = [];
  for (let at = start; at < end; ) {
    if (end - at < 4) throw new WireError(`EDNS option at octet ${at} is cut off`);
    const code = ((octets[at] as number) << 8) | (octets[at + 1] as number);
    const dataEnd = at + 4 + (((octets[at + 2] as number) << 8) | (octets[at + 3] as number));
    if (dataEnd > end) throw new WireError(`EDNS option at octet ${at} runs past its record`);
    if (options.length === optionsMax) throw new WireError(`more than ${optionsMax} EDNS options`);
    // A copy: options outlive their message, and are short.
    options.push({ code, data: new Uint8Array(octets.subarray(at + 4, dataEnd)) });
    at = dataEnd;
  }
  return options;
}

/** Octets of the OPT record with the first `count` options (default: all). */
export function optOctets(edns: Edns, count: number = edns.options.length): number {
  let size = 11;
  for (let i = 0; i < count; i++) size += 4 + (edns.options[i] as EdnsOption).data.length;
  return size;
}

/** Writes the OPT record with the first `count` options and the upper bits of `rcode` at `at`; returns its end. */
export function writeOpt(out: Uint8Array, at: number, edns: Edns, rcode: number, count: number): number {
  const dataOctets = optOctets(edns, count) - 11;
  out[at] = 0;
  out[at + 1] = 0;
  out[at + 2] = 41;
  out[at + 3] = edns.udpPayloadOctets >>> 8;
  out[at + 4] = edns.udpPayloadOctets;
  out[at + 5] = rcode >>> 4;
  out[at + 6] = edns.version;
  out[at + 7] = edns.dnssecOk ? 0x80 : 0;
  out[at + 8] = 0;
  out[at + 9] = dataOctets >>> 8;
  out[at + 10] = dataOctets;
  let next = at + 11;
  for (let i = 0; i < count; i++) {
    const { code, data } = edns.options[i] as EdnsOption;
    out[next] = code >>> 8;
    out[next + 1] = code;
    out[next + 2] = data.length >>> 8;
    out[next + 3] = data.length;
    out.set(data, next + 4);
    next += 4 + data.length;
  }
  return next;
}

/** The option that carries an extended error (RFC 8914, 2); `text` goes as UTF-8. */
export function extendedErrorOption(error: ExtendedError): EdnsOption {
  const text = Buffer.from(error.text, 'utf8');
  const data = new Uint8Array(2 + text.length);
  data[0] = error.code >>> 8;
  data[1] = error.code;
  data.set(text, 2);
  return { code: OPTION.EDE, data };
}

/** The extended errors among the options, in order; an option too short to hold one is passed over. */
export function extendedErrorsOf(edns: Edns | undefined): ExtendedError[] {
  const errors: ExtendedError[] = [];
  for (const { code, data } of edns?.options ?? []) {
    if (code !== OPTION.EDE || data.length < 2) continue;
    // RFC 8914, 2: the text is UTF-8 and may end in NUL, which is not part of it. Bad UTF-8 becomes U+FFFD.
    const text = Buffer.from(data.buffer, data.byteOffset + 2, data.length - 2).toString('utf8');
    errors.push({ code: ((data[0] as number) << 8) | (data[1] as number), text: text.replace(/\0+$/, '') });
  }
  return errors;
}
