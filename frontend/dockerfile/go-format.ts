/**
 * Text forms of Go's fmt package: BuildKit writes history and messages with them, and equal images need equal history.
 */

/** `%q` of a string. */
export function quote(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    const short = SHORT[char];
    if (short) out += short;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) out += char;
    else out += code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return `${out}"`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** `%q` of a list of strings: `["a" "b"]`. */
export function quoteList(list: readonly string[]): string {
  return `[${list.map(quote).join(" ")}]`;
}

/** `%v` of a list of strings: `[a b]`. */
export function plainList(list: readonly string[]): string {
  return `[${list.join(" ")}]`;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go counts nanoseconds in 63 bits: some 292 years. */
const LONGEST = 2 ** 63;

/** A duration such as `1m30s` in nanoseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const signed = /^([+-]?)(.+)$/.exec(text);
  if (!signed) return undefined;
  const body = signed[2] as string;
  if (body === "0") return 0;
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
  let total = 0;
  let at = 0;
  while (at < body.length) {
    part.lastIndex = at;
    const match = part.exec(body);
    if (!match) return undefined;
    total += Number(match[1]) * (UNITS[match[2] as string] as number);
    at = part.lastIndex;
  }
  return total < LONGEST ? Math.round(total) * (signed[1] === "-" ? -1 : 1) : undefined;
}

/** Nanoseconds as Go prints a duration: `1m30s`, `500ms`, `0s`. */
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
