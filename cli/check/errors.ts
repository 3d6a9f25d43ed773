import { UsageError } from "../exit-codes.js";

export function badCall(text: string | undefined, what: string, hint: string | undefined): UsageError {
  return new UsageError("cli/call", `Cannot read --call "${text}": ${what}`, hint === undefined ? {} : { hint });
}
