// A log that keeps its lines as text.
import type { Log, LogFields } from '../../src/base/ports.ts';

/** The log, and every message and field written to it. */
export function createLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (message: string, fields: LogFields = {}): void => {
    lines.push([message, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' '));
  };
  return { lines, log: { debug: note, info: note, warn: note, error: note } };
}
