// Asks a running daemon over its control socket or its console: the other end of http.ts.

import type { IncomingMessage } from 'node:http';
import type { ServerAddress } from '../base/ports.ts';

// As in http.ts: by `import` it would take 40 ms.
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** Where a daemon answers. */
export type DaemonAt = { readonly socketPath: string } | ServerAddress;

/** What a daemon answered. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON. */
  readonly json: unknown;
}

/** The longest silence of a daemon that works, ms. */
const SILENCE_MS = 10_000;
/** Octets of one answer, and of one line of a list: a capsule in words is several times what was recorded. */
const ANSWER_OCTETS_MAX = 16 * 1024 * 1024;

/** Asks once. Rejects with the system's error when nothing answers, or SyntaxError when what answers is no daemon. */
export async function askDaemon(at: DaemonAt, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
  const response = await open(at, method, path, body);
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > ANSWER_OCTETS_MAX) throw new SyntaxError('the answer is too long');
  }
  return { status: response.statusCode ?? 0, json: JSON.parse(text) };
}

/** Asks for a list, whose lines come as they are made. Rejects likewise, and with SyntaxError for any status but 200. */
export async function* listDaemon(at: DaemonAt, path: string): AsyncGenerator<unknown> {
  const response = await open(at, 'GET', path, undefined);
  let rest = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > ANSWER_OCTETS_MAX) throw new SyntaxError('a line is too long');
    if (response.statusCode !== 200) throw new SyntaxError(lines[0] ?? rest);
    for (const line of lines) yield JSON.parse(line);
  }
}

function open(at: DaemonAt, method: string, path: string, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const where = 'socketPath' in at ? at : { host: at.ip, port: at.port };
    const request = httpRequest({ ...where, method, path, agent: false, timeout: SILENCE_MS }, resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${SILENCE_MS / 1000} s`)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
