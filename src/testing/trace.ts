// A run as lines of text, and their digest: equal runs have equal digests.

import type { Exchange } from './virtual-network.ts';

/** All that an exchange was. */
export function exchangeText({ server, protocol, query, startMs, endMs, outcome, refused }: Exchange): string {
  const octets = outcome?.kind === 'response' ? Buffer.from(outcome.octets).toString('hex') : '';
  const asked = Buffer.from(query).toString('hex');
  return `${startMs} ${endMs} ${protocol} ${server.ip} ${asked} ${outcome?.kind} ${refused} ${octets}`;
}

/** FNV-1a over the lines, 32 bits, with their number. */
export function digest(lines: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const line of lines) {
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 10, 0x01000193);
  }
  return `${lines.length}:${(hash >>> 0).toString(16)}`;
}
