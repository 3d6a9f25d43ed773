import { openSync } from "node:fs";
import { systemErrorCode } from "../core/errors.js";

/** A descriptor to read with, or undefined when another process has removed the file meanwhile. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
