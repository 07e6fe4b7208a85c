// A Transport for an Internet that exists only on this machine: its addresses lead to ports of 127.0.0.1.

import { addressKey, type ServerAddress, type Transport } from '../base/ports.ts';

/** Where an address of the lab really is: one place for UDP, one for TCP. */
export interface Route {
  readonly udp: ServerAddress;
  readonly tcp: ServerAddress;
}

/**
 * Hands each request on to `inner` with the server replaced by its route. An address without a route is
 * `unreachable` and nothing is sent, so no query ever leaves this machine. `routes` is keyed by `addressKey()`.
 */
export function mappedTransport(inner: Transport, routes: ReadonlyMap<string, Route>): Transport {
  return {
    send: (request, accept) => {
      const route = routes.get(addressKey(request.server));
      if (route === undefined) return Promise.resolve({ kind: 'unreachable', detail: 'no such address in the lab' });
      return inner.send({ ...request, server: route[request.protocol] }, accept);
    },
    place: () => inner.place?.() ?? 0,
    close: () => inner.close(),
  };
}
