import { constants } from "node:os";
import test from "ava";
import { errorEntries } from "../../core/error-codes/index.js";
import { restoreError, transferError } from "../../core/error-transfer.js";
import { type AnyCode, TsbuildError } from "../../core/errors.js";
import { encodeMessage, FrameReader, type Response } from "../../executor-native/worker/protocol.js";

/** Sends an error as the worker does, in frames cut at any byte. */
function overTheSocket(error: unknown): unknown {
  const bytes = encodeMessage({ type: "failed", id: 7, error: transferError(error) });
  const reader = new FrameReader<Response>();
  const frames = [bytes.subarray(0, 3), bytes.subarray(3, 100), bytes.subarray(100)].flatMap((part) => [...reader.read(part)]);
  const [frame] = frames;
  if (frames.length !== 1 || frame?.kind !== "message" || frame.message.type !== "failed") throw new Error("no failure arrived");
  return restoreError(frame.message.error);
}

test("every error of the catalogue arrives from the worker as it was sent", (t) => {
  const codes = [...errorEntries().keys()];
  t.true(codes.length > 300);
  const source = { name: "Dockerfile", text: "COPY ä /\n" };
  const range = { start: 0, end: 8, line: 1, column: 1, endLine: 1, endColumn: 9 };
  for (const code of codes) {
    const system = Object.assign(new Error("ENOSPC: no space"), {
      code: "ENOSPC",
      errno: -constants.errno.ENOSPC,
      syscall: "write",
      path: "/x",
    });
    const cause = new TsbuildError("test/cause", "A layer", { cause: system });
    const diagnostics = [{ severity: "error", code: code as AnyCode, message: "ä", source, range }] as const;
    const error = new TsbuildError(code as AnyCode, `Cannot do "ä"\nfor ${code}`, {
      hint: "Do",
      step: "[2/5] COPY ä /",
      cause,
      diagnostics,
    });
    error.place = { source, range };
    const arrived = overTheSocket(error);
    if (!(arrived instanceof TsbuildError)) return t.fail(code);
    t.deepEqual({ ...arrived }, { ...error }, code);
    t.is(arrived.message, error.message);
    t.is(arrived.stack, error.stack);
    const { cause: layer } = arrived;
    if (!(layer instanceof TsbuildError)) return t.fail(code);
    t.deepEqual({ ...(layer.cause as Error) }, { ...system, name: "Error" } as object);
  }
});
