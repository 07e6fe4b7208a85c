// Run with few descriptors: sends 200 queries at once to a server of its own and prints how each kind of outcome came.
import { systemClock } from '../../src/net/clock.ts';
import { systemRandom } from '../../src/net/random.ts';
import { createTransport } from '../../src/net/transport.ts';
import { query, udpServer } from './servers.ts';

const server = await udpServer((octets, from, socket) => socket.send(octets, from.port, from.address));
const transport = createTransport({ clock: systemClock(), random: systemRandom() });
const kinds = new Map<string, number>();
const sends = Array.from({ length: 200 }, async (_, id) => {
  const request = { server: server.address, protocol: 'udp', query: query(id), timeoutMs: 5000 } as const;
  const { kind } = await transport.send(request, () => 'take');
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
});
await Promise.all(sends);
server.close();
console.log([...kinds].map(([kind, count]) => `${kind} ${count}`).join(', '));
