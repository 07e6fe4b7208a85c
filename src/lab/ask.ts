// A client of the resolver, as any program on this machine would be one: one question by UDP, by TCP where it must.

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { createFrameReader, frame } from '../base/frames.ts';
import type { Clock, Random, ServerAddress } from '../base/ports.ts';

/** Whom to ask, and the ports for time and chance. `timeoutMs`: for each of UDP and TCP. */
export interface AskOptions {
  readonly server: ServerAddress;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** What came back. */
export interface AskReply {
  /** "NOERROR", "NXDOMAIN", "SERVFAIL"… */
  readonly rcode: string;
  readonly answers: readonly Exclude<Answer, { type: 'OPT' }>[];
  /** The response came by TCP, as UDP had no room for it. */
  readonly byTcp: boolean;
}

/** Asks for `name` (without escapes) and the type number. `undefined`: no response in time. */
export async function ask(name: string, type: number, options: AskOptions): Promise<AskReply | undefined> {
  const id = options.random.integer(0x1_0000);
  // dns-packet takes any type by this name.
  const question = { name, type: `UNKNOWN_${type}` as RecordType, class: 'IN' as const };
  const recursionDesired = 0x0100;
  const query = encode({ id, type: 'query', flags: recursionDesired, questions: [question] });
  const first = await byUdp(query, options);
  if (first === undefined || !first.flag_tc) return first && toReply(first, false);
  const second = await byTcp(query, options);
  return second && toReply(second, true);
}

/** The data of one answer as a line of text. */
export function dataText(record: Exclude<Answer, { type: 'OPT' }>): string {
  switch (record.type) {
    case 'MX':
      return `${record.data.preference ?? 0} ${record.data.exchange}`;
    case 'SRV':
      return `${record.data.priority ?? 0} ${record.data.weight ?? 0} ${record.data.port} ${record.data.target}`;
    case 'CAA':
      return `${record.data.flags ?? 0} ${record.data.tag} "${record.data.value}"`;
    case 'TXT':
      return [record.data]
        .flat()
        .map((text) => `"${printable(text.toString())}"`)
        .join(' ');
    default:
      if (typeof record.data === 'string') return printable(record.data);
      if (record.data instanceof Uint8Array)
        return `\\# ${record.data.length} ${Buffer.from(record.data).toString('hex')}`;
      return printable(Object.values(record.data).join(' '));
  }
}

/** Control characters taken out: what a zone holds must not steer a terminal. */
function printable(text: string): string {
  return text.replace(/[^ -~]/gu, '?');
}

function toReply(packet: DecodedPacket, overTcp: boolean): AskReply {
  const answers = (packet.answers ?? []).filter((record) => record.type !== 'OPT');
  // The type declarations of dns-packet lack the RCODE that it gives.
  const { rcode } = packet as DecodedPacket & { readonly rcode: string };
  return { rcode, answers, byTcp: overTcp };
}

function byUdp(query: Buffer, { server, timeoutMs, clock }: AskOptions): Promise<DecodedPacket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(server.ip.includes(':') ? 'udp6' : 'udp4');
    let open = true;
    const finish = (packet: DecodedPacket | undefined): void => {
      if (!open) return;
      open = false;
      cancel();
      socket.close();
      resolve(packet);
    };
    const cancel = clock.after(timeoutMs, () => finish(undefined));
    socket.on('error', () => finish(undefined));
    socket.on('message', (octets) => {
      const packet = readReply(octets, query);
      if (packet !== undefined) finish(packet);
    });
    // Once the lab is closed, nobody waits for this reply.
    socket.unref();
    socket.connect(server.port, server.ip, () => socket.send(query));
  });
}

function byTcp(query: Buffer, { server, timeoutMs, clock }: AskOptions): Promise<DecodedPacket | undefined> {
  return new Promise((resolve) => {
    const connection = connect(server.port, server.ip).unref();
    const finish = (packet: DecodedPacket | undefined): void => {
      cancel();
      connection.destroy();
      resolve(packet);
    };
    const cancel = clock.after(timeoutMs, () => finish(undefined));
    const reader = createFrameReader();
    connection.on('error', () => finish(undefined));
    connection.on('end', () => finish(undefined));
    connection.on('data', (chunk) => {
      reader.push(chunk);
      const message = reader.next();
      if (message !== undefined) finish(readReply(Buffer.from(message), query));
    });
    connection.write(frame(query));
  });
}

function readReply(octets: Buffer, query: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(octets);
    return packet.flag_qr && packet.id === query.readUInt16BE(0) ? packet : undefined;
  } catch (error) {
    // What dns-packet cannot read is no reply; the wait goes on until its end.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
