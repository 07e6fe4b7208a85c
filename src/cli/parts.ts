// The real parts behind the verbs, each loaded only by the verb that needs it.

import process from 'node:process';
import type { Log } from '../base/ports.ts';
import type { Settings } from '../config/settings.ts';
import type { LabRequest, OpenedDaemon, OpenedResolver, Parts, ReplayFile, ReplayReport, RunningLab } from './io.ts';

/** What `rootwalk` runs with. */
export const parts: Parts = { openResolver, openDaemon, runLab, replay, openLog };

async function openResolver(settings: Settings, log: Log): Promise<OpenedResolver> {
  const [{ createDaemon }, { systemClock }] = await Promise.all([import('../create.ts'), import('../net/clock.ts')]);
  const clock = systemClock();
  // A daemon that is never started binds nothing.
  const daemon = createDaemon(settings, { log, clock });
  return { clock, resolve: (request) => daemon.resolver.resolve(request), close: () => daemon.close() };
}

async function openDaemon(settings: Settings, log: Log): Promise<OpenedDaemon> {
  const [{ createDaemon }, { serverAddressToText }] = await Promise.all([
    import('../create.ts'),
    import('../config/address.ts'),
  ]);
  const daemon = createDaemon(settings, { log });
  return {
    start: async () => {
      const { bound, skipped } = await daemon.start();
      return { bound, skipped: skipped.map(({ address, why }) => `${serverAddressToText(address)}: ${why}`) };
    },
    prime: () => daemon.prime(),
    close: () => daemon.close(),
  };
}

async function runLab(request: LabRequest): Promise<RunningLab> {
  const lab = await import('../lab/run.ts');
  return lab.runLab({ ...request, ...(process.stdin.isTTY ? { input: process.stdin } : {}) });
}

async function replay(files: readonly ReplayFile[], options: { readonly explain: boolean }): Promise<ReplayReport> {
  const { replayFiles } = await import('./replay-files.ts');
  return replayFiles(files, options);
}

async function openLog(level: Settings['log']['level'], pretty: boolean): Promise<Log> {
  const { createLog } = await import('./log.ts');
  return createLog({ level, pretty });
}
