// A map bounded in entries that a flood of one-time keys does not empty: S3-FIFO (Yang et al., SOSP 2023).

/**
 * Keys wait in a short queue (probation); those asked for again there pass to a long one (protected), the rest leave
 * it first. A key that comes back soon after it left is taken for a known one and goes straight to the long queue.
 * Reading moves nothing: it raises a count, so a hit costs one look-up in a Map.
 */
export class SegmentedMap<V> {
  readonly sizeMax: number;
  readonly #nodes: Map<string, Node<V>> = new Map();
  readonly #probation: Queue<V> = new Queue();
  readonly #protected: Queue<V> = new Queue();
  readonly #left: RecentKeys = new RecentKeys();
  #evictions = 0;

  /** `sizeMax`: the most entries; at least 10 are taken. */
  constructor(sizeMax: number) {
    this.sizeMax = Math.max(sizeMax, sizeLeast);
  }

  /** The number of entries. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Entries put out for want of room since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  /** The value of `key`, counted as a use of it. */
  get(key: string): V | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    if (node.uses < usesMost) node.uses++;
    return node.value;
  }

  /** Sets `key`, putting out another entry as needed. */
  set(key: string, value: V): void {
    const known = this.#nodes.get(key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    const node: Node<V> = new Node(key, value);
    this.#nodes.set(key, node);
    this.#left.grow(this.#nodes.size);
    node.kept = this.#left.take(key);
    this.#queueOf(node).push(node);
    this.#makeRoom();
  }

  /** Takes `key` out; false if it was not there. */
  delete(key: string): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    this.#queueOf(node).remove(node);
    return this.#nodes.delete(key);
  }

  /** Takes everything out. */
  clear(): void {
    this.#nodes.clear();
    this.#probation.clear();
    this.#protected.clear();
    this.#left.clear();
  }

  /** All entries, oldest first, without counting a use. Entries may be deleted meanwhile. */
  *entries(): Generator<[string, V]> {
    for (const node of this.#nodes.values()) yield [node.key, node.value];
  }

  #queueOf(node: Node<V>): Queue<V> {
    return node.kept ? this.#protected : this.#probation;
  }

  #makeRoom(): void {
    // Each pass puts an entry out or passes one on; `secondChancesMost` bounds the latter.
    let passedOn = 0;
    while (this.size > this.sizeMax) {
      const fromProbation = this.#probation.size > this.sizeMax * probationShare;
      const queue = fromProbation || this.#protected.last === undefined ? this.#probation : this.#protected;
      const node = queue.last;
      if (node === undefined) return;
      queue.remove(node);
      if (passedOn < secondChancesMost && node.uses >= (node.kept ? 1 : usesToBeKept)) {
        passedOn++;
        node.uses = node.kept ? node.uses - 1 : 0;
        node.kept = true;
        this.#protected.push(node);
      } else {
        if (!node.kept) this.#left.add(node.key);
        this.#nodes.delete(node.key);
        this.#evictions++;
      }
    }
  }
}

/** Of which one is on probation. */
const sizeLeast = 10;
/** The part of the bound that keys on probation may take once it is reached. */
const probationShare = 0.1;
/** Uses are counted up to this. */
const usesMost = 3;
/** Uses while on probation that make a key a kept one. */
const usesToBeKept = 1;
/** Entries passed on rather than put out for one `set`: bounds its time. */
const secondChancesMost = 64;

class Node<V> {
  readonly key: string;
  value: V;
  uses = 0;
  /** In the protected queue. */
  kept = false;
  newer: Node<V> | undefined = undefined;
  older: Node<V> | undefined = undefined;

  constructor(key: string, value: V) {
    this.key = key;
    this.value = value;
  }
}

/** A linked list: pushed at the first, taken from the last. */
class Queue<V> {
  first: Node<V> | undefined = undefined;
  last: Node<V> | undefined = undefined;
  size = 0;

  push(node: Node<V>): void {
    node.older = this.first;
    if (this.first === undefined) this.last = node;
    else this.first.newer = node;
    this.first = node;
    this.size++;
  }

  remove(node: Node<V>): void {
    if (node.newer === undefined) this.first = node.older;
    else node.newer.older = node.older;
    if (node.older === undefined) this.last = node.newer;
    else node.older.newer = node.newer;
    node.newer = undefined;
    node.older = undefined;
    this.size--;
  }

  clear(): void {
    this.first = undefined;
    this.last = undefined;
    this.size = 0;
  }
}

/**
 * Which keys left probation a short while ago: a hash of each in a table of its own place, where a later one
 * overwrites an earlier one. It may be wrong either way, at the cost of a key in the wrong queue. Four octets a place.
 */
class RecentKeys {
  #hashes: Int32Array = new Int32Array(256);

  /** Keeps as many places as there are entries, and up to twice as many. */
  grow(entries: number): void {
    if (entries > this.#hashes.length) this.#hashes = new Int32Array(this.#hashes.length * 2);
  }

  add(key: string): void {
    const hash = hashOf(key);
    this.#hashes[hash & (this.#hashes.length - 1)] = hash;
  }

  /** Whether `key` left lately; it is forgotten. */
  take(key: string): boolean {
    const hash = hashOf(key);
    const place = hash & (this.#hashes.length - 1);
    if (this.#hashes[place] !== hash) return false;
    this.#hashes[place] = 0;
    return true;
  }

  clear(): void {
    this.#hashes.fill(0);
  }
}

/** FNV-1a with a last mixing step; never 0, which marks an empty place. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) | 0 || 1;
}
