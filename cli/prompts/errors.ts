import { UsageError } from "../exit-codes.js";

export function notConfirmed(hint: string): UsageError {
  return new UsageError("cli/not-confirmed", "Cannot prune without being asked to: the standard input is no terminal to ask on", { hint });
}

export function answerMissing(): UsageError {
  return new UsageError("cli/terminal", "Cannot go on: the answer is missing");
}
