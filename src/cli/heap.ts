// Keeps the daemon's memory near what its caches are allowed: V8's own habit is to let garbage double the heap.

import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * What new objects may take, octets, half of it in use at a time. They live as long as a walk does: with the 2 MiB that V8
 * begins with, half of them have to be copied at each collection, which makes a cold walk take a fifth more CPU time.
 */
const YOUNG_OCTETS = 8 * 1024 * 1024;

/** By how much the old generation may grow between collections, percent of what is left of it by the last one. */
const GROWTH_PERCENT = 50;

/**
 * What the heap may grow to in any case, octets: what it comes to anyway when the caches hold 100,000 answers. While it is
 * small, half as much again is soon full, and collections follow each other: 8 % of a cold walk's CPU time.
 */
const HEAP_OCTETS_LEAST = 48 * 1024 * 1024;

/**
 * Makes V8 collect sooner: the young generation stops growing at about 8 MiB, and the old one may grow by half between
 * collections where the default lets it double; what lies outside the heap, as the caches do, calls for none by itself. To
 * be called before the caches are made.
 */
export function tightenHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
  // Else what V8's Maglev took to compile a function is freed when no other function waits: up to 60 MB in the first second
  // of load, which the process then keeps.
  setFlagsFromString('--no-maglev-destroy-on-background');
  boundOld();
  new PerformanceObserver((list) => {
    boundYoung();
    if (list.getEntries().some(isMajor)) boundOld();
  }).observe({ entryTypes: ['gc'] });
}

function isMajor(entry: PerformanceEntry): boolean {
  const { detail } = entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/** It grows, and shrinks, when garbage has been collected. */
function boundYoung(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  const isLarge = (young?.space_size ?? 0) >= YOUNG_OCTETS;
  setFlagsFromString(`--semi-space-growth-factor=${isLarge ? 1 : 2}`);
}

/** In effect from the end of the next collection on. */
function boundOld(): void {
  const leastPercent = (HEAP_OCTETS_LEAST / getHeapStatistics().used_heap_size - 1) * 100;
  setFlagsFromString(`--heap-growing-percent=${Math.max(GROWTH_PERCENT, Math.ceil(leastPercent))}`);
}
