import { sumOfUnits } from "../go-values/duration.js";

/** Milliseconds of each unit of an age. Go's durations have neither days nor weeks. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Returns the milliseconds of a text such as `24h`, `1h30m`, `7d`, `500ms`; undefined when it is
 * none.
 */
export function parseTimeSpan(text: string): number | undefined {
  const sum = sumOfUnits(text, UNITS);
  return sum === undefined ? undefined : Math.round(sum);
}

/**
 * Returns milliseconds as a text in the largest unit up to hours that divides them: `24h`, `90m`.
 */
export function formatTimeSpan(milliseconds: number): string {
  for (const unit of ["h", "m", "s"]) {
    const size = UNITS[unit] as number;
    if (milliseconds > 0 && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}
