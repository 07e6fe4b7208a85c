// What one question's own responses said, TTL 0 included: used before the caches, gone with the question.

import type { ServerAddress } from '../base/ports.ts';
import type { DenialEntry, RecordEntry } from '../cache/entry.ts';
import type { Name } from '../wire/name.ts';

type Entry = RecordEntry | DenialEntry;

/** What was said of a name and type, or of the whole name; `entry` is undefined once it is forgotten. */
interface Fresh {
  readonly kind: number;
  entry: Entry | undefined;
  server: ServerAddress | undefined;
}

/** The kind of a whole name's denial; that of everything else is its type. */
const NXDOMAIN = 0x1_0000;

/** Bounded by the upstream queries of the budget. A question that is answered from memory has none. */
export class FreshData {
  #byName: Map<Name, Fresh[]> | undefined;

  rrset(name: Name, type: number): RecordEntry | undefined {
    const entry = this.#find(name, type)?.entry;
    return entry?.kind === 'rrset' ? entry : undefined;
  }

  /** That of the type, or of the whole name. */
  denial(name: Name, type: number): DenialEntry | undefined {
    const entry = this.#find(name, type)?.entry ?? this.#find(name, NXDOMAIN)?.entry;
    return entry === undefined || entry.kind === 'rrset' ? undefined : entry;
  }

  /** Who said last what `entry` says or contradicts. */
  giverOf(entry: Entry): ServerAddress | undefined {
    return this.#find(nameOf(entry), kindOf(entry))?.server;
  }

  /** `server`: who gave it; undefined: it is what was there, judged. */
  put(entry: Entry, server: ServerAddress | undefined): void {
    const name = nameOf(entry);
    const kind = kindOf(entry);
    const known = this.#find(name, kind);
    if (known !== undefined) {
      known.entry = entry;
      known.server = server ?? known.server;
      return;
    }
    this.#byName ??= new Map();
    const fresh: Fresh = { kind, entry, server };
    const others = this.#byName.get(name);
    if (others === undefined) this.#byName.set(name, [fresh]);
    else others.push(fresh);
  }

  forget(entry: Entry): void {
    const fresh = this.#find(nameOf(entry), kindOf(entry));
    if (fresh !== undefined) fresh.entry = undefined;
  }

  #find(name: Name, kind: number): Fresh | undefined {
    const all = this.#byName?.get(name);
    if (all === undefined) return undefined;
    for (const one of all) if (one.kind === kind) return one;
    return undefined;
  }
}

function kindOf(entry: Entry): number {
  if (entry.kind === 'rrset') return entry.rrset.type;
  return entry.kind === 'nxdomain' ? NXDOMAIN : entry.type;
}

function nameOf(entry: Entry): Name {
  return entry.kind === 'rrset' ? entry.rrset.name : entry.name;
}
