import { suggest } from "../../core/text/suggest.js";
import { UsageError } from "../exit-codes.js";

/**
 * Splits a `--filter` into key and value. Throws `cli/filter` for a filter without value, and for a
 * key that is none of `keys`.
 */
export function splitFilter<K extends string>(text: string, keys: readonly K[]): { readonly key: K; readonly value: string } {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError("cli/filter", `Cannot filter by "${text}": expected KEY=VALUE`, { hint: `keys are ${keys.join(", ")}` });
  const name = text.slice(0, at);
  const key = keys.find((candidate) => candidate === name);
  if (key !== undefined) return { key, value: text.slice(at + 1) };
  const near = suggest(name, keys);
  throw new UsageError("cli/filter", `Cannot filter by "${name}": there is no such key`, {
    hint: near === undefined ? `keys are ${keys.join(", ")}` : `did you mean ${near}? Keys are ${keys.join(", ")}`,
  });
}
