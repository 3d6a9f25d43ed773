import { badRegularExpression, noDiskFilter, badAgeFilter } from "./errors.js";
import { parseTimeSpan } from "../../core/text/time-span.js";
import { parseBoolean } from "../../core/go-values/boolean.js";

/** A part of the store that filters test. No filter tests an absent member. */
interface Filterable {
  readonly id: string;
  readonly type: string;
  readonly description: string;
  readonly lastUsedAt: number | undefined;
  readonly shared: boolean;
  readonly running?: boolean;
  readonly reclaimable?: boolean;
}

/** BuildKit's names for our types. */
const TYPES: Readonly<Record<string, string>> = { regular: "step", "exec.cachemount": "mount" };

/**
 * Reads `--filter` as a test; all filters must hold. A filter is `KEY=VALUE`, `KEY!=VALUE`,
 * `KEY~=REGEXP`, or `KEY` alone for a boolean.
 */
export function parseDiskFilters(texts: readonly string[], now: number): (item: Filterable) => boolean {
  const tests = texts.map((text) => parseDiskFilter(text, now));
  return (item) => tests.every((test) => test(item));
}

function parseDiskFilter(text: string, now: number): (item: Filterable) => boolean {
  const [, key = "", operator = "=", value] = /^([a-z]+)(?:(!=|~=|=)(.*))?$/s.exec(text) ?? [];
  switch (key) {
    case "id":
    case "type":
    case "description": {
      if (value === undefined) break;
      if (operator === "~=") {
        const expression = regularExpression(text, value);
        return (item) => expression.test(item[key]);
      }
      const wanted = key === "type" ? (TYPES[value] ?? value) : value;
      const matches = (item: Filterable): boolean => (key === "id" ? isPrefix(item.id, wanted) : item[key] === wanted);
      return operator === "=" ? matches : (item) => !matches(item);
    }
    case "inuse":
    case "shared":
    case "private":
    case "reclaimable": {
      const asked = value === undefined || value === "" || parseBoolean(value);
      if (operator === "~=" || asked === undefined) break;
      const wanted = asked === (operator === "=");
      return (item) => flagOf(item, key) === wanted;
    }
    case "until": {
      if (operator !== "=" || value === undefined) break;
      const before = now - parseAge(value, now);
      return (item) => item.lastUsedAt === undefined || item.lastUsedAt <= before;
    }
  }
  throw noDiskFilter(text);
}

function flagOf(item: Filterable, key: "inuse" | "shared" | "private" | "reclaimable"): boolean {
  if (key === "inuse") return item.running ?? false;
  if (key === "private") return !item.shared;
  return item[key] ?? false;
}

/** Returns true for a shortened id, with or without `sha256:`. */
function isPrefix(id: string, wanted: string): boolean {
  return wanted !== "" && (id === wanted || (wanted.length >= 4 && (id.startsWith(wanted) || id.startsWith(`sha256:${wanted}`))));
}

function regularExpression(text: string, source: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    throw badRegularExpression(text, source);
  }
}

/**
 * Returns the milliseconds of an age such as `24h`, `7d`, `1h30m`, or since a date in ISO 8601 or
 * seconds since the epoch.
 */
export function parseAge(text: string, now: number): number {
  if (/^\d{8,12}$/.test(text)) return Math.max(0, now - Number(text) * 1000);
  const duration = parseTimeSpan(text);
  if (duration !== undefined) return duration;
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date)) throw badAgeFilter(text);
  return Math.max(0, now - date);
}
