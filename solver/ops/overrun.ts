import type { ExecReason } from "../../core/errors.js";
import type { Overrun } from "../../executor-native/limits/limits.js";

/** Returns the reason of a step that was ended by a limit, and how to give it more. */
export function overrunReason({ kind, peak, limit, largest }: Overrun): { readonly reason: ExecReason; readonly hint: string } {
  if (kind === "pids") {
    return {
      reason: { code: "exec/too-many-tasks", text: `it wanted more than ${limit} processes and threads` },
      hint: "Raise --pids-limit, or have the step start fewer at once",
    };
  }
  if (kind === "disk") {
    const files = largest.length === 0 ? "" : `; largest files: ${largest.map(({ name, bytes }) => `${name} ${size(bytes)}`).join(", ")}`;
    return {
      reason: { code: "exec/too-much-written", text: `it may add ${size(limit ?? 0)} to its root, and had ${size(peak ?? 0)}${files}` },
      hint: "Raise --disk, or have the step remove what it does not need; a cache mount (RUN --mount=type=cache) does not count",
    };
  }
  const had = peak === undefined ? "" : `; it had ${size(peak)} at most`;
  const names = largest.length === 0 ? "" : `; largest processes: ${largest.map(({ name, bytes }) => `${name} ${size(bytes)}`).join(", ")}`;
  const reason = (text: string): ExecReason => ({ code: "exec/out-of-memory", text: `${text}${had}${names}` });
  if (kind === "memory") {
    return {
      reason: reason(`killed for memory, of which the step may have ${size(limit ?? 0)}`),
      hint: "Raise --memory, or have the step start fewer processes at once",
    };
  }
  if (kind === "build-memory") {
    return {
      reason: reason(`killed for memory, of which all steps together may have ${size(limit ?? 0)}`),
      hint: "Raise --build-memory, or run fewer steps at once (--jobs)",
    };
  }
  return {
    reason: reason("killed for memory, of which the machine or the container around has no more"),
    hint: "Run fewer steps at once (--jobs), or give the machine or the container more memory",
  };
}

/** Returns bytes as MiB, or as KiB where they are few. */
function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / (1 << 20))} MiB`;
}
