// Octets of a message beside what they say, for people who read a recording: decoded by dns-packet, a second opinion.

import { type Answer, type DecodedPacket, decode } from 'dns-packet';

/** A message in words. `unreadable`: why dns-packet could not decode it. */
export interface Readable {
  readonly flags?: string;
  readonly rcode?: string;
  readonly question?: readonly string[];
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
  readonly unreadable?: string;
}

/** Longer messages are not decoded: compression pointers can make that slow. */
const octetsMax = 16_384;

/** What the octets say; empty sections are left out. Never throws. */
export function readable(octets: Uint8Array): Readable {
  if (octets.length > octetsMax) return { unreadable: `${octets.length} octets` };
  let packet: DecodedPacket & { readonly rcode?: string };
  try {
    packet = decode(Buffer.from(octets));
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
  const sections = {
    question: (packet.questions ?? []).map(({ name, type, class: rrClass }) => `${name}. ${rrClass} ${type}`),
    answer: (packet.answers ?? []).map(recordText),
    authority: (packet.authorities ?? []).map(recordText),
    additional: (packet.additionals ?? []).map(recordText),
  };
  const filled = Object.fromEntries(Object.entries(sections).filter(([, lines]) => lines.length > 0));
  return { flags: flagText(packet), ...(packet.rcode ? { rcode: packet.rcode } : {}), ...filled };
}

function flagText(packet: DecodedPacket): string {
  const flags: [boolean, string][] = [
    [packet.type === 'response', 'QR'],
    [packet.flag_aa, 'AA'],
    [packet.flag_tc, 'TC'],
    [packet.flag_rd, 'RD'],
    [packet.flag_ra, 'RA'],
    [packet.flag_ad, 'AD'],
    [packet.flag_cd, 'CD'],
  ];
  return flags.flatMap(([set, word]) => (set ? [word] : [])).join(' ');
}

function recordText(record: Answer): string {
  if (record.type === 'OPT') {
    const codes = record.options.map(({ code }) => code).join(' ');
    return `OPT ${record.udpPayloadSize}${record.flag_do ? ' DO' : ''}${codes ? ` options ${codes}` : ''}`;
  }
  const { name, type, data } = record;
  const ttl = 'ttl' in record ? record.ttl : '';
  return `${name}. ${ttl} ${type} ${dataText(data)}`;
}

function dataText(data: unknown): string {
  if (typeof data === 'string') return data;
  if (Buffer.isBuffer(data)) return data.toString('base64');
  if (Array.isArray(data)) return data.map(dataText).join(' ');
  if (typeof data !== 'object' || data === null) return String(data);
  return Object.values(data).map(dataText).join(' ');
}
