import { constants } from "node:os";
import { type AnyCode, TsbuildError } from "../../core/errors.js";

/** Makes an error with every member that has to arrive in another thread or process. */
export function wholeError(code: AnyCode): TsbuildError {
  const source = { name: "Dockerfile", text: "COPY ä /\n" };
  const range = { start: 0, end: 8, line: 1, column: 1, endLine: 1, endColumn: 9 };
  const system = Object.assign(new Error("ENOSPC: no space"), {
    code: "ENOSPC",
    errno: -constants.errno.ENOSPC,
    syscall: "write",
    path: "/x",
  });
  const error = new TsbuildError(code, `Cannot do "ä"\nfor ${code}`, {
    hint: "Do",
    step: "[2/5] COPY ä /",
    cause: new TsbuildError("test/cause", "A layer", { cause: system }),
    diagnostics: [{ severity: "error", code, message: "ä", source, range }],
  });
  error.place = { source, range };
  return error;
}

/** Returns the members of an error and its causes, but for stacks, which differ by process. */
export function membersOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  const members = { ...error, name: error.name, message: error.message, kind: error instanceof TsbuildError };
  return cause === undefined ? members : { ...members, cause: membersOf(cause) };
}
