// Room for octets that are many and soon forgotten: cut from pieces, since memory of its own costs more than most copies.

/** Octets of a piece. It stays in memory as long as anything in it does: what is kept for long is copied. */
const PIECE_OCTETS = 4096;
/** What takes more of a piece than this wastes too much of it, and gets memory of its own. */
const LARGE_OCTETS = PIECE_OCTETS / 4;

let piece = new ArrayBuffer(PIECE_OCTETS);
let taken = 0;

/** New octets, all 0. Their buffer may have others as well. */
export function newOctets(length: number): Uint8Array {
  if (length > LARGE_OCTETS) return new Uint8Array(length);
  if (taken + length > PIECE_OCTETS) {
    piece = new ArrayBuffer(PIECE_OCTETS);
    taken = 0;
  }
  taken += length;
  return new Uint8Array(piece, taken - length, length);
}

/** `value` for keeps: octets in it, and in lists and plain objects below it, are copied to memory of their own. */
export function withOwnOctets<V>(value: V): V {
  return copyOf(value) as V;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one)]));
}
