// A thousand queries over real sockets: how much an attacker off the path would have to guess.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/wire/message.ts';
import { type Attacked, attackedServer, type ResolverOptions, resolverOf, ways } from './attacked.ts';
import { atLeast, atMost, exactly, withoutLimit } from './figures.ts';

const QUERIES = 1000;
const AT_ONCE = 50;
const open: Attacked[] = [];

afterAll(() => {
  for (const one of open) one.close();
});

interface Seen {
  readonly ports: number[];
  readonly ids: number[];
  readonly mixed: boolean[];
  readonly payloads: number[];
  connected: number;
  looked: number;
}

/** Asks so many names and notes what each query looked like. */
async function observe(queries: number, options: ResolverOptions = {}): Promise<Seen & { openAfter: number }> {
  const seen: Seen = { ports: [], ids: [], mixed: [], payloads: [], connected: 0, looked: 0 };
  const server = await attackedServer(({ text, octets, from, protocol }) => {
    if (text !== '.' && protocol === 'udp') {
      seen.ports.push(from.port);
      seen.ids.push(((octets[0] as number) << 8) | (octets[1] as number));
      const qname = Buffer.from(octets.subarray(13, 13 + (octets[12] as number))).toString('latin1');
      seen.mixed.push(qname !== qname.toLowerCase() && qname !== qname.toUpperCase());
      seen.payloads.push(parseMessage(octets).edns?.udpPayloadOctets ?? 512);
      if (seen.looked < 20 && existsSync('/proc/net/udp')) {
        seen.looked += 1;
        if (isConnected(from.port, server.address.port)) seen.connected += 1;
      }
    }
    return { answer: `${text} 0 A 192.0.2.1` };
  });
  const resolver = resolverOf(server.address, 'authoritative', options);
  open.push(server, resolver);
  for (let i = 0; i < queries; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => resolver.ask(`abcdefghijklmnopqrstuvwx${i + k}.`)));
  }
  return { ...seen, openAfter: resolver.transport.stats().udpOpen };
}

/** Whether the kernel's table shows a socket on this port that is bound to its peer. */
function isConnected(port: number, peer: number): boolean {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex(port)} 0100007F:${hex(peer)} `).test(readFileSync('/proc/net/udp', 'latin1'));
}

/** Rényi's entropy of order 2 from the pairs that are equal, bits; 32 when none is. */
function collisionBits(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let equal = 0;
  for (const count of counts.values()) equal += (count * (count - 1)) / 2;
  const pairs = (values.length * (values.length - 1)) / 2;
  return equal === 0 ? 32 : Math.log2(pairs / equal);
}

function mostRepeatedStep(values: readonly number[]): number {
  const steps = new Map<number, number>();
  for (let i = 1; i < values.length; i++) {
    const step = (values[i] as number) - (values[i - 1] as number);
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(...steps.values());
}

describe(`${QUERIES} queries`, () => {
  it.each(ways)('%s cannot be foretold', async (_, calls) => {
    const seen = await observe(QUERIES, { calls });
    // A busy machine may make a few be sent again.
    expect(seen.ports.length).toBeGreaterThanOrEqual(QUERIES);
    expect(seen.ports.length).toBeLessThan(1.1 * QUERIES);
    atLeast('entropy', 'distinct ports of 1,000', new Set(seen.ports).size, 980);
    atLeast('entropy', 'distinct IDs of 1,000', new Set(seen.ids).size, 980);
    atLeast('entropy', 'span of ports', Math.max(...seen.ports) - Math.min(...seen.ports), 60_000);
    atLeast('entropy', 'collision entropy of ports', collisionBits(seen.ports), 14, 'bits');
    atLeast('entropy', 'collision entropy of IDs', collisionBits(seen.ids), 14, 'bits');
    atMost('entropy', 'most repeated step between ports', mostRepeatedStep(seen.ports), 10);
    exactly('case', 'queries in mixed case', (100 * seen.mixed.filter(Boolean).length) / seen.mixed.length, 100, '%');
    exactly('sidechannel', 'connected sockets of those looked at', seen.connected, seen.looked);
    exactly('sidechannel', 'sockets left open', seen.openAfter, 0);
    atMost('fragments', 'payload offered upstream', Math.max(...seen.payloads), 1232, 'octets');
  });

  it('are in one case, and offer long datagrams, where the settings say so', async () => {
    const { mixed, payloads } = await observe(AT_ONCE, { caseRandomisation: false, udpPayloadOctets: 4096 });
    withoutLimit('case', 'queries in one case', (100 * mixed.filter((is) => !is).length) / mixed.length, 0, '%');
    withoutLimit('fragments', 'payload offered upstream', Math.max(...payloads), 1232, 'octets');
  });
});

describe('the sources', () => {
  it('draw by chance in one place alone', () => {
    const root = join(import.meta.dirname, '../../src');
    const drawing = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) =>
        /Math\.random\(|randomFillSync\(|randomBytes\(|randomInt\(/.test(readFileSync(join(root, path), 'utf8')),
      );
    expect(drawing).toEqual([join('net', 'random.ts')]);
    exactly('prng', 'files that draw, all by the CSPRNG', drawing.length, 1);
  });
});
