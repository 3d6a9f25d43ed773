import { UsageError } from "../exit-codes.js";

export function quietAndProgress(named: string): UsageError {
  return new UsageError("cli/progress", `Cannot combine --quiet with --progress=${named}`);
}

export function badProgress(wanted: string, forms: readonly string[]): UsageError {
  return new UsageError("cli/progress", `Cannot show progress as "${wanted}": it is none of ${forms.join(", ")}`);
}
