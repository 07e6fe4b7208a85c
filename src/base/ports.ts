// The ports: the only ways by which the resolver touches the world outside its memory.

/** A server's transport address. `ip` is in canonical text form (lower case, `::` compressed), `port` 1..65535. */
export interface ServerAddress {
  readonly ip: string;
  readonly port: number;
}

/** The key of a server address in maps: `ip@port`. */
export function addressKey(address: ServerAddress): string {
  return `${address.ip}@${address.port}`;
}

/** What the asker says of octets that arrived: the reply, none of its business, or a sign of forgery. */
export type Verdict = 'take' | 'ignore' | 'suspect';

/** One message to one server. */
export interface TransportRequest {
  readonly server: ServerAddress;
  readonly protocol: 'udp' | 'tcp';
  /** The whole message, without a TCP length prefix; at most 65,535 octets. */
  readonly query: Uint8Array;
  /** The longest wait for octets that `accept` takes, over TCP connecting included. */
  readonly timeoutMs: number;
}

/** How a send ended. `suspect`: forged-looking octets arrived, so ask by TCP. `unreachable`: the network said so. */
export type TransportOutcome =
  | { readonly kind: 'response'; readonly octets: Uint8Array; readonly rttMs: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'suspect' };

/** Ways to a server. */
export const PROTOCOLS: readonly ['udp', 'tcp'] = ['udp', 'tcp'];

/** How a send may end. */
export const OUTCOMES: readonly TransportOutcome['kind'][] = ['response', 'timeout', 'unreachable', 'suspect'];

/**
 * Puts messages on the network. It knows nothing of DNS: `accept` judges what arrives. It never rejects. Octets that were
 * taken are never changed afterwards, as `query` is not; others belong to the transport when `accept` has returned.
 */
export interface Transport {
  send(request: TransportRequest, accept: (octets: Uint8Array) => Verdict): Promise<TransportOutcome>;
  /**
   * A number that changes when the addresses of this machine may have changed; absent: they never do. Cheap enough to
   * be asked before each send.
   */
  place?(): number;
  /** Closes sockets; sends in progress end as `timeout`. */
  close(): void;
}

/** Time. Virtual in tests. */
export interface Clock {
  /** Monotonic milliseconds, fractions included, from any origin: TTLs and timeouts. */
  nowMs(): number;
  /** Seconds since 1970 by the wall clock: signature validity only. */
  wallSeconds(): number;
  /** Runs `run` once after `delayMs` (0 or more); the function returned cancels it. Never keeps a process alive alone. */
  after(delayMs: number, run: () => void): () => void;
}

/** Chance. Cryptographically strong in production, seeded in tests. */
export interface Random {
  /** A uniform integer in 0..below-1; `below` is 1..2^32. */
  integer(below: number): number;
}

/** A field of a log line; names are presentation text, already escaped. */
export type LogFields = { readonly [field: string]: string | number | boolean | undefined };

/** Where log lines go. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log that drops every line: the library's default. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
