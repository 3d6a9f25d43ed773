import { badSize } from "./errors.js";
import { parseSize } from "../../core/go-values/size.js";

/** Reads a docker size, such as `64m`, `1gb` or `1.5GiB`, in bytes. */
export function parseBytes(text: string, what: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw badSize(text, what);
}
