import { badHistoryLimit } from "./errors.js";
import type { BuildOptions } from "../../api/options/options.js";
import { parseTimeSpan } from "../../core/text/time-span.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseBytes } from "../../api/texts/bytes.js";
import { csvPairs } from "../../api/texts/csv.js";

/**
 * Reads the environment variable `TSBUILD_HISTORY`: `off`, or limits such as
 * `builds=100,age=30d,bytes=64m`.
 */
export function historyLimits(text: string | undefined): Pick<BuildOptions, "history"> {
  if (!text) return {};
  if (/^(off|no)$/i.test(text) || parseBoolean(text) === false) return { history: false };
  return {
    history: Object.fromEntries(csvPairs(text, `TSBUILD_HISTORY="${text}"`).map(({ key, value = "" }) => [key, limit(key, value, text)])),
  };
}

function limit(key: string, value: string, text: string): number {
  if (key === "builds" && /^\d+$/.test(value)) return Number(value);
  if (key === "bytes") return parseBytes(value, "TSBUILD_HISTORY");
  const age = key === "age" ? parseTimeSpan(value) : undefined;
  if (age !== undefined) return age;
  throw badHistoryLimit(text, key, value);
}
