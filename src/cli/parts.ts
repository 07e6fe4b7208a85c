// The real parts behind the verbs, each loaded only by the verb that needs it.

import process from 'node:process';
import type { Log } from '../base/ports.ts';
import type { LogLevel, Settings } from '../config/settings.ts';
import type { Answer } from '../console/client.ts';
import type { StillNeeded } from './drop-privileges.ts';
import type {
  LabRequest,
  LevelledLog,
  OpenedDaemon,
  OpenedResolver,
  Parts,
  ReplayFile,
  ReplayReport,
  RunningLab,
  Started,
} from './io.ts';

/** What `rootwalk` runs with. */
export const parts: Parts = { openResolver, openDaemon, askDaemon, listDaemon, runLab, replay, openLog };

async function openResolver(settings: Settings, log: Log): Promise<OpenedResolver> {
  const [{ createDaemon }, { systemClock }] = await Promise.all([import('../create.ts'), import('../net/clock.ts')]);
  const clock = systemClock();
  // A daemon that is never started binds nothing.
  const daemon = createDaemon(settings, { log, clock });
  return { clock, resolve: (request) => daemon.resolver.resolve(request), close: () => daemon.close() };
}

async function openDaemon(settings: Settings, log: LevelledLog, how: Started): Promise<OpenedDaemon> {
  const [{ createDaemon }, { serverAddressToText }, { tightenHeap }, { lowerHelperThreads }, { dropPrivileges }] =
    await Promise.all([
      import('../create.ts'),
      import('../config/address.ts'),
      import('./heap.ts'),
      import('./helper-threads.ts'),
      import('./drop-privileges.ts'),
    ]);
  tightenHeap();
  lowerHelperThreads();
  const { environment, ...given } = how;
  const daemon = createDaemon(settings, { log, ...given, setLogLevel: (level) => log.setLevel(level) });
  return {
    start: async () => {
      const { skipped, ...started } = await daemon.start();
      const { runsAs, warning } = dropPrivileges(environment, stillNeeded(settings, how.file, started.control));
      return {
        ...started,
        runsAs,
        warnings: [...started.warnings, ...(warning === undefined ? [] : [warning])],
        skipped: skipped.map(({ address, why }) => `${serverAddressToText(address)}: ${why}`),
      };
    },
    reload: () => daemon.reload(),
    prime: () => daemon.prime(),
    close: () => daemon.close(),
  };
}

function stillNeeded(
  { hosts, root, dnssec }: Settings,
  file: string | undefined,
  control: string | undefined,
): StillNeeded {
  const read = [file, hosts === false ? null : hosts, root.hints, root.trustAnchors];
  return {
    read: read.filter((path) => typeof path === 'string'),
    written: dnssec.validate && dnssec.rolloverState !== null ? [dnssec.rolloverState] : [],
    control,
  };
}

async function askDaemon(...asked: Parameters<Parts['askDaemon']>): Promise<Answer> {
  return (await import('../console/client.ts')).askDaemon(...asked);
}

async function* listDaemon(...asked: Parameters<Parts['listDaemon']>): AsyncGenerator<unknown> {
  yield* (await import('../console/client.ts')).listDaemon(...asked);
}

async function runLab(request: LabRequest): Promise<RunningLab> {
  const lab = await import('../lab/run.ts');
  return lab.runLab({ ...request, ...(process.stdin.isTTY ? { input: process.stdin } : {}) });
}

async function replay(files: readonly ReplayFile[], options: { readonly explain: boolean }): Promise<ReplayReport> {
  const { replayFiles } = await import('./replay-files.ts');
  return replayFiles(files, options);
}

async function openLog(level: LogLevel, pretty: boolean): Promise<LevelledLog> {
  const { createLog } = await import('./log.ts');
  return createLog({ level, pretty });
}
