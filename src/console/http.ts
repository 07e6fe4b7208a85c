// Carries the API over HTTP: on the control socket for the owner, on loopback TCP for whoever is on this machine to read.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock, ServerAddress } from '../base/ports.ts';
import type { FaultLog } from '../server/fault-log.ts';
import type { ApiRequest, ApiResponse } from './api.ts';

// By `import`, every name that the module has is looked up, fetch with all behind it among them: 40 ms.
const { createServer } = process.getBuiltinModule('node:http');

/** What serving needs. */
export interface HttpOptions {
  readonly api: (request: ApiRequest) => Promise<ApiResponse>;
  readonly clock: Clock;
  readonly reportFault: FaultLog;
}

/** A listener. */
export interface HttpListener {
  /** For TCP, with the port that port 0 became. */
  readonly port: number | undefined;
  /** Ends at once what is in progress. */
  close(): void;
}

/** Octets of a body, and of all header fields. */
const BODY_OCTETS_MAX = 64 * 1024;
const HEADER_OCTETS_MAX = 8 * 1024;
const CONNECTIONS_MAX = 32;
/** From the first octet to the last of the header; of the whole request; and of silence in between, ms. */
const HEADERS_MS = 5000;
const REQUEST_MS = 10_000;
const IDLE_MS = 30_000;
/** Lines sent before the next turn of the event loop: answers to DNS clients come first. */
const LINES_A_TURN = 200;

/** Where to listen: a path for the owner, or an address for readers. */
export type ListenAt = { readonly path: string } | ServerAddress;

/** Listens. Rejects with the system's error. */
export function listenHttp(at: ListenAt, options: HttpOptions): Promise<HttpListener> {
  const owner = 'path' in at;
  const server = createServer(
    {
      maxHeaderSize: HEADER_OCTETS_MAX,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: HEADERS_MS,
    },
    (request, response) => void serve(request, response, owner, options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_MS);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = (): void => {
      server.off('error', reject);
      server.on('error', (error) => options.reportFault('fault of an HTTP listener', error));
      resolve(listenerOf(server));
    };
    if (owner) server.listen(at.path, listening);
    else server.listen({ host: at.ip, port: at.port, exclusive: true }, listening);
  });
}

function listenerOf(server: Server): HttpListener {
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : undefined,
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Answers one request; never rejects. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  owner: boolean,
  options: HttpOptions,
): Promise<void> {
  try {
    const read = await readRequest(request, owner);
    await send(response, 'refused' in read ? read.refused : await options.api(read), options.clock);
  } catch (error) {
    // The other side has left: no fault of ours.
    if (request.socket.destroyed || response.destroyed) return;
    options.reportFault('fault while answering over HTTP', error);
    if (response.headersSent) response.destroy();
    else await send(response, { status: 500, json: { error: 'internal error' } }, options.clock);
  }
}

async function readRequest(
  request: IncomingMessage,
  owner: boolean,
): Promise<ApiRequest | { readonly refused: ApiResponse }> {
  const refused = (status: number, error: string) => ({ refused: { status, json: { error } } });
  // A page on the web that had its name resolved to this machine says its own name (DNS rebinding).
  if (!owner && !LOOPBACK_HOST.test(request.headers.host ?? '')) return refused(403, 'the Host is not this machine');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== 'GET' && (method !== 'POST' || !owner)) {
    return refused(405, owner ? 'GET and POST are the methods here' : 'GET is the method here');
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const text = await readBody(request);
  if (text === undefined) return refused(413, `a body is at most ${BODY_OCTETS_MAX} octets`);
  try {
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { method, path, query: new URLSearchParams(query), body, owner };
  } catch (error) {
    if (error instanceof SyntaxError) return refused(400, 'the body is not JSON');
    throw error;
  }
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/i;

/** The body as text; undefined: it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_OCTETS_MAX) return undefined;
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > BODY_OCTETS_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function send(response: ServerResponse, answer: ApiResponse, clock: Clock): Promise<void> {
  response.statusCode = answer.status;
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  // What was not read of a request would be taken for the next one.
  if (answer.status === 413) response.setHeader('Connection', 'close');
  if ('lines' in answer) {
    response.setHeader('Content-Type', 'application/x-ndjson');
    await sendLines(response, answer.lines, clock);
  } else if ('text' in answer) {
    response.setHeader('Content-Type', answer.type);
    response.end(answer.text);
  } else {
    response.setHeader('Content-Type', 'application/json');
    response.end(`${JSON.stringify(answer.json)}\n`);
  }
}

/** Some lines a turn, and none while the reader is slow. What is written is made just then, so nothing piles up. */
async function sendLines(response: ServerResponse, lines: Iterable<unknown>, clock: Clock): Promise<void> {
  let chunk = '';
  let count = 0;
  for (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    count += 1;
    if (count < LINES_A_TURN) continue;
    if (!response.write(chunk)) await drained(response);
    else await new Promise<void>((resolve) => clock.after(0, resolve));
    if (response.destroyed) return;
    chunk = '';
    count = 0;
  }
  response.end(chunk);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });
}
