// Records one resolution of an engine of its own, whose caches are empty.

import type { Capsule } from '../capsule.ts';
import { recordResolution } from '../capsule-record.ts';
import type { EngineOptions } from '../resolver/options.ts';
import { Resolver } from '../resolver/resolver.ts';
import type { Resolution, ResolveRequest } from '../resolver/types.ts';

/** Resolves one question from nothing, and gives result and capsule. */
export async function recordCapsule(
  options: EngineOptions,
  request: ResolveRequest,
): Promise<{ readonly resolution: Resolution; readonly capsule: Capsule }> {
  const resolver = new Resolver(options);
  try {
    const { resolution, capsule } = await recordResolution(resolver, request);
    return { resolution, capsule: capsule() as Capsule };
  } finally {
    resolver.close();
  }
}
