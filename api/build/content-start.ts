import { closeSync, openSync, readSync } from "node:fs";
import type { ContentSource } from "../../oci/layer/model/toc.js";

/** Reads the start of content that is a whole file of this machine. */
export function startOf(content: ContentSource, size: number): Buffer | undefined {
  if (content.kind !== "path") return undefined;
  const fd = openSync(content.path, "r");
  try {
    const start = Buffer.alloc(size);
    return start.subarray(0, readSync(fd, start, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}
