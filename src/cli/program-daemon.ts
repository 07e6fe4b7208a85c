// The verbs that look at settings and at a running daemon: their words, options and help.

import type { Command } from 'commander';
import type { Io } from './io.ts';

/** Adds them to `program`; `ended` takes the exit code. */
export function addDaemonVerbs(
  program: Command,
  io: Io,
  ended: (code: number) => void,
  texts: { readonly config: string; readonly json: string },
): void {
  const verb = (parent: Command, words: string, description: string): Command =>
    parent
      .command(words)
      .description(description)
      .option('-c, --config <file>', texts.config)
      .option('--json', texts.json);

  verb(program, 'status', 'how the running daemon is; exit code 3 when none runs').action(async (flags) =>
    ended(await (await import('./status.ts')).status(io, flags)),
  );
  verb(program, 'stats', 'the figures of the running daemon since its start').action(async (flags) =>
    ended(await (await import('./status.ts')).stats(io, flags)),
  );
  verb(program, 'reload', 'have the running daemon read its settings again, as SIGHUP does').action(async (flags) =>
    ended(await (await import('./status.ts')).reload(io, flags)),
  );
  verb(program, 'healthcheck', 'exit code 0 when the daemon is ready, 1 when not yet, 3 when none runs').action(
    async (flags) => ended(await (await import('./status.ts')).healthcheck(io, flags)),
  );
  verb(program, 'servers', 'what the running daemon knows of servers: RTT, timeouts, EDNS, lameness').action(
    async (flags) => ended(await (await import('./servers.ts')).servers(io, flags)),
  );

  const failures = program
    .command('failures')
    .description('the last resolutions of the running daemon that failed, proved bogus or reached a bound');
  verb(failures, 'list', 'what is kept, the oldest first').action(async (flags) =>
    ended(await (await import('./failures.ts')).failuresList(io, flags)),
  );
  verb(failures, 'show <id>', 'each step of a failure, and who is at fault').action(async (id, flags) =>
    ended(await (await import('./failures.ts')).failuresShow(io, id, flags)),
  );
  verb(failures, 'export <id>', 'the capsule of a failure, which replay plays on any machine')
    .option('-o, --output <file>', 'the file to write; default: print it')
    .action(async (id, flags) => ended(await (await import('./failures.ts')).failuresExport(io, id, flags)));

  verb(
    program,
    'doctor',
    'what on this machine or on its way out is in the way, and the fix; exit code 1 for a fault',
  ).action(async (flags) => ended(await (await import('./doctor.ts')).doctor(io, flags)));

  verb(program, 'setup', 'print what has the programs of this machine ask rootwalk, do it, or take it back')
    .option('--apply', 'do it')
    .option('--undo', 'take it back: every file is as it was')
    .option('--root <folder>', 'the root of the machine, where it is not /; its services are not told')
    .action(async (flags) => ended(await (await import('./setup.ts')).setup(io, flags)));

  const cache = program
    .command('cache')
    .description('the caches of the running daemon: answers (browser), host (os), records (resolver), hierarchy');
  verb(cache, 'list', 'the layers, with entries, hits, misses and memory').action(async (flags) =>
    ended(await (await import('./cache.ts')).cacheList(io, flags)),
  );
  verb(cache, 'lookup <name>', 'what a question for this name would meet, layer by layer').action(async (name, flags) =>
    ended(await (await import('./cache.ts')).cacheLookup(io, name, flags)),
  );
  verb(cache, 'dump [layer]', 'all entries of a layer, or of all').action(async (layer, flags) =>
    ended(await (await import('./cache.ts')).cacheDump(io, layer, flags)),
  );
  verb(cache, 'flush <name>', 'take out what is kept of exactly this name').action(async (name, flags) =>
    ended(await (await import('./cache.ts')).cacheFlush(io, { name }, flags)),
  );
  verb(cache, 'flush-zone <zone>', 'take out what is kept at and below this name; "." is everything').action(
    async (zone, flags) => ended(await (await import('./cache.ts')).cacheFlush(io, { zone }, flags)),
  );
  verb(cache, 'flush-bogus', 'take out what failed to validate').action(async (flags) =>
    ended(await (await import('./cache.ts')).cacheFlush(io, { bogus: true }, flags)),
  );

  const config = program.command('config').description('the settings');
  verb(config, 'show', 'print the settings as a configuration file would have them')
    .option('--defaults', 'the defaults instead')
    .option('--diff', 'only what differs from the defaults')
    .action(async (flags) => ended(await (await import('./config.ts')).configShow(io, flags)));
}
