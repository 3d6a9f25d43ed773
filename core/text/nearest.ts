import { editDistance } from "./suggest.js";

/**
 * Returns the `count` candidates that are nearest to `word`, the nearest first. Unlike `suggest`,
 * some are always near enough.
 */
export function nearest(word: string, candidates: readonly string[], count: number): readonly string[] {
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
