// Turns a Resolution into a finished message: which records a client is given, and what may be kept for the next.

import type { Resolution } from '../resolver/types.ts';
import type { ResourceRecord } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import { type RRset, toRecords } from '../wire/rrset.ts';
import { CLASS, RCODE, TYPE } from '../wire/types.ts';
import { writeMessage } from '../wire/writer.ts';
import { REPLY_EXTRA_OCTETS } from './reply.ts';

/** The question as asked. */
export interface AskedQuestion {
  readonly name: Name;
  readonly type: number;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

/** Leaves room for OPT in the longest message. */
const MESSAGE_OCTETS_MAX = 65_535 - REPLY_EXTRA_OCTETS;

/**
 * The complete message without OPT: header (ID 0, QR, RA, RCODE, AA, AD for those who ask for it), question, sections.
 * Responses are minimal: nothing but what was asked, and denials. RRsets keep the order in which they were received. The
 * octets are void with the next message.
 */
export function buildResponse(resolution: Resolution, question: AskedQuestion): Uint8Array {
  const { name, type } = question;
  return writeMessage(
    {
      id: 0,
      response: true,
      opcode: 0,
      authoritative: resolution.authoritative,
      truncated: false,
      recursionDesired: false,
      recursionAvailable: true,
      authenticData: resolution.security === 'secure',
      checkingDisabled: question.checkingDisabled,
      rcode: resolution.rcode,
      questions: [{ name, type, class: CLASS.IN }],
      answer: recordsFor(resolution.answer, question, question.type),
      authority: recordsFor(resolution.authority, question, undefined),
      additional: [],
      edns: undefined,
    },
    { maxOctets: MESSAGE_OCTETS_MAX },
  );
}

/** Seconds for which the message may be given to others who ask the same; 0: it may not. Failures have their own memory. */
export function keepSeconds(resolution: Resolution): number {
  if (resolution.rcode !== RCODE.NOERROR && resolution.rcode !== RCODE.NXDOMAIN) return 0;
  if (resolution.failure !== undefined || resolution.security === 'bogus') return 0;
  return resolution.ttl;
}

/** RFC 4035, 3.2.1: without DO, the record types of DNSSEC only where they are what was `asked` for: in the answer. */
function recordsFor(
  rrsets: readonly RRset[],
  { dnssecOk }: AskedQuestion,
  asked: number | undefined,
): ResourceRecord[] {
  const signatures = dnssecOk || asked === TYPE.RRSIG || asked === TYPE.ANY;
  const records: ResourceRecord[] = [];
  for (const rrset of rrsets) {
    if (dnssecOk || asked === TYPE.ANY || rrset.type === asked || !ofDnssec(rrset.type)) {
      for (const record of toRecords(rrset, { signatures })) records.push(record);
    }
  }
  return records;
}

function ofDnssec(type: number): boolean {
  return type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3;
}
