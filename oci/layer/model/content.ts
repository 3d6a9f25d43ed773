import { closeSync, constants, openSync, readSync } from "node:fs";
import { systemErrorCode } from "../../../core/errors.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { fileChanged, fileUnreadable } from "./errors.js";
import type { ContentSource, PackEntry } from "./toc.js";

/** The content of a file while it is packed. */
export interface OpenContent {
  /** Returns the number of bytes read; 0 at the end. */
  read(into: Buffer, offset: number, length: number): number;
  close(): void;
}

/** Opens the content of an entry. Throws `layer/file-changed` and `layer/file-unreadable`. */
export function openContent(entry: PackEntry): OpenContent {
  const source: ContentSource | undefined = entry.source ?? (entry.size === 0 ? { kind: "bytes", data: new Uint8Array(0) } : undefined);
  switch (source?.kind) {
    case "bytes": {
      let at = 0;
      const { data } = source;
      return {
        read(into, offset, length) {
          const part = data.subarray(at, at + length);
          into.set(part, offset);
          at += part.length;
          return part.length;
        },
        close() {},
      };
    }
    case "path": {
      const fd = openSource(entry, source.path);
      return { read: (into, offset, length) => readSync(fd, into, offset, length, null), close: () => closeSync(fd) };
    }
    case "part": {
      const fd = openSource(entry, source.path);
      let [at, left] = [source.start, entry.size];
      return {
        read(into, offset, length) {
          const size = readSync(fd, into, offset, Math.min(length, left), at);
          at += size;
          left -= size;
          return size;
        },
        close: () => closeSync(fd),
      };
    }
    case "layer":
    case undefined:
      throw new Error(`internal: the content of "${entry.path}" is not at hand`);
  }
}

/**
 * Opens a source without following a link that replaced it, and without waiting for the writer of a
 * fifo.
 */
function openSource(entry: PackEntry, path: string): number {
  try {
    return openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw fileChanged(entry.path, "it was removed");
    if (code === "ELOOP" || code === "ENXIO") throw fileChanged(entry.path, "it was replaced");
    throw fileUnreadable(entry.path, error as Error);
  }
}
