import { type Digest, isDigest } from "../../core/digest.js";
import type { SourceOp } from "../ops.js";

/** A file by its URL. */
export interface HttpSource {
  readonly kind: "http";
  readonly url: string;
  /** Name of the file in its tree. */
  readonly filename: string;
  /** Digest that the file must have; undefined for any. */
  readonly checksum: Digest | undefined;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Permission bits of a downloaded file; BuildKit's. */
const MODE = 0o600;

/** Returns the operation of a download. An empty `checksum` is none. */
export function httpSource(url: string, { filename, checksum = "" }: { readonly filename: string; readonly checksum?: string }): SourceOp {
  const attrs = { ...(checksum === "" ? {} : { "http.checksum": checksum }), "http.filename": filename };
  return { kind: "source", identifier: url, attrs };
}

/** Reads an operation of {@link httpSource} or of BuildKit; undefined for another scheme. */
export function readHttp({ identifier: url, attrs }: SourceOp): HttpSource | undefined {
  if (!/^https?:\/\//i.test(url)) return undefined;
  const { "http.checksum": checksum, "http.filename": filename } = attrs;
  if (checksum !== undefined && !isDigest(checksum)) throw new Error(`internal: "${checksum}" is no checksum`);
  return {
    kind: "http",
    url,
    filename: filename || "download",
    checksum,
    mode: number(attrs["http.perm"], MODE),
    uid: number(attrs["http.uid"], 0),
    gid: number(attrs["http.gid"], 0),
  };
}

/** Reads a number of an attribute as Go does: `0755` and `0o755` are octal. */
function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const [, octal] = /^0o?([0-7]+)$/.exec(text) ?? [];
  return octal === undefined ? Number(text) : Number.parseInt(octal, 8);
}
