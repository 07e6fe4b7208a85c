// The world of the verbs for tests: output is collected, files are given, parts are fakes.
import type { Clock } from '../../src/base/ports.ts';
import { silentLog } from '../../src/base/ports.ts';
import type { Io, Parts } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { ResolutionEvent } from '../../src/resolver/events.ts';
import type { Resolution } from '../../src/resolver/types.ts';
import { type Name, nameFromText } from '../../src/wire/name.ts';
import { rdataFromText } from '../../src/wire/rdata-text.ts';
import type { RRset } from '../../src/wire/rrset.ts';
import { CLASS, typeFromText } from '../../src/wire/types.ts';

/** What a run printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line of words in a world made of `changes`. */
export async function cli(words: readonly string[], changes: FakeWorld = {}): Promise<Outcome> {
  const { io, printed } = cliIo(changes);
  const code = await runProgram(words, io, () => '1.2.3');
  return { code, ...printed() };
}

/** A world made of `changes`, and what has been printed in it. */
export function cliIo(changes: FakeWorld = {}): { io: Io; printed: () => { out: string; err: string } } {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    errIsTerminal: false,
    environment: changes.environment ?? {},
    readFile: async (path) => {
      const text = changes.files?.[path];
      if (typeof text === 'string') return text;
      throw Object.assign(new Error(`fake: ${path}`), { code: text?.code ?? 'ENOENT' });
    },
    writeFile: async (path, text) => {
      if (changes.written === undefined) throw Object.assign(new Error(`fake: ${path}`), { code: 'ENOENT' });
      changes.written.set(path, text);
    },
    hasNetwork: () => changes.hasNetwork ?? true,
    stopped: () => changes.stopped ?? Promise.resolve(),
    onHangup: (run) => changes.hangup?.(run),
    parts: { ...fakeParts, ...changes.parts },
  };
  return { io, printed: () => ({ out, err }) };
}

/** What differs from an empty world. */
export interface FakeWorld {
  readonly environment?: Readonly<Record<string, string>>;
  /** By path: the text, or the error of reading it. Others do not exist. */
  readonly files?: Readonly<Record<string, string | { readonly code: string }>>;
  /** Takes what is written, by path; absent, nothing can be written. */
  readonly written?: Map<string, string>;
  readonly hasNetwork?: boolean;
  readonly stopped?: Promise<void>;
  /** Is given what a SIGHUP would run. */
  readonly hangup?: (run: () => void) => void;
  readonly parts?: Partial<Parts>;
}

const fakeParts: Parts = {
  openResolver: () => Promise.reject(new Error('no resolver in this test')),
  openDaemon: () => Promise.reject(new Error('no daemon in this test')),
  runLab: () => Promise.reject(new Error('no lab in this test')),
  replay: () => Promise.reject(new Error('no replay in this test')),
  openLog: () => Promise.resolve({ ...silentLog, setLevel: () => undefined }),
  askDaemon: () => Promise.reject(Object.assign(new Error('no daemon in this test'), { code: 'ENOENT' })),
  listDaemon: () => {
    throw new Error('no daemon in this test');
  },
};

/** The part that answers every question with `resolution` after `events`, each taking 5 ms of its clock. */
export function answering(resolution: Resolution, events: readonly ResolutionEvent[] = []): Partial<Parts> {
  let nowMs = 1000;
  const clock: Clock = { nowMs: () => nowMs, wallSeconds: () => 0, after: () => () => undefined };
  return {
    openResolver: async () => ({
      clock,
      resolve: async ({ observer }) => {
        for (const event of events) observer?.(event);
        nowMs += 5;
        return resolution;
      },
      close: async () => undefined,
    }),
  };
}

/** A result: NOERROR, nothing in it, unless changed. */
export function result(changes: Partial<Resolution>): Resolution {
  return {
    rcode: 0,
    answer: [],
    authority: [],
    security: 'unchecked',
    extendedErrors: [],
    authoritative: false,
    ttl: 0,
    ...changes,
  };
}

/** An RRset from `www.example.com. A`-like words. */
export function rrset(name: string, ttl: number, type: string, ...rdatas: string[]): RRset {
  const number = typeFromText(type) ?? 0;
  return {
    name: nameFromText(name),
    type: number,
    class: CLASS.IN,
    ttl,
    rdatas: rdatas.map((text) => rdataFromText(number, text)),
    signatures: [],
  };
}

/** A name from text. */
export function name(text: string): Name {
  return nameFromText(text);
}
