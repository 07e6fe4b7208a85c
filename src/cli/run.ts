// The command line in the real world: streams, files, signals, and the exit code.

import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { packageVersion } from '../version.ts';
import { EXIT, type Io } from './io.ts';
import { parts } from './parts.ts';
import { runProgram } from './program.ts';

/** Runs the command line of `argv` (as `process.argv`) and sets the exit code. Rejects only for faults of our own. */
export async function run(argv: readonly string[]): Promise<void> {
  process.on('uncaughtException', internalError);
  const code = await runProgram(argv.slice(2), systemIo(), packageVersion);
  // Output that was lost has told so already, and is no success.
  process.exitCode = code === EXIT.done ? (process.exitCode ?? code) : code;
}

/** A fault of our own, wherever it arose: told with its stack, and the end, since state can no longer be trusted. */
function internalError(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`rootwalk: internal error, please report it: ${text}\n`);
  process.exit(EXIT.internal);
}

function systemIo(): Io {
  return {
    out: writer(process.stdout),
    err: writer(process.stderr),
    errIsTerminal: process.stderr.isTTY === true,
    environment: process.env,
    readFile: (path) => readFile(path, 'utf8'),
    writeFile: (path, text) => writeFile(path, text),
    hasNetwork,
    stopped,
    onHangup: (run) => void process.on('SIGHUP', run),
    parts,
  };
}

/** Writes to a stream until its reader is gone (`rootwalk query … | head`, a log collector that ended): no reason to fall. */
function writer(stream: NodeJS.WriteStream): (text: string) => void {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    open = false;
    if (error.code === 'EPIPE') return;
    process.exitCode = EXIT.usage;
    if (stream !== process.stderr) process.stderr.write(`rootwalk: output could not be written: ${error.message}\n`);
  });
  return (text) => {
    if (open) stream.write(text);
  };
}

function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ internal, address }) => !internal && !address.startsWith('fe80')),
  );
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      // A second signal finds no listener any more, so it ends the process.
      for (const signal of SIGNALS) process.off(signal, stop);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
