// Opens what a daemon is watched and told by: the control socket and the console, each optional where it is the default.

import type { Log } from './base/ports.ts';
import { parseServerAddress, serverAddressToText } from './config/address.ts';
import { controlPaths, isDefaultControl } from './config/control-paths.ts';
import { defaultSettings, type Settings } from './config/settings.ts';
import { createApi } from './console/api.ts';
import { type HttpListener, listenHttp } from './console/http.ts';
import type { ConsoleView } from './console/view.ts';
import { ConsoleError, openControlSocket } from './control-socket.ts';
import { createFaultLog } from './server/fault-log.ts';

/** What is open. */
export interface OpenedConsole {
  /** Path of the control socket; undefined: none. */
  readonly control: string | undefined;
  /** `127.0.0.1:8053`; undefined: none. */
  readonly console: string | undefined;
  /** Why a default could not be had, a sentence each. */
  readonly warnings: readonly string[];
  close(): void;
}

/** Opens both. Rejects with {@link ConsoleError} when what is not the default cannot be had; nothing is open then. */
export async function openConsole(settings: Settings, view: ConsoleView, log: Log): Promise<OpenedConsole> {
  const options = { api: createApi(view), clock: view.clock, reportFault: createFaultLog(log, view.clock) };
  const listeners: HttpListener[] = [];
  const warnings: string[] = [];
  const close = (): void => {
    for (const listener of listeners) listener.close();
  };
  let control: string | undefined;
  let address: string | undefined;
  try {
    if (settings.control !== false) {
      const open = openControlSocket(controlPaths(settings.control), (path) => listenHttp({ path }, options));
      const opened = await optional(open, isDefaultControl(settings.control), warnings);
      if (opened !== undefined) listeners.push(opened.listener);
      control = opened?.path;
    }
    if (settings.console !== false) {
      const where = settings.console;
      const open = listenConsole(where, (at) => listenHttp(at, options));
      const opened = await optional(open, where === defaultSettings.console, warnings);
      if (opened !== undefined) listeners.push(opened.listener);
      address = opened?.address;
    }
  } catch (error) {
    close();
    throw error;
  }
  return { control, console: address, warnings, close };
}

/** What can be had, or a warning where that is enough. */
async function optional<Opened>(
  open: Promise<Opened>,
  isDefault: boolean,
  warnings: string[],
): Promise<Opened | undefined> {
  try {
    return await open;
  } catch (error) {
    if (!(error instanceof ConsoleError) || !isDefault) throw error;
    warnings.push(error.message);
    return undefined;
  }
}

async function listenConsole(
  text: string,
  listen: (at: { readonly ip: string; readonly port: number }) => Promise<HttpListener>,
): Promise<{ readonly listener: HttpListener; readonly address: string }> {
  const at = parseServerAddress(text);
  if (at === undefined) throw new ConsoleError(`no console: ${text} is not address:port`);
  try {
    const listener = await listen(at);
    return { listener, address: serverAddressToText({ ip: at.ip, port: listener.port ?? at.port }) };
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = taken ? 'the port is taken' : (error as Error).message;
    throw new ConsoleError(`no console on ${text}: ${why}; set \`console\` to another address, or to false`);
  }
}
