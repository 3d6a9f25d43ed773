/** Number of different letters from which on a name was not meant, as in BuildKit. */
const LIMIT = 3;

/** Comparisons of two names for one file. */
const COMPARISONS = 200_000;

/**
 * Finds the variables that were meant by unknown names. Note that a file has a number of
 * comparisons, because each unknown name is compared with all that are known: nobody reads the
 * thousandth advice, and a long file would take the square of its length.
 */
export class NearestVariables {
  #left = COMPARISONS;

  /**
   * Returns the variable that was meant, as BuildKit finds it: by single letters inserted, deleted
   * or replaced; the first of equals.
   */
  find(name: string, candidates: () => Iterable<string>): string | undefined {
    let best: string | undefined;
    let least = LIMIT;
    if (this.#left === 0) return undefined;
    for (const candidate of candidates()) {
      if (this.#left === 0) return best;
      this.#left--;
      if (candidate === name) return undefined;
      if (Math.abs(candidate.length - name.length) >= least) continue;
      const distance = levenshtein(name, candidate);
      if (distance < least) {
        best = candidate;
        least = distance;
      }
    }
    return best;
  }
}

function levenshtein(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, replaced));
    }
    last = row;
  }
  return last[b.length] as number;
}
