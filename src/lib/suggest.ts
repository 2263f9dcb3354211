/**
 * The candidate that was most likely meant by a mistyped name, or undefined when none is near: at most one
 * edit for three characters, and never all of them. Of equally near ones the first wins; without any, one that
 * begins with the name.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let longer: string | undefined;
  let bestDistance = Math.min(Math.max(1, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of candidates) {
    if (name.length >= SHORTEST_BEGINNING && candidate.startsWith(name)) longer ??= candidate;
    // The lengths alone bound the distance from below, which spares most of the work on long lists.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? longer;
}

/** How much of a name says which one is meant. */
const SHORTEST_BEGINNING = 4;

/** ` Did you mean "x"?` to append to a message, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const match = nearest(name, candidates);
  return match === undefined ? "" : ` Did you mean ${JSON.stringify(match)}?`;
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (Damerau
 * 1964, in the form called optimal string alignment).
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

/** A cell of a row that is known to be long enough. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
