// The log: pino behind the Log port, JSON lines to standard error, or lines for people at a terminal.

import { type DestinationStream, pino } from 'pino';
import type { LogFields } from '../base/ports.ts';
import type { LogLevel } from '../config/settings.ts';
import type { LevelledLog } from './io.ts';

/** Lines that wait for a slow reader of standard error: beyond it they are dropped, for answers come first. Octets. */
const WAITING_OCTETS_MAX = 1024 * 1024;

/** How a log is made. */
export interface LogOptions {
  readonly level: LogLevel;
  /** For people, with colours, instead of JSON. */
  readonly pretty: boolean;
  /** Where lines go. Default: standard error, never waiting for its reader. */
  readonly destination?: DestinationStream;
}

/** A log. It writes no process ID or host name: those who collect logs add them. */
export async function createLog(options: LogOptions): Promise<LevelledLog> {
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: named } },
    options.destination ?? (await standardError(options.pretty)),
  );
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void => {
      if (fields === undefined) logger[level](message);
      else logger[level](fields, message);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    setLevel(level): void {
      logger.level = level;
    },
  };
}

function named(level: string): { level: string } {
  return { level };
}

async function standardError(pretty: boolean): Promise<DestinationStream> {
  if (!pretty) return pino.destination({ dest: 2, sync: false, maxLength: WAITING_OCTETS_MAX });
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({ destination: 2, translateTime: 'SYS:HH:MM:ss', colorize: true, singleLine: true });
}
