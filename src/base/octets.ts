// Room for octets that are many and soon forgotten: cut from pieces, since memory of its own costs more than most copies.

/** Octets of a piece. It stays in memory as long as anything in it does: what is kept for long goes elsewhere. */
const PIECE_OCTETS = 4096;
/** What takes more of a piece than this wastes too much of it, and gets memory of its own. */
const LARGE_OCTETS: number = PIECE_OCTETS / 4;

let piece = new ArrayBuffer(PIECE_OCTETS);
let taken = 0;

/** New octets, all 0, of which the buffer has others as well. */
export function newOctets(length: number): Uint8Array {
  if (length > LARGE_OCTETS) return new Uint8Array(length);
  if (taken + length > PIECE_OCTETS) {
    piece = new ArrayBuffer(PIECE_OCTETS);
    taken = 0;
  }
  taken += length;
  return new Uint8Array(piece, taken - length, length);
}
