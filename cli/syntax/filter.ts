import { filterWithoutValue, noSuchFilter } from "./errors.js";
import { suggest } from "../../core/text/suggest.js";

/**
 * Splits a `--filter` into key and value. Throws `cli/filter` for a filter without value, and for a
 * key that is none of `keys`.
 */
export function splitFilter<K extends string>(text: string, keys: readonly K[]): { readonly key: K; readonly value: string } {
  const at = text.indexOf("=");
  if (at < 1) throw filterWithoutValue(text, keys);
  const name = text.slice(0, at);
  const key = keys.find((candidate) => candidate === name);
  if (key !== undefined) return { key, value: text.slice(at + 1) };
  const near = suggest(name, keys);
  throw noSuchFilter(name, near, keys);
}
