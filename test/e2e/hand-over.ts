// Starts a program as a service manager does under socket activation: with a TCP and a UDP socket bound to ADDRESS PORT.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';

const [address = '127.0.0.1', port = '53', ...command] = process.argv.slice(2);
const tcp = createServer().listen({ host: address, port: Number(port) });
await new Promise((resolve) => tcp.once('listening', resolve));
const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
await new Promise<void>((resolve) => udp.bind(Number(port), address, resolve));

/** The descriptor of a socket, which Node.js shows to nobody. */
function descriptorOf(socket: object): number {
  const state = Object.getOwnPropertySymbols(socket).map((symbol) => Reflect.get(socket, symbol)?.handle);
  // A UDP socket warns when asked for `_handle`.
  const handle = state.find((found) => typeof found?.fd === 'number') ?? Reflect.get(socket, '_handle');
  return handle.fd;
}

// The shell knows its process id, which is the program's after exec.
const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command], {
  stdio: ['ignore', 'inherit', 'inherit', descriptorOf(tcp), descriptorOf(udp)],
  env: { ...process.env, LISTEN_FDS: '2' },
});
// The program alone answers.
udp.close();
tcp.close();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
