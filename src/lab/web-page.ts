// The web page of the lab: an HTTP server on loopback, and the visit that a browser would make.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import type { ServerAddress } from '../base/ports.ts';

/** A running web server. */
export interface WebPage {
  readonly address: ServerAddress;
  close(): Promise<void>;
}

/** What a visit found: the status code and the text of the page. */
export interface Visit {
  readonly status: number;
  readonly text: string;
}

const text = 'You found me.';
/** More of a page than this is not read. */
const pageOctetsMost = 65_536;

/** Serves the page on an ephemeral port of 127.0.0.1. */
export async function startWebPage(): Promise<WebPage> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { address: { ip: '127.0.0.1', port: (server.address() as AddressInfo).port }, close };
}

/** GET / of the host `name` at `port`, its address given by `lookup`. Rejects as `http.request` does. */
export function visit(name: string, port: number, lookup: LookupFunction): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: name, port, path: '/', lookup, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < pageOctetsMost) body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: body.trim() }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
