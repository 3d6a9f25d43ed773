import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import test from "ava";
import { restoreError, transferError } from "../../core/error-transfer.js";
import { CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "../../core/errors.js";

const source = { name: "Dockerfile", text: "RUN make\n" };
const range = { start: 0, end: 8, line: 1, column: 1, endLine: 1, endColumn: 9 };

/** Sends an error through the bytes that the worker's socket carries. */
function cross(error: unknown): Error {
  return restoreError(deserialize(serialize(transferError(error))) as ReturnType<typeof transferError>);
}

function systemError(): NodeJS.ErrnoException {
  try {
    readFileSync("/nowhere/at/all");
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error("there is such a file");
}

const options = { hint: "Do", step: "[2/5] RUN make", cause: systemError() };
const diagnostics = [{ severity: "error", code: "dockerfile/empty", message: "it is empty", source, range }] as const;

const ERRORS: readonly TsbuildError[] = [
  new TsbuildError("test/b", "No", { ...options, diagnostics }),
  new UsageError("test/b", "No", options),
  new CanceledError("Stopped", options),
  new ExecError(["sh", "-c", "make"], { code: 2 }, "no rule\n", { ...options, display: "make" }),
  new ExecError(["make"], { signal: "SIGKILL" }, "", options),
  Object.assign(new DiagnosticsError(diagnostics), { step: options.step, cause: options.cause }),
];

for (const error of ERRORS) {
  test(`error transfer: ${error.name} "${error.message}" keeps class, step, place, diagnostics and cause`, (t) => {
    error.place = { source, range };
    const crossed = cross(error);
    t.is(crossed.constructor, error.constructor);
    t.is(crossed.message, error.message);
    t.is(crossed.stack, error.stack);
    t.like(crossed, { ...error });
    t.like(crossed.cause, { ...options.cause, message: options.cause.message });
  });
}

test("error transfer: a system error keeps code, errno, call and path, also without a call", (t) => {
  const error = systemError();
  t.deepEqual({ ...cross(error) }, { ...error, name: "Error" });
  const helper = Object.assign(new Error("EPERM"), { code: "EPERM", errno: -1 });
  t.like(cross(helper), { message: "EPERM", code: "EPERM", errno: -1 });
});

test("error transfer: a bug keeps its stack, and whatever else is thrown its text", (t) => {
  const bug = cross(new TypeError("internal: x"));
  t.false(bug instanceof TsbuildError);
  t.is(bug.name, "TypeError");
  t.regex(bug.stack ?? "", /error-transfer\.test/);
  t.is(cross("thrown").message, "thrown");
});

test("error transfer: a chain of causes ends", (t) => {
  const error = new Error("round");
  error.cause = error;
  let depth = 0;
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++;
  t.is(depth, 9);
});
