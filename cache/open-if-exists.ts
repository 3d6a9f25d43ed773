import { openSync } from "node:fs";
import { systemErrorCode } from "../core/errors.js";

/** Opens a file for reading. Returns undefined when another process has removed it. */
export function openIfExists(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
