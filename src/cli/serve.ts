// `rootwalk serve`: the daemon, from its first line to the end of what is in flight.

import { printable } from '../base/printable.ts';
import type { Settings } from '../config/settings.ts';
import type { ReloadReport } from '../console/view.ts';
import { INTERCEPTED } from '../resolver/explain-words.ts';
import type { Resolution } from '../resolver/types.ts';
import { RCODE } from '../wire/types.ts';
import { EXIT, type Io, type Listening, type OpenedDaemon } from './io.ts';
import { reloadText } from './reload-text.ts';
import { inheritedSockets } from './service-manager.ts';
import { checkedSettings, readSettings } from './settings.ts';

/** Runs the verb until SIGTERM or SIGINT; then answers what is in flight and ends with 0. */
export async function serve(io: Io, flags: { readonly config?: string | undefined }): Promise<number> {
  // Asked for first: a signal that comes while starting must not be lost.
  const stopped = io.stopped();
  const { settings, file } = await checkedSettings(io, flags.config);
  const log = await io.parts.openLog(settings.log.level, io.errIsTerminal);
  const daemon = await io.parts.openDaemon(settings, log, {
    inherited: inheritedSockets(io.environment),
    environment: io.environment,
    file,
    // The file that was found at the start, and no other one should that be gone.
    readSettings: () => readSettings(io, flags.config ?? file),
    reloaded: (report) => tellReload(io, report),
  });
  io.onHangup(() => void daemon.reload());
  let stopping = false;
  try {
    const listening = await daemon.start();
    for (const warning of listening.warnings) io.err(`rootwalk: ${printable(warning)}\n`);
    io.out(listeningText(listening, file));
    // Listening comes first: the root may take seconds to be given up.
    const ready = readyText(daemon, settings, io).then((text) => {
      if (!stopping) io.out(text);
    });
    await Promise.race([stopped, ready.then(() => stopped)]);
    stopping = true;
    io.out('Stopping: what is in flight is finished first.\n');
  } finally {
    await daemon.close();
  }
  return EXIT.done;
}

/** Whether questions will be answered, as far as one can tell at the start. */
async function readyText(daemon: OpenedDaemon, settings: Settings, io: Io): Promise<string> {
  const { forward, stub } = settings.zones.find(({ zone }) => zone === '.') ?? {};
  const instead = forward ?? stub;
  // RFC 9609 is for who asks the root. Whoever is asked in its place hears nothing of us until a client asks.
  if (instead !== undefined)
    return `Questions go to ${instead.map(printable).join(' and ')}, not to the root: ready.\n`;
  return rootText(await daemon.prime(), settings, io.hasNetwork());
}

/** The daemon's own output keeps each change of its settings, whether a signal or a verb asked for it. */
function tellReload(io: Io, report: ReloadReport): void {
  if (report.ok) io.out(`${reloadText(report)}\n`);
  else io.err(report.errors.map((line) => `rootwalk: not reloaded: ${printable(line)}\n`).join(''));
}

function listeningText({ bound, skipped, control, console, runsAs }: Listening, file: string | undefined): string {
  const addresses = [...new Set(bound.map(({ ip, port }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)))];
  const [first] = bound;
  return [
    ...skipped.map((address) => `Not listening on ${printable(address)}`),
    `Listening on ${addresses.join(' and ')} (UDP, TCP), ${file === undefined ? 'with the default settings' : `as ${printable(file)} says`}.`,
    ...(control === undefined ? [] : [`Control socket: ${printable(control)}`]),
    ...(console === undefined ? [] : [`Metrics and health: http://${console}/metrics /health /ready`]),
    ...(runsAs === undefined ? [] : [`Running as ${printable(runsAs)} now that the ports are bound.`]),
    ...(first === undefined ? [] : [`Try: dig @${first.ip} -p ${first.port} www.example.com`]),
    '',
  ].join('\n');
}

/** Whether a root server answered, and if none did, the likely cause and what to do. */
export function rootText(resolution: Resolution, settings: Settings, hasNetwork: boolean): string {
  const { failure } = resolution;
  if (failure === undefined && resolution.rcode === RCODE.NOERROR) return 'The root answered: ready.\n';
  const told = resolution.extendedErrors.find(({ text }) => text !== '')?.text;
  const what = told === undefined ? '' : ` (${printable(told)})`;
  const cause = likelyCause(resolution, settings, hasNetwork);
  const that = failure === 'bogus' ? 'What answered as the root cannot be trusted' : 'No root server answered';
  return `${that}${what}. Likely cause: ${cause}. To look closer: rootwalk doctor. To try rootwalk without a network: rootwalk lab\n`;
}

function likelyCause(resolution: Resolution, settings: Settings, hasNetwork: boolean): string {
  const answered = somethingAnswered(resolution);
  if (!answered && !hasNetwork) return 'this machine has no network';
  const { hints } = settings.root;
  if (hints !== null) {
    if (answered) return `the servers of ${printable(hints)} (root.hints) answer, but not as root servers do`;
    return `the servers of ${printable(hints)} (root.hints) are down, or port ${settings.upstream.port} is blocked on the way to them`;
  }
  const forwarder = 'set a forwarder: zones: [{ zone: ., forward: [ADDRESS] }]';
  if (answered) return `${INTERCEPTED}; ${forwarder}`;
  return `port 53 is blocked on the way out, by a firewall or the provider; allow UDP and TCP to port 53, or ${forwarder}`;
}

/** Whether some server answered, though to no use. The reason lists what each did: time out, an error of the system, or that. */
function somethingAnswered({ failure, extendedErrors }: Resolution): boolean {
  if (failure === 'bogus') return true;
  const troubles = extendedErrors[0]?.text.replace(/^[^:]*: /, '').split(', ') ?? [];
  return failure === 'servers-failed' && troubles.some((trouble) => !/ (timeout|E[A-Z]{4,}|unreachable)/.test(trouble));
}
