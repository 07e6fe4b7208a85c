// The Transport of the lab: addresses of its table lead to loopback, all others nowhere.

import { expect, it } from 'vitest';
import type { Transport, TransportRequest } from '../../src/base/ports.ts';
import { mappedTransport } from '../../src/lab/mapped-transport.ts';

function makeTransport(): { transport: Transport; sent: TransportRequest[]; closed: () => boolean } {
  const sent: TransportRequest[] = [];
  let closed = false;
  const inner: Transport = {
    send: async (request) => {
      sent.push(request);
      return { kind: 'timeout' };
    },
    close: () => {
      closed = true;
    },
  };
  const udp = { ip: '127.0.0.1', port: 40_001 };
  const tcp = { ip: '127.0.0.1', port: 40_002 };
  return {
    transport: mappedTransport(inner, new Map([['198.51.100.1@53', { udp, tcp }]])),
    sent,
    closed: () => closed,
  };
}

const query = Uint8Array.of(1, 2, 3);

it.each(['udp', 'tcp'] as const)('hands %s on with the address replaced and all else as it was', async (protocol) => {
  const { transport, sent } = makeTransport();
  const server = { ip: '198.51.100.1', port: 53 };
  await transport.send({ server, protocol, query, timeoutMs: 70 }, () => 'take');
  const port = protocol === 'udp' ? 40_001 : 40_002;
  expect(sent).toEqual([{ server: { ip: '127.0.0.1', port }, protocol, query, timeoutMs: 70 }]);
});

it.each([
  ['198.51.100.2', 53],
  ['198.51.100.1', 54],
  ['127.0.0.1', 40_001],
])('sends nothing to %s port %d', async (ip, port) => {
  const { transport, sent } = makeTransport();
  const outcome = await transport.send({ server: { ip, port }, protocol: 'udp', query, timeoutMs: 70 }, () => 'take');
  expect(outcome).toMatchObject({ kind: 'unreachable' });
  expect(sent).toEqual([]);
});

it('closes what it stands on', () => {
  const { transport, closed } = makeTransport();
  transport.close();
  expect(closed()).toBe(true);
});
