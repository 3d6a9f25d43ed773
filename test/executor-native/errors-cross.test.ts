import test from "ava";
import { errorEntries } from "../../core/error-codes/index.js";
import { restoreError, transferError } from "../../core/error-transfer.js";
import type { AnyCode } from "../../core/errors.js";
import { membersOf, wholeError } from "../support/whole-error.js";
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
  for (const code of codes) {
    const error = wholeError(code as AnyCode);
    const arrived = overTheSocket(error);
    t.deepEqual(membersOf(arrived), membersOf(error), code);
    t.is((arrived as Error).stack, error.stack);
  }
});
