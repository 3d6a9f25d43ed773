import { CanceledError, DiagnosticsError, ExecError, TsbuildError } from "../../core/errors.js";
import { CallRefused, STATUS } from "../../solver/buildkit/grpc/status.js";
import { writeFailure } from "../../solver/buildkit/messages/failure.js";
import { wireRange } from "./results/status-feed.js";

/** Returns the answer to a call whose work failed, with the place in the Dockerfile. */
export function answerOf(error: unknown, vertex?: string): CallRefused {
  if (error instanceof CallRefused) return error;
  if (error instanceof CanceledError) return new CallRefused(STATUS.CANCELLED, "context canceled");
  const message = textOf(error);
  const source = placeOf(error);
  const exitCode = error instanceof ExecError && "code" in error.exit ? error.exit.code : undefined;
  const details = writeFailure({
    code: STATUS.UNKNOWN,
    message,
    ...(vertex === undefined ? {} : { vertex }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(source && { source }),
  });
  return new CallRefused(STATUS.UNKNOWN, message, undefined, details);
}

/** Returns all that the error says, because the client prints nothing else. */
function textOf(error: unknown): string {
  if (!(error instanceof TsbuildError)) return error instanceof Error ? error.message : String(error);
  const more = error instanceof DiagnosticsError ? error.diagnostics.slice(1).map(({ message }) => message) : [];
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  return [error.message, ...more, ...hint].join("\n");
}

function placeOf(error: unknown) {
  if (!(error instanceof TsbuildError)) return undefined;
  const [first] = error.diagnostics;
  const source = error.place?.source ?? first?.source;
  const range = error.place?.range ?? first?.range;
  if (!source || !range) return undefined;
  const data = Buffer.from(source.text).toString("base64");
  return { info: { filename: source.name, data, language: "Dockerfile" }, ranges: [wireRange(range)] };
}
