import { UsageError } from "../exit-codes.js";

export function badReport(text: string, forms: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --report "${text}": expected FORM=FILE`, {
    hint: `forms are ${forms.join(" and ")}; FILE may be -`,
  });
}

export function badCall(text: string | undefined, what: string, hint: string | undefined): UsageError {
  return new UsageError("cli/call", `Cannot read --call "${text}": ${what}`, hint === undefined ? {} : { hint });
}
