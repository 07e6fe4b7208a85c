// The layers of the cache in words: their names, their aliases, their figures.

import { LAYER_ALIASES } from '../console/api.ts';
import type { StatsReport } from '../console/reports.ts';
import { octetsText, table } from './table.ts';

/** `answers (browser)`. */
export function layerTitle(layer: string): string {
  const alias = [...LAYER_ALIASES].find(([, name]) => name === layer)?.[0];
  return alias === undefined ? layer : `${layer} (${alias})`;
}

/** A table with a row for each layer. */
export function layersText(layers: StatsReport['layers']): string {
  const figure = (value: number | undefined): string => `${value ?? 0}`;
  return table(
    [
      ['LAYER', 'ENTRIES', 'HITS', 'MISSES', 'PUT OUT', 'FILLED', 'OF'],
      ...Object.entries(layers).map(([layer, { entries, hits, misses, evictions, octets, octetsMax }]) => [
        layerTitle(layer),
        figure(entries),
        figure(hits),
        figure(misses),
        figure(evictions),
        octetsText(octets ?? 0),
        octetsText(octetsMax ?? 0),
      ]),
    ],
    [1, 2, 3, 4, 5, 6],
  );
}
