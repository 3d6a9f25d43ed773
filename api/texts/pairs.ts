import { setMember } from "../../core/set-member.js";
import { badPair } from "./errors.js";

/** Reads the values of a flag that takes names with values. */
export function parsePairs(
  values: readonly string[],
  { name, form = "KEY=VALUE" }: { readonly name: string; readonly form?: string },
  value: "required" | "optional",
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of values) {
    const at = text.indexOf("=");
    if (at < 1 && (value === "required" || at === 0 || text === "")) {
      throw badPair(name, text, form);
    }
    setMember(result, at < 0 ? text : text.slice(0, at), at < 0 ? "" : text.slice(at + 1));
  }
  return result;
}
