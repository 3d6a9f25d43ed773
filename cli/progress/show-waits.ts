import type { Writable } from "node:stream";
import type { EventSink } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";

/** Returns a sink that shows waits, and nothing else: for work that has no display. */
export function showWaits(stderr: () => Writable): EventSink {
  return (event) => {
    if (event.type === "progress" && event.wait && !event.done) stderr().write(`${printable(event.item)}\n`);
  };
}
