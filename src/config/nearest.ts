// The nearest of the words that would have been right, for messages about one that was wrong.

/** The candidate nearest to `word`, case, dashes and underscores aside; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = simplify(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const right = simplify(candidate);
    // More than one letter in three of the longer word wrong is another word, not a slip.
    const slips = Math.max(1, Math.floor(Math.max(plain.length, right.length) / 3));
    const distance = editDistance(plain, right, Math.min(bestDistance, slips + 1));
    if (distance <= slips && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** The letters and digits of a word, in lower case: `qname-minimisation` and `qnameMinimisation` are the same. */
export function simplify(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replace(/[-_. ]/g, '');
}

/** Insertions, deletions, changes and swaps of neighbours from `a` to `b`; `atMost` when they are that many or more. */
function editDistance(a: string, b: string, atMost: number): number {
  if (Math.abs(a.length - b.length) >= atMost) return atMost;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    [before, above] = [above, row];
  }
  return Math.min(atMost, above[b.length] ?? atMost);
}
