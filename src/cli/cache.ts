// `rootwalk cache`: what the layers of a running daemon hold, looking a name up in them, and taking things out.

import { printable } from '../base/printable.ts';
import { LAYER_ALIASES } from '../console/api.ts';
import type { StatsReport } from '../console/reports.ts';
import type { LayerName } from '../resolver/events.ts';
import { type CacheEntry, type Flushed, LAYERS } from '../resolver/inspect.ts';
import { nameToText } from '../wire/name.ts';
import { type DaemonFlags, reachDaemon } from './daemon.ts';
import { CliError, EXIT, type Io } from './io.ts';
import { layersText, layerTitle } from './layers-text.ts';
import { readName } from './question.ts';
import { jsonText } from './status.ts';

/** Prints the layers with their figures. */
export async function cacheList(io: Io, flags: DaemonFlags): Promise<number> {
  const daemon = await reachDaemon(io, flags);
  const { layers } = (await daemon.ask('GET', '/api/stats')).json as StatsReport;
  io.out(flags.json ? jsonText(layers) : layersText(layers));
  return EXIT.done;
}

/** Prints what a question for the name would meet, layer by layer. */
export async function cacheLookup(io: Io, name: string, flags: DaemonFlags): Promise<number> {
  const query = new URLSearchParams({ name: nameIn(name) });
  const daemon = await reachDaemon(io, flags);
  const entries = daemon.list(`/api/entries?${query}`) as AsyncIterable<CacheEntry>;
  const empty = new Set<LayerName>(LAYERS);
  let last: LayerName | undefined;
  for await (const entry of entries) {
    empty.delete(entry.layer);
    if (flags.json) io.out(`${JSON.stringify(entry)}\n`);
    else io.out(`${entry.layer === last ? '' : `${layerTitle(entry.layer)}\n`} ${entryText(entry)}\n`);
    last = entry.layer;
  }
  if (!flags.json && empty.size > 0) io.out(`nothing in ${[...empty].map(layerTitle).join(', ')}\n`);
  return EXIT.done;
}

/** Prints all entries of a layer, or of all; with `--json` one JSON value a line. */
export async function cacheDump(io: Io, layer: string | undefined, flags: DaemonFlags): Promise<number> {
  const query = layer === undefined ? '' : `?layer=${readLayer(layer)}`;
  const daemon = await reachDaemon(io, flags);
  for await (const entry of daemon.list(`/api/entries${query}`) as AsyncIterable<CacheEntry>) {
    io.out(flags.json ? `${JSON.stringify(entry)}\n` : `${entryText(entry)} ; ${entry.layer}\n`);
  }
  return EXIT.done;
}

/** What is to be taken out. */
export type Flush = { readonly name: string } | { readonly zone: string } | { readonly bogus: true };

/** Takes things out of all layers, and says how much. */
export async function cacheFlush(io: Io, what: Flush, flags: DaemonFlags): Promise<number> {
  const asked: Flush =
    'name' in what ? { name: nameIn(what.name) } : 'zone' in what ? { zone: nameIn(what.zone) } : what;
  const daemon = await reachDaemon(io, flags);
  const { json } = await daemon.ask('POST', '/api/flush', asked);
  const { answers, records, hierarchy } = json as Flushed;
  if (flags.json) io.out(jsonText(json));
  else io.out(`Taken out: ${records} of records, ${hierarchy} of hierarchy; answers was emptied of ${answers}.\n`);
  return EXIT.done;
}

/** The name as the daemon reads it. */
function nameIn(name: string): string {
  return nameToText(readName(name));
}

function readLayer(text: string): LayerName {
  const layer = LAYER_ALIASES.get(text) ?? LAYERS.find((one) => one === text);
  if (layer !== undefined) return layer;
  const known = LAYERS.map(layerTitle).join(', ');
  throw new CliError(`${printable(text)} is not a layer; the layers are ${known}`);
}

/** `www.example.com. 300 A 192.0.2.1 ; secure, answerAA, from example.com.` */
function entryText({ name, kind, type, ttl, data, security, note }: CacheEntry): string {
  const what = kind === 'rrset' ? [type ?? ''] : [kind, ...(type === undefined ? [] : [type])];
  const comment = [security, note].filter((text) => text !== undefined).join(', ');
  const words = [name, ttl === null ? 'for good' : `${ttl}`, ...what, data.join(' | ')].filter((word) => word !== '');
  return printable(`${words.join(' ')}${comment === '' ? '' : ` ; ${comment}`}`);
}
