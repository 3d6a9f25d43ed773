import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { HealthResult, RunIo } from "../contract.js";
import type { Order, Request } from "./protocol.js";

type Ask = (request: (id: number) => Request, signal?: AbortSignal) => Promise<unknown>;

/**
 * Sends the input of a run to the worker, one piece at a time, and hands out its orders. Returns
 * the function that ends it.
 */
export function interact(run: number, { input, onStart }: RunIo, ask: Ask): () => void {
  let ended = false;
  const send = (request: (id: number) => Request): Promise<unknown> =>
    // A worker that is gone is reported by the run itself.
    ended ? Promise.resolve() : ask(request).catch(() => undefined);
  const order = (value: Order): void => void send((id) => ({ type: "order", id, run, order: value }));
  const end = (): void => void send((id) => ({ type: "input", id, run }));
  const take = (data: Uint8Array): void => {
    input?.pause();
    void send((id) => ({ type: "input", id, run, data })).then(() => !ended && input?.resume());
  };
  // The run itself is asked for in this turn, and the worker answers in order.
  queueMicrotask(() => {
    input?.on("data", take).once("end", end).once("close", end);
    if (!input) end();
    onStart?.({
      kill: (signal) => order({ kind: "signal", number: constants.signals[signal] }),
      resize: ({ rows, columns }) => order({ kind: "resize", rows, columns }),
      check: async (signal) =>
        ended ? undefined : ((await ask((id) => ({ type: "check", id, run }), signal)) as HealthResult | undefined),
    });
  });
  return () => {
    ended = true;
    input?.off("data", take).off("end", end).off("close", end).pause();
  };
}

/** Writes input to a process. Resolves when it takes more, or when it is gone. */
export function writeInput(stream: Writable | null, data: Uint8Array | undefined): Promise<void> {
  if (!stream || stream.destroyed) return Promise.resolve();
  if (data === undefined) stream.end();
  return data === undefined ? Promise.resolve() : new Promise((resolve) => stream.write(data, () => resolve()));
}

const ORDER_SIZE = 8;

/** Returns the bytes of an order; the native part reads them as `struct order` of modes/input.c. */
export function encodeOrder(order: Order): Buffer {
  const bytes = Buffer.alloc(ORDER_SIZE);
  const fields = order.kind === "resize" ? [1, order.rows, order.columns] : [2, order.number, 0];
  for (const [index, field] of fields.entries()) bytes.writeUInt16LE(Math.min(field, 0xffff), 2 * index);
  return bytes;
}
