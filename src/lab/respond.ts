// One query in octets, one response in octets, for an authoritative server of the lab; spoken through dns-packet.

import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import { lookUp, type Zone, type ZoneReply } from './zone.ts';
import type { Behaviour } from './zones.ts';

/** What an authoritative server holds and how it behaves. */
export interface Authority {
  readonly zones: readonly Zone[];
  readonly behaviour: Behaviour;
}

const headerOctets = 12;
/** Queries above this are not read: ours have one question and one OPT. */
const queryOctetsMost = 4096;
/** RFC 1035, 4.2.1: without EDNS. */
const plainUdpOctets = 512;
const udpPayloadOctets = 1232;

const formErr = 1;
const notImp = 4;
const refused = 5;
/** RFC 6891, 9: BADVERS is 16; its upper eight bits go into the OPT. */
const badVersUpper = 1;

/** The response to `query`, or `undefined` where none is sent: a response or a fragment of one, a silent server. */
export function respond(authority: Authority, query: Uint8Array, protocol: 'udp' | 'tcp'): Buffer | undefined {
  const octets = Buffer.from(query);
  if (authority.behaviour === 'silent' || octets.length < headerOctets || octets.length > queryOctetsMost) return;
  const packet = read(octets);
  if (octets.readUInt16BE(2) & 0x8000) return;
  if (opcodeOf(octets) !== 0) return bare(octets, notImp);
  const question = packet?.questions?.[0];
  if (packet === undefined || question === undefined || packet.questions?.length !== 1) return bare(octets, formErr);

  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  // RFC 6891, 7: what a server from before EDNS says.
  if (opt !== undefined && authority.behaviour === 'no-edns') return bare(octets, formErr);
  const version = opt?.type === 'OPT' ? opt.ednsVersion : 0;
  const wantsDnssec = opt?.type === 'OPT' && opt.flag_do;
  const optFor = (upper: number): Answer[] =>
    opt === undefined ? [] : [makeOpt({ upper, dnssecOk: wantsDnssec === true })];
  const header = { type: 'response' as const, id: packet.id, questions: [question] };
  // RFC 1035, 4.1.1: RD is copied.
  const recursionDesired = octets.readUInt16BE(2) & 0x0100;
  if (version > 0) return encode({ ...header, flags: recursionDesired, additionals: optFor(badVersUpper) });

  const found = find(authority, question.name, question.type, question.class);
  const flags = recursionDesired | (found.authoritative ? AUTHORITATIVE_ANSWER : 0) | found.rcode;
  const response = encode({
    ...header,
    flags,
    answers: [...found.answers],
    authorities: [...found.authorities],
    additionals: [...found.additionals, ...optFor(0)],
  });
  const offered = opt?.type === 'OPT' ? Math.max(plainUdpOctets, opt.udpPayloadSize) : plainUdpOctets;
  if (protocol === 'tcp' || response.length <= Math.min(offered, udpPayloadOctets)) return response;
  return encode({ ...header, flags: flags | TRUNCATED_RESPONSE, additionals: optFor(0) });
}

function find(authority: Authority, name: string, type: string, recordClass: string | undefined): ZoneReply {
  if (authority.behaviour === 'refuse' || recordClass !== 'IN') {
    return { rcode: refused, authoritative: false, answers: [], authorities: [], additionals: [] };
  }
  return lookUp(authority.zones, name, type);
}

/** The packet, or `undefined` where dns-packet cannot read it or could not write the same question again. */
function read(octets: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(octets);
    // dns-packet joins labels with dots as UTF-8: a name with other octets or with dots inside labels is lost.
    const written = encode({ questions: packet.questions ?? [] }).subarray(headerOctets);
    return written.equals(octets.subarray(headerOctets, headerOctets + written.length)) ? packet : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** A response of a header and nothing else. */
function bare(query: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(headerOctets);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8000 | (query.readUInt16BE(2) & 0x7900) | rcode, 2);
  return header;
}

function opcodeOf(octets: Buffer): number {
  return (octets.readUInt16BE(2) >> 11) & 15;
}

function makeOpt({ upper, dnssecOk }: { upper: number; dnssecOk: boolean }): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: udpPayloadOctets,
    extendedRcode: upper,
    ednsVersion: 0,
    flags: dnssecOk ? 0x8000 : 0,
    flag_do: dnssecOk,
    options: [],
  };
}
