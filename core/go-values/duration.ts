/** Nanoseconds of each unit that Go knows. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** First duration that is too long: Go counts nanoseconds in 63 bits, some 292 years. */
const TOO_LONG = 2 ** 63;

/**
 * Returns the nanoseconds of a duration such as `1m30s` or `-500ms`, as Go's `time.ParseDuration`
 * reads it; undefined when the text is none. `0` needs no unit.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, body = ""] = /^([+-]?)(.+)$/s.exec(text) ?? [];
  const total = body === "0" ? 0 : sumOfUnits(body, UNITS);
  if (total === undefined || total >= TOO_LONG) return undefined;
  return sign === "-" && total > 0 ? -Math.round(total) : Math.round(total);
}

/** Nanoseconds of a millisecond: docker's configs count nanoseconds, and Node's timers do not. */
export const MILLISECOND = 1e6;

/** Returns the milliseconds of a duration; undefined when the text is none, or is below zero. */
export function parseMilliseconds(text: string): number | undefined {
  const nanoseconds = parseDuration(text);
  return nanoseconds === undefined || nanoseconds < 0 ? undefined : nanoseconds / MILLISECOND;
}

/**
 * Returns the sum of numbers with units, such as `1h30m`; undefined when anything else stands in
 * the text, or nothing does. `units` says what one of each counts.
 */
export function sumOfUnits(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const part = /(\d+\.?\d*|\.\d+)([^\d.]+)/gy;
  let total = 0;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    const [, number, unit = ""] = part.exec(text) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return text === "" ? undefined : total;
}

/** Returns nanoseconds as Go prints a duration: `1m30s`, `500ms`, `0s`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const sign = nanoseconds < 0 ? "-" : "";
  const rest = Math.abs(nanoseconds);
  if (rest < 1e9) {
    const unit = rest < 1e3 ? "ns" : rest < 1e6 ? "µs" : "ms";
    return `${sign}${trimZeros(rest / (UNITS[unit] as number), 6)}${unit}`;
  }
  const hours = Math.floor(rest / 3600e9);
  const minutes = Math.floor((rest % 3600e9) / 60e9);
  const seconds = `${trimZeros((rest % 60e9) / 1e9, 9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function trimZeros(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, "");
}
