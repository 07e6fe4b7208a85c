// The command line: verbs, their options and help. Each verb's code is loaded only when it runs.

import { Command, CommanderError } from 'commander';
import { printable } from '../base/printable.ts';
import { asCliError, EXIT, type Io } from './io.ts';
import { addDaemonVerbs } from './program-daemon.ts';

/** Runs the command line `words` (without the program's own path) and gives the exit code. */
export async function runProgram(words: readonly string[], io: Io, version: () => string): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    if (words[0] === '--version' || words[0] === '-V') {
      io.out(`${version()}\n`);
      return EXIT.done;
    }
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has printed help or its error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const told = asCliError(error);
    if (told === undefined) throw error;
    io.err(
      `${told.message
        .split('\n')
        .map((line) => `rootwalk: ${line}`)
        .join('\n')}\n`,
    );
    return told.exitCode;
  }
}

/** Words of `lab --listen`. */
const LISTEN_MAX = 16;

function createProgram(io: Io, ended: (code: number) => void): Command {
  const program = new Command('rootwalk')
    .description('A recursive DNS resolver that starts at the root and can show every step.')
    .option('-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(errorLine(text)),
    });

  program
    .command('serve')
    .description('answer DNS queries; without a configuration on 127.0.0.1 and ::1, port 5353')
    .option('-c, --config <file>', CONFIG)
    .action(async (flags) => ended(await (await import('./serve.ts')).serve(io, flags)));

  program
    .command('query')
    .description('resolve a name from the root and print the result as dig does')
    .argument('[words...]', 'NAME [TYPE], and +short, +dnssec, +cd, +noall +answer')
    .option('-x, --reverse <address>', 'ask for the name of an address')
    .option('-c, --config <file>', CONFIG)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 answered (also that the name does not exist), 1 usage, 9 no answer, 10 internal error.',
    )
    .action(async (words, flags) => ended(await (await import('./query.ts')).query(io, words, flags)));

  program
    .command('explain')
    .description('resolve a name and show each step: who was asked, what was believed, why it failed')
    .argument('[words...]', 'NAME [TYPE], and +cd')
    .option('-x, --reverse <address>', 'ask for the name of an address')
    .option('-c, --config <file>', CONFIG)
    .option('--server', 'in the running daemon, with its caches as they are; exit code 3 when none runs')
    .option('--json', 'print the events as JSON')
    .action(async (words, flags) => ended(await (await import('./explain.ts')).explain(io, words, flags)));

  program
    .command('check')
    .description('check a configuration file')
    .argument('[file]', 'the file; default: the one that serve would read')
    .option('-c, --config <file>', CONFIG)
    .option('--json', JSON_OPTION)
    .action(async (file, flags) => ended(await (await import('./check.ts')).check(io, file, flags)));

  program
    .command('lab')
    .description('a small Internet on this machine, with a resolver on it: needs no network and no privileges')
    .option('-c, --config <file>', 'configuration file, for listen and log.level')
    .option('--once', 'tell the walk and end')
    .option(
      '--listen <address...>',
      'where the resolver of the lab listens; default 127.0.0.1:5353',
      (value, all: string[] = []) => [...all, value].slice(0, LISTEN_MAX),
    )
    .action(async (flags) => ended(await (await import('./lab.ts')).lab(io, flags)));

  program
    .command('record')
    .description('resolve a name and write all that it took into a capsule, for replay')
    .argument('[words...]', 'NAME [TYPE], and +cd')
    .requiredOption('-o, --output <file>', 'the capsule to write')
    .option('-x, --reverse <address>', 'ask for the name of an address')
    .option('-c, --config <file>', CONFIG)
    .action(async (words, flags) => ended(await (await import('./record.ts')).record(io, words, flags)));

  program
    .command('replay')
    .description('play scenarios (.rpl) and capsules (.json) again, with no network')
    .argument('<file...>', 'files')
    .option('--explain', 'show each step of a capsule')
    .option('--json', JSON_OPTION)
    .action(async (files, flags) => ended(await (await import('./replay.ts')).replay(io, files, flags)));

  addDaemonVerbs(program, io, ended, { config: CONFIG, json: JSON_OPTION });
  return program;
}

const CONFIG = 'configuration file; default: ROOTWALK_CONFIG, ./rootwalk.yaml, /etc/rootwalk/rootwalk.yaml';
const JSON_OPTION = 'print JSON';

/** commander's errors in one line, with its "Did you mean" at the end. */
function errorLine(text: string): string {
  const line = printable(text.trim().replace(/\s*\n\s*/g, ' ')).replace(/^error: |\.$/g, '');
  return `rootwalk: ${line}; see rootwalk --help\n`;
}
