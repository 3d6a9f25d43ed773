import type { Writable } from "node:stream";
import { type ByteSink, withSink } from "../oci/layout/byte-sink.js";
import type { ExportContext } from "./exporter.js";

/**
 * Runs `produce` with a sink, committed on success and discarded on failure. Shows waits for the
 * destination as progress.
 */
export function withExportSink<T>(dest: string | Writable, context: ExportContext, produce: (sink: ByteSink) => Promise<T>): Promise<T> {
  return withSink(dest, { signal: context.signal, onWait: (what) => context.progress(what, 0, undefined, false, true) }, produce);
}
