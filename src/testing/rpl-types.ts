// A scenario as values: what an `.rpl` file says, line numbers kept for messages.

import type { Message } from '../wire/message.ts';
import type { RplSettings } from './rpl-settings.ts';

/** The file cannot be understood; `message` is `file:line: what`. */
export class RplError extends Error {
  override readonly name = 'RplError';

  constructor(file: string, line: number, what: string) {
    super(`${file}:${line}: ${what}`);
  }
}

/** Two projects share the format and differ in details: the order of steps, IDs, the client's EDNS. */
export type Dialect = 'unbound' | 'deckard';

/** A message as an entry gives it: matched against, replied or asked. */
export interface Template {
  readonly message: Message;
  /** HEX_ANSWER: these octets instead, the ID apart. */
  readonly hex: Uint8Array | undefined;
  /** HEX_EDNSDATA: option octets. */
  readonly ednsData: Uint8Array | undefined;
}

/** ENTRY_BEGIN … ENTRY_END. */
export interface RplEntry {
  readonly line: number;
  /** What must agree: `opcode`, `qname`, … in lower case; `UDP`, `TCP`, `DO` as they are. */
  readonly match: ReadonlySet<string>;
  readonly matchArguments: ReadonlyMap<string, string>;
  readonly adjust: ReadonlySet<string>;
  readonly delaySeconds: number;
  /** The first is the message; EXTRA_PACKETs follow it over TCP. */
  readonly templates: readonly [Template, ...Template[]];
  /** RAW: octets sent as they are. */
  readonly raw: Uint8Array | undefined;
}

/** RANGE_BEGIN … RANGE_END: what servers say while the steps `first`..`last` run. */
export interface RplRange {
  readonly first: number;
  readonly last: number;
  /** Keys as {@link ipKey} gives them; none: every address. */
  readonly addresses: ReadonlySet<string>;
  readonly entries: readonly RplEntry[];
}

/** STEP. */
export interface RplStep {
  readonly line: number;
  readonly number: number;
  readonly kind: string;
  readonly args: readonly string[];
  readonly address: string | undefined;
  readonly entry: RplEntry | undefined;
}

/** A whole file. */
export interface Scenario {
  readonly file: string;
  readonly title: string;
  readonly dialect: Dialect;
  readonly settings: RplSettings;
  readonly ranges: readonly RplRange[];
  /** In the order in which they run. */
  readonly steps: readonly RplStep[];
  /** Why this runner cannot play it; undefined: it can. */
  readonly unsupported: string | undefined;
}
