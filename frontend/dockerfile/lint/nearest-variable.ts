/** Number of different letters from which on a name was not meant, as in BuildKit. */
const LIMIT = 3;

/**
 * Returns the variable that was meant, as BuildKit finds it: by single letters inserted, deleted or
 * replaced; the first of equals.
 */
export function nearestVariable(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = LIMIT;
  for (const candidate of candidates) {
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
